"""Conflicts that git left in a file: one finding for each, and a text in which only one side of each is read.

Without this, a parser stumbles over the first marker, and what it makes of the rest is half of one side and half of the other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dfsubmit.yamlcore.report import Report

# What every conflict begins with; looking for it costs next to nothing.
HINT = "<<<<<<<"
_OURS, _BASE, _THEIRS, _END = HINT, "|" * 7, "=" * 7, ">" * 7
_MARKER = re.compile(r"^(<{7}|\|{7}|={7}|>{7})(?:[ ][^\r\n]*)?(?=[\r\n]|\Z)", re.MULTILINE)
_WORD = re.compile(r"\S")
_CHARACTER = re.compile(r"[^\r\n]")


def set_conflicts_aside(report: Report, text: str) -> tuple[str, list[int]]:
    """Return `text` with blanks in place of markers and of the other side, and where what is left of each conflict begins.

    Raises FullError.
    """
    begins: list[int] = []
    blank: list[tuple[int, int]] = []
    start: re.Match[str] | None = None
    theirs = 0
    for marker in _MARKER.finditer(text):
        kind = marker[1]
        if kind == _OURS and start is None:
            start, theirs = marker, 0
            blank.append(marker.span())
        elif start is not None and kind in {_BASE, _THEIRS} and not theirs:
            theirs = marker.start()
        elif start is not None and kind == _END:
            begins.append(start.start())
            _report(report, start, marker)
            blank.append((theirs or marker.start(), marker.end()))
            start = None
    if start is not None:
        begins.append(start.start())
        _report(report, start, None)
    for begin, end in blank:
        text = text[:begin] + _CHARACTER.sub(" ", text[begin:end]) + text[end:]
    left = (_WORD.search(text, begin) for begin in begins)
    return text, [begin if word is None else word.start() for begin, word in zip(begins, left, strict=True)]


def _report(report: Report, start: re.Match[str], end: re.Match[str] | None) -> None:
    report.add(
        "DF0137",
        "a conflict of git begins here, and is not settled",
        *start.span(),
        advice="keep what is right of the two sides, and remove the lines with <<<<<<<, ======= and >>>>>>>",
        related=() if end is None else (("it ends here", *end.span()),),
    )
