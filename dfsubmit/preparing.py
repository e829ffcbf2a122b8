"""The models → the file that `prepared` reads: their schemas as pydantic's core takes them, with names for classes and rules.

    python -m dfsubmit.preparing

writes it anew. A test holds the file against the models.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pydantic
from pydantic import BaseModel

from dfsubmit import rules
from dfsubmit.manifest import KINDS, SecretRef
from dfsubmit.prepared import FILE
from dfsubmit.projectmodel import ENGINES, LEDGERS

if TYPE_CHECKING:
    from collections.abc import Iterator

# What other documents are turned into on the way: those that a rule names.
MODELS = (*KINDS.values(), SecretRef, *ENGINES.values(), *LEDGERS.values())
# What the core does not need to judge a document.
_IDLE = frozenset(
    {
        *("metadata", "ref", "serialization", "serialization_alias", "json_schema_input_schema"),
        *("default_factory_takes_data", "computed_fields"),
    }
)
_RULES = {
    rules.integral: "integral",
    rules.unique: "unique",
    rules.chosen: "chosen",
    rules.text_or_model: "text_or_model",
}


def prepared_text() -> str:
    """Return the file's text."""
    models = {}
    for model in MODELS:
        model.model_rebuild()
        models[model.__name__] = _named(model.__pydantic_core_schema__)
    return json.dumps({"pydantic": pydantic.VERSION, "models": models}, indent=1) + "\n"


def _named(part: Any) -> Any:
    """Return a part of a schema with names in place of classes and functions."""
    if isinstance(part, dict):
        if part.get("type") == "definitions":
            # What is defined beside it is for writing values only, which the core is not asked for.
            return _named(part["schema"])
        return dict(_members(part))
    if isinstance(part, list | tuple):
        return [_named(item) for item in part]
    if isinstance(part, type) and issubclass(part, BaseModel):
        return part.__name__
    if callable(part):
        return _rule(part)
    return part


def _members(part: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in part.items():
        if name == "default_factory" and value is not dict:
            # A part that is left out is what an empty map would be there.
            yield from (("default", {}), ("validate_default", True))
        elif name == "default_factory":
            yield name, "dict"
        elif name == "fields":
            yield name, {field: _named(of) for field, of in value.items()}
        elif name not in _IDLE:
            yield name, _named(value)


def _rule(function: Any) -> dict[str, Any]:
    """Return the name of a rule and what else it is given. Raises KeyError for one that `prepared` would not know."""
    if not isinstance(function, partial):
        return {"rule": _RULES[function]}
    given = {name: _models(value) for name, value in function.keywords.items()}
    return {"rule": _RULES[function.func], **given}


def _models(value: Any) -> Any:
    if isinstance(value, str):
        return value
    return value.__name__ if isinstance(value, type) else {name: model.__name__ for name, model in value.items()}


if __name__ == "__main__":
    FILE.write_text(prepared_text(), encoding="utf-8")
