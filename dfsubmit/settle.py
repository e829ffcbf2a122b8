"""Settles what earlier runs left open: waits until it can be judged, looks, and records the ruling.

`recover` decides; this module asks the engine, watches the clock, and writes to the ledger. It never submits. An item
that a living process on this machine is submitting right now is left to it. One whose process cannot be seen (another
machine) is waited for until its deadline and the settle time have passed, or its outcome appears in the ledger.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dfsubmit.applier import Stop
from dfsubmit.errors import NoSuchAppError
from dfsubmit.identity import is_provably_alive, is_provably_dead
from dfsubmit.journal import Actor, AppRef, Entry, Event, Item, ItemState, State
from dfsubmit.ledger.base import Verdict
from dfsubmit.recover import Adopt, Doubt, NothingStarted, Ruling, Wait, candidates, rule, settled_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dfsubmit.engine import App, AppDetail, Engine
    from dfsubmit.ledger.base import Ledger

# The ledger is read again at least this often while waiting: another run may settle the same item.
LOOK_AGAIN = timedelta(seconds=2)
# How far apart the two lists lie that it takes to say that nothing started; never more than the settle window.
SECOND_LOOK = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was found out about one item. `ruling` is a Wait only where the run was stopped while waiting."""

    item: Item
    state: ItemState
    ruling: Ruling


def _quiet(_: str) -> None:
    """Tell nobody."""


@dataclass(kw_only=True)
class Settler:
    """One look at everything that is open in `project`.

    `now` is this machine's clock, `sleep` waits (seconds), `settle` is the settle window, `tell` gets lines of progress.
    """

    ledger: Ledger
    engine: Engine
    project: str
    actor: Actor
    settle: timedelta
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    stop: Stop = field(default_factory=Stop)
    tell: Callable[[str], None] = _quiet
    # Both are about one attempt, so the item's version belongs to it: another attempt may come while this run waits.
    _found_dead: dict[tuple[Item, int], datetime] = field(default_factory=dict)
    _absent_since: dict[tuple[Item, int], datetime] = field(default_factory=dict)
    _told_until: datetime | None = None

    def run(self) -> tuple[Settled, ...]:
        """Settle what can be settled and return a ruling for every item that was open. Raises EngineError, LedgerError."""
        found: dict[Item, Settled] = {}
        while True:
            doubts = self._doubts()
            found = {item: was for item, was in found.items() if not isinstance(was.ruling, Wait)}
            if doubts:
                found |= {settled.item: settled for settled in self._look(doubts)}
            waiting = [was.ruling.until for was in found.values() if isinstance(was.ruling, Wait)]
            if not waiting or self.stop.requested:
                return tuple(found[item] for item in sorted(found))
            self._wait_until(min(waiting), len(waiting))

    def _doubts(self) -> list[Doubt]:
        """Return the open items that are ours to judge, with the time from which they can be."""
        opened = {item: state for item, state in self.ledger.states(self.project).items() if state.is_open}
        return [
            Doubt(
                item=item,
                state=state,
                settled_at=settled_at(state, settle=self.settle, found_dead_at=self._dead_since(item, state)),
            )
            for item, state in sorted(opened.items())
            if not self._busy_elsewhere(state)
        ]

    def _dead_since(self, item: Item, state: ItemState) -> datetime | None:
        if state.state is not State.IN_FLIGHT or state.last is None:
            return None
        attempt = (item, state.version)
        if attempt not in self._found_dead and is_provably_dead(state.last.by):
            self._found_dead[attempt] = self.engine.server_now()
        return self._found_dead.get(attempt)

    def _busy_elsewhere(self, state: ItemState) -> bool:
        """Tell whether a living process of this machine is still submitting the item.

        It may have been stopped and may yet send, so it is never overtaken; another run of this very process that left
        an intent behind is judged by its deadline.
        """
        if state.state is not State.IN_FLIGHT or state.last is None:
            return False
        return state.last.by.pid != self.actor.pid and is_provably_alive(state.last.by)

    def _look(self, doubts: list[Doubt]) -> list[Settled]:
        """Return a ruling for each doubt; the engine is only asked once one of them can be judged."""
        moment = self.engine.server_now()
        if all(moment < doubt.settled_at for doubt in doubts):
            return [Settled(item=one.item, state=one.state, ruling=Wait(until=one.settled_at)) for one in doubts]
        # The list first: an app that is accepted and recorded after it is then never taken for an unclaimed one.
        listing = self.engine.list_apps()
        claims = {state.app.id: state for state in self.ledger.states(None).values() if state.app is not None}
        workspaces = self.engine.workspaces()
        likely = [app for doubt in doubts for app in candidates(doubt, listing, claims, workspaces, {})]
        rulings = rule(
            doubts,
            listing=listing,
            claims=claims,
            workspaces=workspaces,
            details=self._details(likely),
            settle=self.settle,
        )
        return [
            self._record(doubt, self._confirmed(doubt, rulings[doubt.item], listing.server_now)) for doubt in doubts
        ]

    def _confirmed(self, doubt: Doubt, ruling: Ruling, seen_at: datetime) -> Ruling:
        """Return `ruling`; that nothing started is believed only when a second list says so too.

        Where the ledger knows no recent app that a list must show, nothing else tells an empty list from a wrong one.
        """
        attempt = (doubt.item, doubt.state.version)
        if not isinstance(ruling, NothingStarted):
            self._absent_since.pop(attempt, None)
            return ruling
        again = self._absent_since.setdefault(attempt, seen_at) + min(self.settle, SECOND_LOOK)
        return ruling if seen_at >= again else Wait(until=again)

    def _details(self, apps: list[App]) -> Mapping[str, AppDetail]:
        details = {}
        for app in apps:
            try:
                details[app.id] = self.engine.get(app.id)
            except NoSuchAppError:
                continue
        return details

    def _record(self, doubt: Doubt, ruling: Ruling) -> Settled:
        """Write the ruling, unless another run was first: then that run's word stands."""
        match ruling:
            case Adopt(app=app):
                entry = self._entry(doubt, Event.ADOPTED, AppRef(id=app.id, name=app.name))
                said = f"{doubt.item.name}: found {app.name} ({app.id}), started by an earlier attempt; recorded"
            case NothingStarted():
                entry = self._entry(doubt, Event.NOTHING_STARTED, None)
                said = f"{doubt.item.name}: an earlier attempt started nothing"
            case _:
                return Settled(item=doubt.item, state=doubt.state, ruling=ruling)
        if self.ledger.append([entry]) == (Verdict.WON,):
            self.tell(said)
        return Settled(item=doubt.item, state=doubt.state, ruling=ruling)

    def _entry(self, doubt: Doubt, event: Event, app: AppRef | None) -> Entry:
        return Entry(
            item=doubt.item,
            version=doubt.state.version + 1,
            event=event,
            at=self.now(),
            attempt=doubt.state.last.attempt if doubt.state.last else uuid.uuid4().hex,
            by=self.actor,
            app=app,
        )

    def _wait_until(self, until: datetime, count: int) -> None:
        left = until - self.engine.server_now()
        if left > timedelta(0) and until != self._told_until:
            self._told_until = until
            submissions = "1 submission" if count == 1 else f"{count} submissions"
            self.tell(f"waiting {left.total_seconds():.0f} s to settle {submissions} of unknown outcome")
        self.sleep(max(0.05, min(left, LOOK_AGAIN).total_seconds()))
