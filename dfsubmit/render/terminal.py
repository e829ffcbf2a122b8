r"""Text for a terminal: nothing from a file reaches it raw, widths are counted in cells, colour only when asked.

Manifests come from strangers. A control character could move the cursor, a bidirectional override could show a line in
another order than it is parsed, an invisible character could hide a difference. So every character that is not plainly
visible is shown as its name: `\x1b` for controls, `<U+202E>` for the rest. All of it is ASCII, so that it survives any
locale. The log of a CI job is a terminal too, and takes orders from lines: `::add-mask::…` where a line begins, and
`##[…]` or `##vso[…]` wherever it stands. One character of each is shown by its name, so that none is left. Rules:
`neutral` is applied to every piece of foreign text, once, before it is coloured or measured.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Controls, formats (bidirectional, zero width, tags), surrogates, private use, unassigned, line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})
_WIDE = frozenset({"W", "F"})
# A letter carries one or two marks in real scripts; a tower of them paints over the lines around it.
_MOST_MARKS = 4
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LATIN_END = 0xFF
# What the runners of GitHub, Azure and TeamCity read as a command; the last character of a match is the one to name.
_COMMAND = re.compile(r"^\s*:(?=:)|#(?=#[A-Za-z]*\[)")


def visible(character: str) -> str:
    """Return `character`, or the name it is shown by when it is not plainly visible."""
    if " " <= character <= "~":
        return character
    if unicodedata.category(character) not in _HIDDEN:
        return character
    number = ord(character)
    return _ESCAPES.get(character) or (f"\\x{number:02x}" if number <= _LATIN_END else f"<U+{number:04X}>")


def neutral(text: str) -> str:
    """Return `text` on one line with every character visible; a tower of combining marks is cut down."""
    if is_plain(text):
        return text
    return "".join(shown for shown, _ in cells(text))


def is_plain(text: str) -> bool:
    """Tell whether `text` is shown as it is, one cell a character."""
    return text.isascii() and text.isprintable() and "::" not in text and "##" not in text


def cells(text: str) -> list[tuple[str, int]]:
    """Return, for each character of `text`, what is shown for it and how many terminal cells that takes."""
    result: list[tuple[str, int]] = []
    marks = 0
    commands = {match.end() - 1 for match in _COMMAND.finditer(text)} if "::" in text or "##" in text else ()
    for number, character in enumerate(text):
        shown = visible(character) if number not in commands else f"\\x{ord(character):02x}"
        wide = sum(_cell(one) for one in shown)
        marks = marks + 1 if wide == 0 else 0
        if marks > _MOST_MARKS:
            shown = f"<U+{ord(character):04X}>"
            wide = len(shown)
        result.append((shown, wide))
    return result


def _cell(character: str) -> int:
    if character < "\x7f":
        return 1
    if unicodedata.category(character) in _MARKS:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def width(text: str) -> int:
    """Return how many terminal cells `text` takes once it is neutral."""
    return len(text) if is_plain(text) else sum(wide for _, wide in cells(text))


def padded(text: str, wide: int) -> str:
    """Return `text`, neutral, with spaces up to `wide` cells."""
    return neutral(text) + " " * (wide - width(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """The escape sequences of a look; all empty is no colour at all."""

    error: str = ""
    warning: str = ""
    note: str = ""
    help: str = ""
    strong: str = ""
    dim: str = ""
    good: str = ""
    end: str = ""

    def paint(self, look: str, text: str) -> str:
        """Return `text`, already neutral, in one of the looks of this palette."""
        return f"{look}{text}{self.end}" if look else text


PLAIN = Palette()
COLOUR = Palette(
    error="\x1b[1;31m",
    warning="\x1b[1;33m",
    note="\x1b[1;34m",
    help="\x1b[1;36m",
    strong="\x1b[1m",
    dim="\x1b[34m",
    good="\x1b[1;32m",
    end="\x1b[0m",
)


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun in the right form: `1 app`, `2 apps`, `0 entries`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
