"""The last line of a run: what was looked at, and how much was found. All that is printed where there is nothing to find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Severity
from dfsubmit.render.terminal import PLAIN, Palette

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dfsubmit.diagnostics import Diagnostic

# In cells, where the width of the terminal is not known.
DEFAULT_WIDTH = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The denominators of a run: what was looked at, what was found, and what comments silenced."""

    files: int
    manifests: int
    errors: int
    warnings: int
    silenced: int = 0

    @classmethod
    def of(cls, findings: Iterable[Diagnostic], *, files: int, manifests: int, silenced: int = 0) -> Counts:
        """Count `findings` by severity."""
        errors = [finding.severity is Severity.ERROR for finding in findings]
        warnings = len(errors) - sum(errors)
        return cls(files=files, manifests=manifests, errors=sum(errors), warnings=warnings, silenced=silenced)


def summary_line(counts: Counts, *, palette: Palette = PLAIN) -> str:
    """Return the last line of a run, with its denominators."""
    seen = f"{count(counts.files, 'file')}, {count(counts.manifests, 'manifest')}"
    silenced = f", {counts.silenced} silenced" if counts.silenced else ""
    if not counts.errors and not counts.warnings:
        return f"{palette.paint(palette.good, 'All good:')} {seen}, no errors, no warnings{silenced}."
    look = palette.error if counts.errors else palette.warning
    found = f"{count(counts.errors, 'error')}, {count(counts.warnings, 'warning')}"
    return f"Checked {seen}: {palette.paint(look, found)}{silenced}."


def count(number: int, noun: str) -> str:
    """Return a number with its noun, one or many."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
