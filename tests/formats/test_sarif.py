"""Findings as SARIF: places, rules, fixes that can be applied, and no secret and no link in any of it."""

from __future__ import annotations

from typing import Any

import pytest
from formats_set import BERT, INJECTIONS, KEY, RICH, SECRET, at, finding, inspection

from dfsubmit.diagnostics import Diagnostic, Edit, Related, Severity
from dfsubmit.render.sarif import sarif_document


def run_of(*findings: Diagnostic, **texts: str) -> dict[str, Any]:
    [run] = sarif_document(inspection(*findings, **texts))["runs"]
    return dict(run)


def result_of(one: Diagnostic, **texts: str) -> dict[str, Any]:
    [result] = run_of(one, **texts)["results"]
    return dict(result)


def place_of(one: Diagnostic, **texts: str) -> dict[str, Any]:
    [location] = result_of(one, **texts)["locations"]
    return dict(location["physicalLocation"])


def applied(text: str, fix: dict[str, Any]) -> str:
    """Return `text` with a fix applied as a reader of SARIF would: by lines and columns, the last replacement first."""
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    [change] = fix["artifactChanges"]
    for one in reversed(change["replacements"]):
        region = one["deletedRegion"]
        start = starts[region["startLine"] - 1] + region["startColumn"] - 1
        end = starts[region["endLine"] - 1] + region["endColumn"] - 1
        text = text[:start] + one["insertedContent"]["text"] + text[end:]
    return text


def test_a_place_is_a_file_in_the_repository_and_a_stretch_of_it() -> None:
    one = finding(at(1, 4, 6), path="specs/a b/ä,c#d?.yaml")

    assert place_of(one) == {
        "artifactLocation": {"uri": "specs/a%20b/%C3%A4%2Cc%23d%3F.yaml", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 1, "startColumn": 4, "endLine": 1, "endColumn": 6},
    }


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("a:b.yaml", {"uri": "a%3Ab.yaml", "uriBaseId": "SRCROOT"}),
        ("/other place/a.yaml", {"uri": "file:///other%20place/a.yaml"}),
        ("half of a pair \ud800.yaml", {"uri": "half%20of%20a%20pair%20%3F.yaml", "uriBaseId": "SRCROOT"}),
        ("<stdin>", {"uri": "stdin:", "description": {"text": "standard input"}}),
    ],
)
def test_a_file_is_an_address(path: str, file: dict[str, Any]) -> None:
    assert place_of(finding(at(1, 1, 2), path=path))["artifactLocation"] == file


def test_a_finding_without_a_place_is_at_the_start_of_its_file() -> None:
    assert place_of(finding())["region"] == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}


def test_columns_are_code_points_and_the_run_says_so() -> None:
    run = run_of(finding(at(1, 4, 5), path="a.yaml"), a_yaml="🐍: 값\n")

    assert run["columnKind"] == "unicodeCodePoints"
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"]["snippet"] == {"text": "값"}


@pytest.mark.parametrize(
    ("text", "span", "masked"),
    [
        ("password: hunter-two", at(1, 11, 21), True),
        ("k: " + KEY, at(1, 4, 28), False),
        ("k: " + KEY, at(1, 10, 14), False),
        ("k: \u202ex", at(1, 4, 6), False),
        ("k: " + "x" * 300, at(1, 4, 304), False),
        ("a:\n  b", at(1, 1, 3, end_line=2), False),
        ("a:", at(1, 3, 3), False),
    ],
    ids=["masked", "key", "part of a key", "invisible", "long", "lines", "nothing"],
)
def test_a_file_is_not_quoted_where_a_secret_or_nothing_readable_is(text: str, span: Any, masked: bool) -> None:  # noqa: FBT001  # a column of the table
    place = place_of(finding(span, path="a.yaml", masked=masked), a_yaml=text)

    assert set(place["region"]) == {"startLine", "startColumn", "endLine", "endColumn"}


