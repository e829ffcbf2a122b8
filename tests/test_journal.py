"""The life of one submission: the table, what a step makes of a state, and what entries amount to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.errors import LedgerCorruptError
from dfsubmit.journal import (
    NOTHING,
    OPEN_STATES,
    STEPS,
    Actor,
    AppRef,
    Entry,
    Event,
    Intent,
    Item,
    ItemState,
    State,
    StepError,
    fold,
    step,
)

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
BY = Actor(host="box", boot="boot-1", pid=4711, started="99", run="run-1")
ITEMS = [Item(key=f"nlp/{name}", fingerprint="sha256:aa") for name in ("bert", "gpt", "t5")]
NEEDS_APP = {Event.ACCEPTED, Event.ADOPTED, Event.MOVED}

# Written down a second time on purpose: a change to the table is a change to the promise of "exactly once".
TABLE = """
none        intent>in-flight  adopted>submitted  moved>submitted
rejected    intent>in-flight  adopted>submitted  moved>submitted
free        intent>in-flight  adopted>submitted  moved>submitted
in-flight   accepted>submitted  rejected>rejected  not-sent>free  unknown>unresolved
in-flight   adopted>submitted  nothing-started>free  abandoned>abandoned
unresolved  adopted>submitted  nothing-started>free  abandoned>abandoned
submitted   killed>submitted
abandoned   adopted>submitted
"""


def table() -> dict[tuple[State, Event], State]:
    rows = [line.split() for line in TABLE.strip().splitlines()]
    cells = [(row[0], *cell.split(">")) for row in rows for cell in row[1:]]
    return {(State(before), Event(event)): State(after) for before, event, after in cells}


LEGAL = sorted(table(), key=str)
ILLEGAL = [pair for pair in product(State, Event) if pair not in table()]


def intent(number: int = 1, hold: str = "ws/bert") -> Intent:
    return Intent(
        request={"attempt": number},
        generation=1,
        source="specs/bert.yaml:3",
        prefix="bert",
        hold=hold,
        sent_after=NOON,
        deadline=NOON + timedelta(seconds=60),
    )


def entry(event: Event, version: int, item: Item = ITEMS[0]) -> Entry:
    return Entry(
        item=item,
        version=version,
        event=event,
        at=NOON + timedelta(seconds=version),
        attempt=f"try-{version}",
        by=BY,
        intent=intent(version) if event is Event.INTENT else None,
        app=AppRef(id=f"app{version}", name="bert-aaaa-0001") if event in NEEDS_APP else None,
    )


def run(*events: Event, item: Item = ITEMS[0]) -> list[Entry]:
    return [entry(event, version, item) for version, event in enumerate(events, 1)]


def after(*events: Event) -> ItemState:
    return fold(run(*events))[ITEMS[0]]


# A shortest way to each state, for tests that start there.
WAYS: dict[State, tuple[Event, ...]] = {
    State.NONE: (),
    State.IN_FLIGHT: (Event.INTENT,),
    State.SUBMITTED: (Event.INTENT, Event.ACCEPTED),
    State.REJECTED: (Event.INTENT, Event.REJECTED),
    State.FREE: (Event.INTENT, Event.NOT_SENT),
    State.UNRESOLVED: (Event.INTENT, Event.UNKNOWN),
    State.ABANDONED: (Event.INTENT, Event.ABANDONED),
}


def reached(state: State) -> ItemState:
    return after(*WAYS[state]) if WAYS[state] else NOTHING


@st.composite
def walks(draw: st.DrawFn, item: Item = ITEMS[0], most: int = 12) -> list[Entry]:
    """Any run of entries that the table admits for one item."""
    state, result = State.NONE, []
    for version in range(1, draw(st.integers(0, most)) + 1):
        event = draw(st.sampled_from([event for before, event in LEGAL if before is state]))
        result.append(entry(event, version, item))
        state = STEPS[state, event]
    return result


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Runs of several items, shuffled into each other as concurrent appliers would."""
    runs = [draw(walks(item, most=6)) for item in ITEMS]
    turns = draw(st.permutations([number for number, entries in enumerate(runs) for _ in entries]))
    queues = [iter(entries) for entries in runs]
    return [next(queues[number]) for number in turns]


# The table


def test_the_table_is_the_one_that_was_agreed() -> None:
    assert table() == STEPS


@pytest.mark.parametrize(("state", "event"), LEGAL, ids=str)
def test_every_legal_step_leads_where_the_table_says(state: State, event: Event) -> None:
    before = reached(state)
    assert before.state is state
    assert step(before, entry(event, before.version + 1)).state is table()[state, event]


@pytest.mark.parametrize(("state", "event"), ILLEGAL, ids=str)
def test_every_other_step_raises_and_changes_nothing(state: State, event: Event) -> None:
    before = reached(state)
    copy = replace(before)
    with pytest.raises(StepError, match=f"'{event.value}' as entry {before.version + 1} of nlp/bert.*{state.value}"):
        step(before, entry(event, before.version + 1))
    assert before == copy


@pytest.mark.parametrize(("state", "event"), LEGAL, ids=str)
def test_a_legal_step_with_another_version_raises(state: State, event: Event) -> None:
    before = reached(state)
    for version in {0, 1, before.version, before.version + 2, before.version + 100} - {before.version + 1}:
        with pytest.raises(StepError):
            step(before, entry(event, version))


def test_a_step_that_does_not_fit_is_damage_of_the_ledger_and_points_to_verify() -> None:
    with pytest.raises(LedgerCorruptError) as caught:
        step(NOTHING, entry(Event.KILLED, 1))
    assert "ledger verify" in caught.value.tip


