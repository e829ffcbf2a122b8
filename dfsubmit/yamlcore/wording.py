"""The faults of a text in our words: what is wrong, where, what to do, and the edit that does it.

Whoever makes out a fault, a rule about a parser's refusal (`faults`) or the composer, words it here, so that one fault reads the
same wherever it is found. Offsets are those of the whole text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Edit, Severity
from dfsubmit.yamlcore.layout import levels_above, text_end, value_end
from dfsubmit.yamlcore.limits import MAX_KEY

if TYPE_CHECKING:
    from dfsubmit.yamlcore.source import Source

_FOREIGN_DIRECTIVE = re.compile(r"%(?!YAML[ \t]+1\.2(?=[ \t\r\n]|\Z)|TAG[ \t])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, ready to be reported; `related` is the start of a second place."""

    code: str
    message: str
    start: int
    end: int
    help: str
    edits: tuple[Edit, ...] = ()
    related: tuple[tuple[str, int], ...] = field(default=())
    severity: Severity = Severity.ERROR


def tab(source: Source, at: int) -> Fault:
    """Return the fault of a tab at `at` where only spaces may be."""
    end = at
    while source.text[end : end + 1] == "\t":
        end += 1
    if source.text[source.line_start(at) : at].strip(" \t"):
        message, advice, spaces = "this must be a space, and is a tab", "replace it by a space", " "
    else:
        message = "indentation must be spaces, and this is a tab"
        advice, spaces = "replace it by spaces, two for each level", "  " * (end - at)
    edit = Edit(start=at, end=end, text=spaces)
    return Fault(code="DF0105", message=message, start=at, end=end, help=advice, edits=(edit,))


def quote_it(source: Source, at: int) -> Fault:
    """Return the fault of a text at `at` that must be quoted because of its first character."""
    end = text_end(source, at)
    character = source.text[at : at + 1]
    return Fault(
        code="DF0112",
        message=f"an unquoted text cannot begin with {character}",
        start=at,
        end=at + 1,
        help=f"quote the text: {quoted(source.text[at:end])}",
        edits=(Edit(start=at, end=end, text=quoted(source.text[at:end])),),
    )


