"""What differs between two requests, field by field, for a person to read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class _Absent:
    """Stands for a field that is not there; shown as such."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field whose value differs; `before` or `after` is ABSENT where it is not there. `path` is dotted."""

    path: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Return the fields of two requests that differ, in the order of their paths, under `spec.`."""
    return tuple(sorted(_walk("spec", before, after), key=lambda change: change.path))


def _walk(path: str, before: Any, after: Any) -> Iterator[FieldChange]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in before.keys() | after.keys():
            yield from _walk(f"{path}.{name}", before.get(name, ABSENT), after.get(name, ABSENT))
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        for index in range(max(len(before), len(after))):
            left = before[index] if index < len(before) else ABSENT
            right = after[index] if index < len(after) else ABSENT
            yield from _walk(f"{path}[{index}]", left, right)
    elif type(before) is not type(after) or before != after:
        yield FieldChange(path=path, before=before, after=after)
