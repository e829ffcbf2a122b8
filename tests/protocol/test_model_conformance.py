"""The code takes every step that the model takes, and both then stand at the same place.

Random walks through the model are repeated with the real Settler, Applier, Reconciler and ledger on a simulated service, step by
step: the same process moves, meets the same fate and sees the same list. After each step the ledger, the apps that run, what
is on its way, and the gate at which each process stands must be what the model says. So what was explored in the model
was explored of the code, as far as the walks reach.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import director as gates
import layout as at
import pytest
from company import Company
from director import Player
from layout import FIRST, SECOND, Setup, describe, unlabel
from model import Model
from simulated import Running
from stage import PROJECT, desired
from weather import CLEAR, Sight

from dfsubmit.desired import DesiredApp
from dfsubmit.journal import Item, State

# A tick, in seconds: longer than all the little sleeps of a walk together.
TICK = 200
FATES: Mapping[int, str] = {
    at.GOES_WELL: "well",
    at.LOST_REPLY: "reset after",
    at.LOST_REQUEST: "reset before",
    at.LATE: "late",
    at.REFUSED: "refused",
    at.TOO_LATE: "well",
    at.TWICE: "twice",
    at.TWICE_LOST: "twice, no word",
}
STATES: Mapping[State, int] = {
    State.NONE: at.FREE,
    State.FREE: at.FREE,
    State.REJECTED: at.FREE,
    State.IN_FLIGHT: at.IN_FLIGHT,
    State.UNRESOLVED: at.UNRESOLVED,
    State.SUBMITTED: at.SUBMITTED,
}
GATES: Mapping[int, set[str]] = {
    at.READING: {gates.READ},
    at.LISTING: {gates.LIST},
    at.CLAIMING: {gates.CLAIMS},
    at.RULING: {gates.RULING},
    at.PLANNING: {gates.PLAN},
    # An outcome that was overtaken is followed by a look at how it stands.
    at.SUBMITTING: {gates.INTENT, gates.SEND, gates.OUTCOME, gates.READ},
}
SETUPS = [
    Setup(shared=shared, near=near, twice=twice, faults=3, crashes=2, lives=3, rounds=at.NEVER)
    for shared in (True, False)
    for near in (True, False)
    for twice in (False, True)
]


@dataclass
class Ordered:
    """The weather that the walk orders for its next step."""

    fate: str = "well"
    sight: Sight = CLEAR
    late: float = 0.0

    def submit(self) -> str:
        return self.fate

    def list(self) -> Sight:
        return self.sight


@dataclass
class Walk:
    """The code, led step by step along a way through the model."""

    setup: Setup
    weather: Ordered = field(default_factory=Ordered)
    players: dict[int, Player] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.apps: list[DesiredApp] = [
            desired(f"app-{number}", prefix="same" if self.setup.shared else f"own{number}", command=f"run {number}")
            for number in (0, 1)
        ]
        self.company = Company(
            weather=self.weather,
            settle=timedelta(seconds=TICK * self.setup.settle),
            timeout=timedelta(seconds=TICK * self.setup.deadline / 2),
            patience=timedelta(days=1),
        )

    def item(self, number: int) -> Item:
        return Item(key=f"{PROJECT}/app-{number}", fingerprint=self.apps[number].fingerprint)

    def takes(self, step: int) -> None:
        """Take one step of the model."""
        kind, process, item, choice = unlabel(step)
        match kind:
            case at.TICK:
                self.company.time.move(timedelta(seconds=TICK))
            case at.LAND:
                self.land(item)
            case at.START:
                machine = "here" if self.setup.near else ""
                self.players[process] = self.company.begin(self.apps, machine=machine)
            case at.CRASH:
                self.company.director.crash(self.players[process])
            case at.LIST:
                self.weather.sight = self.sight(choice)
                self.goes_on(process)
            case at.SEND:
                self.weather.fate = FATES[choice]
                self.goes_on(process)
            case at.OUTCOME if self.players[process].at == gates.READ:
                # Looking how it stands, and recording what was accepted, is one step of the model.
                self.goes_on(process)
                if self.players[process].at == gates.RULING:
                    self.goes_on(process)
            case _:
                self.goes_on(process)
        self.hold_back_what_is_late()

    def goes_on(self, process: int) -> None:
        """Let a process go on to its next gate; it only sleeps as long as it takes to look again."""
        player = self.players[process]
        self.company.director.go_on(player)
        while player.at == gates.SLEEP and not player.ended:
            assert player.until is not None
            self.company.time.now = max(self.company.time.now, player.until)
            self.company.director.go_on(player)

    def sight(self, choice: int) -> Sight:
        """Return what a list shows that shows just these apps."""
        quality, shown = divmod(choice, 4)
        landed = [running for running in self.company.world.apps if running.lands is not None]
        hidden = frozenset(place for place, running in enumerate(landed) if not shown & 1 << self.truth(running))
        return Sight(fails=quality == at.FAILS, hidden=hidden)

    def truth(self, running: Running) -> int:
        """Return whose app it is."""
        return int(str(running.body["docker"]["command"]).removeprefix("run "))

    def hold_back_what_is_late(self) -> None:
        """Let a request that was cut be on its way until the walk says that it lands."""
        if self.weather.fate == "late":
            self.company.world.apps[-1].lands = None
        self.weather.fate = "well"

    def land(self, item: int) -> None:
        world = self.company.world
        running = next(each for each in world.apps if each.lands is None and self.truth(each) == item)
        now = self.company.time.now
        world.apps.remove(running)
        world.apps.append(Running(app=replace(running.app, started_at=now), body=running.body, lands=now))

    def where(self) -> dict[str, object]:
        """Return where the code stands, in the model's words."""
        states = self.company.ledger.states(PROJECT)
        apps = self.company.world.apps
        return {
            "ledger": [STATES[states[self.item(i)].state] if self.item(i) in states else at.FREE for i in (0, 1)],
            "named": [self.named(i) for i in (0, 1)],
            "apps": [sum(self.truth(each) == i and each.lands is not None for each in apps) for i in (0, 1)],
            "wire": [sum(self.truth(each) == i and each.lands is None for each in apps) for i in (0, 1)],
        }

    def named(self, item: int) -> int | None:
        """Return whose app the ledger names for an item."""
        state = self.company.ledger.states(PROJECT).get(self.item(item))
        if state is None or state.app is None:
            return None
        name = state.app.id
        return next(self.truth(each) for each in self.company.world.apps if each.app.id == name)


