"""Canonical form: what it looks like, that it keeps the data and every comment, and that it is reached in one step."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from judge_cases import APP
from near_valid import VALID
from rough_yaml import Rough

from dfsubmit.document import Document, load
from dfsubmit.formatting import format_file
from dfsubmit.judging.fields import value_at

GOLDEN = Path(__file__).parent / "golden" / "fmt"
SPECS = Path(__file__).parent.parent / "specs"


def formatted(text: str) -> str:
    made = format_file(text.encode(), "a.yaml")
    assert made.diagnostics == ()
    return made.after


def app(**parts: str) -> str:
    """Return a manifest with other text in place of its keys' lines."""
    lines = {
        "api": "apiVersion: dfsubmit/v1\n",
        "kind": "kind: AiApp\n",
        "meta": "metadata: {name: demo}\n",
        "spec": "spec:\n  aiWorkspaceId: a\n  namePrefix: ab\n  docker: {image: a:1, command: c}\n",
    }
    return "".join({**lines, **parts}.values())


# -- whole files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.in.yaml")), ids=lambda path: path.name[:-8])
def test_a_file_becomes_what_the_golden_file_says(path: Path) -> None:
    expected = path.with_name(path.name.replace(".in.", ".out."))
    made = format_file(path.read_bytes(), path.name)

    assert made.diagnostics == ()
    assert made.after.encode() == expected.read_bytes()
    assert formatted(made.after) == made.after


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.name)
def test_formatting_the_samples_twice_is_formatting_them_once(path: Path) -> None:
    once = formatted(path.read_text(encoding="utf-8"))

    assert formatted(once) == once


# -- style --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rough", "smooth"),
    [
        (app(kind="kind:    AiApp   \n"), app()),
        (app(kind="kind : AiApp\n"), app()),
        (app(kind="kind: AiApp\n\n\n\n"), app(kind="kind: AiApp\n\n")),
        ("\n\n" + app() + "\n\n", app()),
        (app().rstrip(), app()),
        ("\ufeff" + app(), app()),
        (app().replace("\n", "\r\n"), app()),
        (app().replace("\n", "\r"), app()),
        (app(meta="metadata:\n      name: demo\n"), app(meta="metadata:\n  name: demo\n")),
        (app(meta="metadata:\n\n  name: demo\n"), app(meta="metadata:\n  name: demo\n")),
        (app(meta="metadata:\n moved:\n - a\n -    b\n"), app(meta="metadata:\n  moved:\n    - a\n    - b\n")),
        (app(meta="metadata:\n  moved:\n  -\n    a\n"), app(meta="metadata:\n  moved:\n    -\n      a\n")),
        (app(meta="metadata:   &m   {name:   demo}\n"), app(meta="metadata: &m {name:   demo}\n")),
        ("---   \n" + app() + "---  # second\n" + app(), "---\n" + app() + "---\n# second\n" + app()),
        ("# top\n\n\n---\n\n" + app(), "# top\n---\n" + app()),
        (app(meta="metadata: {name: demo}\t# why\n"), app(meta="metadata: {name: demo}  # why\n")),
        (app(kind="", spec=app(api="", kind="", meta="") + "kind: AiApp\n"), app()),
    ],
)  # fmt: skip  # one case a line
def test_style_and_order(rough: str, smooth: str) -> None:
    assert formatted(rough) == smooth
    assert formatted(smooth) == smooth


def test_unknown_keys_come_last_and_free_maps_keep_their_order() -> None:
    rough = app(meta="metadata:\n  zz: 1\n  labels:\n    b: x\n    a: y\n  name: demo\n")

    assert formatted(rough) == app(meta="metadata:\n  name: demo\n  labels:\n    b: x\n    a: y\n  zz: 1\n")


def test_an_alias_never_comes_before_its_anchor() -> None:
    crossed = app(meta="metadata:\n  labels: {a: &n demo}\n  name: *n\n")
    free = app(meta="metadata:\n  labels: {a: &n demo, b: *n}\n  name: demo\n")

    assert formatted(crossed) == crossed
    assert formatted(free) == app(meta="metadata:\n  name: demo\n  labels: {a: &n demo, b: *n}\n")


def test_where_an_anchor_is_given_twice_all_keys_stay() -> None:
    text = app(meta="metadata:\n  labels: {a: &n demo, b: *n, c: &n x}\n  name: demo\n")

    assert formatted(text) == text


def test_what_stands_above_the_first_key_of_a_document_stays_at_its_top_when_it_is_about_the_document() -> None:
    line = "# yaml-language-server: $schema=x\n"

    assert formatted(f"{line}# our app\n{app(api='')}apiVersion: dfsubmit/v1\n") == f"{line}# our app\n{app()}"
    assert formatted(f"# license\n\n# name\nmetadata: {{name: demo}}\n{app(meta='')}") == (
        f"# license\n\n{app(meta='# name' + chr(10) + 'metadata: {name: demo}' + chr(10))}"
    )


def test_long_texts_are_only_set_in() -> None:
    rough = APP.replace("command: python train.py", "command: |-\n           a\n\n             b  \n           \tc")

    assert formatted(rough) == rough.replace("           a", "      a").replace("             b", "        b").replace(
        "           \tc", "      \tc"
    )


