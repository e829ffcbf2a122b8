"""Valid manifests with one fault each, and what must be said about it: the code, the line and the column.

A kind is a function that takes a `Draft` and makes the fault, in the data before they are written or in the text after. It
knows where the fault is because it put it there; dfsubmit is never asked. Kinds register themselves by `kind`. A kind that
does not fit a draft (no list in it, say) returns None and gets another one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import bases
from manuscript import Manuscript, Path, Place, line_and_column

APP, PROJECT = "app", "project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """Files with one fault, by their names, and the same files without it.

    `code` is the one that is right; `help` is a piece of what the help must say, where the repair is obvious. `bare` are the
    same files for a program that takes one document a file; empty where they are no different.
    """

    kind: str
    files: tuple[tuple[str, bytes], ...]
    path: str
    code: str
    line: int
    column: int
    help: str = ""
    sound: tuple[tuple[str, bytes], ...] = ()
    bare: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Draft:
    """One document in the making, with the seeded choices for it."""

    rng: random.Random
    data: dict[str, Any]
    what: str = APP

    @property
    def name(self) -> str:
        return "project.yaml" if self.what == PROJECT else "demo.yaml"

    def at(self, *path: Any) -> Any:
        """Return the value at `path`; None when there is none."""
        value: Any = self.data
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def write(self, *, tidy: bool = False) -> Manuscript:
        return Manuscript.of(self.rng, self.data, tidy=tidy)

    def fixed_keys(self) -> Iterator[Path]:
        """Yield the path of every key that the format fixes."""
        yield from (path for path in self.paths() if isinstance(path[-1], str) and not {*path[:-1]} & OPEN)

    def paths(self) -> Iterator[Path]:
        yield from _paths(self.data, ())


OPEN = {"labels", "env", "workspaces", "slots"}
_WHERE = {0: "at the top", 1: "in a section", 2: "in a subsection"}


def _paths(value: Any, path: Path) -> Iterator[Path]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A text with its fault at `offset`."""

    text: str
    offset: int
    code: str
    help: str = ""


Make = Callable[[Draft], "Fault | Mutant | None"]
KINDS: dict[str, tuple[Make, str]] = {}


def kind(name: str, on: str = APP) -> Callable[[Make], Make]:
    """Register a kind of fault in documents of `on`."""

    def register(make: Make) -> Make:
        KINDS[name] = (make, on)
        return make

    return register


def make_mutant(name: str, seed: int) -> Mutant:
    """Return the mutant of kind `name` for `seed`."""
    make, on = KINDS[name]
    for attempt in range(200):
        rng = random.Random(f"{name}/{seed}/{attempt}")
        full = rng.choice([True, True, None]) if attempt < 20 else True
        data = bases.app(rng, "demo", full=full) if on == APP else bases.project(rng)
        draft = Draft(rng, data, on)
        sound = Manuscript.of(random.Random(1), data).text
        made = make(draft)
        if isinstance(made, Fault):
            made = _dressed(name, draft, made, sound)
        if made is not None:
            return replace(made, kind=name)
    raise LookupError(f"no draft fits {name}")


def _dressed(name: str, draft: Draft, fault: Fault, sound: str) -> Mutant:
    """Return the mutant, now and then among other documents, and with line breaks as Windows has them."""
    rng, text, offset = draft.rng, fault.text, fault.offset
    line, column = line_and_column(text, offset)
    if draft.what == APP and rng.random() < 0.2 and not text.startswith("%"):
        before = Manuscript.of(rng, bases.app(rng, "first")).text + "---\n"
        text, line = before + text, line + before.count("\n")
    if rng.random() < 0.1 and "\r" not in text:
        text = text.replace("\n", "\r\n")
    content = text.encode("utf-8", "surrogateescape")
    return Mutant(
        kind=name,
        files=((draft.name, content),),
        path=draft.name,
        code=fault.code,
        line=line,
        column=column,
        help=fault.help,
        sound=((draft.name, sound.encode()),),
        bare=((draft.name, fault.text.encode("utf-8", "surrogateescape")),),
    )


def some_mutants(count: int, *, seed: int = 0) -> Iterator[Mutant]:
    """Yield `count` mutants, the kinds in turn."""
    names = list(KINDS)
    for number in range(count):
        yield make_mutant(names[number % len(names)], seed + number // len(names))


# --- what kinds are made of ------------------------------------------------------------------------------------------


def at_key(draft: Draft, path: Path, code: str, help_text: str = "") -> Fault:
    """Write the draft; the fault is at the key at `path`."""
    made = draft.write()
    return Fault(text=made.text, offset=made.places[0, *path].key, code=code, help=help_text)


def at_value(draft: Draft, path: Path, code: str, help_text: str = "") -> Fault:
    """Write the draft; the fault is at the value at `path`."""
    made = draft.write()
    return Fault(text=made.text, offset=made.places[0, *path].value, code=code, help=help_text)


def at_top(draft: Draft, code: str, help_text: str = "") -> Fault:
    """Write the draft; the fault is at its first key."""
    return at_key(draft, (next(iter(draft.data)),), code, help_text)


def put(draft: Draft, path: Path, value: Any) -> bool:
    """Put a value at `path`, where its parent is; False when that is not there."""
    parent = draft.at(*path[:-1])
    if not isinstance(parent, dict | list):
        return False
    parent[path[-1]] = value
    return True


def rename(draft: Draft, path: Path, key: str) -> None:
    """Give the key at `path` another name in its place."""
    parent = draft.at(*path[:-1])
    items = [(key if old == path[-1] else old, value) for old, value in parent.items()]
    parent.clear()
    parent.update(items)


def scalar_lines(draft: Draft) -> tuple[Manuscript, list[Place]]:
    """Return the draft as plain blocks, and the keys that stand on a line with their value."""
    made = draft.write(tidy=True)
    return made, [place for place in made.places.values() if place.own_line and place.one_line]


def cut(text: str, start: int, end: int, new: str) -> str:
    """Return `text` with `start:end` replaced."""
    return text[:start] + new + text[end:]
