"""Runs of apply as players on a stage: each stops before every effect and every look, until the director lets it go on.

A run is a thread; of all threads only one moves at a time, so that an order of steps is chosen, not met with. A run stops at
a gate: reading the ledger, making its plan, asking for the list, reading the claims, appending, sending, sleeping. At a gate
it can be made to crash, which is the death of its process there: nothing catches that, and it does nothing more.

The ledger, the engine and the clock behind the gates are real or simulated; `Settler`, `Applier` and `Reconciler` are the real
ones. Which processes live is what the director says, for actors of its machines (`Census`); whether an engine's answer
takes time is the engine's affair, which sleeps at a gate too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from dfsubmit.engine import AppDetail, Container, Engine, Listing, Outcome, Workspace
from dfsubmit.errors import DfsubmitError
from dfsubmit.journal import Actor, Entry, Event, Item, ItemState
from dfsubmit.ledger.base import Ledger, Verdict
from dfsubmit.reconcile import Report

READ, PLAN, LIST, CLAIMS, INTENT, OUTCOME, RULING, SEND, SLEEP = (
    "read",
    "plan",
    "list",
    "claims",
    "intent",
    "outcome",
    "ruling",
    "send",
    "sleep",
)
_APPENDS: Mapping[Event, str] = {
    Event.INTENT: INTENT,
    Event.ADOPTED: RULING,
    Event.NOTHING_STARTED: RULING,
}
# Where nothing moves for so long (seconds of real time), a gate is missing and the test is wrong.
_PATIENCE = 60.0


class CrashError(BaseException):
    """The process dies here."""


@dataclass
class Census:
    """Which processes of which machine live. `observer` is the machine that looks; it sees no other."""

    living: set[str] = field(default_factory=set)
    observer: str = ""

    def is_dead(self, actor: Actor) -> bool:
        return bool(actor.boot) and actor.boot == self.observer and actor.run not in self.living

    def is_alive(self, actor: Actor) -> bool:
        return bool(actor.boot) and actor.boot == self.observer and actor.run in self.living

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Let settling ask this census in place of the system."""
        with mock.patch.multiple("dfsubmit.settle", is_provably_dead=self.is_dead, is_provably_alive=self.is_alive):
            yield


