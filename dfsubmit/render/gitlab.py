"""Findings as GitLab's Code Quality report: an array of issues, which a merge request shows at their lines.

GitLab tells issues apart by their fingerprints alone and drops those it has seen, so no two are the same, and each stays
the same while its line moves (`marks`). Paths start at the repository's root, without `./`. GitLab reads a part of what the
Code Climate format asks of an issue; what it leaves unread, `type` and `categories`, stands there for readers of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from dfsubmit.render.findings import shown, shown_lines
from dfsubmit.render.inspection import Weight, weight
from dfsubmit.render.jsontext import json_text
from dfsubmit.render.marks import marks
from dfsubmit.render.terminal import neutral

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.render.inspection import Inspection

GitlabSeverity = Literal["info", "minor", "major", "critical", "blocker"]

_SEVERITIES: Mapping[Weight, GitlabSeverity] = {
    Weight.BLOCKER: "blocker",
    Weight.CRITICAL: "critical",
    Weight.MAJOR: "major",
    Weight.MINOR: "minor",
}


class GitlabLines(TypedDict):
    """The lines of an issue, from 1."""

    begin: int
    end: int


class GitlabLocation(TypedDict):
    """Where an issue is: a path in the repository, and lines."""

    path: str
    lines: GitlabLines


class GitlabIssue(TypedDict):
    """One finding as GitLab's Code Quality has it."""

    type: Literal["issue"]
    categories: list[Literal["Bug Risk", "Security"]]
    description: str
    check_name: str
    fingerprint: str
    severity: GitlabSeverity
    location: GitlabLocation


# The whole report; its schema is published.
GitlabReport = list[GitlabIssue]


def gitlab_issues(run: Inspection) -> GitlabReport:
    """Return the findings in reading order."""
    findings = run.in_order()
    return [_issue(one, mark, run) for one, mark in zip(findings, marks(run, findings), strict=True)]


def gitlab_text(run: Inspection) -> str:
    """Return the run as it is printed."""
    return json_text(gitlab_issues(run))


def _issue(finding: Diagnostic, mark: str, run: Inspection) -> GitlabIssue:
    span = finding.span
    # GitLab knows no finding without a line.
    lines = GitlabLines(begin=span.line, end=span.end_line) if span else GitlabLines(begin=1, end=1)
    return GitlabIssue(
        type="issue",
        categories=["Security" if finding.code.startswith("DF05") else "Bug Risk"],
        description=_description(finding),
        check_name=finding.code,
        fingerprint=mark,
        severity=_SEVERITIES[weight(finding)],
        location=GitlabLocation(path=run.located(finding.path), lines=lines),
    )


def _description(finding: Diagnostic) -> str:
    """Return message and help on one line, which is all that GitLab shows."""
    parts = [shown(finding.message)]
    parts += [f"{shown(one.message)}: {neutral(one.path)}:{one.span.line}" for one in finding.related]
    parts += [f"help: {' '.join(shown_lines(finding.help))}"] if finding.help else []
    return "; ".join(parts)
