"""What a parser refused, in its own words, and the fault that stands for what nobody can explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfsubmit.yamlcore.layout import (
    value_end,
)
from dfsubmit.yamlcore.wording import (
    Fault,
)

if TYPE_CHECKING:
    from dfsubmit.yamlcore.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A parser's own words. `quoted` is the last quoted scalar that it had read, as start and end."""

    context: str
    context_at: int | None
    problem: str
    at: int
    quoted: tuple[int, int] | None = None


def unclear(source: Source, refusal: Refusal) -> Fault:
    """Return the fault for what fits no rule: something before it is missing."""
    at = min(refusal.at, max(len(source.text) - 1, 0))
    return Fault(
        code="DF0128",
        message="this is not YAML: nothing that may come here starts like this",
        start=at,
        end=value_end(source, at),
        help="look for a missing quote, colon, comma or bracket here or on the line above",
    )
