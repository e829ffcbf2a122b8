"""Crashes: whatever dies, and whenever, no app is lost, none is run twice, and none is shown as running for ever."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from dfsubmit.local import processes, pump, supervise
from dfsubmit.local.envfile import EnvFiles
from dfsubmit.local.pump import CLAIM_SECONDS, MAX_ATTEMPTS, Pump
from dfsubmit.local.runner import Supervisor
from dfsubmit.local.world import Event

from local_world import World, linux, make, supervisors, until  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Takes turns of the pump as fast as it can.
TURNS = """
import sys
from pathlib import Path
from dfsubmit.local.pump import Pump
from dfsubmit.local.settings import LocalSettings
from dfsubmit.local.store import Store
home = Path(sys.argv[1])
store = Store(home)
pump = Pump(store, store.settings())
sys.stdin.readline()
for _ in range(60):
    pump.turn()
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with one slot."""
    return make(tmp_path, slots={"gpu": 1})


@pytest.fixture
def queued(tmp_path: Path) -> World:
    """Return a world with one slot whose apps stay in their queue until a test moves them."""
    return make(tmp_path, slots={"gpu": 1}, pump=False)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@linux
def test_an_app_whose_supervisor_is_killed_is_failed_with_a_reason_and_the_next_one_runs(
    world: World, tmp_path: Path
) -> None:
    mark = tmp_path / "pid"
    first = world.submit(f"echo $$ > {mark}; sleep 60")
    second = world.submit("echo second")
    until(lambda: mark.exists() and mark.read_text().endswith("\n"))
    until(lambda: world.runs(first))
    os.kill(supervisors(first)[0], signal.SIGKILL)
    assert until(lambda: world.state(first) != "RUNNING/UNDEFINED")
    assert world.state(first) == "FAILED/FAILED"
    assert world.log(first) == (
        "dfsubmit: its supervisor died while the command ran; what it left behind was ended\n"
        "dfsubmit: ended as FAILED/FAILED\n"
    )
    until(lambda: not processes.group_exists(int(mark.read_text())))
    assert world.end(second) == "FINISHED/SUCCEEDED"


@linux
def test_an_app_that_was_to_be_killed_when_its_supervisor_died_is_killed(queued: World) -> None:
    app_id = queued.submit()
    queued.face.store.claim("gpu", 1, "token", _now_ms())
    for event in (Event.REGISTER, Event.BEGIN):
        queued.face.store.step(app_id, event, 1)
    queued.kill(app_id)
    again = make(queued.settings.home.parent, slots={"gpu": 1})
    assert again.state(app_id) == "KILLED/KILLED"
    assert again.log(app_id).endswith("ended as KILLED/KILLED\n")


@linux
def test_a_supervisor_that_is_told_to_stop_ends_its_app_as_failed(world: World) -> None:
    app_id = world.submit("sleep 60")
    until(lambda: world.runs(app_id))
    os.kill(supervisors(app_id)[0], signal.SIGTERM)
    assert world.end(app_id) == "FAILED/FAILED"
    assert "the supervisor was told to stop, and ended the app, ended as FAILED/FAILED\n" in world.log(app_id)


def test_a_claim_whose_supervisor_never_came_is_given_back_and_run_once(queued: World) -> None:
    app_id = queued.submit("echo ran")
    store = queued.face.store
    assert store.claim("gpu", 1, "lost", _now_ms()) == [(app_id, 1)]
    Pump(store, queued.settings).turn()
    assert [app.claim for app in store.active()] == ["lost"]
    late = Pump(store, queued.settings, clock_ms=lambda: _now_ms() + int(CLAIM_SECONDS * 1000) + 1000)
    late.turn()
    assert [app.claim for app in store.active()] != ["lost"]
    # Whoever held the lost claim comes too late.
    Supervisor(queued.settings.home, app_id, "lost").run()
    assert queued.end(app_id) == "FINISHED/SUCCEEDED"
    assert queued.log(app_id).count("ran\n") == 1


def test_a_supervisor_without_the_claim_touches_nothing(queued: World) -> None:
    app_id = queued.submit("echo ran")
    Supervisor(queued.settings.home, app_id, "made-up").run()
    assert queued.end(app_id) == "FINISHED/SUCCEEDED"
    assert queued.log(app_id).count("ran\n") == 1


def test_a_supervisor_that_died_before_the_command_began_is_replaced(queued: World) -> None:
    app_id = queued.submit("echo ran")
    store = queued.face.store
    store.claim("gpu", 1, "token", _now_ms())
    store.step(app_id, Event.REGISTER, 1, claim="token")
    assert queued.state(app_id) == "ACCEPTED/UNDEFINED"
    Pump(store, queued.settings).turn()
    assert queued.end(app_id) == "FINISHED/SUCCEEDED"
    assert queued.log(app_id).count("ran\n") == 1


def test_an_app_is_not_given_back_for_ever(queued: World) -> None:
    app_id = queued.submit("echo ran")
    store = queued.face.store
    for attempt in range(MAX_ATTEMPTS):
        assert store.claim("gpu", 1, f"token{attempt}", _now_ms()) == [(app_id, attempt + 1)]
        store.step(app_id, Event.REGISTER, 1)
        Pump(store, queued.settings).settle()
    assert queued.state(app_id) == "FAILED/FAILED"
    assert queued.log(app_id) == (
        "dfsubmit: given up after 3 attempts: its supervisor died before the command began\n"
        "dfsubmit: ended as FAILED/FAILED\n"
    )


def test_a_supervisor_that_cannot_be_started_fails_the_app_in_the_end(
    queued: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_id = queued.submit()
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setattr(supervise, "_LEAVE", 'test -x "$1"')
    for _ in range(MAX_ATTEMPTS):
        Pump(queued.face.store, queued.settings).turn()
    assert queued.state(app_id) == "FAILED/FAILED"
    assert "given up after 3 attempts: its supervisor could not be started" in queued.log(app_id)


@pytest.mark.parametrize("step", ["prepare", "spawn", "begin", "env", "go", "outputs", "end"])
def test_a_crash_at_any_step_of_a_supervisor_neither_loses_an_app_nor_runs_it_twice(
    tmp_path: Path, queued: World, step: str
) -> None:
    mark = tmp_path / "runs"
    data = {"input": [], "output": [{"hdfs": "/out", "path": "out", "overwrite": False}]}
    docker = {"image": "x", "command": f"echo x >> {mark}; echo made > out", "env": {"A": "1"}}
    app_id = queued.submit(docker=docker, data=data)
    queued.face.store.claim("gpu", 1, "token", _now_ms())
    done = subprocess.run(
        [sys.executable, "-c", CRASH, str(queued.settings.home), app_id, step], check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    again = make(tmp_path, slots={"gpu": 1})
    ended = again.end(app_id)
    ran = mark.read_text().count("x") if mark.exists() else 0
    if step in {"prepare", "spawn", "begin"}:
        # It is certain that the command had not begun.
        assert (ended, ran) == ("FINISHED/SUCCEEDED", 1)
    else:
        assert ended == "FAILED/FAILED"
        assert ran <= 1
    assert not (queued.settings.home / "env" / app_id).exists()


# Runs a supervisor that is killed just before one of its steps; `begin` is the record that the command may have begun.
CRASH = """
import os, signal, subprocess, sys
from pathlib import Path
from dfsubmit.local import files
from dfsubmit.local.envfile import EnvFiles
from dfsubmit.local.runner import Supervisor
from dfsubmit.local.store import Store
from dfsubmit.local.world import Event

