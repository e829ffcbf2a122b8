"""The world's file under several hands: steps happen once, slots are never overfilled, waiting is first in, first out."""

from __future__ import annotations

import fcntl
import select
import shutil
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from dfsubmit.local.approws import NewApp
from dfsubmit.local.settings import LocalSettings
from dfsubmit.local.store import Store
from dfsubmit.local.world import STEPS, Event, Phase, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Opens each world that it is told of, adds, claims, closes, and prints what it got.
CONTENDER = """
import sys
from pathlib import Path
from dfsubmit.local.settings import LocalSettings
from dfsubmit.local.approws import NewApp
from dfsubmit.local.store import Store
for line in sys.stdin:
    home, name = Path(line.strip()), sys.argv[1]
    store = Store(home)
    store.add([NewApp(id=f"{name}{number}", name="n", queue="gpu", workspace_id="w", workspace_name="w",
                      started_ms=1, spec={}, has_env=False) for number in range(2)],
              LocalSettings(home=home, hdfs=home), 1)
    got = [app_id for app_id, _ in store.claim("gpu", 3, name, 1)]
    store.close()
    print(*got, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a store in a home that does not exist yet."""
    with closing(Store(tmp_path / "local")) as made:
        yield made


def _add(store: Store, *names: str, queue: str = "gpu") -> list[Row]:
    apps = [
        NewApp(
            id=name,
            name=name,
            queue=queue,
            workspace_id="w",
            workspace_name="w",
            started_ms=1,
            spec={},
            has_env=False,
        )
        for name in names
    ]
    return store.add(apps, LocalSettings(home=store.home, hdfs=store.home), 1)


def _claim(store: Store, queue: str, slots: int) -> list[str]:
    return [app_id for app_id, _ in store.claim(queue, slots, "token", 1)]


def test_the_oldest_are_claimed_first_and_no_more_than_there_are_slots(store: Store) -> None:
    _add(store, *"abcde")
    assert _claim(store, "gpu", 2) == ["a", "b"]
    assert _claim(store, "gpu", 2) == []
    assert _claim(store, "gpu", 3) == ["c"]
    for event in (Event.REGISTER, Event.BEGIN):
        store.step("a", event, 1)
    assert _claim(store, "gpu", 3) == []
    store.step("a", Event.SUCCEED, 1)
    assert _claim(store, "gpu", 3) == ["d"]


def test_queues_do_not_share_slots(store: Store) -> None:
    _add(store, "a", "b")
    _add(store, "c", queue="other")
    assert store.waiting_queues() == ["gpu", "other"]
    assert _claim(store, "gpu", 1) == ["a"]
    assert _claim(store, "other", 1) == ["c"]
    assert store.waiting_queues() == ["gpu"]
    assert [store.has_room("gpu", slots) for slots in (1, 2)] == [False, True]
    assert not store.has_room("other", 2)


def test_an_app_that_is_given_back_keeps_its_place(store: Store) -> None:
    _add(store, *"abc")
    _claim(store, "gpu", 1)
    assert store.step("a", Event.RELEASE, 1, claim="token") is Phase.QUEUED
    assert store.claim("gpu", 1, "again", 1) == [("a", 2)]


def test_only_the_holder_of_the_claim_may_step(store: Store) -> None:
    _add(store, "a")
    _claim(store, "gpu", 1)
    assert store.step("a", Event.REGISTER, 1, claim="other") is None
    assert store.step("a", Event.REGISTER, 1, claim="token") is Phase.STAGING
    assert store.step("a", Event.REGISTER, 1, claim="token") is None


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("phase", Phase)
def test_a_step_that_is_not_in_the_table_changes_nothing(store: Store, phase: Phase, event: Event) -> None:
    _add(store, "a")
    with store._file.writing() as db:  # noqa: SLF001  # to put the app into a phase, whatever the way there
        db.execute("UPDATE app SET phase = ?", (phase.value,))
    seen: list[Phase] = []
    after = store.step("a", event, 5, before=seen.append)
    assert after == STEPS.get((phase, event))
    ((now, modified),) = store._file.read("SELECT phase, modified_ms FROM app")  # noqa: SLF001  # what the file says
    assert (Phase(now), modified) == ((after, 5) if after else (phase, 1))
    assert seen == ([after] if after else [])


def test_a_step_whose_last_deed_fails_has_not_happened(store: Store) -> None:
    _add(store, "a")

    def fail(_: Phase) -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        store.step("a", Event.KILL, 5, before=fail)
    assert store.rows(9)[0].phase is Phase.QUEUED


def test_one_of_many_makes_a_step(store: Store) -> None:
    _add(store, "a")
    _claim(store, "gpu", 1)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: store.step("a", Event.KILL, 5), range(16)))
    assert done.count(Phase.KILLED) == 1
    assert done.count(None) == 15