def test_every_state_can_be_reached_and_every_event_can_happen() -> None:
    assert {reached(state).state for state in State} == set(State)
    assert {event for _, event in STEPS} == set(Event)


def test_nothing_is_sent_again_while_or_after_an_app_may_have_started() -> None:
    """The heart of "exactly once": an intent follows only where it is proved that nothing runs."""
    assert {state for state, event in STEPS if event is Event.INTENT} == {State.NONE, State.REJECTED, State.FREE}
    to_proved = {event for (_, event), to in STEPS.items() if to in (State.REJECTED, State.FREE)}
    assert to_proved == {Event.REJECTED, Event.NOT_SENT, Event.NOTHING_STARTED}


def test_a_submitted_app_is_never_forgotten() -> None:
    assert {to for (state, _), to in STEPS.items() if state is State.SUBMITTED} == {State.SUBMITTED}


# What a step makes of a state


@given(walks())
@settings(max_examples=150, deadline=None)
def test_a_state_counts_its_entries_and_keeps_the_last(entries: list[Entry]) -> None:
    state = fold(entries).get(ITEMS[0], NOTHING)
    assert state.version == len(entries)
    assert state.last == (entries[-1] if entries else None)


@given(walks())
@settings(max_examples=150, deadline=None)
def test_a_state_has_the_intent_and_request_of_the_last_attempt(entries: list[Entry]) -> None:
    intents = [one.intent for one in entries if one.intent is not None]
    state = fold(entries).get(ITEMS[0], NOTHING)
    assert state.intent == (intents[-1] if intents else None)
    assert state.request == (intents[-1].request if intents else None)


@given(walks())
@settings(max_examples=150, deadline=None)
def test_a_state_has_an_app_and_its_time_exactly_when_it_is_submitted(entries: list[Entry]) -> None:
    state = fold(entries).get(ITEMS[0], NOTHING)
    since = [one for one in entries if one.app is not None]
    assert (state.app, state.submitted_at) == (
        (since[-1].app, since[-1].at) if state.state is State.SUBMITTED else (None, None)
    )


def test_a_kill_changes_neither_the_app_nor_when_it_was_submitted() -> None:
    before, killed = after(*WAYS[State.SUBMITTED]), after(*WAYS[State.SUBMITTED], Event.KILLED, Event.KILLED)
    assert (killed.app, killed.submitted_at) == (before.app, before.submitted_at)
    assert (killed.version, killed.state) == (4, State.SUBMITTED)


def test_an_adopted_app_keeps_the_request_it_was_submitted_with() -> None:
    assert after(Event.INTENT, Event.UNKNOWN, Event.ADOPTED).request == {"attempt": 1}
    assert after(Event.INTENT, Event.NOT_SENT, Event.INTENT, Event.UNKNOWN, Event.ADOPTED).request == {"attempt": 3}
    assert after(Event.ADOPTED).request is None


# Holds


@given(walks())
@settings(max_examples=150, deadline=None)
def test_a_hold_is_kept_exactly_while_an_app_may_be_starting(entries: list[Entry]) -> None:
    for count in range(len(entries) + 1):
        state = fold(entries[:count]).get(ITEMS[0], NOTHING)
        assert state.is_open == (state.state in OPEN_STATES)
        assert state.hold == ("ws/bert" if state.is_open else "")


def test_the_open_states_are_those_from_which_a_look_can_settle() -> None:
    assert {state for state, event in STEPS if event is Event.NOTHING_STARTED} == OPEN_STATES


def test_the_hold_of_a_later_attempt_is_that_of_its_own_intent() -> None:
    again = replace(entry(Event.INTENT, 3), intent=intent(3, hold="ws/other"))
    assert fold([*run(Event.INTENT, Event.NOT_SENT), again])[ITEMS[0]].hold == "ws/other"


# Fold


def test_no_entries_amount_to_nothing() -> None:
    assert fold([]) == {}
    assert (NOTHING.state, NOTHING.version, NOTHING.hold, NOTHING.is_open) == (State.NONE, 0, "", False)


@given(histories(), st.integers(0, 20))
@settings(max_examples=150, deadline=None)
def test_folding_on_from_a_prefix_is_folding_all(entries: list[Entry], cut: int) -> None:
    states = fold(entries[:cut])
    for one in entries[cut:]:
        states[one.item] = step(states.get(one.item, NOTHING), one)
    assert states == fold(entries)


@given(histories())
@settings(max_examples=150, deadline=None)
def test_items_do_not_touch_each_other_however_their_entries_interleave(entries: list[Entry]) -> None:
    apart: dict[Item, ItemState] = {}
    for item in ITEMS:
        apart |= fold(one for one in entries if one.item == item)
    assert fold(entries) == apart


@given(walks().filter(lambda entries: len(entries) > 1), st.data())
@settings(max_examples=150, deadline=None)
def test_a_run_with_an_entry_missing_doubled_or_out_of_place_does_not_fold(
    entries: list[Entry], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(entries) - 2))
    missing = entries[:at] + entries[at + 1 :]
    doubled = [*entries[: at + 1], *entries[at:]]
    swapped = [*entries[:at], entries[at + 1], entries[at], *entries[at + 2 :]]
    for wrong in (missing, doubled, swapped):
        with pytest.raises(StepError):
            fold(wrong)


def test_a_key_is_a_project_and_a_name() -> None:
    assert (ITEMS[0].project, ITEMS[0].name) == ("nlp", "bert")
    assert sorted([ITEMS[2], ITEMS[0], ITEMS[1]]) == ITEMS
