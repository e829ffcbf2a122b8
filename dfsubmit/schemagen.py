"""The JSON Schema (2020-12) of manifests, made from the models: for editors, for CI, for other validators.

A document is valid for the schema exactly when it is valid for the models. Rules: one wrong value breaks one keyword (no
`anyOf`, no `type` beside `const` or `enum`), so that editors show one error; what depends on another value is
an if/then; keywords stand in one fixed order and properties in that of the models, so that the text is the same for every
version of pydantic. Beside the standard's keywords stand those that editors know: `markdownDescription`,
`patternErrorMessage`, `enumDescriptions`, `defaultSnippets`, `deprecationMessage`.

The schema of one field is `schemafields`', and judging a document by a schema from outside `schema`'s.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dfsubmit.judging.fields import FIELDS, Shape, fields_of
from dfsubmit.manifest import CHOICES, KINDS, AiApp, Choice, SecretRef, choice_of
from dfsubmit.schemafields import ENV_VALUE, Schema, field_schema, name_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_ID = "urn:dfsubmit:schema:v1"
_ORDER = (
    *(
        "$schema",
        "$id",
        "$ref",
        "$comment",
        "title",
        "description",
        "markdownDescription",
        "deprecated",
        "deprecationMessage",
    ),
    *("type", "const", "enum", "enumDescriptions", "default", "examples", "defaultSnippets"),
    *("minLength", "maxLength", "pattern", "patternErrorMessage", "minimum", "exclusiveMinimum", "maximum", "not"),
    *("items", "uniqueItems", "required", "properties", "propertyNames", "additionalProperties"),
    *("if", "then", "allOf", "$defs"),
)


def manifest_schema() -> Schema:
    """Return the schema of one document: `apiVersion` and `kind` here, the rest by kind."""
    root = {
        "$schema": DIALECT,
        "$id": SCHEMA_ID,
        "title": "dfsubmit manifest",
        "description": "One document of a dfsubmit manifest: an AiApp to submit to Data Forest, or the settings of a Project.",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {"apiVersion": field_schema(*fields_of(AiApp)["apiVersion"]), "kind": _kind()},
        "allOf": [_when("kind", kind, {"$ref": f"#/$defs/{kind}"}, required=True) for kind in KINDS],
        "defaultSnippets": _snippets(),
        "$defs": dict(_definitions()),
    }
    ordered: Schema = _ordered(root)
    return ordered


def schema_text() -> str:
    """Return the schema as it is committed, byte for byte, a final newline included."""
    return json.dumps(manifest_schema(), indent=2, ensure_ascii=False) + "\n"


def _kind() -> Schema:
    info, _shape = fields_of(AiApp)["kind"]
    return {
        **words_of(info),
        "enum": list(KINDS),
        "enumDescriptions": [_summary(model) for model in KINDS.values()],
        "examples": list(KINDS),
    }


def _definitions() -> Iterator[tuple[str, Schema]]:
    """Yield every part under its name, outer before inner."""
    seen: set[str] = set()
    waiting: list[Shape] = [Shape(kind=FIELDS, models=(model,)) for model in KINDS.values()]
    while waiting:
        shape = waiting.pop(0)
        name = name_of(shape)
        if name in seen:
            continue
        seen.add(name)
        yield name, _definition(name, shape)
        if len(shape.models) > 1:
            waiting += [Shape(kind=FIELDS, models=(model,)) for model in shape.models]
        elif shape.kind == FIELDS:
            waiting += [part for _info, field in fields_of(shape.models[0]).values() for part in _parts(field)]


def _parts(shape: Shape) -> Iterator[Shape]:
    """Yield the shapes at or below `shape` that have a definition of their own."""
    if shape.models:
        yield shape
    if shape.item is not None:
        yield from _parts(shape.item)


def _definition(name: str, shape: Shape) -> Schema:
    if choice := next((choice for choice in CHOICES if choice.name == name), None):
        return _choice(choice)
    if name == ENV_VALUE:
        return _env_value()
    return _object(shape.models[0])


def _object(model: type[BaseModel]) -> Schema:
    """Return a mapping with fixed keys. What chose the model was judged where it was chosen, and is not judged again."""
    chosen = {"apiVersion", "kind"} if model in KINDS.values() else {"type"} if choice_of(model) else set()
    fields = fields_of(model)
    return {
        "title": model.__name__,
        "description": _summary(model),
        "type": "object",
        "required": [name for name, (info, _) in fields.items() if info.is_required() and name not in chosen],
        "properties": {name: name in chosen or field_schema(info, shape) for name, (info, shape) in fields.items()},
        "additionalProperties": False,
    }


def _choice(choice: Choice) -> Schema:
    """Return an engine or a ledger: `type` chooses whose keys may stand beside it, and the first need not be written."""
    return {
        "title": choice.name,
        "description": choice.description,
        "type": "object",
        "properties": {
            "type": {
                "title": choice.type_title,
                "description": choice.type_description,
                "enum": list(choice.models),
                "enumDescriptions": [_summary(model) for model in choice.models.values()],
                "default": next(iter(choice.models)),
                "examples": list(choice.models),
            }
        },
        "allOf": [
            _when(
                "type", name, {"$ref": f"#/$defs/{model.__name__}"}, required=fields_of(model)["type"][0].is_required()
            )
            for name, model in choice.models.items()
        ],
    }


def _env_value() -> Schema:
    """Return text or a reference in one schema: keywords for mappings do not apply to text, so nothing is judged twice."""
    reference = _object(SecretRef)
    return {
        **reference,
        "title": "Value",
        "description": "Text, or `{fromEnv: NAME}` for a secret that is read from the environment at the moment of submit.",
        "type": ["string", "object"],
        "examples": ["3", {"fromEnv": "HF_TOKEN"}],
    }


def _when(key: str, value: str, then: Schema, *, required: bool) -> Schema:
    # The type keeps the branch from being taken, and its errors from being repeated, for what is no mapping at all.
    condition: Schema = {"type": "object", "properties": {key: {"const": value}}}
    if required:
        condition["required"] = [key]
    return {"if": condition, "then": then}


def _summary(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip()


def _snippets() -> list[Schema]:
    """Return what an editor may write into an empty file."""
    spec = {
        "aiWorkspaceId": "${2:id of the AI workspace}",
        "namePrefix": "${3:app}",
        "docker": {"image": "${4:image:version}", "command": "${5:python train.py}"},
    }
    app = {"apiVersion": "dfsubmit/v1", "kind": "AiApp", "metadata": {"name": "${1:name}"}, "spec": spec}
    project = {"apiVersion": "dfsubmit/v1", "kind": "Project", "metadata": {"name": "${1:name}"}}
    return [
        {"label": "AiApp", "description": "An app to submit", "body": app},
        {"label": "Project", "description": "The settings of a folder of apps", "body": project},
    ]


def _ordered(schema: Any, *, keywords: bool = True) -> Any:
    """Return `schema` with its keywords in one order, and descriptions in plain text and in Markdown."""
    if isinstance(schema, list):
        return [_ordered(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if not keywords:
        return {name: _ordered(part) for name, part in schema.items()}
    schema = _described(schema)
    return {
        name: value if name in _VALUES else _ordered(value, keywords=name not in _MAPS_OF_SCHEMAS)
        for name, value in sorted(schema.items(), key=lambda item: _ORDER.index(item[0]))
        if value != [] or name not in {"required", "examples"}
    }


# Keywords that hold values of documents, not schemas; and keywords that hold schemas by name.
_VALUES = frozenset({"default", "examples", "defaultSnippets", "const", "enum", "required", "type"})
_MAPS_OF_SCHEMAS = frozenset({"properties", "$defs"})


def _described(schema: Mapping[str, Any]) -> Schema:
    words = schema.get("description", "")
    return (
        {"markdownDescription": words, **schema, "description": words.replace("`", "")} if "`" in words else {**schema}
    )