home, app_id, wanted = Path(sys.argv[1]), sys.argv[2], sys.argv[3]

def die_before(owner, name, step, when=lambda *a: True):
    real = getattr(owner, name)
    def wrapped(*args, **kwargs):
        if step == wanted and when(*args):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    setattr(owner, name, wrapped)

die_before(Supervisor, "_prepare", "prepare")
die_before(Supervisor, "_start", "spawn")
die_before(Store, "step", "begin", lambda self, app, event, *rest: event is Event.BEGIN)
die_before(EnvFiles, "remove", "env")
die_before(Store, "forget_env", "go")
die_before(files, "store_outputs", "outputs")
die_before(Supervisor, "_end", "end")
Supervisor(home, app_id, "token").run()
"""


@pytest.fixture
def turners(world: World) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Return processes that wait to take turns of the pump."""
    world.submit("true")
    made = [
        subprocess.Popen([sys.executable, "-c", TURNS, str(world.settings.home)], stdin=subprocess.PIPE)
        for _ in range(3)
    ]
    yield made
    for process in made:
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_processes_that_pump_at_once_start_each_app_once_and_one_at_a_time(
    world: World, turners: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    mark = tmp_path / "runs"
    script = f"mkdir {mark}.busy && echo {{}} >> {mark} && sleep 0.02 && rmdir {mark}.busy"
    ids = [world.submit(script.replace("{}", str(number))) for number in range(8)]
    for process in turners:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    assert [world.end(app_id) for app_id in ids] == ["FINISHED/SUCCEEDED"] * 8
    assert mark.read_text().split() == [str(number) for number in range(8)]


def test_env_that_belongs_to_no_app_is_swept_away_once_it_is_old(tmp_path: Path) -> None:
    env = EnvFiles(tmp_path)
    for name in ("young", "old", "wanted"):
        env.keep(name, {"A": "1"})
    for name in ("old", "wanted"):
        os.utime(tmp_path / "env" / name, (0, 0))
    env.sweep({"wanted"})
    assert sorted(path.name for path in (tmp_path / "env").iterdir()) == ["wanted", "young"]


def test_an_app_whose_env_was_lost_fails_in_words(queued: World) -> None:
    app_id = queued.submit(docker={"image": "x", "command": "true", "env": {"A": "1"}})
    EnvFiles(queued.settings.home).remove(app_id)
    Pump(queued.face.store, queued.settings).turn()
    assert queued.end(app_id) == "FINISHED/FAILED"
    assert "the app's env cannot be read any more" in queued.log(app_id)


def test_an_accepted_submit_is_answered_as_such_when_nothing_can_be_started(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(pump.Pump, "settle", fail)
    app_id = world.submit()
    assert world.apps()[0]["id"] == app_id


@linux
def test_a_mark_tells_a_process_from_a_later_one_with_its_number() -> None:
    with subprocess.Popen(
        ["cat"], start_new_session=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        mark = processes.mark(process.pid)
        assert mark.startswith(f"{process.pid} ")
        assert processes.mark(process.pid) == mark
        pid, start, boot = mark.split(" ", 2)
        for other in (f"{pid} {int(start) + 1} {boot}", f"{pid} {start} another-boot", ""):
            processes.end_marked_group(other)
            # A process with a deadly signal on its way would not answer.
            process.stdin.write(b"alive\n")
            assert process.stdout.readline() == b"alive\n"
        processes.end_marked_group(mark)
        assert process.wait(timeout=10) == -signal.SIGKILL
    assert processes.mark(process.pid) == ""


@linux
def test_a_group_is_ended_by_its_mark_after_its_leader_died_unless_the_machine_was_started_anew() -> None:
    with subprocess.Popen(
        ["sh", "-c", "exec 3<&0; cat <&3 & echo; wait"],
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        mark = processes.mark(process.pid)
        process.kill()
        process.wait(timeout=10)
        processes.end_marked_group(mark.rpartition(" ")[0] + " another-boot")
        process.stdin.write(b"alive\n")
        assert process.stdout.readline() == b"alive\n"
        processes.end_marked_group(mark)
        until(lambda: not processes.group_exists(process.pid))


@linux
def test_a_zombie_is_dead() -> None:
    process = subprocess.Popen(["true"])
    until(lambda: processes.mark(process.pid) == "")
    process.wait()


@pytest.mark.parametrize("look", ["apps", "detail"])
def test_ten_thousand_queued_apps_are_listed_whole(tmp_path: Path, look: str) -> None:
    world = make(tmp_path, pump=False)
    app_id = world.submit("sleep 60")
    world.query(
        "INSERT INTO app (id, name, queue, workspace_id, workspace_name, phase, started_ms, modified_ms, has_env, spec)"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)"
        " SELECT printf('%022d', i), 'test-' || i, 'gpu', 'w', 'w', 'queued', 1, 1, 0, spec FROM n, app WHERE seq = 1"
    )
    if look == "apps":
        assert len(world.apps()) == 10_000
    else:
        assert world.detail(f"{9_999:022d}")["state"] == "ACCEPTED"
    assert world.state(app_id) == "ACCEPTED/UNDEFINED"
    # What a submit and a look ask of a long queue is found by seeks alone.
    plans = world.query(
        "EXPLAIN QUERY PLAN SELECT seq, id, attempts FROM app WHERE phase = 'queued' AND queue = 'gpu'"
        " AND lands_ms <= 1 ORDER BY seq LIMIT 2"
    )
    assert ["app_queued" in str(plan[-1]) for plan in plans] == [True]
