"""What the exploration of the model found in the protocol, reduced, with the real code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from stage import PROJECT, Clock, Stage, desired
from test_crash import Bomb, CrashError, MinedEngine, MinedLedger, a_dead_process

from dfsubmit.journal import State
from dfsubmit.local.faults import ONCE, Acceptance, NoFaults
from dfsubmit.results import Result


@dataclass
class InterruptedClock(Clock):
    """A clock that lets something happen in the first sleep."""

    meanwhile: Callable[[], None] | None = None

    def sleep(self, seconds: float) -> None:
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        super().sleep(seconds)


@dataclass
class Scripted(NoFaults):
    """Submits land late while `late` is set; the next lists are empty as often as `empty` says."""

    late: float = 0.0
    empty: int = 0
    lists: int = field(default=0)

    def acceptance(self, now: datetime) -> Acceptance:
        _ = now
        return Acceptance(late=self.late) if self.late else ONCE

    def rows(self, rows: Sequence[dict[str, Any]], now: datetime) -> Sequence[dict[str, Any]]:
        _ = now
        self.lists += 1
        if self.empty:
            self.empty -= 1
            return []
        return rows


def die(stage: Stage, *, at: int) -> None:
    """Apply as a process that dies right after its `at`-th effect."""
    bomb = Bomb(fatal=at, after=True)
    engine = stage.engine()
    with pytest.raises(CrashError):
        stage.apply(
            [desired("one")],
            engine=MinedEngine(engine, bomb),
            ledger=MinedLedger(stage.ledger, bomb),
            actor=a_dead_process(),
        )
    engine.close()


def test_when_a_sender_was_found_dead_says_nothing_about_the_next_sender(tmp_path: Path) -> None:
    clock = InterruptedClock()
    faults = Scripted()
    stage = Stage(home=tmp_path, clock=clock, faults=faults)
    die(stage, at=1)

    def another_run_settles_submits_and_dies() -> None:
        faults.late = 10.0
        die(stage, at=3)
        faults.late = 0.0

    # This run finds the first sender dead and waits; by the time it looks again, a second one has died after its submit.
    clock.meanwhile = another_run_settles_submits_and_dies
    report = stage.apply([desired("one")])
    assert len(stage.apps()) == 1
    assert report.count(Result.ADOPTED) == 1


def test_one_list_that_is_wrongly_empty_submits_nothing_twice(tmp_path: Path) -> None:
    faults = Scripted(empty=1)
    stage = Stage(home=tmp_path, faults=faults)
    die(stage, at=2)
    report = stage.apply([desired("one")])
    assert faults.lists == 2
    assert len(stage.apps()) == 1
    assert report.count(Result.ADOPTED) == 1


def test_nothing_is_said_to_have_started_only_on_the_word_of_two_lists(tmp_path: Path) -> None:
    faults = Scripted()
    stage = Stage(home=tmp_path, faults=faults)
    die(stage, at=1)
    report = stage.apply([desired("one")])
    assert faults.lists == 2
    assert report.count(Result.SUBMITTED) == 1
    assert {state.state for state in stage.ledger.states(PROJECT).values()} == {State.SUBMITTED}


def test_the_absence_of_one_attempts_app_says_nothing_about_the_next_attempt(tmp_path: Path) -> None:
    clock = InterruptedClock()
    faults = Scripted()
    stage = Stage(home=tmp_path, clock=clock, faults=faults)
    die(stage, at=1)
    clock.sleep(100)

    def another_run_settles_submits_and_dies() -> None:
        die(stage, at=3)
        clock.sleep(100)
        # The second attempt's app is there, but the next list does not show it.
        faults.empty = 1

    # The first attempt can be judged at once, so the first sleep of this run lies between its two looks.
    clock.meanwhile = another_run_settles_submits_and_dies
    report = stage.apply([desired("one")])
    assert len(stage.apps()) == 1
    assert report.count(Result.ADOPTED) == 1
