"""`dfsubmit fmt` through the front door: what is written, listed and said, and the exit codes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cli_program import GOOD, Run, in_folder

dfsubmit = pytest.fixture(in_folder, name="dfsubmit")

ROUGH = "kind:  AiApp\n" + GOOD.replace("kind: AiApp\n", "") + "\n# end\n"
SMOOTH = GOOD + "\n# end\n"


def test_files_are_written_and_listed_and_the_denominators_told(dfsubmit: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ROUGH)
    (tmp_path / "b.yaml").write_text(SMOOTH)
    (tmp_path / "c.yaml").write_text("on:   push\n")

    result = dfsubmit("fmt", ".")

    assert (result.returncode, result.stdout) == (0, "a.yaml\n")
    assert result.stderr == "Formatted 1 of 3 files. 1 file without a manifest left alone.\n"
    assert (tmp_path / "a.yaml").read_text() == SMOOTH
    assert (tmp_path / "c.yaml").read_text() == "on:   push\n"
    assert dfsubmit("fmt", "-f", ".").stdout == ""


@pytest.mark.parametrize(("text", "code", "listed"), [(ROUGH, 1, "a.yaml\n"), (SMOOTH, 0, "")])
def test_check_lists_files_and_writes_nothing(text: str, code: int, listed: str, dfsubmit: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)

    result = dfsubmit("fmt", "--check", "a.yaml")

    assert (result.returncode, result.stdout) == (code, listed)
    assert (tmp_path / "a.yaml").read_text() == text


def test_diff_shows_what_would_change_and_writes_nothing(dfsubmit: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ROUGH)

    result = dfsubmit("fmt", "--diff", "a.yaml")

    assert result.returncode == 1
    assert result.stdout.startswith("--- a/a.yaml\n+++ b/a.yaml\n@@ ")
    assert "-kind:  AiApp\n" in result.stdout
    assert (tmp_path / "a.yaml").read_text() == ROUGH


def test_a_diff_shows_no_secret(dfsubmit: Run, tmp_path: Path) -> None:
    secret = "made0up0secret1"
    (tmp_path / "a.yaml").write_text(ROUGH.replace("{HF_TOKEN: {fromEnv: HF_TOKEN}}", f"{{API_KEY:  {secret}x9q7}}"))

    assert secret not in dfsubmit("fmt", "--diff", "a.yaml").stdout


@pytest.mark.parametrize("arguments", [["-"], ["-f", "-"]])
def test_standard_input_is_printed_formatted(arguments: list[str], dfsubmit: Run, tmp_path: Path) -> None:
    (tmp_path / "in").write_text(ROUGH)

    with (tmp_path / "in").open() as stream:
        result = dfsubmit("fmt", *arguments, stdin=stream)

    assert (result.returncode, result.stdout) == (0, SMOOTH)


def test_a_file_with_yaml_errors_is_left_alone_and_shown_and_the_others_are_done(dfsubmit: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(ROUGH + "a: [\n")
    (tmp_path / "b.yaml").write_text(ROUGH)

    result = dfsubmit("fmt", ".")

    assert (result.returncode, result.stdout) == (1, "b.yaml\n")
    assert "a.yaml:" in result.stderr
    assert (tmp_path / "a.yaml").read_text() == ROUGH + "a: [\n"


def test_nothing_to_format_is_an_error(dfsubmit: Run) -> None:
    result = dfsubmit("fmt", "nowhere")

    assert result.returncode == 1
    assert "error[DF0001]" in result.stderr


def test_mode_and_links_stay(dfsubmit: Run, tmp_path: Path) -> None:
    (tmp_path / "real").write_text(ROUGH)
    (tmp_path / "real").chmod(0o600)
    (tmp_path / "a.yaml").symlink_to("real")

    assert dfsubmit("fmt", "a.yaml").returncode == 0
    assert (tmp_path / "a.yaml").is_symlink()
    assert (tmp_path / "real").read_text() == SMOOTH
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600


def test_the_project_is_formatted_when_it_is_named_and_the_folders_of_data_never(dfsubmit: Run, tmp_path: Path) -> None:
    project = "kind:  Project\napiVersion: dfsubmit/v1\nmetadata: {name: p}\nspec: {engine: {hdfs: data}}\n"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.yaml").write_text(ROUGH)
    (tmp_path / "project.yaml").write_text(project)
    (tmp_path / "a.yaml").write_text(ROUGH)

    assert dfsubmit("fmt", "a.yaml").stdout == "a.yaml\n"
    assert (tmp_path / "project.yaml").read_text() == project
    assert dfsubmit("fmt", ".").stdout == "project.yaml\n"
    assert (tmp_path / "data" / "x.yaml").read_text() == ROUGH
