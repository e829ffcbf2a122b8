"""Findings as JSON Lines: one finding a line, as soon as it is known, and a summary as the last line.

A line is a JSON object with `schemaVersion` and `type`; a reader that sees no line of type `summary` knows that the run did
not end. The members of a finding are those of `validate -o json`, and the rules of `validate_json` hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from dfsubmit.render.jsontext import json_text
from dfsubmit.render.validate_json import (
    SCHEMA_VERSION,
    FindingDocument,
    ValidateSummary,
    finding_document,
    summary_document,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.render.inspection import Inspection


class FindingLine(FindingDocument, TypedDict):
    """One finding, as a line of `validate -o jsonl`."""

    schemaVersion: int
    type: Literal["finding"]


class SummaryLine(ValidateSummary, TypedDict):
    """The denominators, as the last line of `validate -o jsonl`."""

    schemaVersion: int
    type: Literal["summary"]


# What one line may be; its schema is published.
Line = FindingLine | SummaryLine


def jsonl_lines(run: Inspection) -> Iterator[str]:
    """Yield a line, its end included, for each finding in reading order, and the summary's."""
    for finding in run.in_order():
        told = finding_document(finding)
        yield json_text(FindingLine(schemaVersion=SCHEMA_VERSION, type="finding", **told), indent=None)
    summary = summary_document(run.counts)
    yield json_text(SummaryLine(schemaVersion=SCHEMA_VERSION, type="summary", **summary), indent=None)


def jsonl_text(run: Inspection) -> str:
    """Return all lines."""
    return "".join(jsonl_lines(run))
