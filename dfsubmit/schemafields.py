"""The JSON Schema of one field of the models: its words, its default, and the keywords that judge its value.

`schemagen` makes the whole of such parts, and its rules hold here too: one wrong value breaks one keyword. A value with
fixed keys is a reference to a definition, whose name is that of its shape (`name_of`).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from dfsubmit.judging.fields import FLAG, LIST, MAP, NUMBER, TEXT, TEXT_OR_FIELDS, WHOLE, Shape
from dfsubmit.manifest import PATTERN_MEANING, choice_of

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

Schema = dict[str, Any]

ENV_VALUE = "EnvValue"
_NOT_NAN = {
    "$comment": "YAML can say .nan, which is neither below nor above any bound: the 'not' refuses it.",
    "not": {"type": "number", "minimum": 1, "maximum": 0},
}


def name_of(shape: Shape) -> str:
    """Return the name under which `$defs` has the definition of `shape`."""
    if shape.kind == TEXT_OR_FIELDS:
        return ENV_VALUE
    choice = choice_of(shape.models[0]) if len(shape.models) > 1 else None
    return shape.models[0].__name__ if choice is None else choice.name


def field_schema(info: FieldInfo, shape: Shape) -> Schema:
    """Return the schema of one field, in no order of keywords."""
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    default = _default(info)
    return {
        **words_of(info),
        **_hover(info.description or "", default.get("default")),
        **_constraints(shape),
        **default,
        "examples": _plain(info.examples or []),
        **extra,
    }


def words_of(info: FieldInfo) -> Schema:
    """Return the keywords that say what a field is, in short and at length."""
    return {"title": info.title, "description": info.description}


def _hover(description: str, default: Any) -> Schema:
    """Return the words for the mouse pointer, where they must say more: editors do not show a default by themselves."""
    if default in ("", None) or isinstance(default, list | dict):
        return {}
    shown = json.dumps(default) if isinstance(default, bool) else default
    return {"markdownDescription": f"{description}\n\nDefault: `{shown}`"}


def _default(info: FieldInfo) -> Schema:
    value = info.get_default(call_default_factory=True, validated_data={})
    return {} if value is PydanticUndefined or value is None else {"default": _plain(value)}


def _plain(value: Any) -> Any:
    """Return `value` as JSON has it."""
    if isinstance(value, BaseModel):
        values = {info.alias or name: getattr(value, name) for name, info in type(value).model_fields.items()}
        return {name: _plain(member) for name, member in values.items() if member is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _constraints(shape: Shape) -> Schema:
    """Return the keywords that judge a value of `shape`."""
    if shape.models:
        return {"$ref": f"#/$defs/{name_of(shape)}"}
    if shape.choices:
        return {"const": shape.choices[0]} if len(shape.choices) == 1 else {"enum": list(shape.choices)}
    simple = {TEXT: _text, WHOLE: _number, NUMBER: _number, FLAG: lambda _: {"type": "boolean"}, LIST: _list, MAP: _map}
    return simple[shape.kind](shape)


def _text(shape: Shape) -> Schema:
    schema = _given(minLength=shape.shortest, maxLength=shape.longest, pattern=shape.pattern)
    if shape.pattern is not None:
        schema["patternErrorMessage"] = f"must be {PATTERN_MEANING[shape.pattern]}"
    return {"type": "string", **schema}


def _number(shape: Shape) -> Schema:
    bounds = _given(minimum=shape.low, exclusiveMinimum=shape.above, maximum=shape.high)
    return {"type": "integer", **bounds} if shape.kind == WHOLE else {"type": "number", **bounds, **_NOT_NAN}


def _list(shape: Shape) -> Schema:
    return {"type": "array", "items": _constraints(shape.item) if shape.item else {}}


def _map(shape: Shape) -> Schema:
    names = _constraints(shape.key) if shape.key else {}
    names.pop("type", None)
    schema: Schema = {"type": "object", "additionalProperties": _constraints(shape.item) if shape.item else {}}
    return {**schema, "propertyNames": names} if names else schema


def _given(**keywords: Any) -> Schema:
    return {name: value for name, value in keywords.items() if value is not None}
