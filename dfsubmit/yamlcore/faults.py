"""What a parser refused → one finding in our words, at the character to change.

A parser says what it was doing (context) and what it met (problem), each with an offset; C and pure parser differ in words,
not in substance. Its place is where it gave up, which is often far from the fault: an unclosed quote swallows lines, a
missing colon shows on the line after. So the words only choose a rule from the table, and the rule looks at the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Edit
from dfsubmit.yamlcore.layout import (
    content_before,
    first_colon,
    indent_of,
    is_key_line,
    matching_bracket,
    text_end,
    value_end,
)
from dfsubmit.yamlcore.limits import MAX_KEY
from dfsubmit.yamlcore.wording import (
    Fault,
    bad_anchor,
    directive,
    escape,
    indentation,
    is_foreign_directive,
    long_key,
    missing_blank,
    no_key,
    no_separator,
    open_quote,
    quote_it,
    quoted,
    tab,
    unknown_alias,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dfsubmit.yamlcore.source import Source

_CLOSING = {"[": "]", "{": "}"}
_INDICATORS = "@`%,?|>&*!#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A parser's own words. `quoted` is the last quoted scalar that it had read, as start and end."""

    context: str
    context_at: int | None
    problem: str
    at: int
    quoted: tuple[int, int] | None = None


# One key and one value, neither with blanks: it may be a map without its braces as well as a text.
_PAIR = re.compile(r"[A-Za-z]\w*: [\w.-]+")
_TYPOGRAPHIC = "\u201c\u201d\u201e\u2018\u2019\uff02"
_BLOCK_HEAD = re.compile(r"(?:^|[:-][ \t]+)[|>][-+0-9]*\Z")
_WORD = re.compile(r"[A-Za-z_][\w.-]*|'[^']*'|\"[^\"]*\"")
_NEXT_KEY = re.compile(r",[ ]*[\w.-]+:[ ]")


def explain(source: Source, refusal: Refusal) -> Fault:
    """Return the fault behind `refusal`."""
    from dfsubmit.yamlcore.foreign import foreign  # noqa: PLC0415  # only a text that is refused pays for its patterns

    words = f"{refusal.context}; {refusal.problem}"
    above_too = re.search(r"mapping values are not allowed", words) is not None
    fault = foreign(source, refusal.at, refusal.context_at, above_too=above_too)
    if fault is not None:
        return fault
    for pattern, rule in _RULES:
        if re.search(pattern, words):
            return rule(source, refusal)
    return _unclear(source, refusal)


def _tab(source: Source, refusal: Refusal) -> Fault:
    return tab(source, refusal.at)


def _bad_start(source: Source, refusal: Refusal) -> Fault:
    """Explain a character that no unquoted text may begin with."""
    at = refusal.at
    if source.text[at : at + 1] == "\t":
        return tab(source, at)
    return quote_it(source, at)


def _missing_blank(source: Source, refusal: Refusal) -> Fault:  # noqa: ARG001  # rules are called alike
    return missing_blank(refusal.at)


def _open_quote(source: Source, refusal: Refusal) -> Fault:
    start = refusal.at if refusal.context_at is None else refusal.context_at
    text, mark = source.text, source.text[start : start + 1]
    if mark and text[start - 1 : start] == mark:
        # What looks like the first half of an empty text ended one that began on a line above.
        before = text.rfind(mark, 0, start - 1)
        if 0 <= before < source.line_start(start):
            start = before
    return open_quote(source, start)


def _escape(source: Source, refusal: Refusal) -> Fault:
    """Explain a backslash in double quotes that starts no escape, or not a whole one."""
    at = source.text.rfind("\\", 0, refusal.at + 1)
    return escape(source, at if at >= 0 else refusal.at)


def _nested_value(source: Source, refusal: Refusal) -> Fault:
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
        return _unclear(source, refusal)
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


def _no_colon(source: Source, refusal: Refusal) -> Fault:
    start = refusal.at if refusal.context_at is None else refusal.context_at
    end = value_end(source, start)
    if end - start > MAX_KEY:
        return long_key(start, end)
    if source.text[start : start + 1] == "*":
        return _alias(source, refusal)
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


def _inline_list(source: Source, refusal: Refusal) -> Fault:
    at = refusal.at
    end = value_end(source, at)
    return Fault(
        code="DF0134",
        message="a list entry cannot start on the line of its key",
        start=at,
        end=at + 1,
        help=f"put each entry on its own line below the key, or quote the text: {quoted(source.text[at:end])}",
    )


