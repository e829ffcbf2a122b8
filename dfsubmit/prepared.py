"""The judge of the models, ready to use: pydantic's core with their schemas, which were written down beforehand.

Importing pydantic and building the models takes longer than all else that is done for one file. The core, which decides, needs
neither: it takes a schema, and makes values of whatever class that names. What it makes here has the attributes of the models'
values, and no methods; what it refuses, it refuses with the same errors. `preparing` makes the file from the models.
"""

from __future__ import annotations

import functools
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from dfsubmit import rules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic_core import ValidationError

    from dfsubmit.manifest import AiApp
    from dfsubmit.projectmodel import Project

    Kind = Literal["AiApp", "Project"]
else:
    ValidationError = rules.core.ValidationError

__all__ = ["FILE", "ValidationError", "validated"]

FILE = Path(__file__).with_name("prepared.json")


class _Plain:
    """A value of a model, as the core makes it: what it sets beside the attributes has a place of its own."""

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")
    model_validate: ClassVar[Callable[[Any], Any]]


def validated(kind: Kind, data: Any) -> AiApp | Project:
    """Return the manifest of `kind` that `data` is, with the models' attributes only. Raises ValidationError."""
    judge = _judges().get(kind)
    if judge is None:
        from dfsubmit.manifest import KINDS  # noqa: PLC0415  # where this core cannot use what was written down

        return KINDS[kind].model_validate(data)
    return cast("AiApp | Project", judge(data))


@functools.cache
def _judges() -> Mapping[str, Callable[[Any], Any]]:
    """Return what judges the documents of each kind; nothing when the core that is installed cannot use the file."""
    try:
        return _Reading(json.loads(FILE.read_text(encoding="utf-8"))["models"]).validators()
    except (OSError, ValueError, KeyError, TypeError, rules.core.SchemaError):
        return {}


class _Reading:
    """Makes schemas of what was written down: classes and functions of their names, each once."""

    def __init__(self, models: Mapping[str, Any]) -> None:
        self._models = models
        self._classes: dict[str, type[_Plain]] = {}
        self._made: dict[str, Callable[[Any], Any]] = {}

    def validators(self) -> dict[str, Callable[[Any], Any]]:
        """Return what makes values of each model. Raises SchemaError, KeyError, TypeError."""
        self._made = {
            name: rules.core.SchemaValidator(self._read(schema)).validate_python
            for name, schema in self._models.items()
        }
        return self._made

    def _validate(self, name: str, value: Any) -> Any:
        return self._made[name](value)

    def _class(self, name: str) -> type[_Plain]:
        if name not in self._classes:
            members = {"__slots__": (), "model_validate": staticmethod(partial(self._validate, name))}
            self._classes[name] = type(name, (_Plain,), members)
        return self._classes[name]

    def _read(self, part: Any) -> Any:
        if isinstance(part, list):
            return [self._read(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "rule" in part:
            return self._rule(**part)
        read: dict[str, Any] = {
            name: self._fields(value) if name == "fields" else self._read(value) for name, value in part.items()
        }
        if isinstance(read.get("default"), list):
            # JSON has no tuples, and the models no lists.
            read["default"] = tuple(read["default"])
        if "cls" in read:
            read["cls"] = self._class(read["cls"])
        if "default_factory" in read:
            read["default_factory"] = {"dict": dict}[read["default_factory"]]
        return read

    def _fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schemas of fields, whose names may be any."""
        return {name: self._read(of) for name, of in fields.items()}

    def _rule(
        self, rule: str, name: str = "", model: str = "", models: Mapping[str, str] | None = None
    ) -> Callable[[Any], Any]:
        if rule == "text_or_model":
            return partial(rules.text_or_model, model=self._class(model))
        if rule == "chosen":
            classes = {word: self._class(of) for word, of in (models or {}).items()}
            return partial(rules.chosen, name=name, models=classes)
        return {"integral": rules.integral, "unique": rules.unique}[rule]
