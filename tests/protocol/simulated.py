"""A tiny Data Forest in memory that implements `engine.Engine`, for more submits than the embedded one can bear.

It answers as the client does after it has spoken with the embedded service (`test_simulated` compares them), and passes the
time that a request takes: a moment for an answer, the whole timeout for one that hangs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from weather import CLEAR, FATES, Fate, Said, Weather

from dfsubmit.engine import (
    Accepted,
    App,
    AppDetail,
    Container,
    Listing,
    NotSent,
    Outcome,
    Rejected,
    Throttled,
    Unknown,
    Workspace,
)
from dfsubmit.errors import EngineError, NoSuchAppError

THROTTLE_SECONDS = 1.0


@dataclass(slots=True)
class Running:
    """One app of the simulated world; `lands` is when it comes into the world, None while nobody knows."""

    app: App
    body: Mapping[str, Any]
    lands: datetime | None


@dataclass
class SimulatedWorld:
    """What really runs."""

    apps: list[Running] = field(default_factory=list)
    submits: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, body: Mapping[str, Any], now: datetime, lands: datetime | None) -> App:
        with self.lock:
            number = len(self.apps)
            tail = f"{number:08d}"
            app = App(
                id=f"sim{number:019d}",
                name=f"{body['namePrefix']}-{tail[:4]}-{tail[4:]}",
                queue=body["queueName"],
                workspace=f"ws-{body['aiWorkspaceId'][:6].lower()}",
                state="ACCEPTED",
                final_status="UNDEFINED",
                started_at=lands or now,
            )
            self.apps.append(Running(app=app, body=body, lands=lands))
            return app

    def landed(self, now: datetime) -> list[App]:
        """Return the apps that are in the world, oldest first."""
        return [running.app for running in self.apps if running.lands is not None and running.lands <= now]


@dataclass(kw_only=True)
class SimulatedEngine:
    """One client of a simulated world. `sleep` passes the time that requests take (seconds)."""

    world: SimulatedWorld
    weather: Weather
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    timeout: timedelta = timedelta(seconds=30)
    trip: float = 0.02

    def describe(self) -> str:
        return "a simulated engine"

    def server_now(self) -> datetime:
        return self.now()

    def room(self, most: int) -> int:
        return most

    def submit(self, body: Mapping[str, Any], *, deadline: datetime) -> Outcome:
        throttled: Outcome | None = None
        while deadline - self.now() >= self.timeout / 2:
            self.world.submits += 1
            fate = FATES[self.weather.submit()]
            if fate.said is not Said.NOT_NOW:
                return self._meets(fate, body, deadline)
            throttled = Throttled(message="Throttle Limited")
            self.sleep(THROTTLE_SECONDS)
        return throttled or NotSent(message="no time was left before the deadline")

    def _meets(self, fate: Fate, body: Mapping[str, Any], deadline: datetime) -> Outcome:
        now = self.now()
        lands = now + timedelta(seconds=self.weather.late) if fate.late else now
        apps = [self.world.start(body, now, lands) for _ in range(fate.copies)]
        patience = min(self.timeout, deadline - now).total_seconds()
        self.sleep(patience if fate.hangs else self.trip)
        match fate.said:
            case Said.YES:
                return Accepted(app=apps[0])
            case Said.NO:
                return Rejected(message="exceeded limit on resource quota")
            case _:
                return Unknown(message="no whole answer came in time")

    def list_apps(self) -> Listing:
        now = self.now()
        sight = self.weather.list()
        self.sleep(self.trip)
        if sight.fails:
            raise EngineError("the list cannot be had")
        apps = self.world.landed(now)
        if sight is not CLEAR:
            apps = [app for place, app in enumerate(apps) if sight.shows(place, app.started_at or now, now)]
        return Listing(apps=tuple(apps), server_now=now)

    def get(self, app_id: str) -> AppDetail:
        return AppDetail(app=self._find(app_id).app)

    def kill(self, app_id: str) -> None:
        running = self._find(app_id)
        running.app = replace(running.app, state="KILLED", final_status="KILLED")

    def workspaces(self) -> tuple[Workspace, ...]:
        ids = {str(running.body["aiWorkspaceId"]) for running in self.world.apps}
        return tuple(Workspace(id=each, name=f"ws-{each[:6].lower()}") for each in sorted(ids))

    def read_log(self, container: Container, *, offset: int = 0) -> bytes | None:
        _ = (container, offset)
        return None

    def close(self) -> None:
        """Keep nothing."""

    def _find(self, app_id: str) -> Running:
        now = self.now()
        for running in self.world.apps:
            if running.app.id == app_id and running.lands is not None and running.lands <= now:
                return running
        raise NoSuchAppError(f"no app {app_id}")
