"""The token of a plan: what it names, and what makes it stale."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dfsubmit.errors import StalePlanError
from dfsubmit.journal import Item
from dfsubmit.plan import Action, Change, Plan
from dfsubmit.plantoken import MOST_MARKS, Expected, mark, read, written
from dfsubmit.reconcile import expected_part, left_for_later

PENDING = (Action.SUBMIT, Action.KILL, Action.UNRESOLVED)


def change(name: str, action: Action = Action.SUBMIT, version: int = 0, fingerprint: str = "sha256:1") -> Change:
    return Change(action=action, item=Item(key=f"p/{name}", fingerprint=fingerprint), version=version, reason="new")


def plan(*changes: Change) -> Plan:
    return Plan(project="p", changes=changes, seen=False)


names = st.lists(st.text("abc", min_size=1, max_size=3), unique=True, max_size=6)
sets = names.flatmap(
    lambda names: st.tuples(*(st.builds(change, st.just(name), st.sampled_from(list(Action))) for name in names))
)


def test_a_token_is_one_plain_word() -> None:
    assert plan().token == "p1"
    assert plan(change("one")).token == "p1.bxYqmtbLWZ0"


@given(sets, st.data())
def test_what_a_token_names_is_done_whatever_else_is_pending_and_nothing_else(
    changes: tuple[Change, ...], data: st.DataObject
) -> None:
    shown = tuple(one for one in changes if data.draw(st.booleans()))
    pending = [one for one in shown if one.action in PENDING]
    part, others = expected_part(plan(*changes), plan(*shown).token)

    assert list(part.pending) == pending
    assert [one for one in part.changes if one.action not in PENDING] == [
        one for one in changes if one.action not in PENDING
    ]
    assert list(others) == [one for one in changes if one.action in PENDING and one not in pending]


@pytest.mark.parametrize(
    "now",
    [
        pytest.param((), id="done or gone"),
        pytest.param((change("one", version=2),), id="the ledger has moved on"),
        pytest.param((change("one", fingerprint="sha256:2"),), id="another spec"),
        pytest.param((change("one", Action.UNRESOLVED),), id="another action"),
    ],
)
def test_one_change_that_is_another_now_makes_the_token_stale(now: tuple[Change, ...]) -> None:
    token = plan(change("one"), change("two")).token
    with pytest.raises(StalePlanError, match="1 of the 2 changes that the token names is not pending any more"):
        expected_part(plan(*now, change("two")), token)


def test_a_token_of_another_project_names_nothing_here() -> None:
    there = Plan(project="q", changes=(change("one"),), seen=False)
    with pytest.raises(StalePlanError, match="pending, but not named: one"):
        expected_part(plan(change("one")), there.token)


def test_a_large_plan_has_a_token_of_the_whole_that_nothing_may_stand_beside() -> None:
    many = [change(f"app-{number}") for number in range(MOST_MARKS + 1)]
    large = plan(*many)

    assert len(large.token) == 25
    assert expected_part(large, large.token) == (large, ())
    for other in (plan(*many, change("other")), plan(*many[1:])):
        with pytest.raises(StalePlanError, match="what would be done is not what the token names"):
            expected_part(other, large.token)


@pytest.mark.parametrize(
    "text", ["", "p1.", "p2", "p1.short", "w1", "w1.AAAAAAAAAAA", "p1.AAAAAAAAAAA ", "0000000000000000"]
)
def test_what_is_no_token_names_nothing(text: str) -> None:
    assert read(text) is None
    with pytest.raises(StalePlanError, match="is no token of a plan"):
        expected_part(plan(), text)


@given(st.lists(st.text(), max_size=5))
def test_marks_come_back_from_a_token(facts: list[str]) -> None:
    marks = [mark([fact]) for fact in facts]
    assert read(written(marks)) == Expected(marks=frozenset(marks))


def test_what_is_left_is_named_up_to_a_bound() -> None:
    assert left_for_later([]) == ""
    told = left_for_later([change(f"a{number}") for number in range(7)])
    assert told.endswith("a4 (new) and 2 more")
