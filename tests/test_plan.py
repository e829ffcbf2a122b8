"""The plan: the table of what the ledger says and what is then to be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stage import PROJECT, START, desired

from dfsubmit.desired import DesiredApp
from dfsubmit.diff import FieldChange
from dfsubmit.engine import App, Listing
from dfsubmit.identity import current_actor
from dfsubmit.journal import AppRef, Entry, Event, Intent, Item, ItemState, fold
from dfsubmit.plan import Action
from dfsubmit.planner import make_plan
from dfsubmit.render.plan import field_text

ACTOR = replace(current_actor({}), host="host", pid=7, run="run")
APP = AppRef(id="A" * 22, name="stage-abcd-efgh")


def history(app: DesiredApp, *events: Event, ref: AppRef = APP, message: str = "") -> list[Entry]:
    """Return entries for `app`, a second apart."""
    item = Item(key=f"{PROJECT}/{app.name}", fingerprint=app.fingerprint)
    intent = Intent(
        request=app.request,
        generation=app.generation,
        source="",
        prefix="stage",
        hold="w/stage",
        sent_after=START,
        deadline=START + timedelta(minutes=1),
    )
    return [
        Entry(
            item=item,
            version=number,
            event=event,
            at=START + timedelta(seconds=number),
            attempt="a",
            by=ACTOR,
            intent=intent if event is Event.INTENT else None,
            app=ref if event in (Event.ACCEPTED, Event.ADOPTED, Event.MOVED) else None,
            message=message,
        )
        for number, event in enumerate(events, start=1)
    ]


def states(*runs: list[Entry]) -> dict[Item, ItemState]:
    return fold([entry for run in runs for entry in run])


ONE = desired("one")


@pytest.mark.parametrize(
    ("events", "action", "reason"),
    [
        ((), Action.SUBMIT, "new"),
        ((Event.INTENT, Event.ACCEPTED), Action.UNCHANGED, "submitted"),
        ((Event.INTENT, Event.ACCEPTED, Event.KILLED), Action.UNCHANGED, "submitted"),
        ((Event.INTENT, Event.REJECTED), Action.SUBMIT, "earlier attempt rejected: no quota"),
        ((Event.INTENT, Event.NOT_SENT), Action.SUBMIT, "earlier attempt started nothing"),
        ((Event.INTENT, Event.UNKNOWN, Event.NOTHING_STARTED), Action.SUBMIT, "earlier attempt started nothing"),
        ((Event.INTENT, Event.UNKNOWN, Event.ADOPTED), Action.UNCHANGED, "submitted"),
        ((Event.INTENT,), Action.UNRESOLVED, "being submitted since 2026-03-04T05:06:08Z by host process 7"),
        ((Event.INTENT, Event.UNKNOWN), Action.UNRESOLVED, "outcome unknown since 2026-03-04T05:06:09Z: no quota"),
        (
            (Event.INTENT, Event.UNKNOWN, Event.ABANDONED),
            Action.UNCHANGED,
            "abandoned: declared settled without an app",
        ),
    ],
)
def test_what_the_ledger_says_decides_what_is_done(events: tuple[Event, ...], action: Action, reason: str) -> None:
    plan = make_plan(project=PROJECT, desired=[ONE], states=states(history(ONE, *events, message="no quota")))
    assert [(change.action, change.reason) for change in plan.changes] == [(action, reason)]


def test_an_app_that_is_gone_from_the_list_is_still_unchanged() -> None:
    plan = make_plan(
        project=PROJECT,
        desired=[ONE],
        states=states(history(ONE, Event.INTENT, Event.ACCEPTED)),
        listing=Listing(apps=(), server_now=START),
    )
    assert [change.action for change in plan.changes] == [Action.UNCHANGED]


def test_a_changed_spec_names_the_field() -> None:
    changed = desired("one", command="python other.py")
    plan = make_plan(project=PROJECT, desired=[changed], states=states(history(ONE, Event.INTENT, Event.ACCEPTED)))
    (change,) = plan.changes
    assert change.reason == "spec changed"
    assert change.fields == (FieldChange(path="spec.docker.command", before="python main.py", after="python other.py"),)


def test_of_long_values_the_part_that_differs_is_shown() -> None:
    words = "python render.py --width 480 --height 320 --centre=-0.74345+0.1314j --iterations"
    text = field_text(
        FieldChange(path="spec.docker.command", before=f"{words} 400", after=f"{words} 401 --verbose " + "v" * 90)
    )
    before, after = text.removeprefix("spec.docker.command: ").split(" -> ")
    assert before.startswith("...")
    assert before.endswith('--iterations 400"')
    assert "--iterations 401 --verbose" in after
    assert len(after) == 60
    short = FieldChange(path="p", before="a", after="b")
    assert field_text(short) == 'p: "a" -> "b"'


def test_a_raised_generation_says_so() -> None:
    again = desired("one", generation=2)
    plan = make_plan(project=PROJECT, desired=[again], states=states(history(ONE, Event.INTENT, Event.ACCEPTED)))
    assert [change.reason for change in plan.changes] == ["generation raised"]


def test_a_removed_manifest_is_an_orphan_and_only_prune_kills_it_and_only_while_it_runs() -> None:
    known = states(history(ONE, Event.INTENT, Event.ACCEPTED))
    running = Listing(apps=(App(id=APP.id, name=APP.name, state="RUNNING"),), server_now=START)
    ended = Listing(apps=(App(id=APP.id, name=APP.name, state="FINISHED"),), server_now=START)

    def actions(listing: Listing | None, *, prune: bool) -> list[Action]:
        plan = make_plan(project=PROJECT, desired=[], states=known, listing=listing, prune=prune)
        return [change.action for change in plan.changes]

    assert actions(running, prune=False) == [Action.ORPHAN]
    assert actions(running, prune=True) == [Action.KILL]
    assert actions(ended, prune=True) == [Action.ORPHAN]
    assert actions(None, prune=True) == [Action.ORPHAN]


def test_a_partial_set_calls_nothing_an_orphan() -> None:
    known = states(history(ONE, Event.INTENT, Event.ACCEPTED))
    assert make_plan(project=PROJECT, desired=[], states=known, whole=False).changes == ()


def test_an_open_submission_of_an_earlier_spec_is_shown() -> None:
    changed = desired("one", command="python other.py")
    plan = make_plan(project=PROJECT, desired=[changed], states=states(history(ONE, Event.INTENT, Event.UNKNOWN)))
    assert sorted(change.action.value for change in plan.changes) == ["submit", "unresolved"]


def test_a_rename_is_pointed_out_and_moved_carries_it() -> None:
    known = states(history(ONE, Event.INTENT, Event.ACCEPTED))
    renamed = make_plan(project=PROJECT, desired=[desired("uno")], states=known)
    submit = next(change for change in renamed.changes if change.action is Action.SUBMIT)
    assert any('"moved: [one]"' in note for note in submit.notes)
    moved = make_plan(project=PROJECT, desired=[desired("uno", moved=("one",))], states=known)
    assert [(c.action, c.reason) for c in moved.changes] == [(Action.UNCHANGED, "moved from one")]


def test_a_renamed_and_changed_manifest_is_compared_with_its_old_name() -> None:
    known = states(history(ONE, Event.INTENT, Event.ACCEPTED))
    plan = make_plan(project=PROJECT, desired=[desired("uno", moved=("one",), command="x")], states=known)
    assert [(c.action, c.reason) for c in plan.changes] == [(Action.SUBMIT, "spec changed")]


def test_an_earlier_specs_app_that_still_runs_is_noted() -> None:
    listing = Listing(apps=(App(id=APP.id, name=APP.name, state="RUNNING"),), server_now=START)
    plan = make_plan(
        project=PROJECT,
        desired=[desired("one", command="x")],
        states=states(history(ONE, Event.INTENT, Event.ACCEPTED)),
        listing=listing,
    )
    assert plan.changes[0].notes == ("stage-abcd-efgh of an earlier spec is still RUNNING and will not be stopped",)


@given(st.permutations([desired(name, command=name) for name in ("one", "two", "three", "four")]))
def test_the_plan_does_not_depend_on_the_order_of_reading(apps: list[DesiredApp]) -> None:
    known = states(history(apps[0], Event.INTENT, Event.ACCEPTED))
    plan = make_plan(project=PROJECT, desired=apps, states=known)
    again = make_plan(project=PROJECT, desired=sorted(apps, key=lambda app: app.name), states=known)
    assert plan == again
    assert plan.token == again.token


def test_the_token_changes_with_what_would_be_done_and_with_nothing_else() -> None:
    empty = make_plan(project=PROJECT, desired=[ONE], states={})
    elsewhere = replace(ONE, place=replace(ONE.place, line=99), labels={"team": "x"})
    assert make_plan(project=PROJECT, desired=[elsewhere], states={}).token == empty.token
    assert make_plan(project=PROJECT, desired=[desired("one", command="x")], states={}).token != empty.token
    rejected = states(history(ONE, Event.INTENT, Event.REJECTED))
    assert make_plan(project=PROJECT, desired=[ONE], states=rejected).token != empty.token
