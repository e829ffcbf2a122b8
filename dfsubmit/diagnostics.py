"""What is wrong with a manifest, as data: code, severity, message, place, help, edit.

Rules make `Diagnostic` values; renderers turn them into text; nothing here prints. Positions are those an
editor shows: lines and columns count from 1, columns count Unicode code points, an end column is the one
after the last character. What each code means stands in `codes`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace


class Severity(enum.Enum):
    """How bad a finding is. Only errors fail a run, unless `--strict`."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A stretch of one file: 1-based, `end_column` exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A second place that a finding speaks of, such as the first use of a name."""

    message: str
    path: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Replace the characters `start:end` (0-based code points of the decoded file) by `text`.

    `safe` says that the meaning the author had is beyond doubt, so that `--fix` may apply it unasked.
    """

    start: int
    end: int
    text: str
    safe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding. `path` is as the user named it; `span` is None only where a file has no text to show.

    `masked` says that the text at `span` is a secret: no renderer may show it, not even in another finding's frame.
    """

    code: str
    message: str
    path: str
    severity: Severity = Severity.ERROR
    span: Span | None = None
    help: str = ""
    related: tuple[Related, ...] = ()
    edits: tuple[Edit, ...] = ()
    masked: bool = False

    def as_error(self) -> Diagnostic:
        """Return the finding as an error, as `--strict` wants it."""
        return replace(self, severity=Severity.ERROR)


def in_reading_order(findings: list[Diagnostic]) -> list[Diagnostic]:
    """Return `findings` by path, then place, then code: the order in which they are printed."""
    nowhere = Span(line=0, column=0, end_line=0, end_column=0)
    return sorted(findings, key=lambda f: (f.path, f.span or nowhere, f.code, f.message))


def has_errors(findings: list[Diagnostic] | tuple[Diagnostic, ...]) -> bool:
    """Tell whether any finding is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)
