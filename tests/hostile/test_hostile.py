"""Whatever a stranger sends: findings, within bounds of time and memory, and nothing in the output that acts.

The corpus and the mutants run in processes of their own, with a guard against one that never ends (`fuzz_load`).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hostile_cases
import pytest

from dfsubmit.bounds import CODE, Room, bounded, bounded_by_file
from dfsubmit.diagnostics import Diagnostic, Severity, Span
from dfsubmit.yamlcore.limits import MAX_FILE, MAX_FINDINGS

sys.path += [str(Path(__file__).parents[1] / name) for name in ("cli", "formats")]
from cli_program import BAD, GOOD, run_dfsubmit
from formats_set import is_harmless, obeyed, runner_lines

TARGET = Path(__file__).with_name("fuzz_load.py")
# In MiB, for all cases of the corpus one after the other; a shell of Python with everything imported has 60.
MOST_MEMORY = 512
FORMS = ("text", "json", "github", "sarif", "junit")


# --- bytes ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def replayed() -> dict[str, dict[str, Any]]:
    """Return by name what became of the cases; those behind one that hangs are missing."""
    done = subprocess.run(
        [sys.executable, TARGET, "replay"], capture_output=True, encoding="utf-8", check=False, timeout=1800
    )
    return {result["name"]: result for result in map(json.loads, done.stdout.splitlines())}


@pytest.mark.xdist_group("hostile")
@pytest.mark.parametrize("name", hostile_cases.names())
def test_a_case_of_the_corpus_keeps_the_invariant(name: str, replayed: dict[str, dict[str, Any]]) -> None:
    assert replayed[name]["broken"] == ""
    assert replayed[name]["memory"] <= MOST_MEMORY


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2])
def test_mutants_keep_the_invariant(seed: int) -> None:
    iterations = os.environ.get("FUZZ_ITERATIONS", "10000")
    done = subprocess.run(
        [sys.executable, TARGET, "mutate", str(seed), iterations], capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_target_sees_what_breaks_the_invariant() -> None:
    from fuzz_load import check_rendered, is_inside  # noqa: PLC0415  # it is a program first

    check_rendered("text", "é\n", 0)
    for text in ("\x1b[2J", "\u202e", "\t", "x" * 50_001):
        with pytest.raises(AssertionError):
            check_rendered("text", text, 0)
    assert is_inside(Span(line=1, column=1, end_line=2, end_column=1), [3, 0])
    assert not is_inside(Span(line=1, column=1, end_line=2, end_column=2), [3, 0])
    assert not is_inside(Span(line=2, column=1, end_line=1, end_column=1), [3, 0])
    assert not is_inside(Span(line=3, column=1, end_line=3, end_column=1), [3, 0])


# --- how many findings are kept -------------------------------------------------------------------------------------------


def finding(line: int, path: str = "a.yaml", **changes: Any) -> Diagnostic:
    span = Span(line=line, column=1, end_line=line, end_column=2)
    return Diagnostic(**{"code": "DF0201", "message": "m", "path": path, "span": span, **changes})


def test_few_findings_stay_as_they_are() -> None:
    assert bounded([finding(2), finding(1)], limit=2).findings == (finding(1), finding(2))
    assert bounded([]).findings == ()


def test_of_many_the_first_are_kept_and_the_last_says_how_many_more_there_are() -> None:
    *kept, last = bounded([finding(line) for line in range(1, 1301)], limit=50).findings

    assert [one.span.line for one in kept if one.span] == list(range(1, 51))
    assert (last.code, last.severity, last.message) == (
        CODE,
        Severity.ERROR,
        "1,250 more problems of this file are not shown",
    )
    assert last.span == finding(1300).span


def test_errors_are_kept_before_warnings_and_only_warnings_that_are_cut_fail_no_run() -> None:
    warnings = [finding(line, severity=Severity.WARNING) for line in range(1, 10)]

    *kept, last = bounded([*warnings, finding(50)], limit=3).findings

    assert [one.severity for one in kept] == [Severity.WARNING] * 2 + [Severity.ERROR]
    assert last.severity is Severity.WARNING


def test_a_finding_that_hides_a_secret_is_kept_first_and_without_it_no_text_is_shown() -> None:
    secrets = [finding(line, masked=True, severity=Severity.WARNING) for line in (7, 8)]
    others = [finding(line) for line in range(1, 6)]

    kept = bounded([*others, *secrets], limit=2)
    assert [one.masked for one in kept.findings] == [True, True, False]
    assert not kept.hides
    assert bounded([*others, *secrets], limit=1).hides


def test_each_file_has_bounds_of_its_own() -> None:
    many = [finding(line, path) for path in "ab" for line in range(MAX_FINDINGS + 5)]
    assert [one.path for one in bounded_by_file(many)] == ["a"] * (MAX_FINDINGS + 1) + ["b"] * (MAX_FINDINGS + 1)


def test_a_run_keeps_whole_files_until_one_does_not_fit_and_counts_the_others() -> None:
    room = Room(findings=3, text=5)
    warning = finding(1, "c", severity=Severity.WARNING)

    assert [room.text("abc"), room.text("abc")] == ["abc", ""]
    assert room.admits([finding(1), finding(2)])
    assert room.notice() == []
    assert not room.admits([warning, warning])
    assert [one.severity for one in room.notice()] == [Severity.WARNING]
    assert not room.admits([finding(1, "d")])
    (notice,) = room.notice()
    assert (notice.severity, notice.message) == (
        Severity.ERROR,
        "3 more problems, in 2 more files from here on, are not shown",
    )


# --- files, with the real program -----------------------------------------------------------------------------------------


def fifo(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def bound_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket has 108 characters at most
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(here)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def to(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def holding(content: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(content)

    return make


MANY = GOOD.encode() + b"".join(b"k%d: \x1b[2J\n" % n for n in range(300))
UNKNOWN = GOOD.encode() + b"".join(b"k%d: 1\n" % n for n in range(2000))
ODD = {
    "a pipe": ("a.yaml", fifo, "DF0004"),
    "a socket": ("a.yaml", bound_socket, "DF0004"),
    "a device": ("a.yaml", to("/dev/zero"), "DF0007"),
    "a loop of links": ("a.yaml", loop, "DF0003"),
    "a link that leads nowhere": ("a.yaml", to("nowhere.yaml"), "DF0003"),
    "a link out of the set": ("a.yaml", to("../../outside.yaml"), "DF0007"),
    "a link far out of the set": ("a.yaml", to("/etc/passwd"), "DF0007"),
    "a file that is too large": ("a.yaml", holding(b"# x\n" * (MAX_FILE // 4) + b"#"), "DF0005"),
    "many faults of the text": ("a.yaml", holding(MANY), CODE),
    "many faults of the manifest": ("a.yaml", holding(UNKNOWN), CODE),
    "a line feed in the name": ("a\n::error::x\n.yaml", holding(BAD.encode()), "DF0201"),
    "escapes in the name": ("\x1b[2J\x1b]0;x\x07.yaml", holding(BAD.encode()), "DF0201"),
    "other directions in the name": ("\u202elmay.\u2066.yaml", holding(BAD.encode()), "DF0201"),
    "no UTF-8 in the name": (os.fsdecode(b"\xff\xfe\x80.yaml"), holding(BAD.encode()), "DF0201"),
    "a command as the name": ("::error::,x %0A.yaml", holding(BAD.encode()), "DF0201"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_odd_files_are_findings_in_every_form_and_nothing_in_the_output_acts(form: str, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("TOP: outside\n")
    for number, (name, make, _) in enumerate(ODD.values()):
        place = tmp_path / "specs" / f"s{number:02}"
        place.mkdir(parents=True)
        make(place / name)

    done = run_dfsubmit("validate", "specs", "-o", form, cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, "")
    assert "Traceback" not in done.stdout
    assert "TOP" not in done.stdout
    assert all(map(is_harmless, done.stdout))
    if form != "github":
        assert not [line for line in runner_lines(done.stdout) if obeyed(line)]
    for number, (_, _, code) in enumerate(ODD.values()):
        if form == "text":
            assert re.search(rf"^specs/s{number:02}.*\[{code}\]", done.stdout, re.MULTILINE), number
        assert f"specs/s{number:02}/" in done.stdout or form == "junit"
    assert "more problems" in done.stdout


def test_plan_shows_the_same_findings_and_plans_nothing(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "good.yaml").write_text(GOOD)
    fifo(tmp_path / "specs" / "pipe.yaml")
    holding(BAD.encode())(tmp_path / "specs" / "\x1b[2J\u202e.yaml")

    done = run_dfsubmit("plan", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (1, "")
    assert "DF0004" in done.stderr
    assert "DF0201" in done.stderr
    assert "Traceback" not in done.stderr
    assert all(map(is_harmless, done.stderr))


@pytest.mark.soak
def test_a_folder_of_ten_thousand_files_is_read_whole(tmp_path: Path) -> None:
    for number in range(10_000):
        (tmp_path / f"{number}.yaml").write_text("a: 1\n")

    done = run_dfsubmit("validate", ".", "-o", "json", cwd=tmp_path, timeout=300)

    assert (done.returncode, done.stderr) == (1, "")
    summary = json.loads(done.stdout)["summary"]
    assert (summary["files"], summary["errors"]) == (10_000, 10_000)


@contextlib.contextmanager
def again_and_again(change: Callable[[], None]) -> Iterator[None]:
    """Do something all the time in the background."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            change()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_file_that_turns_into_a_pipe_and_back_never_stops_a_run(tmp_path: Path) -> None:
    file, pipe = tmp_path / "a.yaml", tmp_path / "pipe"
    fifo(pipe)

    def swap() -> None:
        for target in (GOOD.encode(), None):
            other = tmp_path / "other"
            os.link(pipe, other) if target is None else other.write_bytes(target)
            other.replace(file)

    swap()
    with again_and_again(swap):
        for _ in range(4):
            done = run_dfsubmit("validate", ".", cwd=tmp_path)
            assert done.returncode in (0, 1), done.stderr
            assert done.stderr == ""
            codes = set(re.findall(r"error\[(\w+)\]", done.stdout))
            assert codes <= {"DF0001", "DF0003", "DF0004", "DF0006"}


def test_a_file_that_grows_while_it_is_read_is_whole_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(GOOD)

    def grow() -> None:
        with file.open("a") as stream:
            stream.write("# more\n")
        if file.stat().st_size > MAX_FILE // 2:
            file.write_text(GOOD)

    with again_and_again(grow):
        for _ in range(4):
            done = run_dfsubmit("validate", ".", cwd=tmp_path)
            assert done.stderr == ""
            # Emptied for a moment, between two lives, it is a file without a manifest.
            codes = set(re.findall(r"(?:error|warning)\[(\w+)\]", done.stdout))
            assert codes <= {"DF0006", "DF0010"}