def test_rules_are_those_that_found_something_with_their_pages() -> None:
    run = run_of(
        finding(at(1, 1, 2)), finding(at(2, 1, 2), code="DF0401", severity=Severity.WARNING), finding(code="DF0999")
    )
    rules = run["tool"]["driver"]["rules"]

    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [one["ruleId"] for one in run["results"]]
    assert [one["id"] for one in rules] == ["DF0201", "DF0401", "DF0999"]
    assert [one.get("defaultConfiguration") for one in rules] == [{"level": "error"}, {"level": "warning"}, None]
    assert rules[0]["name"] == "UnknownKey"
    assert "```yaml\napiVersion: dfsubmit/v1\n" in rules[0]["help"]["markdown"]
    assert "\n    apiVersion: dfsubmit/v1\n" in rules[0]["help"]["text"]
    assert all(len(one["fullDescription"]["text"]) <= 1024 for one in rules[:2])


def test_a_rule_shows_no_example_of_a_key() -> None:
    [rule] = run_of(finding(code="DF0501"))["tool"]["driver"]["rules"]

    assert "ncp_iam_E" not in str(rule)
    assert "ncp_iam_" in rule["help"]["text"]


def test_levels_are_those_of_the_findings() -> None:
    run = run_of(finding(severity=Severity.WARNING), finding(at(1, 1, 2), code="DF0401"))

    assert [one["level"] for one in run["results"]] == ["warning", "error"]


def test_a_second_place_is_a_related_location() -> None:
    other = Related(message="first used here", path="b.yaml", span=at(3, 1, 2))

    [place] = result_of(finding(at(1, 1, 2), related=(other,)))["relatedLocations"]

    assert place["message"] == {"text": "first used here"}
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "b.yaml"
    assert place["physicalLocation"]["region"]["startLine"] == 3


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_fix_applied_by_lines_and_columns_is_the_edit_applied_by_offsets(mark: str) -> None:
    text = mark + "a: 1\r\n이름: comand 🐍\nx\n"
    edits = tuple(
        Edit(start=text.index(old), end=text.index(old) + len(old), text=new, safe=True)
        for old, new in [("1", '"1"'), ("comand", "command"), ("x\n", "")]
    )
    [fix] = result_of(finding(at(1, 1, 2), path="a.yaml", edits=edits, help="do it"), a_yaml=text)["fixes"]

    assert applied(text.removeprefix("\ufeff"), fix) == 'a: "1"\r\n이름: command 🐍\n'
    assert fix["properties"] == {"safe": True}
    assert fix["description"] == {"text": "do it"}


@pytest.mark.parametrize(
    ("edits", "texts"),
    [
        ((), {"a_yaml": "x: 1\n"}),
        ((Edit(start=0, end=1, text="y"),), {}),
        ((Edit(start=0, end=1, text="y"), Edit(start=3, end=4, text=KEY)), {"a_yaml": "x: 1\n"}),
    ],
    ids=["no edit", "no text", "a key in one of them"],
)
def test_there_is_no_fix_that_cannot_be_applied_or_writes_a_key(edits: tuple[Edit, ...], texts: dict[str, str]) -> None:
    assert "fixes" not in result_of(finding(at(1, 1, 2), path="a.yaml", edits=edits), **texts)


def test_a_fix_is_safe_only_when_all_its_edits_are() -> None:
    edits = (Edit(start=0, end=1, text="y", safe=True), Edit(start=1, end=1, text=" "))

    [fix] = result_of(finding(at(1, 1, 2), path="a.yaml", edits=edits), a_yaml="x: 1\n")["fixes"]

    assert fix["properties"] == {"safe": False}


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_message_is_a_link_or_has_anything_invisible(text: str) -> None:
    related = (Related(message=text, path="b", span=at(1, 1, 2)),)
    result = result_of(finding(at(1, 1, 2), message=text, help=text, related=related))

    for message in (result["message"]["text"], result["relatedLocations"][0]["message"]["text"]):
        assert "](" not in message
        assert message.replace("\n", "").isprintable()


def test_the_rich_set_has_no_secret_and_every_fix_can_be_applied() -> None:
    document = sarif_document(RICH)
    [run] = document["runs"]

    assert SECRET not in str(document)
    assert KEY not in str(document)
    fixes = [fix for result in run["results"] for fix in result.get("fixes", ())]
    assert len(fixes) == 2
    assert applied(BERT, fixes[0]) == BERT.replace("comand", "command")
    assert len({result["partialFingerprints"]["dfsubmitFinding/v1"] for result in run["results"]}) == len(RICH.findings)
