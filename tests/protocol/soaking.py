"""Many small companies, each with random weather, random deaths and a virtual clock: what became of what they were asked for.

A company has one ledger, up to three runs of apply at a time, and a simulated service. The runs are the real code
(`company`), and one of them moves at a time, so that a seed repeats everything. Whoever dies or fails is followed at once by
another, until everything is done; nobody decides anything.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from company import Company
from director import Player
from stage import PROJECT, desired
from weather import FATES, TWICE, Sight

from dfsubmit.desired import DesiredApp
from dfsubmit.journal import Item, State
from dfsubmit.recover import Undecidable

SETTLE, TIMEOUT = timedelta(seconds=15), timedelta(seconds=30)
BAD_FATES = sorted(set(FATES) - TWICE - {"well"})
# After so many runs the weather turns good; so many more must be enough to end everything.
BAD_RUNS, MOST_RUNS = 12, 30
MOST_MANIFESTS = 12
# How much later somebody runs apply again that did not get everything done.
LATER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """What the days of a soak are drawn from.

    `lag` is the part of the settle time after which an app is listed, the time that its request was late included: all draw
    from `least_lag` to `most_lag`. `lies` is how often a list lacks apps that it showed before; never twice in a row.
    """

    least_lag: float = 0.0
    most_lag: float = 0.95
    lies: float = 0.05


@dataclass(slots=True)
class Tally:
    """What was counted, over all companies so far. Times are virtual."""

    asked: int = 0
    sent: int = 0
    runs: int = 0
    deaths: int = 0
    unknown: int = 0
    adopted: int = 0
    duplicates: int = 0
    losses: int = 0
    questions: int = 0
    not_credible: int = 0
    longest: dict[str, timedelta] = field(default_factory=dict)

    def dies(self, machine: str, took: timedelta) -> None:
        """Take note of how long what a dead run left open stayed open."""
        self.longest[machine] = max(self.longest.get(machine, took), took)


@dataclass(kw_only=True)
class Dice:
    """The weather of one run: what befalls its submits and lists is drawn with the company's dice."""

    rng: random.Random
    bad: float
    lag: timedelta
    latest: float
    lies: float
    late: float = 0.0
    _lied: bool = False

    def submit(self) -> str:
        self.late = self.rng.uniform(0, self.latest)
        return self.rng.choice(BAD_FATES) if self.rng.random() < self.bad else "well"

    def list(self) -> Sight:
        sight = Sight(lag=self.lag)
        if self.rng.random() < self.bad / 4:
            return replace(sight, fails=True)
        self._lied = not self._lied and self.rng.random() < self.lies * (self.bad > 0)
        if not self._lied:
            return sight
        if self.rng.random() < 1 / 3:
            return replace(sight, empty=True)
        return replace(sight, hidden=frozenset(self.rng.sample(range(2 * MOST_MANIFESTS), MOST_MANIFESTS)))