def test_what_was_to_be_killed_ends_as_killed_whatever_ends_it(store: Store) -> None:
    _add(store, "a")
    _claim(store, "gpu", 1)
    for event in (Event.REGISTER, Event.BEGIN):
        store.step("a", event, 1)
    store.want_kill("a")
    assert store.kill_wanted("a")
    assert store.step("a", Event.SUCCEED, 2) is Phase.KILLED


def test_only_a_running_app_is_asked_to_end(store: Store) -> None:
    _add(store, "a")
    store.want_kill("a")
    assert not store.kill_wanted("a")


@pytest.fixture
def contenders() -> Iterator[list[subprocess.Popen[str]]]:
    """Return processes that wait to be told of worlds."""
    made = [
        subprocess.Popen(
            [sys.executable, "-c", CONTENDER, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("a", "b", "c")
    ]
    yield made
    for process in made:
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_processes_that_open_add_and_claim_at_once_never_overfill_nor_claim_twice(
    tmp_path: Path, contenders: list[subprocess.Popen[str]]
) -> None:
    for number in range(5):
        home = tmp_path / str(number)
        for process in contenders:
            assert process.stdin is not None
            process.stdin.write(f"{home}\n")
        for process in contenders:
            assert process.stdin is not None
            process.stdin.flush()
        claimed = [app_id for process in contenders if process.stdout for app_id in process.stdout.readline().split()]
        assert len(claimed) == len(set(claimed)) == 3
        with closing(Store(home)) as store:
            assert len(store.rows(1)) == 6


def test_who_opens_a_world_waits_for_who_opens_or_closes_it(
    tmp_path: Path, contenders: list[subprocess.Popen[str]]
) -> None:
    process = contenders[0]
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{tmp_path / 'warm'}\n")
    process.stdin.flush()
    process.stdout.readline()
    home = tmp_path / "local"
    home.mkdir()
    with (home / "world.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process.stdin.write(f"{home}\n")
        process.stdin.flush()
        assert select.select([process.stdout], [], [], 0.5)[0] == []
    assert process.stdout.readline() == "a0 a1\n"


def test_what_several_threads_add_while_one_waits_becomes_durable_in_one_step_and_each_gets_its_own(
    store: Store,
) -> None:
    _add(store, "first")
    steps: list[str] = []
    with (
        ThreadPoolExecutor(8) as pool,
        closing(sqlite3.connect(store.home / "world.db", isolation_level=None)) as other,
    ):
        store._file.open().set_trace_callback(steps.append)  # noqa: SLF001  # how often it waits for the disk is seen only here
        other.execute("BEGIN IMMEDIATE")
        adding = [pool.submit(_add, store, f"app{number}") for number in range(8)]
        while len(store._line) < 7:  # noqa: SLF001  # one of them is at the file already
            time.sleep(0.01)
        other.execute("COMMIT")
        added = [future.result() for future in adding]
    assert [[row.id for row in rows] for rows in added] == [[f"app{number}"] for number in range(8)]
    assert {row.id for row in store.rows(1)} == {"first", *(f"app{number}" for number in range(8))}
    assert steps.count("COMMIT") == 2


def test_a_world_that_is_not_there_is_empty_and_stays_away(store: Store) -> None:
    assert store.rows(1) == []
    assert store.find("a", 1) is None
    assert [*store.active(), *store.env_left_over(), *store.waiting_queues()] == []
    assert not store.home.exists()


def test_a_world_that_was_removed_meanwhile_begins_anew(store: Store) -> None:
    _add(store, "a")
    shutil.rmtree(store.home)
    assert store.rows(1) == []
    _add(store, "b")
    with closing(Store(store.home)) as other:
        assert [row.id for row in other.rows(1)] == ["b"]


def test_when_nothing_can_be_written_every_thread_that_adds_is_told(store: Store) -> None:
    _add(store, "a")
    with store._file.writing() as db:  # noqa: SLF001  # to make the file as large as it may get
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
    with ThreadPoolExecutor(4) as pool, store._file.lock:  # noqa: SLF001  # so that all of them wait in one line
        adding = [pool.submit(_add, store, *(f"{number}{place:0900d}" for place in range(9))) for number in range(4)]
        while len(store._line) < 4:  # noqa: SLF001
            time.sleep(0.01)
    errors = [future.exception() for future in adding]
    assert all(isinstance(error, sqlite3.OperationalError) for error in errors)
    assert [row.id for row in store.rows(1)] == ["a"]


def test_a_full_disk_refuses_an_app_whole_and_is_forgotten_once_there_is_room(store: Store) -> None:
    _add(store, "a")
    with store._file.writing() as db:  # noqa: SLF001  # to make the file as large as it may get
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        _add(store, *(f"{number:0900d}" for number in range(9)))
    assert [row.id for row in store.rows(1)] == ["a"]
    with store._file.writing() as db:  # noqa: SLF001  # and larger again
        db.execute("PRAGMA max_page_count = 1000000")
    _add(store, "b")
    assert [row.id for row in store.rows(1)] == ["a", "b"]
