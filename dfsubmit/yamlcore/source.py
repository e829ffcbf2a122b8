"""The text of one file, and the way from an offset in it to the line and column that an editor shows.

Offsets are 0-based code points of the decoded text, a byte order mark included. Lines end at LF, CRLF or a lone CR,
as editors have it; NEL, LS and PS are ordinary characters, as YAML 1.2 has it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from dfsubmit.diagnostics import Span

BOM = "\ufeff"
_LINE_BREAK = re.compile(r"\r\n?|\n")


class Source:
    """One decoded file under the name that the user knows it by. The table of lines is made when first needed."""

    __slots__ = ("_starts", "path", "text")

    def __init__(self, *, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Return the offset at which each line starts."""
        if self._starts is None:
            first = 1 if self.text.startswith(BOM) else 0
            if "\r" in self.text:
                self._starts = [first, *(match.end() for match in _LINE_BREAK.finditer(self.text))]
            else:
                ends = accumulate(len(line) + 1 for line in self.text.split("\n"))
                self._starts = [first, *ends]
                self._starts.pop()  # behind the last line no other begins
        return self._starts

    def place(self, offset: int) -> tuple[int, int]:
        """Return the 1-based line and column of `offset`."""
        starts = self.starts
        line = max(bisect_right(starts, offset), 1)
        return line, max(offset - starts[line - 1], 0) + 1

    def span(self, start: int, end: int) -> Span:
        """Return the stretch `start:end`, as much of it as lies inside the text, as lines and columns."""
        start, end = min(start, len(self.text)), min(end, len(self.text))
        line, column = self.place(start)
        end_line, end_column = (line, column) if end <= start else self.place(end)
        return Span(line=line, column=column, end_line=end_line, end_column=end_column)

    def line_end(self, offset: int) -> int:
        """Return the offset at which the line of `offset` ends, its break not included."""
        match = _LINE_BREAK.search(self.text, offset)
        return match.start() if match else len(self.text)

    def line_start(self, offset: int) -> int:
        """Return the offset at which the line of `offset` starts."""
        return self.starts[max(bisect_right(self.starts, offset), 1) - 1]
