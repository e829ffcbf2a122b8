"""How the lines of a text lie: indentation, the line above, where a value ends, which bracket closes which.

These look at lines without parsing them, as the words for a fault need; they may be wrong about odd texts, never slow.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dfsubmit.yamlcore.source import Source

# A colon that ends a key, if what comes before it on the line is a key.
_COLON = re.compile(r":(?=[ \t]|\Z)")
# A run of blanks is looked at once, from its start: a line of a million blanks would take hours otherwise.
_COMMENT = re.compile(r"(?<![ \t])[ \t]+#.*\Z|\A#.*\Z", re.DOTALL)
_ENTRY = re.compile(r"[ ]*(?:-[ ]+)*")
# What matters inside brackets: strings, comments, brackets.
_FLOW = re.compile(
    r"""(?<![^\s,\[\]{}:])"(?:[^"\\]|\\.)*"|(?<![^\s,\[\]{}:])'[^']*'|(?<!\S)#[^\r\n]*|[\[\]{}]""", re.DOTALL
)
_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
# How far a bracket's partner is looked for, in characters.
_REACH = 65_536


def indent_of(line: str) -> int:
    """Return the number of blanks at the start of `line`."""
    return len(line) - len(line.lstrip(" \t"))


def first_colon(line: str) -> int | None:
    """Return the offset in `line` of the first colon that ends a key; None when there is none."""
    match = _COLON.search(_COMMENT.sub("", line))
    return match.start() if match else None


def is_key_line(line: str) -> bool:
    """Tell whether `line` has a key with its colon."""
    return first_colon(line) is not None


def value_end(source: Source, at: int) -> int:
    """Return where the text at `at` ends on its line, without blanks and a comment behind it."""
    end = source.line_end(at)
    text = _COMMENT.sub("", source.text[at:end])
    return max(at + len(text.rstrip(" \t")), min(at + 1, end))


def text_end(source: Source, at: int) -> int:
    """Return where the unquoted text at `at` was meant to end: as `value_end`, in brackets before what ends it there."""
    end = value_end(source, at)
    if _open_at(source, at) is None:
        return end
    text, depth = source.text, 0
    for offset in range(at, end):
        character = text[offset]
        if depth == 0 and offset > at and character in ",]}":
            return at + len(text[at:offset].rstrip(" \t"))
        depth += (character in "[{") - (character in "]}")
    return end


def content_before(source: Source, start: int) -> tuple[int, str] | None:
    """Return the nearest line above `start` that says something: its start, and its text without a comment."""
    while start > source.starts[0]:
        end = start
        start = source.line_start(start - 1)
        text = _COMMENT.sub("", source.text[start:end].rstrip("\r\n")).rstrip(" \t")
        if text.strip(" \t"):
            return start, text
    return None


def levels_above(source: Source, start: int) -> list[int]:
    """Return the columns, nearest first, at which the lines above that enclose `start` begin."""
    levels: list[int] = []
    below = None
    at: int | None = start
    while at is not None and below != 0:
        above = content_before(source, at)
        if above is None:
            break
        at, text = above
        if text.startswith(("---", "...", "%")):
            break
        outer = indent_of(text)
        inner = len(_ENTRY.match(text).group())  # type: ignore[union-attr]  # it matches the empty text
        for level in (inner, outer):
            if below is None or level < below:
                levels.append(level)
                below = level
    return levels


def matching_bracket(source: Source, at: int, opening: int | None) -> tuple[int | None, int | None]:
    """Return the bracket that is open at `at`, and the one that closes it; None for what is not there.

    `opening` is the parser's word for the first, if it has one.
    """
    if opening is None:
        opening = _open_at(source, at)
        if opening is None:
            return None, None
    depth = 0
    marker = _MARKER.search(source.text, opening, opening + _REACH)
    for match in _FLOW.finditer(source.text, opening, marker.start() if marker else opening + _REACH):
        bracket = match.group()
        if bracket in "[{":
            depth += 1
        elif bracket in "]}":
            depth -= 1
            if depth == 0:
                return opening, match.start()
    return opening, None


def _open_at(source: Source, at: int) -> int | None:
    """Return the innermost bracket that is open at `at`, looking from the line on which none is."""
    stack: list[int] = []
    for match in _FLOW.finditer(source.text, max(at - _REACH, source.text.rfind("\n---", 0, at), 0), at):
        bracket = match.group()
        if bracket in "[{":
            stack.append(match.start())
        elif bracket in "]}" and stack:
            stack.pop()
    return stack[-1] if stack else None
