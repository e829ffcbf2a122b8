"""Faults of keys and their colons: one too many inside a value, none at all, or one without a blank behind it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Edit
from dfsubmit.yamlcore.layout import (
    content_before,
    first_colon,
    indent_of,
    is_key_line,
    value_end,
)
from dfsubmit.yamlcore.limits import MAX_KEY
from dfsubmit.yamlcore.refusal import Refusal, unclear
from dfsubmit.yamlcore.wording import (
    Fault,
    bad_anchor,
    indentation,
    long_key,
    missing_blank,
    quoted,
    unknown_alias,
)

if TYPE_CHECKING:
    from dfsubmit.yamlcore.source import Source


# One key and one value, neither with blanks: it may be a map without its braces as well as a text.
_PAIR = re.compile(r"[A-Za-z]\w*: [\w.-]+")


_TYPOGRAPHIC = "\u201c\u201d\u201e\u2018\u2019\uff02"


_BLOCK_HEAD = re.compile(r"(?:^|[:-][ \t]+)[|>][-+0-9]*\Z")


_WORD = re.compile(r"[A-Za-z_][\w.-]*|'[^']*'|\"[^\"]*\"")


def nested_value(source: Source, refusal: Refusal) -> Fault:
    """Explain a colon where no key can be: inside a value, or because of the line above."""
    at = refusal.at
    start = source.line_start(at)
    line = source.text[start:at]
    if len(line.strip()) > MAX_KEY:
        return long_key(start + indent_of(line), at)
    colon = first_colon(line)
    if colon is not None:
        return _colon_in_value(source, start + colon + 1, at)
    above = content_before(source, start)
    if above is None:
        return unclear(source, refusal)
    above_start, above_text = above
    if is_key_line(above_text) or above_text.lstrip().startswith("- "):
        return indentation(
            source, start + indent_of(line), "this line is indented deeper than the line above, which is complete"
        )
    return _missing_colon(source, above_start + indent_of(above_text), above_start + len(above_text))


def _colon_in_value(source: Source, value: int, at: int) -> Fault:
    while source.text[value : value + 1] in {" ", "\t"}:
        value += 1
    end = value_end(source, value)
    whole = quoted(source.text[value:end].strip(_TYPOGRAPHIC))
    map_too = f"; if it is a map: {{{source.text[value:end]}}}" if _PAIR.fullmatch(source.text, value, end) else ""
    return Fault(
        code="DF0111",
        message="an unquoted text cannot have a colon and a blank in it",
        start=at,
        end=at + 1,
        help=f"quote the text: {whole}{map_too}",
        edits=(Edit(start=value, end=end, text=whole),),
    )


def no_colon(source: Source, refusal: Refusal) -> Fault:
    """Explain a text where a key should be, without the colon of a key."""
    start = refusal.at if refusal.context_at is None else refusal.context_at
    end = value_end(source, start)
    if end - start > MAX_KEY:
        return long_key(start, end)
    if source.text[start : start + 1] == "*":
        return alias(source, refusal)
    if source.text[start : start + 1] == "&":
        return bad_anchor(source, start)
    return _missing_colon(source, start, end)


def _missing_colon(source: Source, start: int, end: int) -> Fault:
    """Explain the text `start:end` that should have been a key: it lacks the colon, or the blank after it."""
    text = source.text[start:end]
    match = re.match(r"(?:- +)*([^\s:'\"]+):(?=[^\s:/])", text)
    if match:
        at = start + match.end()
        return missing_blank(at - 1)
    above = content_before(source, source.line_start(start))
    if above is not None and _BLOCK_HEAD.search(above[1]):
        return _shallow_block(start, end, above[1])
    word = re.match(r"(?:- +)*('[^']*'|\"[^\"]*\"|\S+)", text)
    key_end = start + (word.end() if word else len(text))
    key = (word.group(1) if word else text)[:60]
    is_key = _WORD.fullmatch(key) is not None
    deeper = "indent it deeper than the key above if it goes on with that text"
    return Fault(
        code="DF0110",
        message="there is no colon on this line, so it is neither a key nor part of the value above",
        start=start,
        end=end,
        help=f"write {key}: if it is a key; {deeper}" if is_key else f"{deeper}; begin it with # if it is a note",
        edits=(Edit(start=key_end, end=key_end, text=":"),) if is_key else (),
    )


def _shallow_block(start: int, end: int, above: str) -> Fault:
    """Explain the first line of a block text that is indented no deeper than the key of the text."""
    mark = above.rstrip("-+0123456789")[-1]
    wanted = indent_of(above) + 2
    return Fault(
        code="DF0108",
        message=f"the text below {mark} must be indented deeper than its key",
        start=start,
        end=end,
        help=f"indent all lines of the text by {wanted} spaces or more",
    )


def alias(source: Source, refusal: Refusal) -> Fault:
    """Explain an alias whose name is missing or odd."""
    start = refusal.at if refusal.context_at is None else refusal.context_at
    match = re.compile(r"\*[^\s,\[\]{}]*").match(source.text, start)
    return unknown_alias(source, start, match.end() if match else start + 1)
