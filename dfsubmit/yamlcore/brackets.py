"""Faults inside brackets: what is not closed, closes another kind, or lacks a comma."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Edit
from dfsubmit.yamlcore.behind import INDICATORS, quote_ended
from dfsubmit.yamlcore.layout import (
    content_before,
    matching_bracket,
)
from dfsubmit.yamlcore.refusal import Refusal, unclear
from dfsubmit.yamlcore.wording import (
    Fault,
    no_key,
    open_quote,
    quote_it,
)

if TYPE_CHECKING:
    from dfsubmit.yamlcore.source import Source


_CLOSING = {"[": "]", "{": "}"}


_NEXT_KEY = re.compile(r",[ ]*[\w.-]+:[ ]")


def flow(source: Source, refusal: Refusal) -> Fault:
    """Explain a bracket that is not closed or closes another's kind, or a comma too few or too many."""
    text, at = source.text, refusal.at
    start = refusal.context_at or 0
    opening, closing = matching_bracket(source, at, start if text[start : start + 1] in _CLOSING else None)
    if opening is None:
        return unclear(source, refusal)
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
    if character and character in INDICATORS:
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


def _behind_quote(source: Source, ended: tuple[int, int], at: int) -> Fault | None:
    """Explain a text at `at`, in brackets, right behind a quoted one; None where it is not."""
    start, end = ended
    if end != at:
        return None
    # A text that goes on to another key was not meant to: its own quote is missing.
    if _NEXT_KEY.search(source.text, start, end) or source.line_start(start) != source.line_start(at):
        return open_quote(source, start)
    return quote_ended(source, start, end, at)
