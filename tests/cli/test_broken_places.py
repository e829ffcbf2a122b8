"""A ledger that cannot be written or read in the middle of everything, over real HTTP, while replies are lost.

Nothing is sent that is not recorded, whatever is said is a sentence, and once the place is mended apply goes on as if nothing
had happened: every app exactly once.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from cli_program import CONSOLE_SCRIPT, PASSED_ON
from folder import Folder
from rehearsing import apply_until_done, check_exactly_once, emulator, make

ROOT = os.geteuid() == 0
LEDGER = Path("specs") / ".dfsubmit" / "ledger.db"
# Root writes anywhere; without this capability it does not.
MORTAL = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if ROOT else []
COUNT = 20


def apply(
    folder: Folder, env: Mapping[str, str], *before: str, preexec: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    # Where little can be written, what is measured of the program could not be either.
    passed_on = PASSED_ON if preexec is None else {}
    ended = subprocess.run(
        [*before, CONSOLE_SCRIPT, "apply", "--yes"],
        cwd=folder.path,
        env={**passed_on, "PATH": os.environ["PATH"], **env},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        preexec_fn=preexec,  # no threads here
        check=False,
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended


def intents(folder: Folder) -> int:
    return [entry["event"] for entry in folder.ledger()].count("intent")


def test_a_disk_that_is_full_stops_apply_and_loses_nothing(tmp_path: Path) -> None:
    folder = make(tmp_path, COUNT, shared=False)

    def little_room() -> None:
        # What SQLite meets at this limit is what it meets on a full disk: a write that fails.
        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))

    with emulator(folder, "submit:lost-reply:0.2") as env:
        stopped = apply(folder, env, preexec=little_room)
        assert stopped.returncode == 1
        assert "error: " in stopped.stderr
        assert 0 < len(folder.world()) < COUNT
        assert len(folder.world()) <= intents(folder), "nothing was sent without its intent"
        apply_until_done(folder, env, appliers=1)
    check_exactly_once(folder, COUNT)


@contextlib.contextmanager
def little_file_system(path: Path) -> Iterator[Callable[[str], None]]:
    """Mount a file system of 160 KiB at `path`, too little for all entries, and yield a way to give it another size."""
    path.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", path], check=True)

    def resize(size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", path], check=True)

    try:
        yield resize
    finally:
        subprocess.run(["umount", path], check=True)


@pytest.mark.skipif(not ROOT, reason="mounting a small file system takes root")
def test_a_file_system_that_fills_up_stops_four_appliers_and_loses_nothing(tmp_path: Path) -> None:
    folder = make(tmp_path, COUNT, shared=False)
    with little_file_system(folder.path / "full") as resize, emulator(folder, "submit:lost-reply:0.2") as keys:
        env = {**keys, "DFSUBMIT_LEDGER": "sqlite:full/ledger.db"}
        stopped = apply(folder, env)
        assert stopped.returncode == 1
        assert "no room left" in stopped.stderr
        assert len(folder.world()) < COUNT
        resize("16m")
        apply_until_done(folder, env, appliers=4)
        world = folder.world()
        listed = folder.run("ledger", "export", env=env).stdout
        assert len(world) == COUNT
        assert all(app["id"] in listed for app in world)


def test_a_ledger_that_may_not_be_written_sends_nothing(tmp_path: Path) -> None:
    folder = make(tmp_path, 3, shared=False)
    with emulator(folder) as keys:
        place = folder.path / "locked"
        place.mkdir()
        env = {**keys, "DFSUBMIT_LEDGER": "sqlite:locked/ledger.db"}
        assert apply(folder, env).returncode == 0
        folder.app("new")
        (place / "ledger.db").chmod(0o400)
        place.chmod(0o500)
        refused = apply(folder, env, *MORTAL)
        assert refused.returncode == 1
        assert "nothing was recorded" in refused.stderr
        assert "tip: " in refused.stderr
        assert len(folder.world()) == 3
        place.chmod(0o700)
        (place / "ledger.db").chmod(0o600)
        assert apply(folder, env).returncode == 0
        assert len(folder.world()) == 4


def damaged(content: bytes) -> Mapping[str, bytes]:
    """Return what may become of a file."""
    middle = len(content) // 2
    return {
        "overwritten": content[:middle] + b"\xa5" * 8192 + content[middle + 8192 :],
        "cut": content[: middle + 17],
        "text": b"this is not a ledger\n" * 500,
        "header": b"\0" * 100 + content[100:],
    }


def test_a_ledger_that_was_damaged_sends_nothing(tmp_path: Path) -> None:
    folder = make(tmp_path, 12, shared=False)
    with emulator(folder, "submit:lost-reply:1:times=1") as env:
        apply_until_done(folder, env, appliers=1)
        folder.app("new")
        path = folder.path / LEDGER
        whole = path.read_bytes()
        for damage, content in damaged(whole).items():
            put(path, content)
            for verb in (["apply", "--yes"], ["plan"], ["recover"]):
                refused = folder.run(*verb, env=env)
                assert (refused.returncode, refused.stdout) == (1, ""), (damage, verb, refused)
                assert refused.stderr.startswith("error: "), (damage, verb)
                assert "Traceback" not in refused.stderr, (damage, verb)
        assert len(folder.world()) == 12
        put(path, whole)
        apply_until_done(folder, env, appliers=1)
    check_exactly_once(folder, 13)


def put(path: Path, content: bytes) -> None:
    """Let the ledger's file be `content`, as if it had been copied there."""
    for part in path.parent.glob("ledger.db*"):
        part.unlink()
    path.write_bytes(content)


def test_sigterm_while_the_service_hangs_leaves_a_question_that_the_next_run_answers(tmp_path: Path) -> None:
    folder = make(tmp_path, 6, shared=False)
    with emulator(folder, "submit:hang-reply:0.5") as env:
        with subprocess.Popen(
            [CONSOLE_SCRIPT, "apply", "--yes", "--parallelism", "2"],
            cwd=folder.path,
            env={**PASSED_ON, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as process:
            deadline = time.monotonic() + 30
            while len(folder.world()) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
        assert process.returncode == 143, said
        assert "Traceback" not in said
        assert 2 <= len(folder.world()) < 6
        last = {entry["key"]: entry["event"] for entry in folder.ledger()}
        # What waited behind the requests in flight had its intent already; that it was never sent is recorded too.
        assert set(last.values()) <= {"accepted", "unknown", "not-sent"}, "what was in flight was recorded"
        apply_until_done(folder, env, appliers=1)
    check_exactly_once(folder, 6)
