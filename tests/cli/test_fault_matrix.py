"""Every fault that the emulator knows, with one and with four appliers, with one prefix for all and one for each.

Real processes and real HTTP. The faults come from the emulator's own table, so that a new one is covered by itself. Each strikes
every operation that it can strike, and replies to submits get lost beside it, so that the lists are needed too. `apply`
runs again as often as it takes, and nobody decides anything. By default each fault is tried in one of the four ways; with
DFSUBMIT_SOAK=full in all of them, with a hundred manifests.

Two faults leave more apps than were asked for, because the service starts two for one submit: what dfsubmit does then is held
in tests of their own, and so is a list that lags by more than the settle time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from folder import Folder
from rehearsing import FULL, apply_until_done, check_exactly_once, emulator, make

from dfsubmit.local.rehearsal import ANY, NAMES

COUNT = 100 if FULL else 12
SOME = "app-00[0-3]"
WAYS = [(appliers, shared) for appliers in (1, 4) for shared in (True, False)]
ONCE_EACH = [name for name in NAMES if not name.startswith("twice")]
CASES = [
    pytest.param(name, *way, id=f"{name}-{way[0]}-{'shared' if way[1] else 'distinct'}")
    for number, name in enumerate(ONCE_EACH)
    for way in (WAYS if FULL else [WAYS[number % len(WAYS)]])
]


def faults_of(name: str) -> tuple[str, ...]:
    """Return the faults of a day on which `name` strikes, within what the settle time of a second allows."""
    kind = NAMES[name]
    where = kind.only or ANY
    fault = f"{where}:{name}:0.1"
    if kind.seconds and where != ANY:
        fault += ":seconds=0.5"
    return (fault, "submit:lost-reply:0.05")


@pytest.mark.soak
@pytest.mark.parametrize(("name", "appliers", "shared"), CASES)
def test_every_fault_ends_without_help_and_with_every_app_exactly_once(
    tmp_path: Path, name: str, appliers: int, *, shared: bool, tell: Callable[[str], None]
) -> None:
    began = time.monotonic()
    folder = make(tmp_path, COUNT, shared=shared)
    if NAMES[name].only == "list":
        submit_some_before(folder)
    with emulator(folder, *faults_of(name), seed=COUNT) as env:
        rounds = apply_until_done(folder, env, appliers=appliers)
    check_exactly_once(folder, COUNT)
    way = f"{appliers} at a time, prefix {'shared' if shared else 'distinct'}"
    tell(f"{name}, {way}: {COUNT} apps after {rounds} rounds, {time.monotonic() - began:.0f} s")


def submit_some_before(folder: Folder) -> None:
    """Let the ledger know some apps, and let them be older than the settle time: by these a list that lies is seen through."""
    with emulator(folder) as env:
        done = folder.run("apply", "--yes", "--select", SOME, env=env)
    assert done.returncode == 0, done.stderr
    time.sleep(1.5)


def test_of_an_app_that_the_service_starts_twice_and_answers_once_only_the_answered_one_is_known(
    tmp_path: Path,
) -> None:
    folder = make(tmp_path, 1, shared=False)
    with emulator(folder, "submit:twice") as env:
        assert folder.run("apply", "--yes", env=env).returncode == 0
        again = folder.run("apply", "--yes", env=env)
    assert again.stdout == "Apply: 0 submitted, 0 adopted, 1 unchanged, 0 failed, 0 unresolved.\n"
    known = {entry["app"]["id"] for entry in folder.ledger() if entry["event"] == "accepted"}
    assert len(known) == 1
    assert known < {app["id"] for app in folder.world()}
    assert len(folder.world()) == 2


def test_of_an_app_that_the_service_starts_twice_and_loses_the_answer_a_person_is_asked(tmp_path: Path) -> None:
    folder = make(tmp_path, 2, shared=False)
    with emulator(folder, "submit:twice-lost:1:times=1") as env:
        for _ in range(2):
            applied = folder.run("apply", "--yes", env=env)
            assert applied.returncode == 3
            assert "2 apps fit" in applied.stderr
        assert len(folder.world()) == 3, "the other app was submitted, and nothing a second time"


def test_a_list_that_lags_beyond_the_settle_time_makes_one_app_too_many_and_the_ledger_knows_the_last(
    tmp_path: Path,
) -> None:
    folder = make(tmp_path, 1, shared=False)
    with emulator(folder, "submit:lost-reply:1:times=1", "list:lag:seconds=600") as env:
        applied = folder.run("apply", "--yes", env=env)
    assert applied.stdout == "Apply: 1 submitted, 0 adopted, 0 unchanged, 0 failed, 0 unresolved.\n"
    assert [entry["event"] for entry in folder.ledger()] == [
        *("intent", "unknown", "nothing-started"),
        *("intent", "accepted"),
    ]
    assert folder.ledger()[-1]["app"]["id"] == folder.world()[-1]["id"]
    assert len(folder.world()) == 2
