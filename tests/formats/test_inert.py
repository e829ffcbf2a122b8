"""What a stranger wrote gives no orders to a terminal or to the log of a CI job, whichever verb prints it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from formats_set import INJECTIONS, at, azure_obeys, finding, inspection, is_harmless, obeyed, runner_lines

from dfsubmit.cli import boundary
from dfsubmit.cli.output import Output
from dfsubmit.document import load
from dfsubmit.render.formats import render
from dfsubmit.render.jsontext import json_text
from dfsubmit.render.terminal import neutral

if TYPE_CHECKING:
    from pathlib import Path

APP = """\
apiVersion: dfsubmit/v1
kind: AiApp
metadata: {name: app, labels: {note: "##[add-mask]e"}}
spec:
  aiWorkspaceId: 6ZKSGoSJMMwctK257nxgiL
  namePrefix: bert
  docker:
    image: "x:1##vso[task.complete]"
    command: "::add-mask::a ##[group]🐍 \\u202e"
    env: {"A": "##[debug]x"}
"""


def acting(output: str) -> list[str]:
    """Return the lines of an output that would act."""
    return [
        line for line in runner_lines(output) if obeyed(line) or azure_obeys(line) or not all(map(is_harmless, line))
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", r"\x3a:error::x"),
        ("  ::error::x", r"  \x3a:error::x"),
        ("\u3000::error::x", "\u3000\\x3a:error::x"),
        ("a::b", "a::b"),
        ("a ##[x]", r"a \x23#[x]"),
        ("###[x]", r"#\x23#[x]"),
        ("##vso[x]", r"\x23#vso[x]"),
        ("## [x] # y [z] ##", "## [x] # y [z] ##"),
    ],
)
def test_the_first_sign_of_a_command_is_shown_by_its_name(text: str, shown: str) -> None:
    assert neutral(text) == shown


def test_json_has_an_escape_for_it_and_means_the_same() -> None:
    assert json_text(["##[x]", "\\##[x]", "## x", "\x7f"], indent=None) == (
        '["\\u0023#[x]","\\\\\\u0023#[x]","## x","\\u007f"]\n'
    )


@pytest.mark.parametrize("path", ["::add-mask::e.yaml", " ::error::.yaml", "##[add-mask]e.yaml"])
def test_a_file_whose_name_is_a_command_is_none(path: str) -> None:
    assert acting(render("text", inspection(finding(at(1, 1, 2), path=path)))) == []


@pytest.mark.parametrize("text", INJECTIONS)
def test_what_is_said_on_standard_error_is_inert(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = Output(verbosity=1)
    out.error(f"a\n{text}", tip=f"b\n{text}")
    out.warning(text)
    out.note(text)
    out.detail(text)

    assert acting(capsys.readouterr().err) == []


@pytest.mark.parametrize(
    "verb", [["validate"], ["validate", "-o", "json"], ["render"], ["render", "-o", "json"], ["plan"]]
)
def test_no_verb_hands_an_order_on(
    verb: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.yaml").write_text(APP.replace("\\u202e", "\u202e" if verb[0] == "validate" else "\\u202e"))

    code = boundary.run([*verb, "-f", "app.yaml", *(["--offline"] if verb[0] == "plan" else [])])

    out, err = capfd.readouterr()
    assert code == 0, err
    assert acting(out) == acting(err) == []


def test_what_is_rendered_means_what_the_manifest_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.yaml").write_text(APP)

    assert boundary.run(["render", "-f", "app.yaml"]) == 0
    [document] = load(capfd.readouterr().out.encode(), "rendered").documents
    assert boundary.run(["render", "-f", "app.yaml", "-o", "json"]) == 0
    [request] = json.loads(capfd.readouterr().out)["requests"]

    assert document.data == request["request"]
    assert document.data["docker"]["command"] == "::add-mask::a ##[group]🐍 \u202e"