# -- what is left alone -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        app(meta="? metadata\n: {name: demo}\n"),
        app() + "...\n",
        "%YAML 1.2\n---\n" + app(),
        app(spec="spec:\n  docker:\n    image: a\n    command: |+\n      x"),
        app(meta="metadata:\n  &a\n  name: demo\n"),
    ],
)
def test_what_is_not_taken_apart_is_left_alone_with_a_warning(text: str) -> None:
    made = format_file(text.encode(), "a.yaml")

    assert made.after == text
    assert [finding.code for finding in made.diagnostics] == ["DF0013"]


@pytest.mark.parametrize("text", ["a: [", "a: 1\na: 2\n", "a:\n\tb: 1\n", ""])
def test_a_file_with_yaml_errors_is_left_alone_and_its_errors_are_told(text: str) -> None:
    made = format_file(text.encode(), "a.yaml")

    assert made.after == text
    assert [finding.code for finding in made.diagnostics] == [one.code for one in load(text.encode(), "a").diagnostics]


@pytest.mark.parametrize(
    "text", ["b:    1\na: 2\n", "- 1\n-  2\n", "on:   push\njobs:  {}\n", "apiVersion:  v1\nkind: Pod\n"]
)
def test_another_tools_file_is_left_alone(text: str) -> None:
    made = format_file(text.encode(), "a.yaml")

    assert (made.after, made.ours, made.diagnostics) == (text, False, ())


def test_a_result_that_would_mean_something_else_is_not_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dfsubmit.formatting._format", lambda _: APP.replace("demo", "other"))
    made = format_file(f"{APP}\n\n".encode(), "a.yaml")

    assert made.after == f"{APP}\n\n"
    assert [finding.code for finding in made.diagnostics] == ["DF0013"]


def test_a_result_that_lost_a_comment_is_not_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dfsubmit.formatting._format", lambda _: APP)

    assert not format_file(f"{APP}# a\n".encode(), "a.yaml").changed


# -- whatever people write ----------------------------------------------------------------------------------------------


# Not drawn by Hypothesis: to shrink a whole document takes minutes.
SEEDS = range(100)


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
@pytest.mark.parametrize("data", VALID, ids=lambda data: data["metadata"]["name"])
def test_data_and_comments_survive_and_a_second_time_changes_nothing(data: dict[str, object], line_break: str) -> None:
    for seed in SEEDS[:40]:
        rough = Rough(random.Random(seed))
        text = "---\n".join(rough.document(data) for _ in range(1 + seed % 3)).replace("\n", line_break)
        before = load(text.encode(), "a.yaml")
        # An anchor that nothing repeats is the only oddness that is drawn.
        assert {finding.code for finding in before.diagnostics} <= {"DF0140"}, text

        made = format_file(text.encode(), "a.yaml")

        assert made.diagnostics == (), (seed, text)
        after = load(made.after.encode(), "a.yaml")
        assert [one.data for one in after.documents] == [one.data for one in before.documents]
        found = [comment for one in after.documents for _, _, comment in one.comments()]
        assert sorted(found) == sorted(rough.comments)
        assert formatted(made.after) == made.after


@pytest.mark.parametrize("data", VALID, ids=lambda data: data["metadata"]["name"])
def test_every_comment_stands_at_what_it_comments_on(data: dict[str, object]) -> None:
    for seed in SEEDS:
        rough = Rough(random.Random(seed))
        text = rough.document(data)
        after = load(format_file(text.encode(), "a.yaml").after.encode(), "a.yaml").documents[0]
        lines = after.text.split("\n")
        about_document = first_comments(text)

        for line, column, comment in after.comments():
            kind, path = rough.comments[comment]
            if kind == "own" and comment not in about_document:
                assert first_line(after, path) <= next_content(lines, line) <= line_of(after, path), (comment, text)
            elif kind == "eol":
                assert lines[line - 1][: column - 1].strip(), (comment, text)
                assert first_line(after, path) <= line <= last_line(after, path), (comment, text)
            elif kind == "end":
                assert line > last_line(after, path), (comment, text)


def first_comments(text: str) -> set[str]:
    """Return the comments above the first key, which may be about the document."""
    return set(re.findall(r"# own \d+", re.split(r"(?m)^ *[^ #\n]", text, maxsplit=1)[0]))


def next_content(lines: list[str], line: int) -> int:
    """Return the number of the first line behind `line` (from 1) that is more than a comment."""
    return next(number for number in range(line + 1, len(lines) + 1) if re.match(r" *[^ #]", lines[number - 1]))


def line_of(document: Document, path: tuple[str | int, ...]) -> int:
    return document.span(path, key=isinstance(path[-1], str)).line


def first_line(document: Document, path: tuple[str | int, ...]) -> int:
    """Return the line of a key; of an item, the line of its dash."""
    lines, line = document.text.split("\n"), line_of(document, path)
    while not isinstance(path[-1], str) and not lines[line - 1].lstrip(" ").startswith("-"):
        line -= 1
    return line


def last_line(document: Document, path: tuple[str | int, ...]) -> int:
    value = value_at(document.data, path)
    assert value is not None
    return document.span(path).end_line
