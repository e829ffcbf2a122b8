"""A state machine over the real code: runs of apply, each stopped before every step, on one ledger and one embedded service.

Hypothesis chooses who moves, what befalls the requests, who crashes, and how the manifests change. After every step no
key and fingerprint has more than one live app; in the end, after a few runs in good weather, everything that was asked for
runs exactly once, the ledger names every app that runs, and nobody had to be asked.

What a service may do here stays within what can be survived: what is late and what the list lacks is there within the settle
time, and no run is shown two lists in a row that lack an app. A service that accepts twice has a machine of its own.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from director import Director, Player
from gatedstage import GatedStage, gated
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from stage import PROJECT, Clock, Stage, desired
from weather import FATES, TWICE, Sight

from dfsubmit.desired import DesiredApp
from dfsubmit.errors import EngineError
from dfsubmit.journal import Item, State
from dfsubmit.ledger.sqlite import SqliteLedger
from dfsubmit.recover import Undecidable
from dfsubmit.results import Result

LAG = timedelta(seconds=8)
NAMES = ("one", "two", "three")
MOST_RUNS = 3
# What befalls a run's submits: mostly what leaves their outcome unknown.
FATE_LISTS = st.lists(st.sampled_from(sorted(set(FATES) - TWICE)), max_size=3)
# One list that lacks something or fails, and a true one after it.
SIGHT_LISTS = st.lists(
    st.sampled_from(
        [
            Sight(empty=True),
            Sight(hidden=frozenset({0})),
            Sight(hidden=frozenset({1, 3})),
            Sight(hidden=frozenset({2})),
            Sight(fails=True),
            Sight(lag=LAG),
        ]
    ),
    max_size=2,
).map(lambda sights: [each for sight in sights for each in (sight, Sight())])


class Machine(RuleBasedStateMachine):
    """See the module's text."""

    def __init__(self) -> None:
        super().__init__()
        self.open = contextlib.ExitStack()
        self.home = Path(self.open.enter_context(tempfile.TemporaryDirectory()))
        self.clock = Clock()
        self.ledger = SqliteLedger(self.home / "ledger.db")
        self.director = Director(now=self.clock.read, pass_time=self.pass_time)
        self.open.enter_context(self.director.census.taken())
        self.stages: dict[str, GatedStage] = {}
        self.specs: dict[str, tuple[int, int]] = {}
        self.wanted: set[tuple[str, Item]] = set()
        self.removed: set[str] = set()
        self.steps = 0

    def pass_time(self, by: timedelta) -> None:
        self.clock.now += by

    # What is asked for.

    @initialize(
        count=st.integers(1, 3), shared=st.booleans(), marker=st.booleans(), machines=st.sampled_from(["near", "far"])
    )
    def begin(self, count: int, machines: str, *, shared: bool, marker: bool) -> None:
        self.shared, self.marker, self.machine = shared, marker, "here" if machines == "near" else ""
        for name in NAMES[:count]:
            self.specs[name] = (0, 1)

    def desired(self) -> list[DesiredApp]:
        """Return the manifests as they are now, and remember that they were asked for."""
        apps = []
        for name, (edit, generation) in sorted(self.specs.items()):
            app = desired(
                name,
                generation=generation,
                prefix="pp" if self.shared else f"p{name[:1]}",
                command=f"run {name} {edit}",
            )
            apps.append(app)
            self.wanted.add((f"run {name} {edit}", Item(key=f"{PROJECT}/{name}", fingerprint=app.fingerprint)))
        return apps

    @rule(name=st.sampled_from(NAMES), how=st.sampled_from(["edit", "raise", "remove"]))
    def change(self, name: str, how: str) -> None:
        if name not in self.specs:
            return
        edit, generation = self.specs[name]
        if how != "remove":
            self.specs[name] = (edit + (how == "edit"), generation + (how == "raise"))
        elif len(self.specs) > 1:
            del self.specs[name]
            self.removed.add(name)

    # Who moves, and what befalls him.

    @precondition(lambda self: len(self.director.players) < 2)
    @rule(fates=FATE_LISTS, sights=SIGHT_LISTS, steps=st.integers(0, 15), prune=st.sampled_from([False, False, True]))
    def apply(self, fates: list[str], sights: list[Sight], steps: int, *, prune: bool) -> None:
        self.moves(self.starts(fates, sights, prune=prune), steps)

    @precondition(lambda self: len(self.director.players) < 2)
    @rule(fates=FATE_LISTS, steps=st.integers(3, 9))
    def apply_and_die(self, fates: list[str], steps: int) -> None:
        player = self.starts(fates, [], prune=False)
        self.moves(player, steps)
        if not player.ended:
            self.director.crash(player)

    def starts(self, fates: list[str], sights: list[Sight], *, prune: bool) -> Player:
        """Let a new run begin, and order its weather."""
        player = Player(self.director.actor(self.machine))
        stage = gated(
            player,
            home=self.home,
            clock=self.clock,
            sleeper=self.director.sleeper(player),
            marker=self.marker,
            prune=prune,
        )
        stage.forecast.submits.extend(fates)
        stage.forecast.lists.extend(sights)
        self.stages[player.actor.run] = stage
        apps = self.desired()
        self.director.begin(player, lambda: stage.run(apps))
        return player

    @precondition(lambda self: self.director.players)
    @rule(who=st.integers(0, 1), steps=st.integers(1, 15))
    def go_on(self, who: int, steps: int) -> None:
        self.moves(self.player(who), steps)

    @precondition(lambda self: self.director.players)
    @rule(who=st.integers(0, 1))
    def crash(self, who: int) -> None:
        self.director.crash(self.player(who))

    @rule(seconds=st.sampled_from([1.0, 5.0, 20.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.pass_time(timedelta(seconds=seconds))

    def player(self, number: int) -> Player:
        return self.director.players[number % len(self.director.players)]

    def moves(self, player: Player, steps: int) -> None:
        """Let a run make so many steps; if it sleeps, until it wakes."""
        for _ in range(steps):
            if player.ended:
                break
            if player.until is not None:
                self.clock.now = max(self.clock.now, player.until)
            self.director.go_on(player)
            self.steps += 1
        if player.ended:
            self.judge(player)

    def judge(self, player: Player) -> None:
        """Hold a run to what it may end with: a report, or the list that it could not have."""
        if player.report is None:
            assert isinstance(player.failure, EngineError), player.failure
            return
        for was in player.report.undecided:
            assert isinstance(was.ruling, Undecidable)
            assert not was.ruling.candidates, "several candidates, although the service accepts once"
        if not player.report.exit_code:
            done = {Result.SUBMITTED, Result.ADOPTED, Result.UNCHANGED, Result.KILLED, Result.LOST_RACE}
            assert {result.result for result in player.report.results} <= done

    # What must hold.

    def world(self) -> list[Mapping[str, str]]:
        return [
            {"id": app["id"], "phase": app["phase"], "command": json.loads(app["spec"])["command"]}
            for app in Stage(home=self.home).apps()
        ]

    @invariant()
    def never_two_live_apps_for_one_key_and_fingerprint(self) -> None:
        commands = Counter(app["command"] for app in self.world())
        # Generations share a command, so there may be as many apps as there were generations of it.
        asked_for = Counter(command for command, _ in self.wanted)
        assert all(count <= asked_for[command] for command, count in commands.items()), commands

    @invariant()
    def no_app_belongs_to_two_items(self) -> None:
        claimed = Counter(state.app.id for state in self.ledger.states(PROJECT).values() if state.app is not None)
        assert all(count == 1 for count in claimed.values()), claimed

    def teardown(self) -> None:
        try:
            self.recover()
        finally:
            self.director.close()
            self.ledger.close()
            self.open.close()

    def recover(self) -> None:
        """Let all runs die, and apply in good weather until nothing is left to do; then everything must agree."""
        if not self.specs:
            return
        self.director.close()
        for _ in range(MOST_RUNS):
            player = self.starts([], [], prune=False)
            while not player.ended:
                self.moves(player, 100)
            if player.report is not None and player.report.exit_code == 0:
                break
        else:
            raise AssertionError("apply in good weather does not come to an end")
        self.never_two_live_apps_for_one_key_and_fingerprint()
        self.no_app_belongs_to_two_items()
        self.everything_agrees()

    def everything_agrees(self) -> None:
        states = self.ledger.states(PROJECT)
        assert not [item.name for item, state in states.items() if state.is_open], "something stays open"
        for app in self.desired():
            item = Item(key=f"{PROJECT}/{app.name}", fingerprint=app.fingerprint)
            assert states[item].state is State.SUBMITTED, "something asked for was not submitted"
        named = {state.app.id for state in states.values() if state.app is not None}
        assert named == {app["id"] for app in self.world()}, "the ledger and the world differ"
        killed = {app["command"].split()[1] for app in self.world() if app["phase"] == "killed"}
        assert killed <= self.removed


TestProtocol = Machine.TestCase
TestProtocol.settings = settings(
    max_examples=100, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
