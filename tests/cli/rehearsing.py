"""Rehearsals with real processes: the emulator with faults, appliers in any number, and what must hold after them."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from cli_program import CONSOLE_SCRIPT, PASSED_ON
from folder import PROJECT, Folder

SETTINGS = "  submission: {settleSeconds: 1, timeoutSeconds: 2}\n"
KEYS = {"NCLOUD_ACCESS_KEY": "LOCALEXAMPLEACCESSKEY", "NCLOUD_SECRET_KEY": "LOCALEXAMPLESECRETKEY"}
# DFSUBMIT_SOAK=full tries everything at length; otherwise the long runs are bounded.
FULL = os.environ.get("DFSUBMIT_SOAK") == "full"
MOST_RUNS = 60


@contextlib.contextmanager
def emulator(folder: Folder, *faults: str, seed: int = 1) -> Iterator[dict[str, str]]:
    """Serve the folder's engine with `faults`, and yield the environment that an applier needs."""
    arguments = [word for fault in faults for word in ("--fault", fault)]
    with subprocess.Popen(
        [CONSOLE_SCRIPT, "emulator", "--port", "0", "--seed", str(seed), *arguments],
        cwd=folder.path,
        env={**PASSED_ON},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        try:
            yield {**KEYS, "DFSUBMIT_ENGINE": "dataforest", "DFSUBMIT_BASE_URL": url}
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=30)


def make(path: Path, count: int, *, shared: bool) -> Folder:
    """Write a set of `count` manifests, with one prefix for all or one for each."""
    folder = Folder.make(path, project=PROJECT + SETTINGS)
    for number in range(count):
        folder.app(f"app-{number:03d}", prefix="same" if shared else f"p{number:03d}")
    return folder


def start_apply(folder: Folder, env: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [CONSOLE_SCRIPT, "apply", "--yes", "--max-submit", "1000"],
        cwd=folder.path,
        env={**PASSED_ON, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def apply_until_done(
    folder: Folder, env: Mapping[str, str], *, appliers: int, killer: random.Random | None = None
) -> int:
    """Run so many appliers at a time until one has seen every app submitted; return how many rounds it took.

    That one ended with 0 is not enough: it may have left an app to another one, which could then not send it.
    """
    manifests = sum(path.name != "project.yaml" for path in folder.path.glob("specs/*.yaml"))
    ends: list[tuple[str, str, int]] = []
    for round_number in range(1, MOST_RUNS + 1):
        runs = [start_apply(folder, env) for _ in range(appliers)]
        if killer is not None and round_number < MOST_RUNS // 2:
            time.sleep(killer.uniform(0.3, 1.5))
            runs[killer.randrange(appliers)].kill()
        ends = [(*run.communicate(timeout=300), run.returncode) for run in runs]
        assert all(code in (0, 1, 3, 4, -signal.SIGKILL) for _, _, code in ends), ends
        assert not any("Traceback" in err for _, err, _ in ends), ends
        if any(code == 0 and settled(out) == manifests for out, _, code in ends):
            return round_number
    raise AssertionError(f"not done after {MOST_RUNS} rounds: {ends}")


def settled(said: str) -> int:
    """Return how many apps the last line of an apply calls submitted, by this run or before."""
    return sum(int(count) for count in re.findall(r"(\d+) (?:submitted|adopted|unchanged)", said))


def check_exactly_once(folder: Folder, count: int) -> None:
    """Hold the world to `count` apps, each of them named once in a ledger that holds together."""
    world = folder.world()
    assert len(world) == count
    recorded = [entry["app"]["id"] for entry in folder.ledger() if entry["event"] in ("accepted", "adopted")]
    assert sorted(recorded) == sorted(app["id"] for app in world)
    assert folder.run("ledger", "verify").returncode == 0
