"""Collects the findings of one file, bounded, with places given as events or offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Diagnostic, Edit, Related, Severity
from dfsubmit.yamlcore.limits import MAX_FINDINGS

if TYPE_CHECKING:
    from dfsubmit.yamlcore.source import Source
    from dfsubmit.yamlcore.tree import Event


class FullError(Exception):
    """The file has more findings than anyone reads."""


class Report:
    """Findings in the order they are made. `base` is the offset at which the parser's own count starts."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.base = 0
        self.findings: list[Diagnostic] = []

    def event(
        self, code: str, message: str, event: Event, *, help: str = "", related: tuple[str, Event] | None = None
    ) -> None:
        """Add a finding at `event`. Raises FullError."""
        start, end = self.extent(event)
        notes: tuple[Related, ...] = ()
        if related:
            words, other = related
            notes = (Related(message=words, path=self.source.path, span=self.source.span(*self.extent(other))),)
        self.add(code, message, start, end, help=help, related=notes)

    def add(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        *,
        help: str = "",
        related: tuple[Related, ...] = (),
        edits: tuple[Edit, ...] = (),
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a finding at the characters `start:end`. Raises FullError."""
        self.findings.append(
            Diagnostic(
                code=code,
                message=message,
                path=self.source.path,
                severity=severity,
                span=self.source.span(start, end),
                help=help,
                related=related,
                edits=edits,
            )
        )
        if len(self.findings) >= MAX_FINDINGS:
            raise FullError

    def extent(self, event: Event) -> tuple[int, int]:
        """Return the characters of a scalar, an alias or a collection's first character."""
        start = event.start_mark.index + self.base
        end = event.end_mark.index + self.base
        text = self.source.text
        while end > start and text[end - 1].isspace():
            end -= 1
        return start, end
