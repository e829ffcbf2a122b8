"""Pages about manifest fields, made of what the models say: meaning, type, bounds, default, example, source."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from pydantic_core import PydanticUndefined

from dfsubmit.judging import fields
from dfsubmit.judging.fields import Field, Shape, fields_of, tree
from dfsubmit.judging.paths import ENTRY, ITEM
from dfsubmit.judging.quoting import flow
from dfsubmit.manifest import KINDS
from dfsubmit.modelbase import INTEGER_MAX, PATTERN_MEANING
from dfsubmit.suggest import closest, fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from dfsubmit.judging.paths import Path

_WIDTH = 100
# How the models name the document that a fact comes from, at the end of a sentence.
_SOURCE = re.compile(r"\s*\((Data Forest API[^()]*|[^()]*release notes[^()]*)\)")
_STEP = re.compile(r"[^.\[\]]+|\[[^\]]*\]")


def candidates(topic: str) -> list[tuple[Field, ...]]:
    """Return the fields that a path may mean, surest first: those it names in full, or else those that end with it.

    Fields of several kinds that say the same (`kind`, `apiVersion`) are one candidate.
    """
    kind, steps = _steps(topic)
    known = [field for one in KINDS if kind in {None, one} for field in tree(one)]
    found = _matching(known, steps)
    if not found and len(steps) > 1:
        # `env.EPOCHS` and `input[0]`: an entry has no page of its own, so its map or list stands for it.
        found = [field for field in _matching(known, steps[:-1]) if field.shape.item is not None]
    groups: dict[tuple[str, str], tuple[Field, ...]] = {}
    for field in found:
        same = (field.dotted, field.info.description or "")
        groups[same] = (*groups.get(same, ()), field)
    return list(groups.values())


def nearest(topic: str) -> list[str]:
    """Return the paths whose last name a misspelt path was surely meant to end with; empty when there is none."""
    names = {str(field.path[-1]) for kind in KINDS for field in tree(kind)}
    meant = closest(_STEP.findall(topic)[-1] if _STEP.findall(topic) else topic, names)
    return [title_path(found) for found in candidates(meant)] if meant else []


def title_path(found: tuple[Field, ...]) -> str:
    """Return the path with its kind in front; without one when it is the same for all kinds."""
    return found[0].dotted if len(found) > 1 else f"{found[0].kind}.{found[0].dotted}"


def field_page(found: tuple[Field, ...]) -> str:
    """Return the page of one field; of several kinds when they say the same of it."""
    field = found[0]
    description = field.info.description or ""
    sources = list(dict.fromkeys(_SOURCE.findall(description)))
    rows = [
        ("type", type_words(field.shape)),
        ("allowed", _allowed(found)),
        ("required", "yes" if field.info.is_required() else "no"),
        ("default", _default(field.info)),
        ("example", "\n".join(_example(one) for one in found)),
        ("source", "; ".join(sources) or "dfsubmit's own"),
    ]
    lines = [f"{title_path(found)}: {field.info.title or field.path[-1]}", ""]
    lines += [*textwrap.wrap(_SOURCE.sub("", description), _WIDTH), ""]
    lines += [line for name, text in rows if text for line in _row(name, text)]
    return "\n".join([*lines, *_keys(field.shape)]) + "\n"


def kind_page(kind: str) -> str:
    """Return the page of one kind of document."""
    return "\n".join([f"{kind}: {' '.join((KINDS[kind].__doc__ or '').split())}", "", *overview(kind)]) + "\n"


def overview(kind: str) -> list[str]:
    """Return the fields of `kind` with their titles, one to a line."""
    rows = [
        (field.dotted, f"{field.info.title}{' (required)' if field.info.is_required() else ''}") for field in tree(kind)
    ]
    wide = max(len(path) for path, _ in rows)
    return [f"  {kind}", *(f"    {path:<{wide}}  {title}" for path, title in rows)]


def type_words(shape: Shape) -> str:
    """Return the type of a value in words."""
    match shape.kind:
        case fields.LIST if shape.item is not None:
            return f"list of {_plural(shape.item)}"
        case fields.MAP if shape.item is not None:
            return f"map of text to {type_words(shape.item)}"
        case fields.FIELDS:
            return "map with the keys below"
        case fields.TEXT_OR_FIELDS:
            return "text, or {fromEnv: NAME} for a secret"
    return shape.kind


def _plural(shape: Shape) -> str:
    return {fields.TEXT: "texts", fields.WHOLE: "whole numbers", fields.FIELDS: "maps with the keys below"}.get(
        shape.kind, shape.kind
    )


def _allowed(found: tuple[Field, ...]) -> str:
    """Return the bounds of a value in words; of the items where the value is a list or an open map."""
    shape = found[0].shape
    choices = list(dict.fromkeys(choice for field in found for choice in field.shape.choices))
    parts = [" | ".join(choices)] if choices else list(bounds(shape))
    if shape.item is not None:
        parts += [f"each {words}" for words in bounds(shape.item)]
    if shape.key is not None:
        parts += [f"each key {words}" for words in bounds(shape.key)]
    return "; ".join(parts)


def bounds(shape: Shape) -> Iterator[str]:
    """Yield the bounds of a single value in words."""
    if shape.pattern is not None:
        yield PATTERN_MEANING.get(shape.pattern, shape.pattern)
    low = (
        f"at least {shape.low:g}"
        if shape.low is not None
        else f"more than {shape.above:g}"
        if shape.above is not None
        else ""
    )
    high = f"at most {shape.high:.0f}" if shape.high is not None else ""
    if shape.low is not None and shape.high is not None and shape.high < INTEGER_MAX:
        yield f"{shape.low:g} to {shape.high:g}"
    elif low or high:
        yield ", ".join(part for part in (low, high) if part)
    if shape.longest is not None:
        yield f"{shape.shortest or 0} to {shape.longest} characters"
    elif shape.shortest:
        yield "not empty"


def _default(info: FieldInfo) -> str:
    if info.is_required() or (info.default is None and info.default_factory is None):
        return ""
    if info.default is not PydanticUndefined:
        return flow(info.default) if info.default != "" else '"" (empty)'
    made = info.get_default(call_default_factory=True, validated_data={})
    return "{} (empty)" if made == {} else "the defaults of its keys"


def _example(field: Field) -> str:
    key = str(field.path[-1])
    return "\n".join(f"{key}: {flow(example)}" for example in field.info.examples or ())


def _row(name: str, text: str) -> list[str]:
    first, *rest = [line for part in text.split("\n") for line in textwrap.wrap(part, _WIDTH - 12) or [""]]
    return [f"  {name:<8}  {first}", *(f"  {'':<8}  {line}" for line in rest)]


def _keys(shape: Shape) -> list[str]:
    inner = shape if shape.models or shape.item is None else shape.item
    lines: list[str] = []
    for model in inner.models:
        rows = [(name, info) for name, (info, _) in fields_of(model).items()]
        wide = max(len(name) for name, _ in rows)
        doc = (model.__doc__ or "").split("\n")[0]
        lines += ["", f"  keys of it: {doc}" if len(inner.models) == 1 else f"  keys: {doc}"]
        lines += [
            f"    {name:<{wide}}  {info.title}{' (required)' if info.is_required() else ''}" for name, info in rows
        ]
    return lines


def _steps(topic: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the kind that a topic begins with, and its steps; an index or a pair of brackets is any item."""
    steps = tuple(ITEM if step.startswith("[") else step for step in _STEP.findall(topic))
    kind = next((kind for kind in KINDS if len(steps) > 1 and steps[0].casefold() == kind.casefold()), None)
    return (kind, steps[1:]) if kind else (None, steps)


def _matching(known: list[Field], steps: Path) -> list[Field]:
    """Return the fields that `steps` name in full; or else those that end with them, with or without `[]`."""
    full = [field for field in known if _fits(field.path, steps)]
    ending = full or [field for field in known if _fits(field.path[-len(steps) :], steps)]
    return ending or [field for field in known if _fits(_named(field.path)[-len(steps) :], steps)]


def _named(path: Path) -> Path:
    """Return `path` without the steps that stand for items: people write `input.hdfs` too."""
    return tuple(step for step in path if step not in {ITEM, ENTRY})


def _fits(path: Path, steps: Path) -> bool:
    """Tell whether `steps` are `path`; any step fits where the models have an open map."""
    return len(path) == len(steps) and all(
        ours == ENTRY or fold(str(ours)) == fold(str(theirs)) for ours, theirs in zip(path, steps, strict=True)
    )
