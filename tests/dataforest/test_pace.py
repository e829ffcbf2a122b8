"""The shared limit, and the waits between tries; all on a clock that only the test moves."""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.dataforest.classify import Again
from dfsubmit.dataforest.pace import BURST, LONGEST_BACKOFF, Pace, persist


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
