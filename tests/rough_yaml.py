"""Manifests as people might write them: any order, any indentation, comments everywhere. The generator of `fmt`'s tests.

Each comment says what it belongs to: `own` the key or item below it, `eol` the one on its line, `end` the collection whose last
entry it follows, `tail` the document. So a test can tell where it has to stand afterwards.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]

TEXTS = (
    '"b: # no comment"',
    "'it''s'",
    "plain text",
    "a#b",
    '"two\\n  lines"',
    "&anchor_{n} anchored",
    "!!str 12",
    "plain text\n{pad}that goes on\n\n{pad}  and on",
    '"quoted text\n{pad}that goes on \\\n\n{pad}  and on"',
    "'single # text\n\n\n{pad}that goes on'",
    "|\n{pad}literal # text\n\n{pad}  deeper\n{pad}end",
    ">-\n{pad}folded\n{pad}text\n\n\n{pad}end",
    "|+\n{pad}kept\n\n",
    "|{step}\n{pad}  indicated\n{pad}text",
    "|-",
)


@dataclass
class Rough:
    """Writes one document; `comments` are those that it wrote, by their text."""

    rng: random.Random
    comments: dict[str, tuple[str, Path]] = field(default_factory=dict)
    number: int = 0

    def comment(self, kind: str, path: Path) -> str:
        self.number += 1
        text = f"# {kind} {self.number}"
        self.comments[text] = (kind, path)
        return text

    def chance(self, parts: int) -> bool:
        return self.rng.randrange(parts) == 0

    def own(self, indent: int, path: Path) -> str:
        text = ""
        for _ in range(self.rng.choice((0, 0, 0, 1, 2))):
            text += "\n" * self.rng.choice((0, 0, 1, 3))
            text += f"{' ' * indent}{self.comment('own', path)}{self.rng.choice(('', '  '))}\n"
        return text + "\n" * self.rng.choice((0, 0, 0, 1, 2))

    def eol(self, path: Path) -> str:
        return f"{' ' * self.rng.randrange(1, 5)}{self.comment('eol', path)}" if self.chance(4) else ""

    def end(self, indent: int, path: Path) -> str:
        return f"{' ' * indent}{self.comment('end', path)}\n" if self.chance(5) else ""

    def block(self, value: Any, indent: int, path: Path, *, first_inline: bool = False, flush: bool = False) -> str:
        """Return `value`, a mapping or a list, with its keys or dashes at column `indent`."""
        text = ""
        keys = list(range(len(value))) if isinstance(value, list) else list(value)
        if not isinstance(value, list):
            self.rng.shuffle(keys)
        for position, key in enumerate(keys):
            here = (*path, key)
            if not (first_inline and position == 0):
                text += self.own(indent, here) + " " * indent
            text += "-" if isinstance(value, list) else self.key(str(key))
            text += self.value(value[key], indent, here, is_item=isinstance(value, list))
        # In a list that is set in no deeper than its key, the comment would be about the next key.
        return text if flush else text + self.end(indent, path)

    def key(self, key: str) -> str:
        return f'"{key}"{self.rng.choice(("", " "))}:' if self.chance(6) else f"{key}{self.rng.choice(('', '', ' '))}:"

    def value(self, value: Any, indent: int, path: Path, *, is_item: bool) -> str:
        """Return what follows a colon or a dash, to the end of the line."""
        blank = " " * self.rng.choice((1, 1, 1, 3))
        if isinstance(value, dict | list) and value and not self.chance(4):
            step = self.rng.randrange(1, 5)
            if is_item and not self.chance(4):
                return blank + self.block(value, indent + 1 + len(blank), path, first_inline=True)
            if isinstance(value, list) and not is_item:
                step = self.rng.randrange(0, 4)
            return f"{self.eol(path)}\n" + self.block(value, indent + step, path, flush=step == 0)
        if isinstance(value, str) and path[-1] not in {"apiVersion", "kind"} and self.chance(3):
            return blank + self.text(indent, path)
        if isinstance(value, dict | list) and value and self.chance(2):
            return blank + self.flow(value, indent, path)
        if isinstance(value, str) and self.chance(8):
            return f"{self.eol(path)}\n{' ' * (indent + 3)}{json.dumps(value)}\n"
        return f"{blank}{json.dumps(value)}{self.eol(path)}\n"

    def text(self, indent: int, path: Path) -> str:
        step = self.rng.randrange(1, 5)
        made = self.rng.choice(TEXTS).format(pad=" " * (indent + step), step=step, n=self.number)
        self.number += 1
        if not made.startswith(("|", ">")):
            return f"{made}{self.eol(path)}\n"
        head, _, rest = made.partition("\n")
        return f"{head}{self.eol(path)}\n{rest}\n" if rest else f"{head}{self.eol(path)}\n"

    def flow(self, value: Any, indent: int, path: Path) -> str:
        """Return a collection in brackets over several lines, with a comment inside."""
        pad = "\n" + " " * (indent + self.rng.randrange(1, 6))
        opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        inner = [f"{json.dumps(key)}: " * isinstance(value, dict) + json.dumps(one) for key, one in pairs]
        comment = f"  {self.comment('flow', path)}" if self.chance(2) else ""
        return f"{opening}{comment}{pad}{f',{pad}'.join(inner)}{pad}{closing}{self.eol(path)}\n"

    def document(self, value: Any) -> str:
        text = self.block(value, self.rng.choice((0, 0, 0, 2)), ())
        if self.chance(3):
            text += f"\n\n{self.comment('tail', ())}\n"
        return text
