"""Whole outputs of every format for one rich set of findings, as recorded; and what holds for all of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from formats_set import KEY, RICH, SECRET, azure_obeys, is_harmless, obeyed, runner_lines

from dfsubmit import __version__
from dfsubmit.code import Code
from dfsubmit.diagnostics import Severity
from dfsubmit.render import github, sarif
from dfsubmit.render.formats import FORMATS, render

GOLDEN = Path(__file__).parents[1] / "golden" / "formats"
NAMES = {"text": "rich.txt", "github": "rich.github.txt", "gitlab": "rich.gitlab.json", "junit": "rich.junit.xml"}


@pytest.fixture
def _few_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Know two codes only, so that the recorded files do not change with the wording of the codes' pages."""
    codes = {
        code: Code(code=code, severity=severity, title=title, meaning="What it\nmeans.", bad="a: [\n", good="a: 1\n")
        for code, severity, title in [
            ("DF0201", Severity.ERROR, "unknown key: 100 %, always"),
            ("DF0401", Severity.WARNING, "image tag that moves"),
        ]
    }
    monkeypatch.setattr(github, "CODES", codes)
    monkeypatch.setattr(sarif, "CODES", codes)


@pytest.mark.usefixtures("_few_codes")
@pytest.mark.parametrize("form", FORMATS)
def test_the_whole_output_is_as_recorded(form: str) -> None:
    output = render(form, RICH).replace(f'"{__version__}"', '"VERSION"').encode()
    recorded = GOLDEN / NAMES.get(form, f"rich.{form}")
    if os.environ.get("UPDATE_GOLDEN"):
        recorded.write_bytes(output)

    assert output == recorded.read_bytes()


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_secret_and_nothing_invisible_is_in_any_format(form: str) -> None:
    output = render(form, RICH)

    assert SECRET not in output
    assert KEY not in output
    assert all(is_harmless(character) for character in output)
    assert form in ("text", "github") or output.isascii()


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "github"])
def test_no_line_of_a_format_is_a_command_for_a_runner(form: str) -> None:
    lines = runner_lines(render(form, RICH))

    assert [line for line in lines if obeyed(line) or azure_obeys(line)] == []


def test_the_runner_of_these_tests_obeys_what_a_real_one_does() -> None:
    assert obeyed("  ::add-mask::x") == obeyed("a ##[add-mask]x")
    assert obeyed("a ::add-mask::x") is None
    assert obeyed("::unheard-of::x") is None
    assert azure_obeys("a ##vso[task.complete]x")
