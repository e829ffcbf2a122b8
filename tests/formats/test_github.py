"""Findings as GitHub's workflow commands: which lines, which columns, in which order, and nothing but those."""

from __future__ import annotations

import pytest
from formats_set import INJECTIONS, RICH, Command, at, finding, inspection, obeyed, runner_lines

from dfsubmit.diagnostics import Diagnostic, Severity, Span
from dfsubmit.render.github import github_text
from dfsubmit.render.inspection import Inspection


def commands(*findings: Diagnostic) -> list[Command]:
    """Return what a runner obeys of the output for `findings`; every line but the last must be a command."""
    *lines, last = runner_lines(github_text(inspection(*findings)))
    obeyed_lines = [obeyed(line) for line in lines]
    assert obeyed(last) is None
    assert None not in obeyed_lines
    return [command for command in obeyed_lines if command is not None]


def test_a_finding_is_an_annotation_at_its_place() -> None:
    [command] = commands(finding(at(12, 9, 15), message='unknown key "comand"', help='did you mean "command"?'))

    assert command == Command(
        name="error",
        properties={
            "file": "specs/bert.yaml",
            "line": "12",
            "endLine": "12",
            "col": "9",
            "endColumn": "14",
            "title": "DF0201: unknown key",
        },
        data='unknown key "comand"\nhelp: did you mean "command"?',
    )


@pytest.mark.parametrize(
    ("span", "place"),
    [
        (at(3, 5, 9), {"line": "3", "endLine": "3", "col": "5", "endColumn": "8"}),
        (at(3, 5, 6), {"line": "3", "endLine": "3", "col": "5", "endColumn": "5"}),
        # Between two characters: there is no last one, and an end before the start would be dropped.
        (at(3, 5, 5), {"line": "3", "endLine": "3", "col": "5", "endColumn": "5"}),
        # GitHub takes no columns for several lines.
        (at(3, 5, 4, end_line=6), {"line": "3", "endLine": "6"}),
        (at(3, 5, 1, end_line=6), {"line": "3", "endLine": "5"}),
        (at(3, 5, 1, end_line=4), {"line": "3", "endLine": "3"}),
        (None, {}),
    ],
)
def test_lines_and_columns_are_those_that_github_counts(span: Span | None, place: dict[str, str]) -> None:
    [command] = commands(finding(span))

    assert {name: value for name, value in command.properties.items() if name not in ("file", "title")} == place


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("where", ["message", "help", "path", "code"])
def test_nothing_that_a_stranger_wrote_starts_another_command(text: str, where: str) -> None:
    [command] = commands(finding(at(1, 1, 2), **{where: text}))

    assert command.name == "error"
    assert set(command.properties) <= {"file", "line", "endLine", "col", "endColumn", "title"}
    assert command.properties["line"] == "1"


def test_a_file_is_named_as_it_is_whatever_is_in_its_name() -> None:
    [command] = commands(finding(path="specs/::error::,line=9,b c%0A=.yaml"))

    assert command.properties["file"] == "specs/::error::,line=9,b c%0A=.yaml"
    assert "line" not in command.properties


def test_what_comes_from_standard_input_has_its_place_in_the_message() -> None:
    [command] = commands(finding(at(3, 5, 9), path="<stdin>"))

    assert command.properties == {"title": "DF0201: unknown key"}
    assert command.data == "<stdin>:3:5: unknown key"


def test_the_gravest_come_first_and_each_kind_in_the_order_of_files() -> None:
    given = [
        finding(code="DF0401", severity=Severity.WARNING, message="advice"),
        finding(code="DF0401", message="advice that was made an error"),
        finding(code="DF0201", path="b", message="second wrong manifest"),
        finding(code="DF0201", path="a", message="first wrong manifest"),
        finding(code="DF0101", message="unreadable"),
        finding(code="DF0501", path="z", message="key"),
    ]

    assert [(one.name, one.data) for one in commands(*given)] == [
        ("error", "key"),
        ("error", "unreadable"),
        ("error", "first wrong manifest"),
        ("error", "second wrong manifest"),
        ("error", "advice that was made an error"),
        ("warning", "advice"),
    ]


@pytest.mark.parametrize(
    ("errors", "warnings", "told"),
    [
        (10, 10, None),
        (11, 10, "1 error more"),
        (0, 13, "3 warnings more"),
        (12, 11, "2 errors and 1 warning more"),
    ],
)
def test_what_github_does_not_show_is_announced_once(errors: int, warnings: int, told: str | None) -> None:
    given = [finding(at(line, 1, 2)) for line in range(1, errors + 1)]
    given += [finding(at(line, 1, 2), severity=Severity.WARNING) for line in range(1, warnings + 1)]

    found = commands(*given)

    notices = [one.data for one in found if one.name == "notice"]
    assert len(found) == errors + warnings + len(notices)
    assert [text.partition(" than")[0] for text in notices] == ([told] if told else [])


def test_the_last_line_is_the_summary_and_quiet_leaves_it_out() -> None:
    run = inspection(finding(at(1, 1, 2)), a_yaml="x")

    assert github_text(run).endswith("::unknown key\nChecked 1 file, 0 manifests: 1 error, 0 warnings.\n")
    assert github_text(run, quiet=True).endswith("::unknown key\n")
    assert github_text(Inspection(findings=(), files=2, manifests=1)).startswith("All good: 2 files, 1 manifest")


def test_there_is_one_command_for_each_finding_of_the_rich_set() -> None:
    found = [obeyed(line) for line in runner_lines(github_text(RICH))]

    kinds = [command.name for command in found if command is not None]
    assert kinds.count("error") + kinds.count("warning") == len(RICH.findings)
    assert kinds.count("notice") == 1
    assert len(found) == len(kinds) + 1