def _flow(source: Source, refusal: Refusal) -> Fault:
    """Explain a bracket that is not closed or closes another's kind, or a comma too few or too many."""
    text, at = source.text, refusal.at
    start = refusal.context_at or 0
    opening, closing = matching_bracket(source, at, start if text[start : start + 1] in _CLOSING else None)
    if opening is None:
        return _unclear(source, refusal)
    bracket = text[opening]
    wanted = _CLOSING[bracket]
    if text[at : at + 1] in {"]", "}"} and text[at] != wanted:
        return Fault(
            code="DF0115",
            message=f"this {text[at]} cannot close the {bracket} before it",
            start=at,
            end=at + 1,
            help=f"close it with {wanted}",
            related=((f"this {bracket} is open", opening),),
        )
    if closing is None:
        return Fault(
            code="DF0107",
            message=f"this {bracket} is never closed",
            start=opening,
            end=opening + 1,
            help=f"close it with {wanted}",
        )
    if refusal.quoted is not None and (fault := _behind_quote(source, refusal.quoted, at)) is not None:
        return fault
    return _in_brackets(source, at, opening, wanted)


def _in_brackets(source: Source, at: int, opening: int, wanted: str) -> Fault:
    """Explain what stands at `at` in brackets that are closed."""
    character = source.text[at : at + 1]
    if character == ":" and source.text[opening:at].rstrip(" \t")[-1] in "[{,":
        return no_key(at)
    if character == ":" and (fault := _no_comma_above(source, at, opening)) is not None:
        return fault
    if character == ",":
        return Fault(
            code="DF0131",
            message="there is nothing in front of this comma",
            start=at,
            end=at + 1,
            help="remove the comma, or put a value in front of it",
        )
    if character and character in _INDICATORS:
        return quote_it(source, at)
    return Fault(
        code="DF0131",
        message=f"a comma or {wanted} must come before this",
        start=at,
        end=at + 1,
        help="put a comma between the two values, or quote them if they are one text",
    )


def _no_comma_above(source: Source, at: int, opening: int) -> Fault | None:
    """Explain a colon at `at` behind a key that was taken for a part of the value on the line above: JSON with a slip."""
    start = source.line_start(at)
    above = content_before(source, start)
    if above is None or above[0] < source.line_start(opening) or above[1].endswith((",", "{", "[")):
        return None
    end = above[0] + len(above[1])
    slashes = re.search(r"(?:^|[\s,\[{])(//|/\*)", above[1])
    if slashes is not None:
        begin = above[0] + slashes.start(1)
        return Fault(
            code="DF0131",
            message=f"a comment begins with #, not with {slashes[1]}",
            start=begin,
            end=end,
            help=f"write # in place of {slashes[1]}",
            edits=(Edit(start=begin, end=begin + 2, text="#"),) if slashes[1] == "//" else (),
        )
    return Fault(
        code="DF0131",
        message="there is no comma between this value and the key on the next line",
        start=end - 1,
        end=end,
        help="put a comma at the end of the line",
        edits=(Edit(start=end, end=end, text=","),),
    )


def _block_node(source: Source, refusal: Refusal) -> Fault:
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
    return quote_it(source, at) if character and character in _INDICATORS else _unclear(source, refusal)


def _block_end(source: Source, refusal: Refusal) -> Fault:
    """Explain what does not go on with the mapping or list around it."""
    text, at = source.text, refusal.at
    start = source.line_start(at)
    if text[at : at + 1] in {"]", "}"}:
        return _block_node(source, refusal)
    if text[start:at].strip(" "):
        return _after_value(source, refusal)
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


def _after_value(source: Source, refusal: Refusal) -> Fault:
    """Explain text behind a closing quote or bracket."""
    text, at = source.text, refusal.at
    if refusal.quoted is not None:
        start, end = refusal.quoted
        if not text[end:at].strip(" ") and source.line_start(start) != source.line_start(at):
            return open_quote(source, start)
        if not text[end:at].strip(" "):
            return _ended(source, start, end, at)
    whole = _whole_value(source, at)
    return Fault(
        code="DF0131",
        message="the value ends before this",
        start=at,
        end=value_end(source, at),
        help=f"quote the whole value if it is one text{whole and f': {whole}'}; or remove what follows it",
    )


def _whole_value(source: Source, at: int) -> str:
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


def _behind_quote(source: Source, ended: tuple[int, int], at: int) -> Fault | None:
    """Explain a text at `at`, in brackets, right behind a quoted one; None where it is not."""
    start, end = ended
    if end != at:
        return None
    # A text that goes on to another key was not meant to: its own quote is missing.
    if _NEXT_KEY.search(source.text, start, end) or source.line_start(start) != source.line_start(at):
        return open_quote(source, start)
    return _ended(source, start, end, at)


