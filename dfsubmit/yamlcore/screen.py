"""Looks at the characters of a text before a parser does, and gives it one that it reads as YAML 1.2 means it.

Characters that YAML forbids are findings; the parser gets blanks in their place. NEL, LS and PS are text in YAML 1.2 but
line breaks to libyaml, so the parser gets stand-ins, which are taken back in what it returns. Every character stands for
exactly one, so that offsets stay true. Bidirectional controls, which make a text look like another ("Trojan Source"), are
warned of.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Severity
from dfsubmit.yamlcore.source import BOM

if TYPE_CHECKING:
    from dfsubmit.yamlcore.report import Report

# YAML 1.2.2, section 5.1, c-printable: first what of it is ASCII, then all but it. A byte order mark may only start the file.
_ASCII = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])
_FORBIDDEN = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_BIDI = "[\u202a-\u202e\u2066-\u2069]"
_BREAKS = "\x85\u2028\u2029"
# Private characters at the end of the last plane. A text that has one of them is left as it is.
_STAND_INS = "\U0010ffe0\U0010ffe1\U0010ffe2"
_COLON, _QUESTION = "\U0010ffe3", "\U0010ffe4"

_TO_STAND_INS = str.maketrans(_BREAKS, _STAND_INS)
_BACK = str.maketrans(_STAND_INS + _COLON + _QUESTION, _BREAKS + ":?")
# Inside brackets, a colon or a question mark that goes on with a word is part of the word for YAML 1.2, not for libyaml 0.1:
# it refuses the colon, and takes the question mark for a key's indicator without a word. Both are harmless elsewhere. Passed
# over are directives and tags, whose colons the parser looks at, and colons that end a quoted or bracketed key.
_WORD_COLON = r"(?P<other>(?m:^)%[^\r\n]*|!<[^>\s]*>|(?<=[\s,\[\]{}])![^\s,\[\]{}]*|[\"'\]}]\s*:)|:(?=[^\s,\[\]{}])"
_WORD_QUESTION = r"(?<=[^\s,\[\]{}])\?|(?<=[\s,\[\]{}])\?(?=[^\s,\[\]{}])|(?<=[^\s,\[\]{}:-] )\?(?= )"

# Most texts are ASCII and need none of the patterns, which take milliseconds to compile.
_pattern = functools.cache(re.compile)


def screen(report: Report) -> tuple[str, list[int]]:
    """Return the text for the parser, and the offsets of its forbidden characters. Raises FullError."""
    text = report.source.text
    forbidden: list[int] = []
    kept = 1 if text.startswith(BOM) else 0
    if not text.isascii() or text.encode().translate(None, _ASCII):
        forbidden = [match.start() for match in _pattern(_FORBIDDEN).finditer(text, kept)]
    if forbidden:
        _report_forbidden(report, forbidden)
        text = text[:kept] + _pattern(_FORBIDDEN).sub(" ", text[kept:])
    if not text.isascii():
        _warn_of_bidi(report)
        if any(stand_in in text for stand_in in (*_STAND_INS, _COLON, _QUESTION)):
            return text, forbidden
        text = text.translate(_TO_STAND_INS)
    if "?" in text and ("[" in text or "{" in text):
        text = _pattern(_WORD_QUESTION).sub(_QUESTION, text)
    return text, forbidden


def with_word_colons(text: str) -> str | None:
    """Return `text` with stand-ins for colons inside words; None when that changes nothing."""
    if _COLON in text:
        return None
    changed = _pattern(_WORD_COLON).sub(_stand_in, text)
    return None if changed == text else changed


def _stand_in(match: re.Match[str]) -> str:
    return match.group() if match["other"] is not None else _COLON


def restore(text: str) -> str:
    """Return `text` with the characters that stand-ins stand for."""
    return text.translate(_BACK)


def _report_forbidden(report: Report, offsets: list[int]) -> None:
    """Report the forbidden characters, one finding for each line that has some."""
    source = report.source
    last_line = 0
    for offset in offsets:
        line, _ = source.place(offset)
        if line == last_line:
            continue
        last_line = line
        character = source.text[offset]
        if character == BOM:
            report.add(
                "DF0104",
                "a byte order mark may stand at the start of the file only",
                offset,
                offset + 1,
                advice="remove it; it is invisible, so retype the line if need be",
            )
        else:
            report.add(
                "DF0103",
                f"the character U+{ord(character):04X} is not allowed in YAML",
                offset,
                offset + 1,
                advice="remove it; inside double quotes it can be written as an escape",
            )


def _warn_of_bidi(report: Report) -> None:
    """Warn of the first bidirectional control of each line."""
    import unicodedata  # noqa: PLC0415  # a megabyte, for a name that is hardly ever wanted

    source = report.source
    last_line = 0
    for match in _pattern(_BIDI).finditer(source.text):
        line, _ = source.place(match.start())
        if line != last_line:
            last_line = line
            name = unicodedata.name(match.group()).lower()
            report.add(
                "DF0129",
                f"an invisible {name} (U+{ord(match.group()):04X}) makes this line look other than it is",
                match.start(),
                match.end(),
                advice="remove it; write it as an escape inside double quotes if the text needs it",
                severity=Severity.WARNING,
            )
