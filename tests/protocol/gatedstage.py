"""The stage of the reconciler's tests, with a gate before every step: real client, embedded service, virtual clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from director import PLAN, GatedEngine, GatedLedger, Player
from stage import Clock, Stage
from weather import Forecast, Rendering

from dfsubmit.desired import DesiredApp
from dfsubmit.engine import Engine
from dfsubmit.ledger.sqlite import SqliteLedger
from dfsubmit.plan import Plan
from dfsubmit.reconcile import Report


@dataclass
class GatedClock(Clock):
    """The clock that all share; whoever sleeps stands at a gate until his time has come."""

    shared: Clock = field(default_factory=Clock)
    sleeper: Callable[[float], None] = lambda _: None

    def read(self) -> datetime:
        return self.shared.read()

    def sleep(self, seconds: float) -> None:
        self.sleeper(seconds)


@dataclass(kw_only=True)
class GatedStage(Stage):
    """One run's view of the stage."""

    player: Player
    forecast: Forecast = field(default_factory=Forecast)

    def plan(self, apps: list[DesiredApp], engine: Engine | None = None, *, whole: bool = True) -> Plan:
        self.player.gate(PLAN)
        return super().plan(apps, engine, whole=whole)

    def run(self, apps: list[DesiredApp]) -> Report:
        """Apply, with a gate before every step, and with a connection of its own to the ledger."""
        client = self.engine()
        self.ledger = SqliteLedger(self.home / "ledger.db")
        try:
            return self.apply(
                apps,
                engine=GatedEngine(client, self.player.gate),
                ledger=GatedLedger(self.ledger, self.player.gate),
                actor=self.player.actor,
            )
        finally:
            self.ledger.close()
            client.close()


def gated(
    player: Player, *, home: Path, clock: Clock, sleeper: Callable[[float], None], marker: bool, prune: bool
) -> GatedStage:
    """Return a stage for one run in the world at `home`, with weather of its own."""
    forecast = Forecast(late=5.0)
    return GatedStage(
        player=player,
        home=home,
        clock=GatedClock(shared=clock, sleeper=sleeper),
        faults=Rendering(forecast),
        forecast=forecast,
        marker=marker,
        prune=prune,
        seed=player.actor.pid * 1000,
    )
