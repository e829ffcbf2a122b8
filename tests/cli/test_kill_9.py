"""`kill -9` at every effect of a real apply, and the real apply after it: every app exactly once."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cli_program import PASSED_ON
from folder import PROJECT, Folder
from rehearsing import SETTINGS, check_exactly_once, emulator

KILLER = Path(__file__).with_name("killer.py")
WAYS = [(when, prefixes) for when in ("before", "after") for prefixes in (("aa", "aa"), ("aa", "bb"))]
IDS = [f"{when}-{'shared' if len(set(prefixes)) == 1 else 'distinct'}" for when, prefixes in WAYS]


def apply_with_bomb(
    folder: Folder, number: int, when: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, KILLER, str(number), when, "apply", "--yes", "--parallelism", "1"],
        cwd=folder.path,
        env={**PASSED_ON, **(env or {})},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("when", "prefixes"), WAYS, ids=IDS)
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


def kill_at_every_effect(path: Path, when: str, prefixes: tuple[str, ...], *faults: str) -> int:
    """Kill apply at its first effect, then another at its second, and so on, all with new apps on one service with faults.

    After each, apply is run again until it is done. Returns how many were killed.
    """
    folder = Folder.make(path, project=PROJECT + SETTINGS)
    # With nothing late, the embedded service lists at once what it has accepted.
    with emulator(folder, *faults, seed=2) as keys:
        env = {**keys, "DFSUBMIT_SETTLE_SECONDS": "0.3"}
        for number in itertools.count(1):
            for index, prefix in enumerate(prefixes):
                folder.app(f"app-{number}-{index}", prefix=prefix)
            died = apply_with_bomb(folder, number, when, env)
            while folder.run("apply", "--yes", env=env).returncode:
                pass
            check_exactly_once(folder, number * len(prefixes))
            if died.returncode != -signal.SIGKILL:
                assert died.returncode == 0, died.stderr
                return number - 1
    raise AssertionError


def test_kill_9_at_any_effect_over_http_while_replies_are_lost_leaves_every_app_exactly_once(tmp_path: Path) -> None:
    assert kill_at_every_effect(tmp_path, "after", ("aa",), "submit:lost-reply:0.5") >= 3


@pytest.mark.soak
@pytest.mark.parametrize(("when", "prefixes"), WAYS, ids=IDS)
def test_kill_9_at_any_effect_over_http_among_faults_leaves_every_app_exactly_once(
    tmp_path: Path, when: str, prefixes: tuple[str, ...]
) -> None:
    faults = ("submit:lost-reply:0.3", "submit:gateway-504-reply:0.2", "submit:reset:0.2", "list:half-reply:0.2")
    assert kill_at_every_effect(tmp_path, when, prefixes, *faults) > 2 * len(prefixes)


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


@pytest.mark.soak
@pytest.mark.parametrize("settle", [1, 15])
def test_from_kill_9_to_the_settled_ledger_over_http(tmp_path: Path, settle: int, tell: Callable[[str], None]) -> None:
    folder = Folder.make(tmp_path, project=PROJECT)
    took = []
    with emulator(folder) as keys:
        env = {**keys, "DFSUBMIT_SETTLE_SECONDS": str(settle)}
        # Before and after the submit, and after its outcome: nothing, an app without a record, a record.
        for effect, when in ((1, "after"), (2, "after"), (3, "after")):
            folder.app(f"app-{effect}")
            assert apply_with_bomb(folder, effect, when, env).returncode == -signal.SIGKILL
            died = time.monotonic()
            assert folder.run("apply", "--yes", env=env).returncode == 0
            took.append(time.monotonic() - died)
    check_exactly_once(folder, 3)
    tell(f"recovery: with a settle time of {settle} s, all was settled {max(took):.1f} s after kill -9 at most")
