"""A stage for tests of the reconciler: the embedded Data Forest in-process, on a virtual clock, with a real client.

Everything is the real thing but time: `Clock` moves when somebody sleeps. Apps are accepted and queued, and never run.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dfsubmit.applier import Applier, ApplySettings, Stop
from dfsubmit.dataforest.client import DataForest
from dfsubmit.dataforest.credentials import Credentials
from dfsubmit.desired import DesiredApp, Place
from dfsubmit.engine import Engine
from dfsubmit.fingerprint import fingerprint
from dfsubmit.identity import current_actor
from dfsubmit.journal import Actor
from dfsubmit.ledger.base import Ledger
from dfsubmit.ledger.memory import MemoryLedger
from dfsubmit.local.faults import Faults
from dfsubmit.local.settings import LocalSettings
from dfsubmit.local.transport import BASE_URL, LocalTransport
from dfsubmit.plan import Plan
from dfsubmit.planner import make_plan
from dfsubmit.reconcile import Reconciler, Report
from dfsubmit.results import Done
from dfsubmit.settle import Settler

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
WORKSPACE = "StageWorkspace00000001"
PROJECT = "stage"


@dataclass
class Clock:
    """Time that only passes when somebody sleeps, plus a little for each look at it."""

    now: datetime = START

    def read(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def monotonic(self) -> float:
        return (self.read() - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=max(0.0, seconds))


def request(prefix: str = "stage", command: str = "python main.py", **docker: Any) -> dict[str, Any]:
    return {
        "aiWorkspaceId": WORKSPACE,
        "namePrefix": prefix,
        "queueName": "gpu",
        "data": {"input": [], "output": []},
        "docker": {"image": "python:3.12.4", "command": command, **docker},
        "resource": {"cpuCount": 1, "gpuCount": 1, "gpuModel": "V100", "memoryMb": 15360},
    }


def desired(name: str, *, generation: int = 1, moved: tuple[str, ...] = (), **kwargs: Any) -> DesiredApp:
    body = request(**kwargs)
    return DesiredApp(
        name=name,
        generation=generation,
        fingerprint=fingerprint(body, generation),
        request=body,
        moved=moved,
        place=Place(path=f"specs/{name}.yaml", line=4, column=9),
    )


@dataclass(kw_only=True)
class Stage:
    """One world, one ledger, and as many appliers as a test wants."""

    home: Path
    clock: Clock = field(default_factory=Clock)
    ledger: Ledger = field(default_factory=MemoryLedger)
    faults: Faults | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    settle: timedelta = timedelta(seconds=15)
    timeout: timedelta = timedelta(seconds=30)
    parallelism: int = 1
    marker: bool = False
    prune: bool = False
    seed: int = 1
    told: list[str] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)

    def settings(self) -> LocalSettings:
        return LocalSettings(home=self.home / "world", hdfs=self.home / "hdfs")

    def engine(self) -> DataForest:
        transport = LocalTransport(
            self.settings(), clock=self.clock.read, rng=random.Random(self.seed), faults=self.faults, pump=False
        )
        self.seed += 1
        return DataForest(
            base_url=BASE_URL,
            credentials=Credentials(access_key=self.settings().access_key, secret_key=self.settings().secret_key),
            timeout_seconds=self.timeout.total_seconds(),
            transport=transport,
            clock=self.clock.read,
            monotonic=self.clock.monotonic,
            sleep=self.clock.sleep,
            random=random.Random(self.seed).random,
        )

    def apps(self) -> list[dict[str, Any]]:
        """Return what really is in the world, whatever a list shows."""
        path = self.home / "world" / "world.db"
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM app ORDER BY seq")]

    def plan(self, apps: list[DesiredApp], engine: Engine | None = None, *, whole: bool = True) -> Plan:
        return make_plan(
            project=PROJECT,
            desired=apps,
            states=self.ledger.states(PROJECT),
            listing=engine.list_apps() if engine else None,
            whole=whole,
            prune=self.prune,
        )

    def apply(
        self,
        apps: list[DesiredApp],
        *,
        max_submit: int = 1000,
        engine: Engine | None = None,
        ledger: Ledger | None = None,
        actor: Actor | None = None,
        stop: Stop | None = None,
        report: Callable[[Done], None] | None = None,
    ) -> Report:
        """Run one whole apply, as the command does."""
        running = engine or self.engine()
        written = ledger or self.ledger
        who = actor or current_actor({})
        halt = stop or Stop()
        settler = Settler(
            ledger=written,
            engine=running,
            project=PROJECT,
            actor=who,
            settle=self.settle,
            now=self.clock.read,
            sleep=self.clock.sleep,
            stop=halt,
            tell=self.told.append,
        )
        applier = Applier(
            ledger=written,
            engine=running,
            actor=who,
            environ=self.environ,
            now=self.clock.read,
            settings=ApplySettings(parallelism=self.parallelism, timeout=self.timeout, marker=self.marker),
            stop=halt,
            report=report or self.done.append,
        )
        reconciler = Reconciler(
            settler=settler,
            applier=applier,
            plan_again=lambda: self.plan(apps, running if self.prune else None),
            max_submit=max_submit,
        )
        try:
            return reconciler.run()
        finally:
            if engine is None:
                running.close()
