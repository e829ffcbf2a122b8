"""Findings as JUnit XML: a case for each file, and valid XML whatever a file holds."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import junitparser
import pytest
import xmlschema
from formats_set import INJECTIONS, RICH, at, finding, inspection

from dfsubmit.diagnostics import Diagnostic, Severity
from dfsubmit.render.inspection import Inspection
from dfsubmit.render.junit import junit_text

SCHEMA = xmlschema.XMLSchema10(Path(__file__).with_name("junit.xsd"))


def cases(run: Inspection) -> list[ET.Element]:
    """Return the test cases, once the whole has been found valid."""
    text = junit_text(run)
    SCHEMA.validate(text)
    return ET.fromstring(text).findall("testsuite/testcase")  # noqa: S314  # our own output


def failure(*findings: Diagnostic) -> ET.Element:
    [case] = cases(inspection(*findings, a_yaml="a: 1\n"))
    found = case.find("failure")
    assert found is not None
    return found


def test_every_file_is_a_case_and_those_with_errors_fail() -> None:
    run = Inspection(
        findings=(finding(path="b/bad.yaml"), finding(path="b/odd.yaml", severity=Severity.WARNING)),
        paths=("b/odd.yaml", "good.yaml", "b/bad.yaml"),
        files=3,
        manifests=2,
    )

    found = [(case.get("classname"), case.get("name"), [one.tag for one in case]) for case in cases(run)]

    assert found == [
        ("b", "bad.yaml", ["failure"]),
        ("b", "odd.yaml", ["system-out"]),
        ("dfsubmit", "good.yaml", []),
    ]


def test_what_is_wrong_without_a_file_is_a_case_too() -> None:
    [case] = cases(Inspection(findings=(finding(path="specs", code="DF0001"),)))

    assert (case.get("name"), case.get("file")) == ("specs", "specs")


def test_all_errors_of_a_file_are_one_failure_with_the_text_of_validate() -> None:
    found = failure(
        finding(at(1, 1, 2), path="a.yaml", message="first", help="do this"),
        finding(at(1, 4, 5), path="a.yaml", message="second", code="DF0202"),
    )

    assert found.attrib == {"type": "DF0201", "message": "first (and 1 error more)"}
    assert found.text == (
        "a.yaml:1:1: error[DF0201]: first\n  |\n1 | a: 1\n  | ^\n  = help: do this\n\n"
        "a.yaml:1:4: error[DF0202]: second\n  |\n1 | a: 1\n  |    ^"
    )


@pytest.mark.parametrize("text", INJECTIONS)
def test_the_xml_is_valid_and_says_what_was_said_whatever_the_characters(text: str) -> None:
    found = failure(finding(at(1, 1, 2), path="a.yaml", message=f"<{text}>", help=text))

    assert len(found) == 0
    assert str(found.get("message")).startswith("<")
    assert str(found.get("message")).endswith(">")


def test_a_secret_is_hidden_from_the_case_of_another_file_too() -> None:
    text = junit_text(RICH)

    assert "6 |   password: ******** # note\n  |   --------" in text


def test_counts_are_those_of_cases() -> None:
    suites = ET.fromstring(junit_text(RICH))  # noqa: S314  # our own output

    for element in (suites, suites[0]):
        assert element.get("tests") == str(len(cases(RICH)))
        assert element.get("failures") == str(sum(case.find("failure") is not None for case in cases(RICH)))


def test_a_reader_of_such_reports_finds_what_was_found() -> None:
    [suite] = junitparser.JUnitXml.fromstring(junit_text(RICH))

    failed = {case.name: case.result[0].type for case in suite if case.result}
    assert suite.tests == len(list(suite)) == 7
    assert failed["bert.yaml"] == "DF0211"
    assert failed["<stdin>"] == "DF0103"
    assert set(failed) == {"a.yaml", "<stdin>", "nowhere.yaml", "bert.yaml", "::error::,b c%0A.yaml"}


def test_the_schema_of_these_tests_refuses_what_jenkins_would_not_keep() -> None:
    two = junit_text(inspection(finding(path="a.yaml"), a_yaml="")).replace("</failure>", "</failure><failure/>")

    assert SCHEMA.is_valid(two) is False
