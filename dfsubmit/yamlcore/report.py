"""Collects the findings of one file, bounded, with places given as events or offsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Diagnostic, Edit, Related, Severity
from dfsubmit.yamlcore.limits import MAX_EDIT, MAX_FINDINGS, MAX_MESSAGE, MAX_VALUES

if TYPE_CHECKING:
    from dfsubmit.yamlcore.source import Source
    from dfsubmit.yamlcore.tree import Event
    from dfsubmit.yamlcore.wording import Fault


class FullError(Exception):
    """The file has more findings than anyone reads; the last one says so."""


class Report:
    """Findings in the order they are made. `base` is the offset at which the parser's own count starts."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.base = 0
        # How many more values the file may have.
        self.values_left = MAX_VALUES
        self.findings: list[Diagnostic] = []

    def event(
        self,
        code: str,
        message: str,
        event: Event,
        *,
        advice: str = "",
        related: tuple[str, Event] | None = None,
    ) -> None:
        """Add a finding at `event`. Raises FullError."""
        start, end = self.extent(event)
        places = ((related[0], *self.extent(related[1])),) if related else ()
        self.add(code, message, start, end, advice=advice, related=places)

    def fault(self, fault: Fault) -> None:
        """Add what `faults` made out. Raises FullError."""
        self.add(
            fault.code,
            fault.message,
            fault.start,
            fault.end,
            advice=fault.help,
            related=tuple((words, at, at + 1) for words, at in fault.related),
            edits=fault.edits,
            severity=fault.severity,
        )

    def add(
        self,
        code: str,
        message: str,
        start: int,
        end: int,
        *,
        advice: str = "",
        related: tuple[tuple[str, int, int], ...] = (),
        edits: tuple[Edit, ...] = (),
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Add a finding at the characters `start:end`; `related` are words and places. Raises FullError."""
        source = self.source
        if len(self.findings) > MAX_FINDINGS:
            # What is looked at on the way out of a full report has been said with the rest.
            raise FullError
        full = len(self.findings) == MAX_FINDINGS
        if full:
            code, message, advice = "DF0012", "the file has more problems than are shown", "repair those above first"
            related, edits, severity = (), (), Severity.ERROR
        notes = (Related(message=words, path=source.path, span=source.span(at, to)) for words, at, to in related)
        self.findings.append(
            Diagnostic(
                code=code,
                message=_clipped(message),
                path=source.path,
                severity=severity,
                span=source.span(start, end),
                help=_clipped(advice),
                related=tuple(notes),
                edits=edits if sum(len(edit.text) + 1 for edit in edits) <= MAX_EDIT else (),
            )
        )
        if full:
            raise FullError

    def count(self, values: int, event: Event) -> None:
        """Count the values of a collection, which ends at `event` or is too long there. Raises FullError."""
        self.values_left -= values
        if self.values_left < 0:
            self.event("DF0135", f"the file has more than {MAX_VALUES:,} values", event, advice="split the file")
            raise FullError

    def extent(self, event: Event) -> tuple[int, int]:
        """Return the characters of a scalar or an alias, or the first ones of a collection."""
        start = event.start_mark.index + self.base
        end = event.end_mark.index + self.base
        text = self.source.text
        while end > start and text[end - 1].isspace():
            end -= 1
        return start, end


def _clipped(text: str) -> str:
    """Return `text` without the middle of what it repeats from a file, if that is long."""
    return text if len(text) <= MAX_MESSAGE else f"{text[: MAX_MESSAGE // 2]} … {text[-MAX_MESSAGE // 4 :]}"
