"""The simulated engine answers as the real client does in front of the embedded service, whatever befalls the requests."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from simulated import SimulatedEngine, SimulatedWorld
from stage import Clock, Stage, request
from weather import FATES, Forecast, Rendering, Sight

from dfsubmit.engine import Engine, Outcome
from dfsubmit.errors import EngineError, NoSuchAppError

SIGHTS = st.builds(
    Sight,
    lag=st.sampled_from([timedelta(0), timedelta(seconds=10)]),
    hidden=st.frozensets(st.integers(0, 3), max_size=2),
    empty=st.sampled_from([False, False, True]),
    fails=st.sampled_from([False, False, True]),
)
SUBMIT = st.tuples(
    st.just("submit"),
    st.lists(st.sampled_from(sorted(FATES)), min_size=1, max_size=2),
    st.sampled_from(["ab", "abc"]),
)
DEED = st.one_of(
    SUBMIT,
    st.tuples(st.just("list"), SIGHTS),
    st.tuples(st.just("kill"), st.integers(0, 4)),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 6.0, 40.0])),
    st.tuples(st.just("too late")),
)


class Side:
    """One engine, its weather, and what it has shown so far."""

    def __init__(self, forecast: Forecast, clock: Clock, engine: Engine, over: Callable[[], None]) -> None:
        self.forecast, self.clock, self.engine, self.over = forecast, clock, engine, over
        self.ids: list[str] = []

    def does(self, deed: tuple[Any, ...]) -> object:
        """Carry out a deed, and return what came of it in words that do not depend on ids, names and clocks."""
        match deed:
            case ("submit", fates, prefix):
                self.forecast.submits = deque(fates)
                outcome = self.submit(prefix, timedelta(seconds=60))
                self.forecast.submits.clear()
                return outcome
            case ("too late",):
                return self.submit("ab", timedelta(seconds=10))
            case ("list", sight):
                self.forecast.lists.append(sight)
                try:
                    return self.shown()
                finally:
                    self.forecast.lists.clear()
                    self.over()
            case ("kill", number):
                return self.kill(number)
        raise AssertionError(deed)

    def submit(self, prefix: str, patience: timedelta) -> str:
        outcome: Outcome = self.engine.submit(request(prefix), deadline=self.engine.server_now() + patience)
        return type(outcome).__name__

    def shown(self) -> object:
        try:
            listing = self.engine.list_apps()
        except EngineError:
            return "fails"
        self.ids += [app.id for app in listing.apps if app.id not in self.ids]
        return [
            (self.ids.index(app.id), app.name[:-10], app.queue, app.state, app.final_status) for app in listing.apps
        ]

    def kill(self, number: int) -> str:
        try:
            self.engine.kill(self.ids[number] if number < len(self.ids) else "0" * 22)
        except NoSuchAppError:
            return "no such app"
        return "killed"


def embedded(home: Path) -> Side:
    forecast = Forecast()
    rendering = Rendering(forecast)
    stage = Stage(home=home, faults=rendering)
    return Side(forecast, stage.clock, stage.engine(), rendering.list_is_over)


def simulated() -> Side:
    forecast, clock = Forecast(), Clock()
    # In the embedded service nothing really waits; here neither, so that the clocks stay together.
    engine = SimulatedEngine(world=SimulatedWorld(), weather=forecast, now=clock.read, sleep=lambda _: None)
    return Side(forecast, clock, engine, lambda: None)


@settings(max_examples=60, deadline=None)
@given(st.lists(DEED, max_size=8))
def test_both_engines_answer_alike(deeds: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as home:
        real, copy = embedded(Path(home)), simulated()
        for deed in [*deeds, ("wait", 60.0), ("list", Sight())]:
            if deed[0] == "wait":
                real.clock.sleep(deed[1])
                continue
            came = real.does(deed)
            # The client's waits between its tries have passed by now.
            copy.clock.now = real.clock.now
            assert copy.does(deed) == came, deed
        real.engine.close()
