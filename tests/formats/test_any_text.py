"""Whatever stands in a message, a path, a help or a file: every format can be read back, and nothing in it acts."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from formats_set import INJECTIONS, azure_obeys, is_harmless, obeyed, runner_lines
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.diagnostics import Diagnostic, Edit, Related, Severity, Span
from dfsubmit.render.formats import FORMATS, render
from dfsubmit.render.inspection import Inspection
from dfsubmit.render.jsontext import json_text
from dfsubmit.render.terminal import neutral, visible

# Any characters at all, lone surrogates too, and pieces of what a log, a page or a terminal would obey.
PIECES = st.sampled_from(
    [*INJECTIONS, "::", "##", "[", "]", "#", "\n", "\r", " ", "%", "]]>", "\\", "/", "./", "\ufeff"]
)
TEXT = st.lists(st.one_of(st.text(st.characters(), max_size=8), PIECES), max_size=6).map("".join)


@st.composite
def inspections(draw: st.DrawFn) -> Inspection:
    paths = draw(st.lists(TEXT, min_size=1, max_size=3, unique=True))
    texts = {path: draw(TEXT) for path in paths}
    findings = draw(st.lists(diagnostics(paths), max_size=5))
    return Inspection(findings=tuple(findings), texts=texts, paths=tuple(paths), files=len(paths), manifests=0)


@st.composite
def diagnostics(draw: st.DrawFn, paths: list[str]) -> Diagnostic:
    path = draw(st.sampled_from(paths))
    related = draw(st.lists(st.builds(Related, message=TEXT, path=st.sampled_from(paths), span=spans()), max_size=1))
    edits = draw(st.lists(st.builds(Edit, start=st.just(0), end=st.just(1), text=TEXT), max_size=1))
    return Diagnostic(
        code=draw(st.sampled_from(["DF0201", "DF0501", "DF0999"])),
        message=draw(TEXT),
        path=path,
        severity=draw(st.sampled_from(Severity)),
        span=draw(st.none() | spans()),
        help=draw(TEXT),
        related=tuple(related),
        edits=tuple(edits),
        masked=draw(st.booleans()),
    )


@st.composite
def spans(draw: st.DrawFn) -> Span:
    line, column, length = draw(st.integers(1, 3)), draw(st.integers(1, 12)), draw(st.integers(0, 12))
    if draw(st.booleans()):
        return Span(line=line, column=column, end_line=line, end_column=column + length)
    return Span(line=line, column=column, end_line=line + 1, end_column=length + 1)


@settings(max_examples=100, deadline=None)
@given(inspections())
def test_every_format_can_be_read_back_and_nothing_in_it_acts(run: Inspection) -> None:
    outputs = {form: render(form, run) for form in FORMATS}
    cases = ET.fromstring(outputs["junit"]).findall("testsuite/testcase")  # noqa: S314  # our own output
    *lines, summary = map(json.loads, outputs["jsonl"].splitlines())

    assert len(json.loads(outputs["json"])["findings"]) == len(run.findings)
    assert [one["message"] for one in lines] == [one["message"] for one in json.loads(outputs["json"])["findings"]]
    assert summary["type"] == "summary"
    assert len(json.loads(outputs["sarif"])["runs"][0]["results"]) == len(run.findings)
    assert len({one["fingerprint"] for one in json.loads(outputs["gitlab"])}) == len(run.findings)
    assert len(cases) == len(run.paths)
    for form, output in outputs.items():
        assert all(is_harmless(character) for character in output), form
        assert form == "github" or not any(obeyed(line) or azure_obeys(line) for line in runner_lines(output)), form


@settings(max_examples=150, deadline=None)
@given(inspections())
def test_there_is_one_command_for_each_finding_and_it_says_what_was_found(run: Inspection) -> None:
    *lines, summary = runner_lines(render("github", run))
    commands = [obeyed(line) for line in lines]

    assert obeyed(summary) is None
    assert len(commands) == len(run.findings)
    for command in commands:
        assert command is not None
        assert command.name in ("error", "warning")
        assert set(command.properties) <= {"title", "file", "line", "endLine", "col", "endColumn"}
    named = {command.properties.get("file", "") for command in commands if command is not None}
    assert named <= {"".join(map(visible, run.located(path))) for path in run.paths}


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_neutral_text_and_json_give_no_orders_and_json_keeps_its_values(text: str) -> None:
    document = {text: [text]}

    for output in (neutral(text), json_text(document), json_text(document, indent=None)):
        assert not any(obeyed(line) or azure_obeys(line) for line in runner_lines(output))
        assert all(is_harmless(character) for character in output)
    assert json.loads(json_text(document)) == json.loads(json_text(document, indent=None)) == document
