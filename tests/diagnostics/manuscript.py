"""Valid manifests in many hands: data → YAML text, with the offset of every key and value as it was written.

The writer chooses at random, from a seed, what people choose: block or flow, quotes, indentation, comments, blank lines. It knows
nothing of dfsubmit: where something stands is known because it was put there. `Raw` is written as it is; `Twice` is a
key that may stand beside one of the same letters.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from typing import Any

Path = tuple[Any, ...]

_PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./=+-]| (?=[A-Za-z0-9_./=+-]))*")
_WORDS = frozenset({"true", "false", "null", "True", "False", "Null", "TRUE", "FALSE", "NULL", "y", "n"})
_NOTES = ("# tuned by hand", '# see the wiki: "runs"', "# was: 3", "# [old] {x", "# größer als nötig", "# it's fine")


class Raw(str):
    """A scalar that is written as it is."""

    __slots__ = ()


class Twice(str):
    """A key that equals nothing but itself."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a key and its value start. An item of a list has its own start as both.

    `indent` is the column of a block key, counted from 0, and None in brackets; `own_line` says that only blanks stand in front
    of it; `first` that it is the first of its mapping; `one_line` that its value ends on its line.
    """

    key: int
    value: int
    end: int = 0
    indent: int | None = None
    own_line: bool = False
    first: bool = False
    one_line: bool = False


@dataclass(slots=True)
class Manuscript:
    """A text as it grows."""

    rng: random.Random
    tidy: bool = False
    text: str = ""
    places: dict[Path, Place] = field(default_factory=dict)
    step: int = 2

    @classmethod
    def of(cls, rng: random.Random, data: Any, *, tidy: bool = False, document: int = 0) -> Manuscript:
        """Write one document. `tidy` is block style without comments; `document` begins every path."""
        made = cls(rng=rng, tidy=tidy, step=2 if tidy else rng.choice([2, 2, 2, 4]))
        if not tidy and rng.random() < 0.3:
            made.text += f"{rng.choice(_NOTES)}\n"
        if isinstance(data, dict):
            made._mapping(data, (document,), 0)
        else:
            made._sequence(data, (document,), 0)
        return made

    def _mapping(self, data: dict[str, Any], path: Path, indent: int, *, inline: bool = False) -> None:
        for number, (key, value) in enumerate(data.items()):
            own_line = not (inline and number == 0)
            if own_line:
                self._between(indent)
                self.text += " " * indent
            start = len(self.text)
            self.text += f"{self._key(key)}:"
            at = self._value(value, (*path, key), indent)
            self.places[(*path, key)] = Place(
                key=start,
                value=at,
                end=self._end,
                indent=indent,
                own_line=own_line,
                first=number == 0,
                one_line="\n" not in self.text[start : self._end],
            )

    def _sequence(self, data: list[Any], path: Path, indent: int) -> None:
        for number, item in enumerate(data):
            self._between(indent)
            self.text += " " * indent + "- "
            start = len(self.text)
            if isinstance(item, dict) and item and not self._wants_flow(item):
                self._mapping(item, (*path, number), indent + 2, inline=True)
            else:
                self._flow(item, (*path, number))
                self._line_end()
            self.places[*path, number] = Place(key=start, value=start, end=self._end, indent=indent)

    _end: int = 0

    def _value(self, value: Any, path: Path, indent: int) -> int:
        """Write the value of a key and the end of its line, and return where the value starts."""
        if isinstance(value, dict | list) and value and not self._wants_flow(value):
            self._line_end()
            deeper = indent + self.step
            if isinstance(value, dict):
                self._mapping(value, path, deeper)
                return self.places[(*path, next(iter(value)))].key
            self._sequence(value, path, indent if not self.tidy and self.rng.random() < 0.3 else deeper)
            return self.places[*path, 0].key - len("- ")
        if isinstance(value, Raw) and not value:
            start = len(self.text)
            self._line_end()
            return start
        self.text += " "
        start = len(self.text)
        if self._wants_block_text(value):
            self.text += self.rng.choice(["|-", ">-"])
            self.text += "\n" + " " * (indent + self.step) + str(value)
            self._end = len(self.text)
            self.text += "\n"
            return start
        self._flow(value, path)
        self._line_end()
        return start

    def _flow(self, value: Any, path: Path) -> None:
        if isinstance(value, dict):
            self.text += "{"
            for number, (key, inner) in enumerate(value.items()):
                self.text += ", " if number else ""
                start = len(self.text)
                self.text += f"{self._key(key)}: "
                at = len(self.text)
                self._flow(inner, (*path, key))
                self.places[(*path, key)] = Place(key=start, value=at, end=len(self.text), first=number == 0)
            self.text += "}"
        elif isinstance(value, list):
            self.text += "["
            for number, inner in enumerate(value):
                self.text += ", " if number else ""
                start = len(self.text)
                self._flow(inner, (*path, number))
                self.places[*path, number] = Place(key=start, value=start, end=len(self.text))
            self.text += "]"
        else:
            self.text += self._scalar(value)

    def _key(self, key: str) -> str:
        if not _PLAIN.fullmatch(key) or key in _WORDS:
            return key if isinstance(key, Raw) else json.dumps(key)
        if self.tidy or self.rng.random() < 0.95:
            return str(key)
        return self.rng.choice([f'"{key}"', f"'{key}'"])

    def _scalar(self, value: Any) -> str:
        if isinstance(value, Raw):
            return str(value)
        if not isinstance(value, str):
            return json.dumps(value)
        if _PLAIN.fullmatch(value) and value not in _WORDS and (self.tidy or self.rng.random() < 0.75):
            return value
        single = "'" + value.replace("'", "''") + "'"
        return single if self.rng.random() < 0.4 else json.dumps(value, ensure_ascii=False)

    def _wants_flow(self, value: Any) -> bool:
        return not value or (not self.tidy and self.rng.random() < 0.3)

    def _wants_block_text(self, value: Any) -> bool:
        return (
            isinstance(value, str)
            and not isinstance(value, Raw)
            and " " in value
            and not self.tidy
            and self.rng.random() < 0.2
        )

    def _line_end(self) -> None:
        self._end = len(self.text)
        if not self.tidy and self.rng.random() < 0.12:
            self.text += f"  {self.rng.choice(_NOTES)}"
        self.text += "\n"

    def _between(self, indent: int) -> None:
        if self.tidy:
            return
        if self.rng.random() < 0.06:
            self.text += "\n"
        if self.rng.random() < 0.06:
            self.text += " " * indent + self.rng.choice(_NOTES) + "\n"


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Return the 1-based line and column of `offset`."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1
