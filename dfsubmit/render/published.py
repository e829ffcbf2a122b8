"""The JSON Schema (2020-12) of a machine output, made from the types that its renderer fills.

Made here rather than by a library, so that what is published depends on our types alone and not on a version of
something else. Rules: a class's docstring is its description; members that are NotRequired may be missing; members that
are not listed may appear in later versions, so none are forbidden; a type that this module does not know raises, and so
cannot be published wrongly.
"""

from __future__ import annotations

import types
import typing
from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints

_PLAIN: dict[object, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    None: {"type": "null"},
    Any: {},
}
_UNIONS = (typing.Union, types.UnionType)


def published_schema(document: Any, title: str) -> dict[str, Any]:
    """Return the schema of `document`: a TypedDict, or a list or union of some. Raises TypeError for a type without one."""
    parts: dict[str, dict[str, Any]] = {}
    body = _typed_dict(document, parts) if typing.is_typeddict(document) else _schema(document, parts)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **body,
        **({"$defs": dict(sorted(parts.items()))} if parts else {}),
    }


def _typed_dict(document: type, parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    hints = get_type_hints(document, include_extras=True)
    required = [name for name, hint in hints.items() if get_origin(hint) is not NotRequired]
    return {
        "description": " ".join((document.__doc__ or "").split()),
        "type": "object",
        "properties": {name: _schema(hint, parts) for name, hint in hints.items()},
        "required": required,
    }


def _schema(hint: Any, parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if typing.is_typeddict(hint):
        if hint.__name__ not in parts:
            parts[hint.__name__] = {}
            parts[hint.__name__] = _typed_dict(hint, parts)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    return _generic(hint, get_origin(hint), get_args(hint), parts)


def _generic(hint: Any, origin: Any, arguments: tuple[Any, ...], parts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the schema of a type that is made of other types."""
    if origin is NotRequired:
        return _schema(arguments[0], parts)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in _UNIONS:
        return {"anyOf": [_schema(argument, parts) for argument in arguments]}
    if origin is list:
        return {"type": "array", "items": _schema(arguments[0], parts)}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": _schema(arguments[1], parts)}
    raise TypeError(f"no JSON Schema is known for {hint!r}")
