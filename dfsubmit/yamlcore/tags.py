"""What an explicit tag makes of a value: the core schema's tags are honoured, all others mean nothing here."""

from __future__ import annotations

from typing import Any, Final

from dfsubmit.yamlcore.scalars import NumberTooLongError, resolve

_PREFIX = "tag:yaml.org,2002:"
_TYPES = {"int": int, "float": float, "bool": bool, "null": type(None)}
_COLLECTIONS = frozenset({"map", "seq"})

# The value of a tag that does not fit what it stands before.
misfit: Final = object()


def tagged(tag: str, text: str | None) -> tuple[bool, Any]:
    """Return whether `tag` is known, and the value that it makes of a scalar's `text`, or `misfit`.

    For a collection `text` is None: then every tag but the non-specific one is a misfit, unless it is its own kind's.
    """
    if tag == "!":
        return True, text
    name = tag.removeprefix(_PREFIX)
    if name == tag or not (name == "str" or name in _TYPES or name in _COLLECTIONS):
        return False, text
    if text is None or name in _COLLECTIONS:
        return True, misfit
    return True, text if name == "str" else _converted(name, text)


def _converted(name: str, text: str) -> Any:
    try:
        value = resolve(text)
    except NumberTooLongError:
        return misfit
    if name == "float" and type(value) is int:
        return float(value)
    return value if type(value) is _TYPES[name] else misfit


def unknown(tag: str) -> tuple[str, str]:
    """Return code and message for a tag that means nothing here."""
    shown = "!!" + tag.removeprefix(_PREFIX) if tag.startswith(_PREFIX) else tag
    return "DF0121", f"the tag {shown} means nothing here"
