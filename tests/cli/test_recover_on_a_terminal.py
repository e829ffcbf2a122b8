"""`dfsubmit recover` on a real terminal: it asks about each submission until the answer makes sense, whatever is typed."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
from pathlib import Path

import pytest
from cli_program import CONSOLE_SCRIPT, PASSED_ON
from folder import PROJECT, Folder
from rehearsing import SETTINGS, emulator

SECONDS = 60
PROMPT = "an app's id to adopt it, r to retry, a to abandon, Enter to leave it: "
NONSENSE = [
    b"NoSuchApp0000000000001",
    b"\xff\xfe\x80",
    b"\x1b[A\x1b[31m",
    b"../../aiapps/kill?id=1",
    b'{"id": 1}',
    b"x" * 3000,
    "모든 앱".encode(),
]


class Terminal:
    """A run of the program on a terminal of its own, and what it has shown there."""

    def __init__(self, folder: Folder, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        self.shown = ""
        self.process = subprocess.Popen(
            [CONSOLE_SCRIPT, *arguments],
            cwd=folder.path,
            env={**PASSED_ON, "TERM": "dumb", "LC_ALL": "C.UTF-8"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # noqa: PLW1509  # makes it the controlling one
        )
        os.close(slave)

    def until(self, *texts: str) -> str:
        """Return what is shown until the last line ends with one of `texts`, or to the end when there is none."""
        before, self.shown = len(self.shown), self.shown
        while not any(self.shown[before:].endswith(text) for text in texts):
            assert select.select([self.master], [], [], SECONDS)[0], self.shown
            try:
                shown = os.read(self.master, 65536)
            except OSError:  # Linux says so when the other side is gone
                break
            if not shown:
                break
            self.shown += shown.decode("utf-8", errors="replace").replace("\r\n", "\n")
        return self.shown[before:]

    def types(self, text: bytes) -> None:
        os.write(self.master, text)

    def ends(self) -> int:
        """Return the exit code."""
        self.until()
        code = self.process.wait(timeout=SECONDS)
        os.close(self.master)
        assert "Traceback" not in self.shown
        assert "bug in dfsubmit" not in self.shown
        return code


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Two submissions that only a person can settle."""
    folder = Folder.make(tmp_path, project=PROJECT + SETTINGS)
    folder.app("one", "sleep 30")
    folder.app("two", "sleep 30")
    with emulator(folder, "submit:twice-lost") as env:
        assert folder.run("apply", "--yes", env=env).returncode == 3
    assert len(folder.world()) == 4
    return folder


def apps_of(folder: Folder, prefix: str) -> list[str]:
    return [app["id"] for app in folder.world() if app["name"].startswith(prefix)]


def test_each_is_asked_about_until_the_answer_makes_sense(folder: Folder) -> None:
    terminal = Terminal(folder, "recover")
    shown = terminal.until(f"one: {PROMPT}")
    assert re.search(r"^\? one: outcome unknown since \d{4}-\d\d-\d\dT", shown, re.MULTILINE)
    assert (
        len(re.findall(r"^    2 apps fit, and nothing that the service shows tells them apart$", shown, re.MULTILINE))
        == 2
    )
    for nonsense in NONSENSE:
        terminal.types(nonsense + b"\n")
        said = terminal.until(f"one: {PROMPT}")
        assert "error: " in said, (nonsense, said)
    chosen = apps_of(folder, "one")[1]
    terminal.types(chosen.encode() + b"\n")
    said = terminal.until(f"two: {PROMPT}")
    assert "one: recorded as one-" in said
    terminal.types(chosen.encode() + b"\n")
    assert "already belongs to folder/one" in terminal.until(f"two: {PROMPT}")
    terminal.types(b"R\n")
    assert terminal.ends() == 0
    assert terminal.shown.endswith("two: the next apply submits it\nRecover: 0 unresolved.\n")
    assert folder.run("apply", "--yes").stdout.startswith("Apply: 1 submitted, 0 adopted, 1 unchanged")


def test_what_is_left_stays_open_and_the_end_of_the_input_leaves_the_rest(folder: Folder) -> None:
    before = folder.ledger()
    terminal = Terminal(folder, "recover")
    terminal.until(f"one: {PROMPT}")
    terminal.types(b"\n")
    terminal.until(f"two: {PROMPT}")
    terminal.types(b"\x04")
    assert terminal.ends() == 3
    assert terminal.shown.endswith("Recover: 2 unresolved.\n")
    assert folder.ledger() == before
    terminal = Terminal(folder, "recover", "two")
    terminal.until(f"two: {PROMPT}")
    terminal.types(b"a\n")
    assert terminal.ends() == 3
    assert terminal.shown.endswith("two: abandoned; raise its generation to submit it again\nRecover: 1 unresolved.\n")


def test_ctrl_c_at_the_question_ends_it_and_keeps_what_was_decided(folder: Folder) -> None:
    terminal = Terminal(folder, "recover")
    terminal.until(f"one: {PROMPT}")
    terminal.types(b"a\n")
    terminal.until(f"two: {PROMPT}")
    terminal.types(b"\x03")
    assert terminal.ends() == 128 + signal.SIGINT
    assert [entry["event"] for entry in folder.ledger()][-1] == "abandoned"
    assert folder.run("recover", "--no-input").stdout == "Recover: 1 unresolved.\n"
