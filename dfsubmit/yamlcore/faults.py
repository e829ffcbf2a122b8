"""What a parser refused → one finding in our words, at the character to change.

A parser says what it was doing (context) and what it met (problem), each with an offset; C and pure parser differ in words,
not in substance. Its place is where it gave up, which is often far from the fault: an unclosed quote swallows lines, a
missing colon shows on the line after. So the words only choose a rule from the table, and the rule looks at the text.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dfsubmit.yamlcore.behind import after_document, after_value, block_end, block_node, whole_value
from dfsubmit.yamlcore.brackets import flow
from dfsubmit.yamlcore.colons import alias, nested_value, no_colon
from dfsubmit.yamlcore.layout import (
    text_end,
    value_end,
)
from dfsubmit.yamlcore.refusal import Refusal, unclear
from dfsubmit.yamlcore.wording import (
    Fault,
    bad_anchor,
    directive,
    escape,
    missing_blank,
    open_quote,
    quote_it,
    quoted,
    tab,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dfsubmit.yamlcore.source import Source


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
    return unclear(source, refusal)


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


def _anchor(source: Source, refusal: Refusal) -> Fault:
    start = refusal.at if refusal.context_at is None else refusal.context_at
    if source.text[source.line_start(start) : start].rstrip()[-1:] in {"]", "}"} and whole_value(source, start):
        return after_value(source, replace(refusal, at=start))
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


_RULES: tuple[tuple[str, Callable[[Source, Refusal], Fault]], ...] = (
    (r"tab character", _tab),
    (r"cannot start any token", _bad_start),
    (r"mapping keys are not allowed", _bad_start),
    (r"mapping values are not allowed", nested_value),
    (r"simple key; could not find expected ':'", no_colon),
    (r"plain scalar; found unexpected ':'", _missing_blank),
    (r"quoted scalar; found unexpected", _open_quote),
    (r"quoted scalar; ", _escape),
    (r"sequence entries are not allowed", _inline_list),
    (r"flow (sequence|mapping|node); ", flow),
    (r"scanning an alias", alias),
    (r"scanning an anchor", _anchor),
    (r"(scanning|parsing) a tag|tag handle", _tag),
    (r"scanning a block scalar", _block_header),
    (r"expected '?<document start>", after_document),
    (r"directive|incompatible YAML", _directive),
    (r"expected (the )?node content", block_node),
    (r"expected key|'-' indicator|expected <block end>", block_end),
)
