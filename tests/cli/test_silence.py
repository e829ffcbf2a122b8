"""Silencers: which findings they take away, what is wrong with one, and when one is of no use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_program import GOOD, Run, in_folder
from judge_cases import APP, DOCKER, HEAD, NAME, SPEC

from dfsubmit.codes import CODES
from dfsubmit.diagnostics import Diagnostic
from dfsubmit.examining import examine
from dfsubmit.gathering import Gathering
from dfsubmit.silence import Silence, may_be_silenced
from dfsubmit.sources import SourceFile
from dfsubmit.yamlcore.limits import MAX_FINDINGS

dfsubmit = pytest.fixture(in_folder, name="dfsubmit")

WHY = "tested with it"
MOVING = DOCKER.replace(":2.3.1", ":latest")
PREFIX = SPEC.replace("bert", "b-x")


def judged(*files: str, whole: bool = True) -> tuple[list[Diagnostic], Gathering]:
    gathered = Gathering(project_file="f0.yaml")
    for number, text in enumerate(files):
        gathered.add(examine(SourceFile(path=f"f{number}.yaml", content=text.encode())))
    return gathered.finish(whole=whole), gathered


def codes(*files: str, whole: bool = True) -> list[str]:
    return [finding.code for finding in judged(*files, whole=whole)[0]]


def commented(comment: str, app: str = HEAD + NAME + SPEC + MOVING) -> str:
    """Return a manifest with a comment behind the image."""
    line = next(line for line in app.splitlines() if "image:" in line)
    return app.replace(line, f"{line}  {comment}")


# -- what is silenced ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "comment",
    [
        f"# dfsubmit: ignore[DF0401] {WHY}",
        f"#dfsubmit:ignore[DF0401]{WHY}",
        f"#   dfsubmit:   ignore[ DF0401 ]   {WHY}  ",
        f"# built every night  # dfsubmit: ignore[DF0401] {WHY}",
        "# dfsubmit: ignore[DF0401]: ein Grund mit Umlaut, ä",
    ],
)
def test_a_comment_with_code_and_reason_silences_its_line(comment: str) -> None:
    findings, gathered = judged(commented(comment))

    assert (findings, gathered.silence.silenced) == ([], 1)


def test_a_comment_alone_on_its_line_is_for_the_next_line_that_is_not_a_comment() -> None:
    alone = f"    # dfsubmit: ignore[DF0401] {WHY}\n    # the nightly build\n"

    assert codes(HEAD + NAME + SPEC + MOVING.replace("    image", f"{alone}    image")) == []
    # The line behind that is not silenced, nor is the one above.
    assert codes(HEAD + NAME + SPEC + MOVING.replace("  docker", f"{alone}  docker")) == ["DF0401", "DF0705"]
    assert codes(HEAD + NAME + SPEC + MOVING.replace("    command", f"{alone}    command")) == ["DF0401", "DF0705"]


def test_only_the_codes_that_are_named_are_silenced_on_only_that_line() -> None:
    text = HEAD + NAME + PREFIX.replace("b-x\n", f"b-x # dfsubmit: ignore[DF0401] {WHY}\n") + MOVING

    assert codes(text) == ["DF0404", "DF0401", "DF0705"]


def test_one_comment_silences_several_codes() -> None:
    inline = f"  docker: {{image: a:latest, command: run, workdir: w}} # dfsubmit: ignore[DF0401, DF0403] {WHY}\n"
    findings, gathered = judged(HEAD + NAME + SPEC + inline)

    assert (findings, gathered.silence.silenced) == ([], 2)


def test_what_looks_like_a_credential_can_be_silenced_and_then_does_not_fail_the_file() -> None:
    leak = APP + f"    env: {{A: ncp_iam_{'made0up0' * 3}}}"

    assert codes(leak) == ["DF0501"]
    assert codes(f"{leak} # dfsubmit: ignore[DF0501] a dead key, kept for a test") == []


def test_the_text_of_a_value_is_no_comment() -> None:
    quoted = DOCKER.replace("python train.py", f'"run # dfsubmit: ignore[DF0401] {WHY}"')
    block = DOCKER.replace("python train.py", f"|\n      run\n      # dfsubmit: ignore {WHY}")

    assert codes(HEAD + NAME + SPEC + quoted) == []
    assert codes(HEAD + NAME + SPEC + block) == []


def test_a_finding_that_only_another_file_explains_is_silenced_where_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dfsubmit.silence.may_be_silenced", lambda code: code == "DF0301")
    second = (HEAD + NAME + SPEC + DOCKER).replace("demo}", f"demo}} # dfsubmit: ignore[DF0301] {WHY}")
    findings, gathered = judged(APP, second)

    assert (findings, gathered.silence.silenced) == ([], 1)
    assert codes(second, APP) == ["DF0301"]


@pytest.mark.parametrize("line_break", ["\r\n", "\r", "\n"])
def test_line_breaks_and_a_byte_order_mark_change_nothing(line_break: str) -> None:
    text = "\ufeff" + commented(f"# dfsubmit: ignore[DF0401] {WHY}").replace("\n", line_break)

    assert codes(text) == []


def test_each_document_of_a_file_has_its_own_silencers() -> None:
    first = commented(f"# dfsubmit: ignore[DF0401] {WHY}")
    second = (HEAD + NAME + SPEC + MOVING).replace("demo", "other")

    assert codes(f"{first}---\n{second}") == ["DF0401"]
    assert codes(f"{second}---\n{first}---\n{first.replace('demo', 'third')}") == ["DF0401"]


# -- what is wrong with one ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comment", "code", "message", "marked"),
    [
        ("# dfsubmit: ignore DF0401 reason", "DF0701", "cannot be read", "# dfsubmit: ignore DF0401 reason"),
        ("# dfsubmit: disable[DF0401] reason", "DF0701", "cannot be read", "# dfsubmit: disable[DF0401] reason"),
        ("# dfsubmit: ignore[DF0401", "DF0701", "cannot be read", "# dfsubmit: ignore[DF0401"),
        ("# dfsubmit: ignore[] reason", "DF0701", "names no code", "# dfsubmit: ignore[] reason"),
        ("# dfsubmit: ignore", "DF0701", "cannot be read", "# dfsubmit: ignore"),
        ("# dfsubmit: ignore[DF0401 DF0403] r", "DF0701", "told apart", "# dfsubmit: ignore[DF0401 DF0403] r"),
        ("# dfsubmit: ignore[DF0401,] r", "DF0701", "told apart", "# dfsubmit: ignore[DF0401,] r"),
        ("# dfsubmit: ignore[DF0401]", "DF0702", "no reason", "# dfsubmit: ignore[DF0401]"),
        ("# dfsubmit: ignore[DF0401] :", "DF0702", "no reason", "# dfsubmit: ignore[DF0401] :"),
        ("# dfsubmit: ignore[DF9999] r", "DF0703", 'no finding has the code "DF9999"', "DF9999"),
        ("# dfsubmit: ignore[df0401] r", "DF0703", 'the code "df0401"', "df0401"),
        ("# dfsubmit: ignore[DF0201] r", "DF0704", "DF0201 (unknown key) cannot be silenced", "DF0201"),
        ("# dfsubmit: ignore[DF0401, DF0705] r", "DF0704", "DF0705 (unused silencer)", "DF0705"),
    ],
)
def test_a_silencer_that_is_not_right_is_an_error_at_the_comment_and_silences_nothing(
    comment: str, code: str, message: str, marked: str
) -> None:
    text = commented(comment)
    findings, _ = judged(text)
    found = next(finding for finding in findings if finding.code == code)

    assert [finding.code for finding in findings] == ["DF0401", code]
    assert found.severity is CODES[code].severity
    assert message in found.message
    assert found.span is not None
    line = text.split("\n")[found.span.line - 1]
    assert line[found.span.column - 1 : found.span.end_column - 1] == marked


def test_an_unknown_code_gets_the_code_that_was_meant() -> None:
    findings, _ = judged(commented("# dfsubmit: ignore[df0401] r"))

    assert findings[1].help == 'did you mean "DF0401"?'


@pytest.mark.parametrize(
    "comment", ["# dfsubmit: see the handbook", "# dfsubmit:", "# for dfsubmit: nothing", "# ignore[DF0401] r"]
)
def test_a_comment_that_only_speaks_of_dfsubmit_is_left_alone(comment: str) -> None:
    assert codes(commented(comment)) == ["DF0401"]


def test_structural_errors_cannot_be_silenced_and_all_advice_can() -> None:
    silent = {code for code in CODES if may_be_silenced(code)}

    assert not any(code.startswith(("DF00", "DF01", "DF02", "DF07")) for code in silent)
    assert {code for code in CODES if code.startswith(("DF04", "DF05", "DF06"))} <= silent
    assert "DF0301" not in silent


# -- unused -------------------------------------------------------------------------------------------------------------


def test_a_silencer_of_nothing_is_a_warning_with_a_safe_edit_that_removes_it() -> None:
    text = commented(f"# dfsubmit: ignore[DF0401] {WHY}", APP)
    findings, _ = judged(text)
    (edit,) = findings[0].edits

    assert [finding.code for finding in findings] == ["DF0705"]
    assert edit.safe
    assert text[: edit.start] + edit.text + text[edit.end :] == APP


def test_of_several_codes_only_the_unused_ones_are_removed() -> None:
    text = commented(f"# dfsubmit: ignore[DF0402, DF0401, DF0403] {WHY}")
    findings, gathered = judged(text)
    (edit,) = findings[0].edits

    assert findings[0].message == "nothing on line 8 is silenced by DF0402 or DF0403"
    assert text[: edit.start] + edit.text + text[edit.end :] == commented(f"# dfsubmit: ignore[DF0401] {WHY}")
    assert gathered.silence.silenced == 1


def test_the_second_silencer_of_the_same_finding_is_unused() -> None:
    alone = f"    # dfsubmit: ignore[DF0401] {WHY}\n    image"

    assert codes(commented(f"# dfsubmit: ignore[DF0401] {WHY}").replace("    image", alone)) == ["DF0705"]


@pytest.mark.parametrize("line_break", ["\r\n", "\n"])
def test_an_unused_silencer_alone_on_its_line_goes_with_its_line(line_break: str) -> None:
    plain = APP.replace("\n", line_break)
    text = plain.replace("  docker", f"  # dfsubmit: ignore[DF0401] {WHY}{line_break}  docker")
    (edit,) = judged(text)[0][0].edits

    assert text[: edit.start] + edit.text + text[edit.end :] == plain


@pytest.mark.parametrize(
    "text",
    [
        commented(f"# dfsubmit: ignore[DF0401] {WHY}", APP.replace("command", "comand")),
        commented(f"# dfsubmit: ignore[DF0601] {WHY}", APP),
        commented(f"# dfsubmit: ignore[DF0401] {WHY}", APP) + "   broken: [\n",
    ],
    ids=["a document that is no manifest", "a schema that was not given", "a document that cannot be read"],
)
def test_a_silencer_whose_use_cannot_be_told_is_not_called_unused(text: str) -> None:
    assert "DF0705" not in codes(text)


def test_a_silencer_for_a_finding_across_files_is_not_called_unused_unless_the_set_is_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("dfsubmit.silence.may_be_silenced", lambda _: True)
    text = APP.replace("demo}", f"demo}} # dfsubmit: ignore[DF0301] {WHY}")

    assert codes(text, whole=False) == []
    assert codes(text, whole=True) == ["DF0705"]


# -- through the front door ---------------------------------------------------------------------------------------------


def test_the_summary_counts_what_was_silenced_and_machine_formats_do_not_know_it(dfsubmit: Run, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(commented(f"# dfsubmit: ignore[DF0401] {WHY}"))

    text = dfsubmit("validate", "--strict", "a.yaml")
    machine = dfsubmit("validate", "a.yaml", "-o", "json")

    assert (text.returncode, machine.returncode) == (0, 0)
    assert text.stdout == "All good: 1 file, 1 manifest, no errors, no warnings, 1 silenced.\n"
    assert json.loads(machine.stdout)["findings"] == []
    assert "silenced" not in machine.stdout


def test_a_silenced_credential_in_the_project_does_not_stop_the_verbs_that_need_it_alone(
    dfsubmit: Run, tmp_path: Path
) -> None:
    key = f"ncp_iam_{'made0up0' * 3}"
    project = f"apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {{name: p}}\nspec: {{ledger: {{path: {key}}}}}"
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "project.yaml").write_text(project + "\n")
    refused = dfsubmit("status", "-f", ".", "--offline")
    (tmp_path / "project.yaml").write_text(f"{project} # dfsubmit: ignore[DF0501] made up\n")
    accepted = dfsubmit("status", "-f", ".", "--offline")

    assert (refused.returncode, accepted.returncode) == (1, 0), accepted.stderr


def test_a_file_without_the_word_is_not_searched_for_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dfsubmit.document.Document.comments", lambda _: pytest.fail("looked for comments"))

    assert codes(f"{APP}# a comment\n") == []


def test_thousands_of_silencers_cost_linear_time() -> None:
    lines = "".join(f"# dfsubmit: ignore[DF0401] {WHY} {number}\n" for number in range(3000))

    findings, _ = judged(lines + APP)

    assert [finding.message for finding in findings[MAX_FINDINGS:]] == [
        "2,800 more problems of this file are not shown"
    ]
    assert Silence().kept(findings) is findings