class Soak:
    """One company from its first run to the last."""

    def __init__(self, seed: str, climate: Climate, tally: Tally) -> None:
        self.rng = rng = random.Random(seed)
        self.tally, self.climate = tally, climate
        self.runs = 0
        self.machine = rng.choice(["here", ""])
        self.bad = rng.choice([0.05, 0.2, 0.5])
        self.mortality = rng.choice([0.0, 0.01, 0.04])
        reach = SETTLE.total_seconds() * rng.uniform(climate.least_lag, climate.most_lag)
        self.latest = rng.choice([0.0, rng.uniform(0, reach)]) if climate.least_lag != climate.most_lag else 0.0
        self.lag = timedelta(seconds=reach - self.latest)
        marker = rng.random() < 0.2
        self.apps = _manifests(rng, marker=marker)
        self.company = Company(
            weather=self.weather(),
            settle=SETTLE,
            timeout=TIMEOUT,
            trip=rng.choice([0.02, 0.3, 2.0]),
            marker=marker,
        )
        self.left_open: dict[tuple[Item, int], datetime] = {}

    def weather(self) -> Dice:
        bad = self.bad if self.runs < BAD_RUNS else 0.0
        return Dice(rng=self.rng, bad=bad, lag=self.lag, latest=self.latest, lies=self.climate.lies)

    def lasts(self) -> None:
        """Let the company work until everything is done, and count what came of it."""
        director = self.company.director
        with director.census.taken():
            try:
                for _ in range(self.rng.randint(1, 3)):
                    self.starts()
                while director.players or not self.is_done():
                    if not director.players:
                        self.company.time.move(LATER)
                        self.starts()
                    self.moves(self.rng.choice(director.ready()))
            finally:
                director.close()
        self.counts()

    def is_done(self) -> bool:
        states = self.company.ledger.states(PROJECT)
        return all(item in states and states[item].state is State.SUBMITTED for item in self.items())

    def items(self) -> Iterable[Item]:
        return (Item(key=f"{PROJECT}/{app.name}", fingerprint=app.fingerprint) for app in self.apps)

    def starts(self) -> None:
        assert self.runs < MOST_RUNS, "apply does not come to an end"
        self.company.weather = self.weather()
        self.runs += 1
        self.company.begin(self.apps, machine=self.machine)

    def moves(self, player: Player) -> None:
        """Let a run make a step or die."""
        alive = self.rng.random() >= self.mortality or self.runs >= BAD_RUNS
        if alive:
            self.company.director.go_on(player)
        else:
            self.company.director.crash(player)
            self.tally.deaths += 1
            self.remembers(player)
        self.looks_after_what_was_left_open()
        if not player.ended:
            return
        # Whoever died or could not go on is followed at once; one who did what he could is followed when all have ended.
        if player.report is not None:
            found = [was.ruling for was in player.report.undecided if isinstance(was.ruling, Undecidable)]
            self.tally.questions += sum(bool(ruling.candidates) for ruling in found)
            self.tally.not_credible += sum(not ruling.candidates for ruling in found)
        else:
            self.starts()

    def remembers(self, dead: Player) -> None:
        """Take note of what a dead run left open, and when."""
        for item, state in self.company.ledger.states(PROJECT).items():
            if state.is_open and state.last is not None and state.last.by.run == dead.actor.run:
                self.left_open[item, state.version] = self.company.time.now

    def looks_after_what_was_left_open(self) -> None:
        if not self.left_open:
            return
        states = self.company.ledger.states(PROJECT)
        for (item, version), since in list(self.left_open.items()):
            if states[item].version != version:
                machine = "the same machine" if self.machine else "another machine"
                self.tally.dies(machine, self.company.time.now - since)
                del self.left_open[item, version]

    def counts(self) -> None:
        """Compare the world with what was asked for."""
        tally, world = self.tally, self.company.world
        states = self.company.ledger.states(PROJECT)
        started = Counter(str(running.body["docker"]["command"]) for running in world.apps)
        commands = {running.app.id: str(running.body["docker"]["command"]) for running in world.apps}
        for app, item in zip(self.apps, self.items(), strict=True):
            named = states[item].app
            command = str(app.request["docker"]["command"])
            tally.duplicates += max(0, started[command] - 1)
            tally.losses += named is None or commands.get(named.id) != command
        events = Counter(entry.event.value for entry in self.company.ledger.entries(PROJECT))
        tally.asked += len(self.apps)
        tally.sent += world.submits
        tally.runs += self.runs
        tally.unknown += events["unknown"]
        tally.adopted += events["adopted"]


def _manifests(rng: random.Random, *, marker: bool) -> Sequence[DesiredApp]:
    """Return some manifests, with one prefix for all, one for each, or a few."""
    count = rng.randint(1, MOST_MANIFESTS)
    prefixes = rng.choice([1, 3, count])
    return [
        desired(
            f"app-{number:02d}", prefix=f"{'p' if marker else 'pre'}{number % prefixes:02d}", command=f"run {number}"
        )
        for number in range(count)
    ]


def soak(name: str, climate: Climate, *, least: int) -> Tally:
    """Let companies work until at least `least` apps were asked for."""
    tally, number = Tally(), 0
    while tally.asked < least:
        number += 1
        Soak(f"{name} {number}", climate, tally).lasts()
    return tally