def expected(s: bytes) -> dict[str, object]:
    """Return where the model stands, in the same words."""
    return {
        "ledger": [s[at.STATE], s[at.STATE + 1]],
        "named": [i if s[at.STATE + i] == at.SUBMITTED else None for i in (0, 1)],
        "apps": [bool(s[at.APP + i]) + bool(s[at.FITS + i] & at.TWIN) for i in (0, 1)],
        "wire": [int(s[at.WIRE + i] > 0) for i in (0, 1)],
    }


def walk(setup: Setup, rng: random.Random, longest: int) -> int:
    """Lead the code along one way through the model; return the number of steps."""
    model, code = Model(setup), Walk(setup)
    state, way = model.initial(), []
    with code.company.director.census.taken():
        try:
            for _ in range(longest):
                steps = [(step, after) for step, after in model.successors(state) if isinstance(after, bytes)]
                if not steps:
                    break
                # Time and crashes would otherwise be half of all steps.
                weights = [0.3 if unlabel(step)[0] in (at.TICK, at.CRASH) else 1.0 for step, _ in steps]
                step, state = rng.choices(steps, weights)[0]
                way.append(step)
                code.takes(step)
                compare(code, state, way)
        finally:
            code.company.director.close()
    return len(way)


def compare(code: Walk, state: bytes, way: list[int]) -> None:
    """Hold the code to the model after a step."""
    told = "\n".join(describe(step) for step in way)
    assert code.where() == expected(state), told
    for process in (FIRST, SECOND):
        player = code.players.get(process)
        stands = player.at if player is not None else ""
        pc = state[process + at.PC]
        assert stands in GATES.get(pc, {""}), f"{told}\n→ {'AB'[process == SECOND]} stands at {stands!r}, not at {pc}"


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_the_code_goes_every_way_that_the_model_goes(setup: Setup) -> None:
    for seed in range(40):
        walk(setup, random.Random(f"{setup}{seed}"), longest=60)


@pytest.mark.soak
def test_the_code_goes_many_ways_of_the_model(tell: Callable[[str], None]) -> None:
    walks = int(os.environ.get("DFSUBMIT_WALKS", "300"))
    steps = sum(walk(setup, random.Random(f"{setup}{seed}"), longest=100) for setup in SETUPS for seed in range(walks))
    tell(f"conformance: {walks * len(SETUPS):,} walks through the model, {steps:,} steps, the code took each of them")
