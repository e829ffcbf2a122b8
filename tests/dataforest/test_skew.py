"""The service's clock, as its answers show it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.dataforest.skew import Offset, ServerClock, learn, parse_http_date

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def _seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


@settings(max_examples=200, deadline=None)
@given(
    true=st.floats(-100_000, 100_000),
    steps=st.lists(st.tuples(st.floats(0, 50), st.floats(0, 20), st.floats(0, 1)), min_size=1, max_size=8),
)
def test_the_true_offset_is_never_excluded_and_the_stretch_never_grows(
    true: float, steps: list[tuple[float, float, float]]
) -> None:
    known: Offset | None = None
    ours = NOON
    for pause, travel, share in steps:
        sent = ours + _seconds(pause)
        ours = sent + _seconds(travel)
        written = (sent + _seconds(travel * share) + _seconds(true)).replace(microsecond=0)
        learnt = learn(format_datetime(written, usegmt=True), sent=sent, received=ours)
        assert learnt is not None
        narrowed = learnt if known is None else known.narrowed(learnt)
        assert narrowed.low - _seconds(1e-5) <= _seconds(true) <= narrowed.high + _seconds(1e-5)
        if known is not None:
            assert narrowed.high - narrowed.low <= known.high - known.low
        known = narrowed
    assert known is not None
    assert abs(known.estimate - _seconds(true)) <= (known.high - known.low) + _seconds(1e-5)


def test_a_clock_that_may_be_right_is_taken_to_be_right() -> None:
    learnt = learn(format_datetime(NOON, usegmt=True), sent=NOON + _seconds(0.4), received=NOON + _seconds(0.5))
    assert learnt is not None
    assert learnt.estimate == timedelta(0)


def test_a_clock_that_was_set_counts_from_then_on() -> None:
    early = Offset(low=_seconds(10), high=_seconds(11))
    late = Offset(low=_seconds(-3), high=_seconds(-2))
    assert early.narrowed(late) == late


@pytest.mark.parametrize("text", ["", "soon", "Sun, 99 Mar 2026 12:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_date_that_cannot_be_true_teaches_nothing(text: str) -> None:
    assert learn(text, sent=NOON, received=NOON) is None


def test_http_dates_are_read_as_utc() -> None:
    assert parse_http_date("Sun, 01 Mar 2026 12:00:00 GMT") == NOON
    assert parse_http_date("Sun, 01 Mar 2026 12:00:00 -0000") == NOON
    assert parse_http_date("Sun, 01 Mar 2026 21:00:00 +0900") == NOON


def test_an_answer_without_a_date_counts_as_agreement_until_one_has_a_date() -> None:
    clock = ServerClock(lambda: NOON)
    known = [clock.is_known]
    clock.learn("", sent=NOON)
    known.append(clock.is_known)
    assert known == [False, True]
    assert clock.at(NOON) == NOON
    clock.learn("Sun, 01 Mar 2026 12:20:00 GMT", sent=NOON)
    assert abs(clock.at(NOON) - NOON - timedelta(minutes=20)) <= _seconds(1)


def test_the_latest_that_the_service_can_show_is_never_before_the_estimate() -> None:
    clock = ServerClock(lambda: NOON)
    clock.learn("Sun, 01 Mar 2026 12:00:00 GMT", sent=NOON)
    assert clock.latest() == NOON + _seconds(1)
    assert clock.latest() >= clock.at(NOON)


@pytest.mark.parametrize(("minutes", "corrected"), [(20, True), (-20, True), (0, False), (0.5, False)])
def test_a_refused_signature_is_blamed_on_the_clock_only_where_it_is_well_off(minutes: float, corrected: bool) -> None:  # noqa: FBT001  # a column
    clock = ServerClock(lambda: NOON)
    clock.learn(format_datetime(NOON + timedelta(minutes=minutes), usegmt=True), sent=NOON)
    signed_with = clock.correction
    assert clock.correct(signed_with) is corrected
    assert (abs(clock.correction) > timedelta(minutes=19)) is corrected
    # What was signed with the correction and is refused again is not the clock's fault.
    assert clock.correct(clock.correction) is False


def test_a_thread_that_signed_before_another_one_corrected_the_clock_may_sign_again_too() -> None:
    clock = ServerClock(lambda: NOON)
    before = clock.correction
    clock.learn("Sun, 01 Mar 2026 12:20:00 GMT", sent=NOON)
    assert clock.correct(before)
    assert clock.correct(before)