class Player:
    """One run, and where it stands: `at` which gate, with what (`about`), and until when it sleeps."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.at = ""
        self.about: Any = None
        self.until: datetime | None = None
        self.ended = False
        self.crashed = False
        self.report: Report | None = None
        self.failure: BaseException | None = None
        self._doomed = False
        self._go = threading.Semaphore(0)
        self._here = threading.Semaphore(0)
        self._thread: threading.Thread | None = None

    def gate(self, at: str, about: Any = None, until: datetime | None = None) -> None:
        """Stop here until the director says go on. Raises CrashError when it says die."""
        if not self._doomed:
            self.at, self.about, self.until = at, about, until
            self._here.release()
            self._go.acquire()
        if self._doomed:
            raise CrashError

    def begin(self, body: Callable[[], Report]) -> None:
        """Start the run and let it come to its first gate."""
        self._thread = threading.Thread(target=self._run, args=(body,), daemon=True)
        self._thread.start()
        self._wait()

    def go_on(self) -> None:
        """Let the run come to its next gate, or to its end."""
        self._go.release()
        self._wait()

    def crash(self) -> None:
        """End the run where it stands."""
        self._doomed = self.crashed = True
        self.go_on()

    def _run(self, body: Callable[[], Report]) -> None:
        try:
            self.report = body()
        except CrashError:
            pass
        # What a run may end with is judged by the test; a failure must not stay in this thread.
        except BaseException as error:  # noqa: BLE001  # see above
            self.failure = error
        finally:
            self.ended, self.at, self.until = True, "", None
            self._here.release()

    def _wait(self) -> None:
        if not self._here.acquire(timeout=_PATIENCE):
            raise AssertionError(f"the run moves no more; it was last seen at {self.at!r}")
        if self.ended and self.failure is not None and not isinstance(self.failure, DfsubmitError):
            raise self.failure


@dataclass
class GatedLedger:
    """A ledger with a gate before every look and every append."""

    ledger: Ledger
    gate: Callable[..., None]

    def describe(self) -> str:
        return self.ledger.describe()

    def states(self, project: str | None) -> Mapping[Item, ItemState]:
        self.gate(CLAIMS if project is None else READ)
        return self.ledger.states(project)

    def entries(self, project: str | None) -> Iterator[Entry]:
        return self.ledger.entries(project)

    def append(self, entries: Sequence[Entry]) -> tuple[Verdict, ...]:
        if entries:
            self.gate(_APPENDS.get(entries[0].event, OUTCOME), tuple(entries))
        return self.ledger.append(entries)

    def close(self) -> None:
        self.ledger.close()


@dataclass
class GatedEngine:
    """An engine with a gate before every submit, list and kill."""

    engine: Engine
    gate: Callable[..., None]

    def describe(self) -> str:
        return self.engine.describe()

    def server_now(self) -> datetime:
        return self.engine.server_now()

    def room(self, most: int) -> int:
        return self.engine.room(most)

    def submit(self, body: Mapping[str, Any], *, deadline: datetime) -> Outcome:
        self.gate(SEND, body)
        return self.engine.submit(body, deadline=deadline)

    def list_apps(self) -> Listing:
        self.gate(LIST)
        return self.engine.list_apps()

    def get(self, app_id: str) -> AppDetail:
        return self.engine.get(app_id)

    def kill(self, app_id: str) -> None:
        self.gate("kill", app_id)
        self.engine.kill(app_id)

    def workspaces(self) -> tuple[Workspace, ...]:
        return self.engine.workspaces()

    def read_log(self, container: Container, *, offset: int = 0) -> bytes | None:
        return self.engine.read_log(container, offset=offset)

    def close(self) -> None:
        self.engine.close()


@dataclass
class Director:
    """The players, and who of them may move. `now` and `pass_time` are the clock that all of them share."""

    now: Callable[[], datetime]
    pass_time: Callable[[timedelta], None]
    census: Census = field(default_factory=Census)
    players: list[Player] = field(default_factory=list)
    count: int = 0

    def actor(self, machine: str) -> Actor:
        """Return a new process of `machine`; of one without a name nobody can tell whether its processes live."""
        self.count += 1
        return Actor(
            host=machine or "somewhere", boot=machine, pid=100_000 + self.count, started="1", run=f"run-{self.count}"
        )

    def begin(self, player: Player, body: Callable[[], Report]) -> None:
        """Let a run begin."""
        self.census.living.add(player.actor.run)
        self.players.append(player)
        self._moves(player, lambda: player.begin(body))

    def go_on(self, player: Player) -> None:
        """Let a run make its next step."""
        self._moves(player, player.go_on)

    def crash(self, player: Player) -> None:
        """Let a process die."""
        self._moves(player, player.crash)

    def sleeper(self, player: Player) -> Callable[[float], None]:
        """Return a sleep for a run: it stands at a gate until its time has come."""
        return lambda seconds: player.gate(SLEEP, until=self.now() + timedelta(seconds=seconds))

    def ready(self) -> list[Player]:
        """Return the players that may move now; let time pass until one may. Empty when all have ended."""
        while self.players:
            moment = self.now()
            ready = [player for player in self.players if player.until is None or player.until <= moment]
            if ready:
                return ready
            self.pass_time(min(player.until for player in self.players if player.until is not None) - moment)
        return []

    def close(self) -> None:
        """End all runs."""
        for player in list(self.players):
            self.crash(player)

    def _moves(self, player: Player, step: Callable[[], None]) -> None:
        self.census.observer = player.actor.boot
        try:
            step()
        finally:
            if player.ended:
                self.census.living.discard(player.actor.run)
                self.players.remove(player)
