"""Where a file lies in its repository, how grave a finding is, and the marks by which findings are recognised."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from formats_set import RICH, SECRET, at, finding, inspection

from dfsubmit.diagnostics import Diagnostic, Severity
from dfsubmit.render.inspection import Inspection, Weight, weight
from dfsubmit.render.lines import Lines, Offsets
from dfsubmit.render.marks import marks
from dfsubmit.yamlcore.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("folder", "path", "located"),
    [
        ("/repo", "specs/a.yaml", "specs/a.yaml"),
        ("/repo", "./specs//a.yaml", "specs/a.yaml"),
        ("/repo/sub", "a.yaml", "sub/a.yaml"),
        ("/repo/sub", "/repo/specs/a.yaml", "specs/a.yaml"),
        ("/repo/sub", "../specs/a.yaml", "specs/a.yaml"),
        ("/repo/sub", "/other/a.yaml", "/other/a.yaml"),
        ("/repo/sub", "/repository/a.yaml", "/repository/a.yaml"),
        ("/repo/sub", "<stdin>", "<stdin>"),
        ("/repo", "", ""),
    ],
)
def test_a_file_is_named_from_the_root_of_its_repository(folder: str, path: str, located: str) -> None:
    assert Inspection(findings=(), folder=folder, root="/repo").located(path) == located


@pytest.mark.parametrize(("root", "located"), [("/", "repo/a.yaml"), ("", "/repo/a.yaml")])
def test_the_root_may_be_that_of_the_system_or_unknown(root: str, located: str) -> None:
    assert Inspection(findings=(), folder="/repo", root=root).located("a.yaml") == located


@pytest.mark.parametrize(
    ("code", "severity", "expected"),
    [
        ("DF0501", Severity.ERROR, Weight.BLOCKER),
        ("DF0502", Severity.WARNING, Weight.MAJOR),
        ("DF0001", Severity.ERROR, Weight.CRITICAL),
        ("DF0101", Severity.ERROR, Weight.CRITICAL),
        ("DF0101", Severity.WARNING, Weight.MINOR),
        ("DF0301", Severity.ERROR, Weight.MAJOR),
        ("DF0401", Severity.ERROR, Weight.MINOR),
    ],
)
def test_how_grave_a_finding_is(code: str, severity: Severity, expected: Weight) -> None:
    assert weight(finding(code=code, severity=severity)) is expected


# --- marks ----------------------------------------------------------------------------------------------------------------


def marks_of(text: str, *findings: Diagnostic) -> list[str]:
    run = inspection(*(replace(one, path="a.yaml") for one in findings), a_yaml=text)
    return marks(run, run.in_order())


def test_a_mark_stays_when_its_line_moves_or_is_set_in() -> None:
    before = marks_of("a: 1\nb:  2\n", finding(at(2, 1, 2)))

    assert marks_of("x: 0\r\n\r\n    b: 2\r\n", finding(at(3, 5, 6))) == before


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("b: 3\n", {}),
        ("b: 2\n", {"code": "DF0202"}),
    ],
)
def test_a_mark_changes_with_the_line_and_with_the_code(text: str, change: dict[str, str]) -> None:
    assert marks_of(text, finding(at(1, 1, 2), **change)) != marks_of("b: 2\n", finding(at(1, 1, 2)))


def test_a_mark_is_that_of_a_file_in_its_repository_wherever_the_run_was_started() -> None:
    one = finding(at(1, 1, 2), path="a.yaml")
    above = Inspection(findings=(replace(one, path="sub/a.yaml"),), texts={"sub/a.yaml": "x"}, folder="/r", root="/r")
    below = Inspection(findings=(one,), texts={"a.yaml": "x"}, folder="/r/sub", root="/r")

    assert marks(above, above.findings) == marks(below, below.findings)
    assert marks(replace(below, folder="/r"), below.findings) != marks(below, below.findings)


def test_no_two_findings_have_one_mark() -> None:
    found = marks(RICH, RICH.in_order())

    assert len(set(found)) == len(found) == len(RICH.findings)
    assert len(set(marks_of("x\nx\nx\n", *(finding(at(line, 1, 2)) for line in (1, 2, 3))))) == 3


def same_but_for_the_secret(lines: Sequence[str], **change: bool) -> list[list[str]]:
    return [marks_of(f"{line}\n", finding(at(1, 11, len(line) + 1), code="DF0501", **change)) for line in lines]


def test_nothing_secret_is_in_a_mark() -> None:
    masked = same_but_for_the_secret([f"password: {SECRET}", "password: another"], masked=True)
    shaped = same_but_for_the_secret([f"k: ncp_iam_{'MADEUP' * times}" for times in (2, 3)])
    plain = same_but_for_the_secret(["a: one", "a: two"])

    assert masked[0] == masked[1]
    assert shaped[0] == shaped[1]
    assert plain[0] != plain[1]


# --- lines and offsets ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("text", ["", "a", "a\n", "a\r\nb\rc\n\nd", "\u2028a\x85\n🐍b", "\r\r\n\n"])
def test_offsets_are_the_lines_and_columns_that_findings_have(mark: str, text: str) -> None:
    whole = mark + text
    offsets, source = Offsets(whole), Source(path="a", text=whole)

    for start, end in itertools.combinations_with_replacement(range(len(whole) + 1), 2):
        assert offsets.span(start, end) == source.span(start, end)


@pytest.mark.parametrize(
    ("hidden", "line", "shown"),
    [
        ([], "  a:   b ", "a: b"),
        ([(3, 5)], "a: bcd", "a: ********d"),
        ([(3, 5), (4, 1 << 30)], "a: bcd", "a: ********"),
        ([(0, 1), (3, 4)], "a: bcd", "********: ********cd"),
    ],
)
def test_a_harmless_line_has_one_mask_for_each_stretch(hidden: list[tuple[int, int]], line: str, shown: str) -> None:
    assert Lines(lines=[line], hidden={1: hidden}).harmless(1) == shown


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_line_that_is_not_there_is_empty(number: int) -> None:
    assert Lines(lines=["x"], hidden={}).harmless(number) == ""


@pytest.mark.parametrize(
    ("start", "end", "text"), [(1, 3, "ab"), (5, 6, ""), (3, 6, ""), (4, 8, ""), (8, 10, "de"), (1, 1, "")]
)
def test_a_stretch_is_clear_when_nothing_hidden_is_in_it(start: int, end: int, text: str) -> None:
    lines = Lines(lines=["ab--cc-de"], hidden={1: [(4, 6)]})

    assert lines.clear(at(1, start, end)) == text


def test_a_stretch_of_a_key_or_of_several_lines_is_not_clear() -> None:
    lines = Lines(lines=["k: ncp_iam_" + "MADEUP0123", "x"], hidden={})

    assert lines.clear(at(1, 15, 17)) == ""
    assert lines.clear(at(1, 1, 2)) == "k"
    assert lines.clear(at(1, 1, 2, end_line=2)) == ""
    assert lines.clear(at(9, 1, 2)) == ""
