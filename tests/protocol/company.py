"""Puts runs of apply on the director's stage: the real Settler, Applier and Reconciler behind gates, a simulated service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from director import PLAN, Director, GatedEngine, GatedLedger, Player
from simulated import SimulatedEngine, SimulatedWorld
from stage import PROJECT, START
from weather import Weather

from dfsubmit.applier import Applier, ApplySettings
from dfsubmit.desired import DesiredApp
from dfsubmit.ledger.base import Ledger
from dfsubmit.ledger.memory import MemoryLedger
from dfsubmit.plan import Plan
from dfsubmit.planner import make_plan
from dfsubmit.reconcile import Reconciler, Report
from dfsubmit.settle import Settler


@dataclass
class Time:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def read(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> None:
        self.now += by


@dataclass(kw_only=True)
class Company:
    """One ledger, one simulated world, one clock, and the runs that share them.

    With a `trip` of 0 requests take no time; otherwise they take so many seconds.
    """

    weather: Weather
    settle: timedelta
    timeout: timedelta
    trip: float = 0.0
    patience: timedelta = timedelta(seconds=75)
    marker: bool = False
    time: Time = field(default_factory=Time)
    ledger: Ledger = field(default_factory=MemoryLedger)
    world: SimulatedWorld = field(default_factory=SimulatedWorld)
    director: Director = field(init=False)

    def __post_init__(self) -> None:
        self.director = Director(now=self.time.read, pass_time=self.time.move)

    def begin(self, apps: Sequence[DesiredApp], *, machine: str) -> Player:
        """Let a new process on `machine` begin to apply `apps`."""
        player = Player(self.director.actor(machine))
        self.director.begin(player, lambda: self._apply(player, apps))
        return player

    def _apply(self, player: Player, apps: Sequence[DesiredApp]) -> Report:
        sleep = self.director.sleeper(player)
        inner = SimulatedEngine(
            world=self.world,
            weather=self.weather,
            now=self.time.read,
            sleep=sleep if self.trip else lambda _: None,
            timeout=self.timeout,
            trip=self.trip,
        )
        engine, ledger = GatedEngine(inner, player.gate), GatedLedger(self.ledger, player.gate)
        settler = Settler(
            ledger=ledger,
            engine=engine,
            project=PROJECT,
            actor=player.actor,
            settle=self.settle,
            now=self.time.read,
            sleep=sleep,
        )
        applier = Applier(
            ledger=ledger,
            engine=engine,
            actor=player.actor,
            environ={},
            now=self.time.read,
            settings=ApplySettings(parallelism=1, timeout=self.timeout, marker=self.marker),
        )

        def plan_again() -> Plan:
            player.gate(PLAN)
            return make_plan(project=PROJECT, desired=apps, states=self.ledger.states(PROJECT))

        return Reconciler(
            settler=settler,
            applier=applier,
            plan_again=plan_again,
            max_submit=len(apps),
            patience=self.patience,
        ).run()
