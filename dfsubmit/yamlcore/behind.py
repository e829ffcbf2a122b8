"""Faults of what stands behind a value that has ended: more text, another bracket, a line that fits no line above."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dfsubmit.yamlcore.layout import (
    content_before,
    text_end,
    value_end,
)
from dfsubmit.yamlcore.refusal import Refusal, unclear
from dfsubmit.yamlcore.wording import (
    Fault,
    directive,
    indentation,
    is_foreign_directive,
    no_key,
    no_separator,
    open_quote,
    quote_it,
    quoted,
)

if TYPE_CHECKING:
    from dfsubmit.yamlcore.source import Source


INDICATORS = "@`%,?|>&*!#"


def block_node(source: Source, refusal: Refusal) -> Fault:
    """Explain a bracket that closes nothing, or a character that no value may begin with."""
    at = refusal.at
    character = source.text[at : at + 1]
    if character in {"]", "}"}:
        return Fault(
            code="DF0115",
            message=f"this {character} closes nothing",
            start=at,
            end=at + 1,
            help="remove it, or quote the text that it belongs to",
        )
    return quote_it(source, at) if character and character in INDICATORS else unclear(source, refusal)


def block_end(source: Source, refusal: Refusal) -> Fault:
    """Explain what does not go on with the mapping or list around it."""
    text, at = source.text, refusal.at
    start = source.line_start(at)
    if text[at : at + 1] in {"]", "}"}:
        return block_node(source, refusal)
    if text[start:at].strip(" "):
        return after_value(source, refusal)
    if text[at : at + 1] == ":":
        return no_key(at)
    column = source.place(refusal.context_at)[1] if refusal.context_at is not None else 0
    if at - start + 1 == column:
        is_entry = text[at : at + 2] in {"- ", "-\n", "-\r", "-"}
        return Fault(
            code="DF0133",
            message="a list entry cannot stand among keys" if is_entry else "a key cannot stand among list entries",
            start=at,
            end=value_end(source, at),
            help="indent it below the key that it belongs to" if is_entry else "start the line with - or indent it",
        )
    return indentation(source, at, "the indentation of this line fits no line above it")


def after_value(source: Source, refusal: Refusal) -> Fault:
    """Explain text behind a closing quote or bracket."""
    text, at = source.text, refusal.at
    if refusal.quoted is not None:
        start, end = refusal.quoted
        if not text[end:at].strip(" ") and source.line_start(start) != source.line_start(at):
            return open_quote(source, start)
        if not text[end:at].strip(" "):
            return quote_ended(source, start, end, at)
    whole = whole_value(source, at)
    return Fault(
        code="DF0131",
        message="the value ends before this",
        start=at,
        end=value_end(source, at),
        help=f"quote the whole value if it is one text{whole and f': {whole}'}; or remove what follows it",
    )


def whole_value(source: Source, at: int) -> str:
    """Return all of the value on the line of `at`, quoted, as its author may have meant it; empty where it begins above."""
    start = source.line_start(at)
    line = source.text[start : value_end(source, at)]
    begin = re.match(r"[ ]*(?:- +)*(?:[A-Za-z_][\w.-]*:[ \t]+)?", line)
    text = line[begin.end() :] if begin else ""
    if not text or not begin or not begin.group().strip():
        return ""
    mark = text[0]
    if mark in {"'", '"'} and text.endswith(mark) and len(text) > 1:
        # The marks at both ends were meant as the quotes.
        text = text[1:-1]
    return f"'{text}'" if "'" not in text else quoted(text)


def quote_ended(source: Source, start: int, end: int, at: int) -> Fault:
    """Return the fault of a text at `at` behind a quoted one, `start:end`; it was meant to end before a comment in it."""
    if re.search(r"[ \t]#", source.text[start:end]):
        return open_quote(source, start)
    mark = source.text[end - 1]
    inner = "''" if mark == "'" else '\\"'
    whole = whole_value(source, at) if text_end(source, at) == value_end(source, at) else ""
    return Fault(
        code="DF0131",
        message="the quoted text ends before this",
        start=at,
        end=text_end(source, at),
        help=f"quote the whole text{whole and f': {whole}'}, and write {inner} for a {mark} inside {mark}{mark}",
    )


def after_document(source: Source, refusal: Refusal) -> Fault:
    """Explain what stands behind what the parser took for the whole document."""
    at = refusal.at
    start = source.line_start(at)
    if source.text[at : at + 1] == "{" and at == start:
        return no_separator(source, at, at + 1, "document")
    if source.text[at : at + 1] in {"]", "}"}:
        return block_node(source, refusal)
    above = content_before(source, start)
    closed = at == start and above is not None and above[1][-1:] in {"]", "}", "'", '"'}
    if closed or source.text[start:at].strip(" "):
        return after_value(source, refusal)
    if above is not None and above[1].startswith("%"):
        if at >= len(source.text) or is_foreign_directive(above[1]):
            return directive(source, above[0])
        return Fault(
            code="DF0127",
            message="after a directive, a line with --- must come before the document",
            start=at,
            end=value_end(source, at),
            help="remove the directive, or put --- in front of this line",
        )
    return indentation(source, at, "the indentation of this line fits no line above it")
