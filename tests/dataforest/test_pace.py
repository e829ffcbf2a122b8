"""The shared limit, and the waits between tries; all on a clock that only the test moves."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.dataforest.classify import Again
from dfsubmit.dataforest.pace import BURST, DECREASE, INCREASE, LONGEST_BACKOFF, OPEN_SECONDS, SLOWEST, Pace, persist


@dataclass
class _Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@settings(max_examples=100, deadline=None)
@given(
    per_second=st.floats(0.5, 100),
    pauses=st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.5, 30.0]), min_size=1, max_size=40),
)
def test_no_stretch_of_time_holds_more_requests_than_the_limit_and_one_burst(
    per_second: float, pauses: list[float]
) -> None:
    clock = _Clock()
    pace = Pace(per_second=per_second, monotonic=clock)
    sent = []
    for pause in pauses:
        clock.now += pause
        sent.append(clock.now + pace.claim())
    sent.sort()
    for first in range(len(sent)):
        for last in range(first, len(sent)):
            allowed = (sent[last] - sent[first]) * per_second + BURST + 1
            assert last - first + 1 <= allowed + 1e-6


def test_a_burst_goes_out_at_once_and_the_rest_evenly() -> None:
    pace = Pace(per_second=10, monotonic=_Clock())
    delays = [pace.claim() for _ in range(BURST + 11)]
    assert delays[: BURST + 1] == pytest.approx([0.0] * (BURST + 1))
    assert delays[BURST + 1 :] == pytest.approx([number / 10 for number in range(1, 11)])


def test_without_a_limit_nobody_waits() -> None:
    pace = Pace(per_second=None, monotonic=_Clock())
    assert [pace.claim() for _ in range(1000)] == [0.0] * 1000


def test_when_one_is_told_to_wait_all_wait_and_a_shorter_wait_does_not_cut_a_longer_one_short() -> None:
    clock = _Clock()
    pace = Pace(per_second=None, monotonic=clock)
    pace.hold_back(5)
    pace.hold_back(1)
    assert pace.claim() == 5
    clock.now += 5
    assert pace.claim() == 0


def _sent_at_once(pace: Pace, clock: _Clock, count: int) -> None:
    for _ in range(count):
        assert pace.claim() == 0
    clock.now += 0.1


def test_no_limit_is_known_until_the_service_throttles_and_then_most_of_what_went_out_is_one() -> None:
    clock = _Clock()
    pace = Pace(per_second=None, monotonic=clock)
    _sent_at_once(pace, clock, 40)
    pace.learn(sent=clock.now - 0.1, throttled=False)
    assert (pace.limit, pace.room(32)) == (None, 32)

    pace.learn(sent=clock.now - 0.1, throttled=True)

    assert pace.limit == 40 * DECREASE
    assert [pace.claim() for _ in range(4)] == pytest.approx([number / (40 * DECREASE) for number in range(1, 5)])


def test_the_answers_to_what_was_already_out_lower_the_limit_only_once() -> None:
    clock = _Clock()
    pace = Pace(per_second=None, monotonic=clock)
    _sent_at_once(pace, clock, 40)
    for _ in range(40):
        pace.learn(sent=clock.now - 0.1, throttled=True)
    assert pace.limit == 40 * DECREASE

    for _ in range(28):
        clock.now += pace.claim()
    pace.learn(sent=clock.now, throttled=True)

    assert pace.limit == pytest.approx(40 * DECREASE * DECREASE)


def test_a_limit_that_was_not_used_in_full_is_lowered_to_most_of_what_went_out() -> None:
    clock = _Clock()
    pace = Pace(per_second=100, monotonic=clock)
    _sent_at_once(pace, clock, 5)
    pace.learn(sent=clock.now, throttled=True)
    assert pace.limit == 5 * DECREASE


def test_a_limit_rises_slowly_while_it_is_kept_to_and_used() -> None:
    clock = _Clock()
    pace = Pace(per_second=None, monotonic=clock)
    _sent_at_once(pace, clock, 40)
    pace.learn(sent=clock.now - 0.1, throttled=True)
    began = clock.now
    while clock.now < began + 10:
        clock.now += pace.claim()
        pace.learn(sent=clock.now, throttled=False)
    assert pace.limit == pytest.approx(40 * DECREASE + 10 * INCREASE, rel=0.1)

    clock.now += 3600
    before = pace.limit
    pace.claim()
    assert pace.limit == before


def test_a_limit_that_is_known_beforehand_is_never_exceeded() -> None:
    pace = Pace(per_second=10, monotonic=_Clock())
    for _ in range(100):
        pace.learn(sent=1000.0, throttled=False)
    assert pace.limit == 10


def test_however_often_the_service_throttles_something_still_goes_out() -> None:
    clock = _Clock()
    pace = Pace(per_second=None, monotonic=clock)
    for _ in range(30):
        clock.now += 10
        clock.now += pace.claim()
        pace.learn(sent=clock.now, throttled=True)
    assert pace.limit == SLOWEST
    assert pace.room(32) == 1


def test_under_a_limit_no_more_is_open_than_soon_goes_out() -> None:
    pace = Pace(per_second=4, monotonic=_Clock())
    assert pace.room(256) == 4 * OPEN_SECONDS
    assert pace.room(3) == 3


@settings(max_examples=50, deadline=None)
@given(capacity=st.floats(3, 200), seed=st.integers(0, 2**32))
def test_a_service_that_takes_so_many_a_second_is_used_well_and_rarely_throttles(capacity: float, seed: int) -> None:
    """One minute against a token bucket: most of what it takes is used, and hardly one request a second is sent in vain."""
    clock, rng = _Clock(), random.Random(seed)
    pace = Pace(per_second=None, monotonic=clock)
    tokens, filled, taken, refused = capacity, clock.now, 0, 0
    end = clock.now + 60
    while clock.now < end:
        clock.now += pace.claim() + rng.random() * 0.002
        tokens, filled = min(capacity, tokens + (clock.now - filled) * capacity), clock.now
        throttled = tokens < 1
        tokens -= not throttled
        taken, refused = taken + (not throttled), refused + throttled
        pace.learn(sent=clock.now, throttled=throttled)
    assert taken > 0.6 * capacity * 60
    assert refused < 0.05 * taken + 60


@dataclass
class _Tries:
    """Ends well at try `good`; before that the service asks for `after`."""

    good: int
    after: float | None = None
    made: int = 0
    waits: list[float] = field(default_factory=list)
    allowed: int = 100
    go_on: bool = True

    def run(self, draw: float) -> str:
        def attempt() -> str:
            self.made += 1
            return "good" if self.made >= self.good else f"bad {self.made}"

        def wait(_: int, seconds: float, __: Again) -> bool:
            self.waits.append(seconds)
            return self.go_on

        return persist(
            attempt,
            again=lambda result: None if result == "good" else Again(reason=result, after=self.after),
            may_wait=lambda tries, _: tries < self.allowed,
            wait=wait,
            random=lambda: draw,
        )


def test_waits_double_up_to_the_longest_when_the_draw_is_highest() -> None:
    tries = _Tries(good=9)
    assert tries.run(1.0) == "good"
    assert tries.waits == [0.5, 1, 2, 4, 8, 16, LONGEST_BACKOFF, LONGEST_BACKOFF]


def test_the_jitter_is_full() -> None:
    tries = _Tries(good=5)
    tries.run(0.0)
    assert tries.waits == [0.0] * 4


@pytest.mark.parametrize("draw", [0.0, 0.3, 1.0])
def test_what_the_service_asks_for_is_never_cut_short_and_little_is_added(draw: float) -> None:
    tries = _Tries(good=4, after=7.0)
    tries.run(draw)
    assert all(7 <= seconds <= 8 for seconds in tries.waits)


def test_the_last_result_is_returned_when_waiting_is_not_allowed_any_more() -> None:
    tries = _Tries(good=9, allowed=3)
    assert tries.run(0.5) == "bad 3"
    assert tries.made == 3


def test_a_program_that_is_stopping_makes_no_further_try() -> None:
    tries = _Tries(good=9, go_on=False)
    assert tries.run(0.5) == "bad 1"
    assert tries.made == 1


def test_errors_pass_through() -> None:
    def attempt() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        persist(
            attempt,
            again=lambda _: Again(reason="never asked"),
            may_wait=lambda *_: True,
            wait=lambda *_: True,
            random=random.random,
        )


def test_a_first_try_that_ends_well_does_not_load_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "tenacity"]:
        monkeypatch.delitem(sys.modules, name)
    assert _Tries(good=1).run(0.5) == "good"
    assert "tenacity" not in sys.modules