def quoted(text: str) -> str:
    """Return `text`, one line of it, as a double-quoted scalar."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


def open_quote(source: Source, start: int) -> Fault:
    """Return the fault of a quote at `start` that is not closed."""
    quote = source.text[start : start + 1]
    return Fault(
        code="DF0106",
        message="this quote is never closed",
        start=start,
        end=start + 1,
        help=f"close it with {quote} where the text ends",
    )


def escape(source: Source, at: int) -> Fault:
    """Return the fault of the escape at `at`."""
    match = re.compile(r"\\(?:[xuU][0-9a-fA-F]*|[^\r\n])?").match(source.text, at)
    text = match.group() if match else ""
    end = at + max(len(text), 1)
    if re.fullmatch(r"\\(?:u[dD][89a-fA-F]|U0000[dD][89a-fA-F])[0-9a-fA-F]{2}", text):
        return Fault(
            code="DF0114",
            message=f"{text} is half of a surrogate pair, which is no character",
            start=at,
            end=end,
            help=_surrogate_help(source.text, at, end),
        )
    if re.fullmatch(r"\\U[0-9a-fA-F]{8}", text):
        return Fault(
            code="DF0113",
            message=f"{text} is not the number of a character",
            start=at,
            end=end,
            help="Unicode ends at \\U0010FFFF",
        )
    return Fault(
        code="DF0113",
        message=f"{text} is not an escape that YAML knows" if len(text) > 1 else "this backslash escapes nothing",
        start=at,
        end=end,
        help="double the backslash to mean one, or use single quotes, in which it means itself",
    )


def _surrogate_help(text: str, at: int, end: int) -> str:
    """Return what to write in place of an escape as JSON has it for characters beyond U+FFFF."""
    pair = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})").match(text, at)
    if pair is None or end > pair.end():
        return "write the character itself, or its whole number as \\U and eight digits"
    high, low = int(pair.group(1), 16), int(pair.group(2), 16)
    number = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)
    return f"write \\U{number:08X} in place of {pair.group()}"


def missing_blank(at: int) -> Fault:
    """Return the fault of a colon at `at` that a key needs a blank after."""
    return Fault(
        code="DF0109",
        message="there is no blank after this colon, so it does not end a key",
        start=at,
        end=at + 1,
        help="put a blank after the colon",
        edits=(Edit(start=at + 1, end=at + 1, text=" ", safe=True),),
    )


def odd_separator(start: int, begin: int, end: int) -> Fault:
    """Return the fault of `begin:end` on the line that starts at `start`, which was meant as the one between two documents."""
    return Fault(
        code="DF0139",
        message="the line between two documents is three dashes at the left margin",
        start=begin,
        end=end,
        help="write it as ---",
        edits=(Edit(start=start, end=end, text="---", safe=True),),
    )


def no_separator(source: Source, start: int, end: int, what: str, first: int | None = None) -> Fault:
    """Return the fault of a document or manifest (`what`) that begins with `start:end`, behind one that begins at `first`."""
    line_break = "\r\n" if source.text[start - 2 : start] == "\r\n" else source.text[start - 1 : start]
    return Fault(
        code="DF0139",
        message=f"a second {what} begins here, and no line with --- stands in front of it",
        start=start,
        end=end,
        help="put a line with --- in front of it",
        edits=(Edit(start=start, end=start, text=f"---{line_break}", safe=True),),
        related=() if first is None else (("the first begins here", first),),
    )


def long_key(start: int, end: int) -> Fault:
    """Return the fault of a key `start:end` that is too long."""
    return Fault(
        code="DF0124",
        message=f"this key is longer than {MAX_KEY:,} characters",
        start=start,
        end=end,
        help="shorten it",
    )


def indentation(source: Source, at: int, message: str) -> Fault:
    """Return the fault of a line whose text starts at `at`, which is not where it may start."""
    levels = levels_above(source, source.line_start(at))[:3]
    choices = " or ".join(str(level) for level in levels)
    advice = f"indent it by {choices} spaces, like the line that it belongs beside"
    if levels == [0]:
        advice = "start it at the left margin, like the line that it belongs beside"
    elif not levels:
        advice = "start all lines of a mapping in the same column"
    return Fault(code="DF0108", message=message, start=at, end=value_end(source, at), help=advice)


def no_key(at: int) -> Fault:
    """Return the fault of a colon at `at` with no key in front of it."""
    return Fault(
        code="DF0117",
        message="there is no key in front of this colon",
        start=at,
        end=at + 1,
        help="write the key in front of the colon",
    )


def unknown_alias(source: Source, start: int, end: int) -> Fault:
    """Return the fault of an alias `start:end` that no anchor above is named like."""
    name = source.text[start + 1 : end]
    whole = text_end(source, start)
    return Fault(
        code="DF0118",
        message=f"there is no anchor &{name} above this alias in the document",
        start=start,
        end=end,
        help=f"mark the value to repeat with &{name}, or quote the text: {quoted(source.text[start:whole])}",
    )


def bad_anchor(source: Source, start: int) -> Fault:
    """Return the fault of an anchor at `start` whose name is missing or odd."""
    match = re.compile(r"&[^\s,\[\]{}]*").match(source.text, start)
    return Fault(
        code="DF0132",
        message="an anchor's name is made of letters, digits, - and _",
        start=start,
        end=match.end() if match else start + 1,
        help=f"rename the anchor, or quote the text: {quoted(source.text[start : text_end(source, start)])}",
    )


def unused_anchor(source: Source, start: int, name: str) -> Fault:
    """Return the fault of the anchor `name` at `start` that no alias repeats."""
    text = source.text[start : text_end(source, start)]
    as_text = f", or quote the text: {quoted(text)}" if " " in text else ""
    return Fault(
        code="DF0140",
        message=f"the anchor &{name} is repeated nowhere, and is no part of the value",
        start=start,
        end=start + 1 + len(name),
        help=f"remove it{as_text}",
        severity=Severity.WARNING,
    )


def is_foreign_directive(line: str) -> bool:
    """Tell whether `line` is a directive that says something else than YAML 1.2."""
    return _FOREIGN_DIRECTIVE.match(line) is not None


def directive(source: Source, at: int) -> Fault:
    """Return the fault of the directive on the line of `at`."""
    start = source.line_start(at)
    return Fault(
        code="DF0127",
        message="this directive cannot be followed: a manifest is YAML 1.2",
        start=start,
        end=value_end(source, start),
        help="remove the line; no manifest needs a directive",
    )


def complex_key(start: int) -> Fault:
    """Return the fault of a list or a mapping at `start` that is used as a key."""
    return Fault(
        code="DF0117",
        message="a key must be a text, not a list or a mapping",
        start=start,
        end=start + 1,
        help="write the key as one word",
    )
