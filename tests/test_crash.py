"""Apply dies before or after each of its effects; running it again ends with every app exactly once.

Effects are appends to the ledger and requests that change the engine. Here the death is an exception that nothing
catches, and the dead process is one that provably does not exist; `cli/test_kill_9.py` does the same with real processes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from stage import PROJECT, Stage, desired

from dfsubmit.desired import DesiredApp
from dfsubmit.engine import AppDetail, Container, Engine, Listing, Outcome, Workspace
from dfsubmit.identity import current_actor
from dfsubmit.journal import Actor, Entry, Item, ItemState, State
from dfsubmit.ledger.base import Ledger, Verdict


class CrashError(BaseException):
    """The process dies here."""


@dataclass
class Bomb:
    """Counts effects, and goes off before or after the n-th."""

    fatal: int
    after: bool
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def around(self, effect: Callable[[], Any]) -> Any:
        with self.lock:
            self.count += 1
            mine = self.count
        if mine == self.fatal and not self.after:
            raise CrashError
        result = effect()
        if mine == self.fatal:
            raise CrashError
        return result


@dataclass
class MinedLedger:
    ledger: Ledger
    bomb: Bomb

    def describe(self) -> str:
        return self.ledger.describe()

    def states(self, project: str | None) -> Mapping[Item, ItemState]:
        return self.ledger.states(project)

    def entries(self, project: str | None) -> Iterator[Entry]:
        return self.ledger.entries(project)

    def append(self, entries: Sequence[Entry]) -> tuple[Verdict, ...]:
        result: tuple[Verdict, ...] = self.bomb.around(lambda: self.ledger.append(entries))
        return result

    def close(self) -> None:
        self.ledger.close()


@dataclass
class MinedEngine:
    engine: Engine
    bomb: Bomb

    def describe(self) -> str:
        return self.engine.describe()

    def server_now(self) -> datetime:
        return self.engine.server_now()

    def room(self, most: int) -> int:
        return self.engine.room(most)

    def submit(self, body: Mapping[str, Any], *, deadline: datetime) -> Outcome:
        result: Outcome = self.bomb.around(lambda: self.engine.submit(body, deadline=deadline))
        return result

    def list_apps(self) -> Listing:
        return self.engine.list_apps()

    def get(self, app_id: str) -> AppDetail:
        return self.engine.get(app_id)

    def kill(self, app_id: str) -> None:
        self.bomb.around(lambda: self.engine.kill(app_id))

    def workspaces(self) -> tuple[Workspace, ...]:
        return self.engine.workspaces()

    def read_log(self, container: Container, *, offset: int = 0) -> bytes | None:
        return self.engine.read_log(container, offset=offset)

    def close(self) -> None:
        self.engine.close()


def a_dead_process() -> Actor:
    """Return an actor of this machine whose process id belongs to no such process."""
    return replace(current_actor({}), started="1")


def crash_and_apply_again(home: Path, apps: list[DesiredApp], bomb: Bomb, *, parallelism: int) -> tuple[bool, Stage]:
    """Apply with a bomb, then without; return whether it went off, and the stage."""
    stage = Stage(home=home, parallelism=parallelism)
    engine = stage.engine()
    try:
        stage.apply(
            apps, engine=MinedEngine(engine, bomb), ledger=MinedLedger(stage.ledger, bomb), actor=a_dead_process()
        )
        crashed = False
    except CrashError:
        crashed = True
    engine.close()
    report = stage.apply(apps)
    assert report.exit_code == 0, report
    return crashed, stage


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("parallelism", "prefixes"),
    [(1, ("same", "same", "same")), (2, ("one", "two", "three"))],
    ids=["shared", "distinct"],
)
def test_dying_at_any_effect_leaves_every_app_exactly_once(
    tmp_path: Path, parallelism: int, prefixes: tuple[str, ...], *, after: bool
) -> None:
    apps = [desired(f"app-{n}", prefix=prefix, command=f"run {n}") for n, prefix in enumerate(prefixes)]
    crashed, number = True, 0
    while crashed:
        number += 1
        bomb = Bomb(fatal=number, after=after)
        crashed, stage = crash_and_apply_again(tmp_path / str(number), apps, bomb, parallelism=parallelism)
        assert len(stage.apps()) == len(apps), f"dying at effect {number}"
        states = stage.ledger.states(PROJECT)
        assert {state.state for state in states.values()} == {State.SUBMITTED}
        assert {state.app.id for state in states.values() if state.app} == {app["id"] for app in stage.apps()}
    assert number > len(apps), "every effect was reached"
