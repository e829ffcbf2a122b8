"""What the models say about a path: which keys a mapping has, and the type, bounds and words of each value.

Both the findings (`judge`) and `explain` read the models through this module, so that no name, bound or text is written
twice. A `Shape` is the type of one value, taken from the annotations; `shape_at` walks down a path of a document.
It judges nothing: whether a document is right is pydantic's word.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from dfsubmit.judging.paths import ENTRY, ITEM, dotted
from dfsubmit.manifest import KINDS, choice_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic.fields import FieldInfo

    from dfsubmit.judging.paths import Path

Model = type[BaseModel]

TEXT, WHOLE, NUMBER, FLAG, LIST, MAP, FIELDS, TEXT_OR_FIELDS = (
    "text",
    "whole number",
    "number",
    "true or false",
    "list",
    "map",
    "fields",
    "text or secret reference",
)
_SCALARS: Mapping[Any, str] = {str: TEXT, int: WHOLE, float: NUMBER, bool: FLAG}


# The attributes of pydantic's metadata, and what they are called here.
_BOUNDS = (
    ("ge", "low"),
    ("gt", "above"),
    ("le", "high"),
    ("min_length", "shortest"),
    ("max_length", "longest"),
    ("pattern", "pattern"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The type of one value. `models` are the models of a mapping with fixed keys: several where `type` chooses."""

    kind: str
    low: float | None = None
    above: float | None = None
    high: float | None = None
    shortest: int | None = None
    longest: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    key: Shape | None = None
    item: Shape | None = None
    models: tuple[Model, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One key of a model under its name in documents. `path` leads to it from the document's root."""

    kind: str
    path: Path
    info: FieldInfo
    shape: Shape

    @property
    def dotted(self) -> str:
        """Return the path as people write it: `spec.data.input[].hdfs`."""
        return dotted(self.path)


@functools.cache
def shape_of_model(model: Model) -> Shape:
    """Return the shape of a whole model."""
    return Shape(kind=FIELDS, models=(model,))


@functools.cache
def fields_of(model: Model) -> Mapping[str, tuple[FieldInfo, Shape]]:
    """Return the keys of `model` as they stand in documents, in the models' order."""
    return {
        info.alias or name: (info, _with_bounds(_shape(info.annotation), info.metadata))
        for name, info in model.model_fields.items()
    }


def _shape(annotation: Any) -> Shape:
    """Return the shape of an annotation; its own bounds are added by `_with_bounds`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        shape = _with_bounds(_shape(annotation.__origin__), annotation.__metadata__)
    elif origin is Literal:
        shape = Shape(kind=TEXT, choices=tuple(str(choice) for choice in arguments))
    elif origin in {Union, UnionType}:
        shape = _union([_shape(member) for member in arguments if member is not type(None)])
    elif origin is tuple:
        shape = Shape(kind=LIST, item=_shape(arguments[0]))
    elif origin is dict:
        shape = Shape(kind=MAP, key=_shape(arguments[0]), item=_shape(arguments[1]))
    elif annotation in _SCALARS:
        shape = Shape(kind=_SCALARS[annotation])
    else:
        shape = shape_of_model(annotation)
    return shape


def _union(members: list[Shape]) -> Shape:
    if len(members) == 1:
        return members[0]
    models = tuple(model for member in members for model in member.models)
    return Shape(kind=FIELDS if all(member.models for member in members) else TEXT_OR_FIELDS, models=models)


def _with_bounds(shape: Shape, metadata: Iterable[Any]) -> Shape:
    """Return `shape` with the bounds that pydantic's field metadata carry."""
    for item in metadata:
        found = {ours: getattr(item, theirs, None) for theirs, ours in _BOUNDS}
        shape = replace(shape, **{name: bound for name, bound in found.items() if bound is not None})
        shape = _with_bounds(shape, getattr(item, "metadata", ()))
    return shape


def model_at(shape: Shape, data: Any) -> Model:
    """Return the model of a mapping with fixed keys; `type` chooses where there are several."""
    if len(shape.models) > 1 and isinstance(data, dict):
        choice = choice_of(shape.models[0])
        models = {} if choice is None else choice.models
        chosen = models.get(str(data.get("type", next(iter(models), ""))))
        return chosen if chosen in shape.models else shape.models[0]
    return shape.models[0]


def child(shape: Shape, step: str | int, data: Any) -> Shape | None:
    """Return the shape of the value at `step` below a value of `shape`; None when the models know no such key."""
    if shape.models and isinstance(step, str):
        known = fields_of(model_at(shape, data)).get(step)
        return known[1] if known else None
    return shape.item


def shape_at(model: Model, path: Path, data: Any) -> Shape | None:
    """Return the shape of the value at `path` of a document with `data`; None when the models know no such path."""
    shape: Shape | None = shape_of_model(model)
    for step in path:
        if shape is None:
            return None
        shape = child(shape, step, data)
        data = step_into(data, step)
    return shape


def step_into(data: Any, step: str | int) -> Any:
    """Return the value at `step` of a mapping or list; None when there is none."""
    if isinstance(data, dict):
        return data.get(step)
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return data[step]
    return None


def value_at(data: Any, path: Path) -> Any:
    """Return the value at `path`; None when there is none."""
    for step in path:
        data = step_into(data, step)
    return data


def tree(kind: str) -> Iterator[Field]:
    """Yield every field of the documents of `kind`, outer before inner; a list's items go by `[]`, a map's by `<key>`."""
    yield from _below(kind, (), shape_of_model(KINDS[kind]))


def _below(kind: str, path: Path, shape: Shape) -> Iterator[Field]:
    seen: set[str] = set()
    for model in shape.models:
        for name, (info, inner) in fields_of(model).items():
            if name not in seen:
                seen.add(name)
                yield Field(kind=kind, path=(*path, name), info=info, shape=_all_choices(shape, name, inner))
                yield from _below(kind, (*path, name), inner)
    if shape.item is not None:
        yield from _below(kind, (*path, ITEM if shape.kind == LIST else ENTRY), shape.item)


def _all_choices(parent: Shape, name: str, shape: Shape) -> Shape:
    """Return `shape` with the choices of every model that may stand there: `type` of an engine."""
    if len(parent.models) == 1 or not shape.choices:
        return shape
    every = (fields_of(model).get(name) for model in parent.models)
    return replace(shape, choices=tuple(choice for known in every if known for choice in known[1].choices))
