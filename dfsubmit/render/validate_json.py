"""Findings as the JSON document of `validate -o json`: types, values, text. What was found, and no text of any file.

Scripts read this: a member is never renamed or removed under the same `schemaVersion`. Findings come in reading order.
Lines and columns are 1-based, columns count code points, an end column is the one after the last character; offsets of
edits count code points of the decoded file from 0. The text is ASCII: characters that could act on a terminal, bidirectional
ones for instance, leave as escapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from dfsubmit.diagnostics import in_reading_order
from dfsubmit.leaks import without_keys
from dfsubmit.render.jsontext import json_text
from dfsubmit.render.summary import Counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dfsubmit.diagnostics import Diagnostic, Edit, Related, Span
    from dfsubmit.render.inspection import Inspection

SCHEMA_VERSION = 1


class ValidateSummary(TypedDict):
    """The denominators: what was looked at, and what was found."""

    files: int
    manifests: int
    errors: int
    warnings: int


class RelatedDocument(TypedDict):
    """A second place that a finding speaks of."""

    message: str
    path: str
    line: int
    column: int
    endLine: int
    endColumn: int


class EditDocument(TypedDict):
    """Replace the characters `start:end` by `text`; `safe` when the meaning that the author had is beyond doubt."""

    start: int
    end: int
    text: str
    safe: bool


class FindingDocument(TypedDict):
    """One finding. The place is null for a file that has no text to point at."""

    code: str
    severity: Literal["error", "warning"]
    message: str
    help: str
    path: str
    line: int | None
    column: int | None
    endLine: int | None
    endColumn: int | None
    related: list[RelatedDocument]
    edits: list[EditDocument]


class ValidateDocument(TypedDict):
    """What `validate -o json` prints."""

    schemaVersion: int
    summary: ValidateSummary
    findings: list[FindingDocument]


def validate_document(findings: Sequence[Diagnostic], *, files: int, manifests: int) -> ValidateDocument:
    """Return `findings` and their denominators as the JSON document."""
    return ValidateDocument(
        schemaVersion=SCHEMA_VERSION,
        summary=summary_document(Counts.of(findings, files=files, manifests=manifests)),
        findings=[finding_document(finding) for finding in in_reading_order(list(findings))],
    )


def summary_document(counts: Counts) -> ValidateSummary:
    """Return the denominators as JSON has them."""
    return ValidateSummary(
        files=counts.files, manifests=counts.manifests, errors=counts.errors, warnings=counts.warnings
    )


def validate_json(findings: Sequence[Diagnostic], *, files: int, manifests: int) -> str:
    """Return the document as it is printed: two spaces, keys in the order of the types, one line feed at the end."""
    return json_text(validate_document(findings, files=files, manifests=manifests))


def inspection_json(run: Inspection) -> str:
    """Return a run's document as it is printed."""
    return validate_json(run.findings, files=run.files, manifests=run.manifests)


def finding_document(finding: Diagnostic) -> FindingDocument:
    """Return one finding as JSON has it, without any key of a known shape in it."""
    span = finding.span
    return FindingDocument(
        code=finding.code,
        severity=finding.severity.value,
        message=without_keys(finding.message),
        help=without_keys(finding.help),
        path=finding.path,
        line=span.line if span else None,
        column=span.column if span else None,
        endLine=span.end_line if span else None,
        endColumn=span.end_column if span else None,
        related=[_related(place, place.span) for place in finding.related],
        # An edit that repeats a secret is not handed on.
        edits=[_edit(edit) for edit in finding.edits if without_keys(edit.text) == edit.text],
    )


def _related(place: Related, span: Span) -> RelatedDocument:
    return RelatedDocument(
        message=without_keys(place.message),
        path=place.path,
        line=span.line,
        column=span.column,
        endLine=span.end_line,
        endColumn=span.end_column,
    )


def _edit(edit: Edit) -> EditDocument:
    return EditDocument(start=edit.start, end=edit.end, text=edit.text, safe=edit.safe)
