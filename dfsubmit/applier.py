"""Carries a plan out: intent, submit, outcome, for each change, and nothing sent without its intent.

First, what was submitted under an earlier name is recorded under its new one; then come the submits, many at once
(`submission`), and the kills, one by one.

Nothing is decided here about what a submit's answer means (`dataforest.classify`), nor about doubts (`recover`).
"""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dfsubmit.errors import EngineError, NoSuchAppError
from dfsubmit.journal import NOTHING, Actor, AppRef, Entry, Event
from dfsubmit.ledger.base import Ledger, Verdict
from dfsubmit.plan import Action, Change, Plan
from dfsubmit.results import Done, Result
from dfsubmit.submission import Submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dfsubmit.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplySettings:
    """How to apply. `timeout` is that of one request; `parallelism` counts requests at once.

    `engine_mark` says which service this is, for the ledger (`enginemark`).
    """

    parallelism: int = 8
    timeout: timedelta = timedelta(seconds=30)
    marker: bool = False
    engine_mark: str = ""


@dataclass(slots=True)
class Stop:
    """A request to end in good order; `signal_number` says which signal asked for it."""

    signal_number: int = 0

    @property
    def requested(self) -> bool:
        """Tell whether to send nothing more."""
        return self.signal_number != 0


def _quiet(_: Done) -> None:
    """Tell nobody."""


def _as_it_is(path: str) -> str:
    return path


@dataclass(kw_only=True)
class Applier:
    """One run of apply over one ledger and one engine.

    `environ` is where secrets are read from at the moment of submit; `now` is this machine's clock (aware, UTC);
    `report` is called with each `Done` as it becomes known; `named` gives a manifest's path as it is to be recorded.
    """

    ledger: Ledger
    engine: Engine
    actor: Actor
    environ: Mapping[str, str]
    now: Callable[[], datetime]
    settings: ApplySettings = field(default_factory=ApplySettings)
    stop: Stop = field(default_factory=Stop)
    report: Callable[[Done], None] = _quiet
    named: Callable[[str], str] = _as_it_is

    def run(self, plan: Plan) -> tuple[Done, ...]:
        """Carry out `plan` and return what became of every change of it, in the plan's order.

        Raises LedgerError when an intent or an outcome cannot be recorded; nothing is sent after that. Raises
        CredentialsError and NotOfferedError when the engine turns everything away, after recording it.
        """
        done = {(d.change.item, d.change.action): d for d in self._settled_already(plan)}
        for finished in (*self._carry_over(plan), *self._submit_all(plan.of(Action.SUBMIT)), *self._kill_all(plan)):
            done[finished.change.item, finished.change.action] = finished
        return tuple(
            done.get((change.item, change.action), Done(change=change, result=Result.SKIPPED))
            for change in plan.changes
            if change.action is not Action.ORPHAN
        )

    def _settled_already(self, plan: Plan) -> Iterable[Done]:
        for change in plan.of(Action.UNCHANGED):
            yield Done(change=change, result=Result.UNCHANGED, app=change.app)
        for change in plan.of(Action.UNRESOLVED):
            yield Done(change=change, result=Result.UNRESOLVED, message=change.reason)

    def _carry_over(self, plan: Plan) -> Iterable[Done]:
        """Record under their new names the apps whose manifests were renamed, with what they were submitted with."""
        moved = [change for change in plan.of(Action.UNCHANGED) if change.carry is not None]
        known = self.ledger.states(plan.project) if moved else {}
        entries = [
            Entry(
                item=change.item,
                version=change.version + 1,
                event=Event.MOVED,
                at=self.now(),
                attempt=uuid.uuid4().hex,
                by=self.actor,
                intent=known.get(change.carry or change.item, NOTHING).intent,
                app=change.app,
                message=change.reason,
            )
            for change in moved
        ]
        for change, verdict in zip(moved, self.ledger.append(entries) if entries else (), strict=True):
            result = Result.UNCHANGED if verdict is Verdict.WON else Result.LOST_RACE
            yield Done(change=change, result=result, app=change.app, message=change.reason)

    def _submit_all(self, changes: Sequence[Change]) -> list[Done]:
        return Submission(applier=self, pending=deque(changes)).run() if changes else []

    def _kill_all(self, plan: Plan) -> Iterable[Done]:
        for change in plan.of(Action.KILL):
            if self.stop.requested or change.app is None:
                continue
            done = self._kill(change, change.app)
            self.report(done)
            yield done

    def _kill(self, change: Change, app: AppRef) -> Done:
        try:
            self.engine.kill(app.id)
        except NoSuchAppError:
            return Done(change=change, result=Result.KILLED, app=app, message="already gone")
        except EngineError as error:
            return Done(change=change, result=Result.NOT_SENT, app=app, message=error.message)
        entry = Entry(
            item=change.item,
            version=change.version + 1,
            event=Event.KILLED,
            at=self.now(),
            attempt=uuid.uuid4().hex,
            by=self.actor,
            app=app,
        )
        self.ledger.append([entry])
        return Done(change=change, result=Result.KILLED, app=app)
