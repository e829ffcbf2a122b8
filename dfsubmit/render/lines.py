"""The lines of files that have findings, and which stretches of them must stay hidden.

Lines are those of an editor: they end at LF, CRLF or a lone CR, and a byte order mark is no character of the first.
Hidden is what a masked finding points at, in every line and for every other finding too; what looks like a key of
its own accord is found by `leaks`, which whoever shows a line asks for the part that is shown. Offsets, as edits have
them, count code points of the whole text from 0; `Offsets` says where they are.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Span
from dfsubmit.leaks import MASK, secret_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dfsubmit.diagnostics import Diagnostic

_BREAK = re.compile(r"\r\n|\n|\r")
# A line is told from others by this many characters.
_TELLING = 4000
# So far around a stretch of a line is looked for a secret that it is part of.
_AROUND = 2000

Ranges = dict[int, list[tuple[int, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The lines of one file, and the columns (0-based) of each line that must stay hidden."""

    lines: list[str]
    hidden: Ranges

    def clear(self, span: Span) -> str:
        """Return the text of `span`; empty when it is longer than a line, or a secret could be in it."""
        if span.line != span.end_line or span.line > len(self.lines) or self.lines[span.line - 1] == "":
            return ""
        line, start, end = self.lines[span.line - 1], span.column - 1, span.end_column - 1
        first = max(0, start - _AROUND)
        near = [(first + low, first + high) for low, high in secret_ranges(line[first : end + _AROUND])]
        return (
            ""
            if any(low < end and start < high for low, high in self.hidden.get(span.line, []) + near)
            else line[start:end]
        )

    def harmless(self, number: int) -> str:
        """Return line `number` (from 1) with every secret masked and blanks made one; empty when there is no such line.

        Of a very long line only the beginning is returned.
        """
        if not 0 < number <= len(self.lines):
            return ""
        line = self.lines[number - 1][:_TELLING]
        for start, end in reversed(_merged(self.hidden.get(number, []) + secret_ranges(line))):
            line = f"{line[:start]}{MASK}{line[end:]}"
        return " ".join(line.split())


def lines_of(findings: Sequence[Diagnostic], texts: Mapping[str, str]) -> dict[str, Lines]:
    """Split the texts that `findings` need, by path, and note what of them is secret. Paths without a text are left out."""
    paths = {finding.path for finding in findings} | {place.path for one in findings for place in one.related}
    files = {path: Lines(lines=split(texts[path]), hidden={}) for path in paths if texts.get(path)}
    for finding in findings:
        if finding.masked and finding.span is not None and finding.path in files:
            _hide(finding.span, files[finding.path].hidden)
    return files


def split(text: str) -> list[str]:
    """Return the lines of `text` without their ends."""
    bare = text.removeprefix("\ufeff")
    return _BREAK.split(bare) if "\r" in bare else bare.split("\n")


class Offsets:
    """The way from an offset in one text to the line and column of it."""

    def __init__(self, text: str) -> None:
        self._starts = [int(text.startswith("\ufeff")), *(match.end() for match in _BREAK.finditer(text))]

    def span(self, start: int, end: int) -> Span:
        """Return the stretch `start:end` as lines and columns."""
        line, column = self._place(start)
        end_line, end_column = self._place(end)
        return Span(line=line, column=column, end_line=end_line, end_column=end_column)

    def _place(self, offset: int) -> tuple[int, int]:
        line = max(bisect_right(self._starts, offset), 1)
        return line, max(offset - self._starts[line - 1], 0) + 1


def _hide(span: Span, hidden: Ranges) -> None:
    for line in range(span.line, span.end_line + 1):
        start = span.column - 1 if line == span.line else 0
        end = span.end_column - 1 if line == span.end_line else 1 << 30
        hidden.setdefault(line, []).append((start, end))


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return `ranges` in order, those that touch joined."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result