def _ended(source: Source, start: int, end: int, at: int) -> Fault:
    """Return the fault of a text at `at` behind a quoted one, `start:end`; it was meant to end before a comment in it."""
    if re.search(r"[ \t]#", source.text[start:end]):
        return open_quote(source, start)
    mark = source.text[end - 1]
    inner = "''" if mark == "'" else '\\"'
    whole = _whole_value(source, at) if text_end(source, at) == value_end(source, at) else ""
    return Fault(
        code="DF0131",
        message="the quoted text ends before this",
        start=at,
        end=text_end(source, at),
        help=f"quote the whole text{whole and f': {whole}'}, and write {inner} for a {mark} inside {mark}{mark}",
    )


def _after_document(source: Source, refusal: Refusal) -> Fault:
    """Explain what stands behind what the parser took for the whole document."""
    at = refusal.at
    start = source.line_start(at)
    if source.text[at : at + 1] == "{" and at == start:
        return no_separator(source, at, at + 1, "document")
    if source.text[at : at + 1] in {"]", "}"}:
        return _block_node(source, refusal)
    above = content_before(source, start)
    closed = at == start and above is not None and above[1][-1:] in {"]", "}", "'", '"'}
    if closed or source.text[start:at].strip(" "):
        return _after_value(source, refusal)
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


def _alias(source: Source, refusal: Refusal) -> Fault:
    start = refusal.at if refusal.context_at is None else refusal.context_at
    match = re.compile(r"\*[^\s,\[\]{}]*").match(source.text, start)
    return unknown_alias(source, start, match.end() if match else start + 1)


def _anchor(source: Source, refusal: Refusal) -> Fault:
    start = refusal.at if refusal.context_at is None else refusal.context_at
    if source.text[source.line_start(start) : start].rstrip()[-1:] in {"]", "}"} and _whole_value(source, start):
        return _after_value(source, replace(refusal, at=start))
    return bad_anchor(source, start)


def _tag(source: Source, refusal: Refusal) -> Fault:
    start = refusal.at if refusal.context_at is None else refusal.context_at
    match = re.compile(r"!\S*").match(source.text, start)
    end = match.end() if match else start + 1
    return Fault(
        code="DF0121",
        message=f"the tag {source.text[start:end]} means nothing here",
        start=start,
        end=end,
        help=f"remove it, or quote the text: {quoted(source.text[start : text_end(source, start)])}",
    )


def _directive(source: Source, refusal: Refusal) -> Fault:
    return directive(source, refusal.at if refusal.context_at is None else refusal.context_at)


def _block_header(source: Source, refusal: Refusal) -> Fault:
    start = refusal.at if refusal.context_at is None else refusal.context_at
    return Fault(
        code="DF0130",
        message=f"after {source.text[start : start + 1]} only a digit 1 to 9, + or - may stand on the line",
        start=refusal.at,
        end=refusal.at + 1,
        help="start the text on the next line, indented; or quote it",
    )


def _unclear(source: Source, refusal: Refusal) -> Fault:
    at = min(refusal.at, max(len(source.text) - 1, 0))
    return Fault(
        code="DF0128",
        message="this is not YAML: nothing that may come here starts like this",
        start=at,
        end=value_end(source, at),
        help="look for a missing quote, colon, comma or bracket here or on the line above",
    )


_RULES: tuple[tuple[str, Callable[[Source, Refusal], Fault]], ...] = (
    (r"tab character", _tab),
    (r"cannot start any token", _bad_start),
    (r"mapping keys are not allowed", _bad_start),
    (r"mapping values are not allowed", _nested_value),
    (r"simple key; could not find expected ':'", _no_colon),
    (r"plain scalar; found unexpected ':'", _missing_blank),
    (r"quoted scalar; found unexpected", _open_quote),
    (r"quoted scalar; ", _escape),
    (r"sequence entries are not allowed", _inline_list),
    (r"flow (sequence|mapping|node); ", _flow),
    (r"scanning an alias", _alias),
    (r"scanning an anchor", _anchor),
    (r"(scanning|parsing) a tag|tag handle", _tag),
    (r"scanning a block scalar", _block_header),
    (r"expected '?<document start>", _after_document),
    (r"directive|incompatible YAML", _directive),
    (r"expected (the )?node content", _block_node),
    (r"expected key|'-' indicator|expected <block end>", _block_end),
)
