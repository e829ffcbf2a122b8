"""Characters of word processors and web pages that look like those of YAML, or like nothing at all.

Blanks other than the space, dashes and quotes of print, and characters without a width come with what people paste. Where a blank
must be a space for the line to mean anything (in front of a key, behind its colon, at the end), it is an error, and the
line is read as it looks. In a text they are allowed, and nearly never meant: a warning. Comments may hold what they like.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from dfsubmit.diagnostics import Edit, Severity
from dfsubmit.yamlcore.limits import MAX_RESTARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dfsubmit.yamlcore.report import Report
    from dfsubmit.yamlcore.tree import Opener

_BLANK = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_UNSEEN = "\u0085\u00ad\u200b\u200e\u200f\u2028\u2029\u2060"
_OPENING, _CLOSING = "\u201c\u2018\u201e\u201a\u00ab\uff02\u201d\u2019", "\u201d\u2019\u201c\u2018\u00bb\uff02"
_ANY = re.compile(f"[{_BLANK}{_UNSEEN}{_OPENING}\u2012-\u2015]")
_KEY = r"^\ufeff?[ ]*(?:-[ ]+)*(?:\"[^\"\r\n]*\"|'[^'\r\n]*'|[\w./-]+)"
# Where a blank stands between the parts of a line: in front of its text, behind its dash, around the colon of its key, in front
# of a comment, at its end. Every run of blanks is looked at once, so that a hostile line costs linear time.
_BETWEEN = re.compile(
    rf"^\ufeff?(?=[ \t]*[{_BLANK}])[ \t{_BLANK}]+"
    rf"|^\ufeff?[ ]*-(?=[ ]*[{_BLANK}])[ {_BLANK}]+"
    rf"|{_KEY}[ {_BLANK}]*:(?=[ \t]*[{_BLANK}])[ \t{_BLANK}]+"
    rf"|{_KEY}(?=[ ]*[{_BLANK}])[ {_BLANK}]+(?=:(?:[ \t\r\n]|\Z))"
    rf"|(?<![ \t{_BLANK}])[ \t{_BLANK}]+(?=#|[\r\n]|\Z)",
    re.MULTILINE,
)
_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_FIRST = re.compile(rf"[ \t{_BLANK}]*")
_ONE_BLANK = re.compile(f"[{_BLANK}]")
_IN_TEXT = re.compile(rf"[{_BLANK}{_UNSEEN}]|(?:(?<=\s)|\A)[\u2012-\u2015](?=\w)")


def settle_lookalikes(report: Report, text: str, opener: Opener) -> tuple[str, list[int]]:
    """Report the characters of `text` that are not what they look like; return it with spaces where they must be, and where.

    It has as many characters as before, so a blank as wide as two spaces leaves the indentation open. Raises FullError.
    """
    source = report.source.text
    if _ANY.search(source) is None:
        return text, []
    between = {at + match.start() for match in _BETWEEN.finditer(source) for at in _blanks(match.group())}
    scalars = list(_scalars(_with_spaces(text, between), source, opener))
    for start, end, plain in scalars:
        if not plain:
            between.difference_update(range(start, end))
    _report_between(report, sorted(between))
    for start, end, plain in scalars:
        _look_at_text(report, start, end, between, plain=plain)
    return _with_spaces(text, between), sorted(between)


def _blanks(piece: str) -> Iterator[int]:
    return (match.start() for match in _ONE_BLANK.finditer(piece))


def _with_spaces(text: str, offsets: Iterable[int]) -> str:
    characters = list(text)
    for offset in offsets:
        characters[offset] = " "
    return "".join(characters)


def _scalars(text: str, source: str, opener: Opener) -> Iterator[tuple[int, int, bool]]:
    """Yield start, end and whether it is unquoted of every scalar of the documents that have such characters in `source`.

    Each document is read on its own, as far as it can be: one that cannot be read hides nothing of the others.
    """
    marks = [0, *(match.start() for match in _MARKER.finditer(text)), len(text)]
    pieces = ((start, end) for start, end in itertools.pairwise(marks) if _ANY.search(source, start, end))
    for start, end in itertools.islice(pieces, MAX_RESTARTS):
        begin = start + len("...") if text.startswith("...", start) else start
        for one in _scalars_of(text[begin:end], opener):
            yield begin + one.start_mark.index, begin + one.end_mark.index, not one.style


def _scalars_of(text: str, opener: Opener) -> Iterator[Any]:
    kinds, next_event = opener(text)
    try:
        while type(event := next_event()) is not kinds.stream_end:
            if type(event) is kinds.scalar:
                yield event
    except Exception:  # noqa: BLE001  # what is wrong with the text is found when it is read in earnest
        return


def _report_between(report: Report, offsets: list[int]) -> None:
    """Report blanks that must be spaces, one finding for each line that has some."""
    by_line: dict[int, list[int]] = {}
    for offset in offsets:
        by_line.setdefault(report.source.place(offset)[0], []).append(offset)
    for own in by_line.values():
        begin = _FIRST.match(report.source.text, report.source.line_start(own[0]))
        content = begin.end() if begin else 0
        report.add(
            "DF0138",
            f"this is {_named(report.source.text[own[0]])}, which is no blank for YAML",
            own[0],
            own[0] + 1,
            advice="write a space in place of it",
            edits=tuple(_spaces(report.source.text, start, end, content) for start, end in _runs(own)),
        )


def _runs(offsets: list[int]) -> Iterator[tuple[int, int]]:
    """Yield start and end of every stretch of offsets in a row."""
    start = last = offsets[0]
    for offset in offsets[1:]:
        if offset != last + 1:
            yield start, last + 1
            start = offset
        last = offset
    yield start, last + 1


def _spaces(text: str, start: int, end: int, content: int) -> Edit:
    """Return the edit that makes spaces of the blanks `start:end`; in front of `content`, wide ones are as wide as two."""
    wide = text.count("\u3000", start, end) if start < content else 0
    return Edit(start=start, end=end, text=" " * (end - start + wide), safe=True)


def _look_at_text(report: Report, start: int, end: int, settled: set[int], *, plain: bool) -> None:
    """Warn of the first character of a text that is not what it looks like."""
    text = report.source.text[start:end]
    if plain and len(text) > 1 and text[0] in _OPENING and text[-1] in _CLOSING:
        report.add(
            "DF0141",
            f"{text[0]} is {_named(text[0])}: it is part of the text, and quotes nothing",
            start,
            end,
            advice=f'write "{text[1:-1]}" if it was meant to quote',
            severity=Severity.WARNING,
        )
        return
    for match in _IN_TEXT.finditer(text):
        at = start + match.start()
        if at not in settled:
            _warn(report, at)
            return


def _warn(report: Report, at: int) -> None:
    character = report.source.text[at]
    if _ONE_BLANK.match(character):
        message, advice = "looks like a space and is none", "write a space in place of it"
    elif "\u2012" <= character <= "\u2015":
        message, advice = "stands where a word begins", "write -- or - if an option was meant"
    else:
        message, advice = "cannot be seen, and is part of this text", "remove it"
    report.add(
        "DF0141",
        f"{_named(character)} {message}",
        at,
        at + 1,
        advice=f"{advice}; if the text needs it, write it as an escape in double quotes",
        severity=Severity.WARNING,
    )


def _named(character: str) -> str:
    import unicodedata  # noqa: PLC0415  # a megabyte, for a name that is hardly ever wanted

    return f"U+{ord(character):04X} ({unicodedata.name(character, 'next line').lower()})"
