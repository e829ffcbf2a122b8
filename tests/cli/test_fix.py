"""`validate --fix` and `--diff`: what is written, what is not, and what is said, through the front door."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
from cli_program import BAD, GOOD, Run, in_folder

from dfsubmit.cli.rewriting import Rewrite, rewrite_all
from dfsubmit.render.diffs import diff_text

dfsubmit = pytest.fixture(in_folder, name="dfsubmit")

WRONG = GOOD.replace("command:", "comand:")
HALF = WRONG.replace("namePrefix: bert", "namePrefix: b")


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_bytes(text.encode())


def test_fix_repairs_files_in_place_reports_what_remains_and_counts(dfsubmit: Run, tmp_path: Path) -> None:
    write(tmp_path, a=WRONG.replace("finetune", "a"), b=HALF.replace("kind", "Kind").replace("finetune", "b"), c=GOOD)

    result = dfsubmit("validate", "--fix", ".")

    assert result.returncode == 1
    assert result.stderr == "Fixed 3 findings in 2 files.\n"
    assert result.stdout.startswith("b.yaml:6:15: error[DF0210]:")
    assert result.stdout.endswith("Checked 3 files, 2 manifests: 1 error, 0 warnings.\n")
    assert (tmp_path / "a.yaml").read_text() == GOOD.replace("finetune", "a")
    assert dfsubmit("validate", "a.yaml").returncode == 0


def test_fix_leaves_everything_else_byte_for_byte(dfsubmit: Run, tmp_path: Path) -> None:
    odd = ("\ufeff# héad\n\n\n" + WRONG + "  # läst  ").replace("\n", "\r\n")
    write(tmp_path, a=odd)

    result = dfsubmit("validate", "--fix", "a.yaml")

    assert result.returncode == 0
    assert (tmp_path / "a.yaml").read_bytes() == odd.replace("comand", "command").encode()


def test_fix_with_nothing_to_repair_writes_nothing(dfsubmit: Run, tmp_path: Path) -> None:
    write(tmp_path, a=GOOD)
    before = (tmp_path / "a.yaml").stat()

    result = dfsubmit("validate", "--fix", "a.yaml")

    assert (result.returncode, result.stderr) == (0, "Fixed 0 findings in 0 files.\n")
    after = (tmp_path / "a.yaml").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_fix_keeps_the_mode_and_leaves_nothing_beside(dfsubmit: Run, tmp_path: Path) -> None:
    write(tmp_path, a=WRONG)
    (tmp_path / "a.yaml").chmod(0o640)

    dfsubmit("validate", "--fix", "a.yaml")

    assert stat.S_IMODE((tmp_path / "a.yaml").stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_fix_writes_what_a_symbolic_link_leads_to_and_keeps_the_link(dfsubmit: Run, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    write(tmp_path / "real", a=WRONG)
    (tmp_path / "link.yaml").symlink_to("real/a.yaml")

    assert dfsubmit("validate", "--fix", "link.yaml").returncode == 0
    assert (tmp_path / "link.yaml").is_symlink()
    assert (tmp_path / "real" / "a.yaml").read_text() == GOOD


@pytest.mark.parametrize("there", [b"somebody else's\n", None])
def test_a_file_that_changed_since_it_was_read_is_left_alone(tmp_path: Path, there: bytes | None) -> None:
    path = tmp_path / "a.yaml"
    if there is not None:
        path.write_bytes(there)

    problems = rewrite_all([Rewrite(path="a.yaml", location=str(path), before="read\n", after="new\n")])

    assert problems == {"a.yaml": "a.yaml: it changed after it was read"}
    assert (path.read_bytes() if path.exists() else None) == there


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_file_that_may_not_be_written_is_left_alone(dfsubmit: Run, tmp_path: Path) -> None:
    write(tmp_path, a=WRONG)
    (tmp_path / "a.yaml").chmod(0o444)

    result = dfsubmit("validate", "--fix", "a.yaml")

    assert result.returncode == 1
    assert "it may not be written to" in result.stderr


def piped(dfsubmit: Run, folder: Path, content: bytes, *arguments: str) -> tuple[int, bytes, str]:
    """Run with `content` as standard input; return code, the bytes of standard output, and standard error."""
    (folder / "in").write_bytes(content)
    with (folder / "in").open("rb") as stream, (folder / "out").open("wb") as out:
        result = dfsubmit("validate", "--fix", *arguments, "-", stdin=stream, stdout=out)
    return result.returncode, (folder / "out").read_bytes(), result.stderr


def test_fix_of_standard_input_prints_the_text_and_says_the_rest_aside(dfsubmit: Run, tmp_path: Path) -> None:
    crlf = HALF.replace("\n", "\r\n")

    code, out, err = piped(dfsubmit, tmp_path, crlf.encode())

    assert (code, out) == (1, crlf.replace("comand", "command").encode())
    assert "<stdin>:6:15: error[DF0210]" in err
    assert "Fixed 1 finding in 1 file." in err


@pytest.mark.parametrize("content", [GOOD.encode(), b"\xff broken", b""])
def test_standard_input_that_cannot_be_repaired_comes_out_as_it_went_in(
    content: bytes, dfsubmit: Run, tmp_path: Path
) -> None:
    assert piped(dfsubmit, tmp_path, content, "-q")[1] == content


def test_diff_shows_what_fix_would_do_and_writes_nothing(dfsubmit: Run, tmp_path: Path) -> None:
    write(tmp_path, a=WRONG)

    result = dfsubmit("validate", "--diff", "a.yaml")

    assert (result.returncode, (tmp_path / "a.yaml").read_text()) == (1, WRONG)
    assert result.stderr == "Would fix 1 finding in 1 file; 0 errors and 0 warnings would remain.\n"
    assert subprocess.run(["git", "apply"], cwd=tmp_path, input=result.stdout.encode(), check=False).returncode == 0
    assert (tmp_path / "a.yaml").read_text() == GOOD


@pytest.mark.parametrize(("text", "code"), [(GOOD, 0), (BAD, 1), (GOOD.replace("kind: AiApp", "kind: App"), 1)])
def test_diff_ends_with_0_only_when_nothing_is_to_be_done(text: str, code: int, dfsubmit: Run, tmp_path: Path) -> None:
    write(tmp_path, a=text)

    assert dfsubmit("validate", "--diff", "a.yaml").returncode == code


def test_fix_and_diff_exclude_each_other(dfsubmit: Run) -> None:
    result = dfsubmit("validate", "--fix", "--diff")

    assert result.returncode == 64
    assert "--fix and --diff exclude each other" in result.stderr


def test_machine_formats_and_reports_tell_what_remains(dfsubmit: Run, tmp_path: Path) -> None:
    write(tmp_path, a=HALF)

    result = dfsubmit("validate", "--fix", "a.yaml", "-o", "jsonl", "--report", "text=out.txt")

    assert result.stdout.count("DF0210") == 1
    assert "DF0201" not in result.stdout + (tmp_path / "out.txt").read_text()
    assert "DF0210" in (tmp_path / "out.txt").read_text()


def test_an_unused_silencer_is_removed_and_a_used_one_stays(dfsubmit: Run, tmp_path: Path) -> None:
    comment = "  # dfsubmit: ignore[DF0401] why"
    write(
        tmp_path,
        a=GOOD.rstrip() + comment + "\n",
        b=GOOD.replace("finetune", "b").replace(":2.3.1", "").rstrip() + comment,
    )

    result = dfsubmit("validate", "--fix", ".")

    assert result.stdout == "All good: 2 files, 2 manifests, no errors, no warnings, 1 silenced.\n"
    assert (tmp_path / "a.yaml").read_text() == GOOD
    assert (tmp_path / "b.yaml").read_text().endswith(comment)


def test_a_diff_shows_no_secret_and_gives_no_orders_to_a_terminal() -> None:
    key = f"ncp_iam_{'made0up0' * 3}"

    shown = diff_text("a\x1b.yaml", f"k: {key}\nx: 1\n", f"k: {key}\nx: \x1b[2J\u202e::error::\n")

    assert key not in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert " k: ********\n" in shown


def test_a_diff_of_line_breaks_alone_says_so() -> None:
    assert diff_text("a.yaml", "a: 1\r\n", "a: 1\n").endswith(
        "+++ b/a.yaml\n\\ Only line breaks or a byte order mark change\n"
    )
    assert diff_text("a.yaml", "a: 1\n", "a: 1\n") == ""


def test_a_diff_says_where_the_last_line_has_no_end() -> None:
    assert diff_text("a", "b: 1", "b: 1\n").endswith("\n-b: 1\n\\ No newline at end of file\n+b: 1\n")
