"""What one finding code is: the row that the tables of `codes` are made of.

A code's number is for ever: it stands in silencers, in CI settings and on the web. A code that is no longer used keeps
its number; a number is never given to something else. `bad` and `good` are whole little YAML files, and a test runs both; a line
`# file: NAME` begins another file, for what only several files can get wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dfsubmit.diagnostics import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One kind of finding: its number, its unchanging summary, and its page."""

    code: str
    severity: Severity
    title: str
    meaning: str
    bad: str
    good: str
