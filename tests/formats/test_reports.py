"""`validate --report FORMAT=PATH` and the formats of `validate -o`, through the front door."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dfsubmit.cli import boundary
from dfsubmit.cli.reports import write
from dfsubmit.render.formats import FORMATS

BAD = """\
apiVersion: dfsubmit/v1
kind: AiApp
metadata: {name: bert}
spec:
  aiWorkspaceId: 6ZKSGoSJMMwctK257nxgiL
  namePrefix: bert
  docker: {image: "x:1", comand: x}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder of a repository with one bad file, with no variable of ours set."""
    for name in os.environ:
        if name.startswith("DFSUBMIT_"):
            monkeypatch.delenv(name)
    (tmp_path / ".git").mkdir()
    folder = tmp_path / "sub"
    folder.mkdir()
    (folder / "bad.yaml").write_text(BAD)
    monkeypatch.chdir(folder)
    return folder


def ended(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = boundary.run(["validate", "bad.yaml", *arguments])
    out, err = capfd.readouterr()
    return code, out, err


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_is_what_the_output_of_that_form_is(form: str, here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _, printed, _ = ended(capfd, "-o", form)

    code, text, err = ended(capfd, "--report", f"{form}=report")

    assert (code, err) == (1, "")
    assert text.startswith("bad.yaml:7:")
    assert (here / "report").read_text(encoding="utf-8") == printed
    assert sorted(path.name for path in here.iterdir()) == ["bad.yaml", "report"]


@pytest.mark.parametrize("form", FORMATS)
def test_the_variable_names_a_form_too(
    form: str, here: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.is_dir()
    expected = ended(capfd, "-o", form)
    monkeypatch.setenv("DFSUBMIT_OUTPUT", form)

    assert ended(capfd) == expected


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ("github", "file=sub/bad.yaml,"),
        ("sarif", '"uri": "sub/bad.yaml"'),
        ("gitlab", '"path": "sub/bad.yaml"'),
        ("junit", 'file="sub/bad.yaml"'),
    ],
)
def test_code_hosts_are_told_of_places_in_the_repository(
    form: str, found: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert here.is_dir()
    assert found in ended(capfd, "-o", form)[1]


def test_all_reports_are_written_beside_any_output(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    asked = [part for form in FORMATS for part in ("--report", f"{form}=out.{form}")]

    code, out, _ = ended(capfd, "-q", "-o", "json", *asked)

    assert code == 1
    assert json.loads(out)["summary"]["errors"] > 0
    assert {path.suffix[1:] for path in here.glob("out.*")} == set(FORMATS)


@pytest.mark.parametrize(
    ("reports", "said", "tip"),
    [
        (["sarrif=x"], "--report knows no format 'sarrif'", 'did you mean "sarif"?'),
        (["pdf=x"], "--report knows no format 'pdf'", "write FORMAT=PATH; formats are text, json, "),
        (["json"], "--report is 'json', which names no file", "write FORMAT=PATH; "),
        (["json="], "--report is 'json=', which names no file", "--output json"),
        (["json=-"], "--report is 'json=-', which names no file", "--output json"),
        (["json=x", "text=./x"], "two reports would be written to './x': json and text", "give each a file of its own"),
        (["json=x", "json=link"], "two reports would be written to 'link': json and json", "give each a file"),
    ],
)
def test_a_report_that_makes_no_sense_is_a_usage_error_before_anything_is_read(
    reports: list[str], said: str, tip: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "link").symlink_to("x")

    code, out, err = ended(capfd, *(part for report in reports for part in ("--report", report)))

    assert (code, out) == (64, "")
    assert err.startswith(f"error: {said}\ntip: ")
    assert tip in err
    assert not (here / "x").exists()


def test_a_report_that_cannot_be_written_is_an_error_after_all_others(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "folder").mkdir()

    code, out, err = ended(
        capfd, "--report", "json=nowhere/x", "--report", "sarif=good.sarif", "--report", "text=folder"
    )

    assert code == 1
    assert out.startswith("bad.yaml:7:")
    assert err.startswith(
        "error: 2 reports could not be written: nowhere/x: No such file or directory\n  folder: Is a directory\ntip: "
    )
    assert json.loads((here / "good.sarif").read_text())["version"] == "2.1.0"


def test_a_report_that_cannot_be_written_fails_a_run_without_findings(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "bad.yaml").write_text(BAD.replace("comand", "command"))

    assert ended(capfd)[0] == 0
    assert ended(capfd, "--report", "json=nowhere/x")[0] == 1


@pytest.mark.parametrize("path", ["bad.yaml", "./bad.yaml", "link.json"])
def test_a_report_never_takes_the_place_of_what_was_checked(
    path: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "link.json").symlink_to("bad.yaml")

    code, _, err = ended(capfd, "--report", f"json={path}")

    assert code == 1
    assert f"{path} is one of the files that were checked" in err
    assert (here / "bad.yaml").read_text() == BAD


def test_reports_are_there_even_when_nobody_reads_what_is_printed(here: Path) -> None:
    read, written = os.pipe()
    os.close(read)
    arguments = [sys.executable, "-m", "dfsubmit", "validate", "bad.yaml", "--report", "json=x.json"]
    result = subprocess.run(arguments, stdout=written, stderr=subprocess.PIPE, check=False, timeout=60)
    os.close(written)

    assert (result.returncode, result.stderr) == (boundary.BROKEN_PIPE, b"")
    assert json.loads((here / "x.json").read_text())["schemaVersion"] == 1


# --- writing -------------------------------------------------------------------------------------------------------------


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("before, and longer")
    path.chmod(0o640)
    before = path.stat().st_ino

    write(str(path), b"after")

    assert path.read_bytes() == b"after"
    assert path.stat().st_ino != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_text("before")

    def full(descriptor: int) -> None:
        raise OSError(28, f"No space left on device, {descriptor}")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(str(path), b"after")

    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_takes_a_report_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()

    write(str(pipe), b"report")
    reader.join(timeout=10)

    assert got == [b"report"]
    assert pipe.is_fifo()
