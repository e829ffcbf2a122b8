"""`kill -9` at every effect of a real apply, and the real apply after it: every app exactly once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli_program import PASSED_ON
from folder import Folder

KILLER = Path(__file__).with_name("killer.py")


def apply_with_bomb(folder: Folder, number: int, when: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, KILLER, str(number), when, "apply", "--yes", "--parallelism", "1"],
        cwd=folder.path,
        env={**PASSED_ON},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("prefixes", [("aa", "aa"), ("aa", "bb")], ids=["shared-prefix", "own-prefixes"])
def test_kill_9_at_any_effect_leaves_every_app_exactly_once(
    tmp_path: Path, when: str, prefixes: tuple[str, ...]
) -> None:
    number, killed = 0, True
    while killed:
        number += 1
        folder = Folder.make(tmp_path / f"{number}")
        for index, prefix in enumerate(prefixes):
            folder.app(f"app-{index}", prefix=prefix)
        died = apply_with_bomb(folder, number, when)
        killed = died.returncode == -signal.SIGKILL
        assert killed or died.returncode == 0, died.stderr
        again = folder.run("apply", "--yes")
        assert again.returncode == 0, again.stderr
        assert len(folder.world()) == len(prefixes), f"killed {when} effect {number}: {again.stderr}"
        recorded = {entry["app"]["id"] for entry in folder.ledger() if entry["event"] in ("accepted", "adopted")}
        assert recorded == {app["id"] for app in folder.world()}
    assert number > 2 * len(prefixes)


def test_a_run_after_kill_9_says_that_it_adopted(tmp_path: Path) -> None:
    folder = Folder.make(tmp_path)
    folder.app("one")
    # Effects: the intent, the submit. It dies with the app accepted and nothing recorded of that.
    assert apply_with_bomb(folder, 2, "after").returncode == -signal.SIGKILL
    plan = folder.run("plan")
    assert "? one" in plan.stdout
    assert plan.stdout.endswith("Plan: 0 to submit, 0 to kill, 0 unchanged, 1 unresolved.\n")
    again = folder.run("apply", "--yes")
    assert again.stdout == "Apply: 0 submitted, 1 adopted, 0 unchanged, 0 failed, 0 unresolved.\n"
    assert len(folder.world()) == 1
