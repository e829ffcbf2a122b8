"""Findings as GitLab's Code Quality report and as JSON Lines, by the schemas that `dfsubmit schema` publishes."""

from __future__ import annotations

import json

import jsonschema
import pytest
from formats_set import RICH, at, finding, inspection

from dfsubmit.cli.schema import FORMS, schema_text
from dfsubmit.diagnostics import Related, Severity
from dfsubmit.render.formats import render
from dfsubmit.render.gitlab import gitlab_issues, gitlab_text
from dfsubmit.render.inspection import Inspection
from dfsubmit.render.jsonl import jsonl_lines, jsonl_text
from dfsubmit.render.validate_json import validate_document


@pytest.mark.parametrize("name", FORMS)
def test_the_published_schema_of_a_form_is_a_schema(name: str) -> None:
    schema = json.loads(schema_text(name))

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == "dfsubmit validate -o " + name.partition("-")[2]


# --- GitLab ---------------------------------------------------------------------------------------------------------------


def test_an_issue_has_what_gitlab_reads() -> None:
    related = (Related(message="first used here", path="b.yaml", span=at(7, 1, 2)),)
    [issue] = gitlab_issues(inspection(finding(at(3, 1, 2, end_line=4), help="do\n  this", related=related)))

    assert len(issue.pop("fingerprint")) == 64  # type: ignore[misc]  # every member is required; this one is looked at apart
    assert issue == {
        "type": "issue",
        "categories": ["Bug Risk"],
        "description": "unknown key; first used here: b.yaml:7; help: do   this",
        "check_name": "DF0201",
        "severity": "major",
        "location": {"path": "specs/bert.yaml", "lines": {"begin": 3, "end": 4}},
    }


def test_severities_are_gitlabs() -> None:
    given = [
        finding(code="DF0501"),
        finding(code="DF0101"),
        finding(code="DF0201"),
        finding(code="DF0201", severity=Severity.WARNING),
    ]

    found = {issue["severity"] for issue in gitlab_issues(inspection(*given))}

    assert found == {"blocker", "critical", "major", "minor"}


def test_a_path_has_no_dot_in_front_and_starts_at_the_root_of_the_repository() -> None:
    run = Inspection(findings=(finding(path="./a.yaml"),), folder="/repo/sub", root="/repo")

    assert [issue["location"]["path"] for issue in gitlab_issues(run)] == ["sub/a.yaml"]


def test_no_findings_are_an_empty_report() -> None:
    assert gitlab_text(inspection()) == "[]\n"


def test_the_report_of_the_rich_set_fits_its_schema_and_gitlab_would_keep_every_issue() -> None:
    issues = json.loads(gitlab_text(RICH))

    jsonschema.validate(issues, json.loads(schema_text("validate-gitlab")))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == len(RICH.findings)


# --- JSON Lines -----------------------------------------------------------------------------------------------------------


def test_every_line_is_a_document_that_fits_the_schema_and_the_last_is_the_summary() -> None:
    schema = jsonschema.Draft202012Validator(json.loads(schema_text("validate-jsonl")))
    *lines, last = [json.loads(line) for line in jsonl_text(RICH).splitlines()]

    for line in (*lines, last):
        schema.validate(line)
    assert {line["type"] for line in lines} == {"finding"}
    assert last == {"schemaVersion": 1, "type": "summary", "files": 6, "manifests": 4, "errors": 25, "warnings": 3}


def test_the_lines_say_what_the_document_says() -> None:
    lines = [json.loads(line) for line in jsonl_lines(RICH)]
    document = validate_document(RICH.findings, files=6, manifests=4)
    envelope = {"schemaVersion": 1, "type": "finding"}

    assert lines[:-1] == [{**envelope, **one} for one in document["findings"]]
    assert json.loads(render("json", RICH)) == document


def test_lines_come_one_by_one() -> None:
    lines = jsonl_lines(RICH)

    assert next(lines).endswith("\n")
    assert next(lines).startswith('{"schemaVersion":1,"type":"finding","code":')


def test_the_schema_tells_a_summary_from_a_finding() -> None:
    schema = jsonschema.Draft202012Validator(json.loads(schema_text("validate-jsonl")))
    summary = json.loads(list(jsonl_lines(RICH))[-1])

    assert not schema.is_valid({**summary, "type": "finding"})
    assert not schema.is_valid({**summary, "type": "end"})
