"""What is wrong with a manifest, as data: code, severity, message, place, help, edit.

Rules make `Diagnostic` values; renderers turn them into text; nothing here prints. Positions are those an
editor shows: lines and columns count from 1, columns count Unicode code points, an end column is the one
after the last character. What each code means stands in `codes`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


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

    def __reduce__(self) -> tuple[object, ...]:
        """Let itself be pickled in half the time that a frozen dataclass takes: another process finds them by the thousand."""
        return _span, (self.line, self.column, self.end_line, self.end_column)


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

    def __reduce__(self) -> tuple[object, ...]:
        """Let itself be pickled quickly, as `Span` does."""
        return _diagnostic, (
            *(self.code, self.message, self.path, self.severity, self.span, self.help),
            *(self.related, self.edits, self.masked),
        )

    def as_error(self) -> Diagnostic:
        """Return the finding as an error, as `--strict` wants it."""
        return replace(self, severity=Severity.ERROR)


def _span(line: int, column: int, end_line: int, end_column: int) -> Span:
    return Span(line=line, column=column, end_line=end_line, end_column=end_column)


def _diagnostic(  # noqa: PLR0917  # one for each field
    code: str,
    message: str,
    path: str,
    severity: Severity,
    span: Span | None,
    help_text: str,
    related: tuple[Related, ...],
    edits: tuple[Edit, ...],
    masked: bool,  # noqa: FBT001  # in the order of the fields
) -> Diagnostic:
    return Diagnostic(
        code=code,
        message=message,
        path=path,
        severity=severity,
        span=span,
        help=help_text,
        related=related,
        edits=edits,
        masked=masked,
    )


def in_reading_order(findings: list[Diagnostic]) -> list[Diagnostic]:
    """Return `findings` by path, then place, then code: the order in which they are printed."""
    return sorted(findings, key=_place)


def first_to_read(findings: Sequence[Diagnostic]) -> Diagnostic:
    """Return the first of `findings` in the order in which they are printed. Raises ValueError when there is none."""
    return min(findings, key=_place)


def _place(finding: Diagnostic) -> tuple[object, ...]:
    span = finding.span
    at = (0, 0, 0, 0) if span is None else (span.line, span.column, span.end_line, span.end_column)
    return finding.path, at, finding.code, finding.message


def has_errors(findings: list[Diagnostic] | tuple[Diagnostic, ...]) -> bool:
    """Tell whether any finding is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)
