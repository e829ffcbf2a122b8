"""Tens of thousands of submissions under random faults and deaths: nothing twice, nothing lost, nobody asked.

That is promised while the service lists an app within the settle time. What happens beyond it is measured and told, not
promised. `-m soak` runs a few thousand submissions, with DFSUBMIT_SOAK=full a hundred thousand and more.
"""

from __future__ import annotations

import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from company import Company
from director import Player
from soaking import SETTLE, TIMEOUT, Climate, Tally, soak
from stage import PROJECT, desired
from weather import FATES, TWICE, Forecast

from dfsubmit.settle import LOOK_AGAIN, SECOND_LOOK
from dfsubmit.submission import DEADLINE_TIMEOUTS

Tell = Callable[[str], None]
FULL = os.environ.get("DFSUBMIT_SOAK") == "full"
ASKED = 100_000 if FULL else 3_000
BEYOND = 5_000 if FULL else 300
# How long after the submit an app is listed, in settle times.
RATIOS = (0.5, 0.9, 1.0, 1.1, 2.0, 5.0)
APPS = [desired("one")]
FATES_OF_ONE = sorted(set(FATES) - TWICE)
TRIP = 0.02


@pytest.mark.soak
def test_within_the_settle_time_nothing_is_submitted_twice_or_lost_and_nobody_is_asked(tell: Tell) -> None:
    began = time.monotonic()
    tally = soak("within", Climate(), least=ASKED)
    tell(
        f"soak: {tally.asked:,} apps asked for, {tally.sent:,} submits sent, {tally.unknown:,} outcomes unknown, "
        f"{tally.adopted:,} adopted; {tally.runs:,} runs, of which {tally.deaths:,} died; {tally.not_credible:,} times a "
        f"list was not believed; {time.monotonic() - began:.0f} s"
    )
    tell(f"soak: {tally.duplicates} duplicates, {tally.losses} losses, {tally.questions} questions to a person")
    for machine, longest in sorted(tally.longest.items()):
        tell(f"soak: what a run left open when it died was settled from {machine} after {seconds(longest)} at most")
    assert (tally.duplicates, tally.losses, tally.questions) == (0, 0, 0)
    assert tally.sent > tally.asked
    assert min(tally.unknown, tally.adopted, tally.deaths, tally.not_credible) > 0


@pytest.mark.soak
def test_what_happens_when_the_list_lags_beyond_the_settle_time(tell: Tell) -> None:
    tell(f"{'lag / settle':>12} {'asked':>8} {'unknown':>8} {'duplicates':>10} {'losses':>7} {'questions':>9}")
    found = {ratio: soak(f"beyond {ratio}", climate(ratio), least=BEYOND) for ratio in RATIOS}
    for ratio, tally in found.items():
        tell(
            f"{ratio:>12} {tally.asked:>8,} {tally.unknown:>8,} {tally.duplicates:>10,} {tally.losses:>7,} "
            f"{tally.questions:>9,}"
        )
    assert all(found[ratio] == without_mishap(found[ratio]) for ratio in RATIOS if ratio < 1)
    assert found[2.0].duplicates > 0, "the window is what keeps a list that lags from doing harm"
    assert all(tally.losses == 0 for tally in found.values())


def climate(ratio: float) -> Climate:
    return Climate(least_lag=ratio, most_lag=ratio, lies=0.0)


def without_mishap(tally: Tally) -> object:
    assert (tally.duplicates, tally.losses, tally.questions) == (0, 0, 0)
    return tally


@pytest.mark.parametrize(
    ("machine", "most"),
    [("the same machine", SETTLE + SECOND_LOOK), ("", DEADLINE_TIMEOUTS * TIMEOUT + SETTLE + SECOND_LOOK)],
    ids=["the-same-machine", "another-machine"],
)
def test_from_a_death_at_any_step_to_the_settled_ledger_takes_no_longer_than_this(
    machine: str, most: timedelta, tell: Tell
) -> None:
    took = [after for fate in FATES_OF_ONE for after in deaths(machine, fate)]
    assert len(took) > len(FATES_OF_ONE)
    tell(
        f"recovery: {len(took)} deaths, settled from {machine or 'another machine'} after {seconds(max(took))} at most"
    )
    # Two looks may each come a moment late, and waiting is cut into pieces.
    assert SETTLE <= max(took) <= most + LOOK_AGAIN


def deaths(machine: str, fate: str) -> Iterator[timedelta]:
    """Yield, for a death at every step of a run whose submit meets `fate`, how long until the next run has settled it."""
    for step in itertools.count(1):
        company = Company(weather=Forecast(submits=deque([fate])), settle=SETTLE, timeout=TIMEOUT, trip=TRIP)
        with company.director.census.taken():
            first = company.begin(APPS, machine=machine)
            goes_on(company, first, steps=step)
            if first.ended:
                return
            company.director.crash(first)
            died, left_open = company.time.now, is_open(company)
            if left_open:
                settles(company, company.begin(APPS, machine=machine))
                yield company.time.now - died
            company.director.close()


def goes_on(company: Company, player: Player, *, steps: int) -> None:
    """Let a run make so many steps, if it has them; time passes where it sleeps."""
    for _ in range(steps):
        if not player.ended:
            company.director.go_on(*company.director.ready())


def settles(company: Company, player: Player) -> None:
    """Let a run go on until nothing is open."""
    while is_open(company):
        assert not player.ended, "it ended, and left something open"
        company.director.go_on(*company.director.ready())


def is_open(company: Company) -> bool:
    return any(state.is_open for state in company.ledger.states(PROJECT).values())


def seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.1f} s"
