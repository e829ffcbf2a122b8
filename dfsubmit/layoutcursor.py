"""A place in the text of one document that moves on, and what is read there between two values.

Between values there are comments and blank lines on lines of their own, and comments at the ends of lines. What is read
here is told by lines and columns alone; `layouttree`, which knows the values, says when to read and whose it then is.
"""

from __future__ import annotations

import re

from dfsubmit.layoutnodes import Comment, LayoutError

BREAK = re.compile(r"\r\n?|\n")
BLANKS = re.compile(r"[ \t]*")
REST_OF_LINE = re.compile(r"([ \t]*)(#[^\r\n]*)?(?=[\r\n]|\Z)")
_GAP_LINE = re.compile(r"([ \t]*)(#[^\r\n]*)?(?:\r\n?|\n|\Z)")


class Cursor:
    """A place in `text`, up to `end`. Reading moves it on."""

    def __init__(self, text: str, end: int) -> None:
        self.text = text
        self.end = end
        self.at = 0
        # The end of a blank line that belongs to a text: it begins no line of its own.
        self.taken = -1

    def lead(self, until: int | None) -> list[Comment]:
        """Read the comments and blank lines up to the next content, which starts at `until` where that is known."""
        found: list[Comment] = []
        fresh = self._at_line_start()
        while True:
            match = _GAP_LINE.match(self.text, self.at, self.end)
            if match is None or match.end() == self.at:
                break
            if fresh:
                found.append(Comment(column=len(match[1]), text=(match[2] or "").rstrip()))
            elif match[2]:
                raise LayoutError("a comment where none was expected", self.at)
            self.at = match.end()
            fresh = True
        blanks = BLANKS.match(self.text, self.at)
        self.at = blanks.end() if blanks else self.at
        if until is not None and self.at != until:
            raise LayoutError("a key that is written with a question mark", self.at)
        return found

    def trailer(self, column: int) -> list[Comment]:
        """Read the comments behind the last entry that are set in as deep as a collection at `column`."""
        start = self.at
        lines = self.lead(None)
        following = -1 if self.at >= self.end else self.column(self.at)
        taken = 0
        for number, line in enumerate(lines, 1):
            if line.text and (line.column < column or line.column <= following):
                break
            if line.text:
                taken = number
        self.at = start
        if not taken:
            return []
        if not self._at_line_start():
            self.at = self.next_line(self.at)
        for _ in range(taken):
            self.at = self.next_line(self.at)
        # Stay at the end of the last line that was taken, as behind any value.
        self.at = self._line_end_before(self.at)
        return lines[:taken]

    def comment(self, rest: re.Match[str]) -> str:
        """Take in the end of a line, and return its comment with the blanks in front of it."""
        self.at = rest.end()
        if not rest[2]:
            return ""
        blanks = "  " if "\t" in rest[1] or not rest[1] else rest[1]
        return blanks + rest[2].rstrip()

    def column(self, at: int) -> int:
        """Return the column of a place, counted from 0."""
        start = max(self.text.rfind("\n", 0, at), self.text.rfind("\r", 0, at)) + 1
        return at - start - self.text.startswith("\ufeff", start)

    def _at_line_start(self) -> bool:
        return self.at != self.taken and (self.at == 0 or self.text[self.at - 1] in "\r\n\ufeff")

    def next_line(self, at: int) -> int:
        """Return where the line after that of a place begins, or where the document ends."""
        match = BREAK.search(self.text, at)
        return min(match.end() if match else self.end, self.end)

    def _line_end_before(self, at: int) -> int:
        if self.text.endswith("\r\n", 0, at):
            return at - 2
        return at - 1 if self.text[at - 1 : at] in {"\r", "\n"} else at
