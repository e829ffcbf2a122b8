"""What is concluded from a list about a submission of unknown outcome, and what is never concluded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from stage import PROJECT, START, WORKSPACE, request

from dfsubmit.engine import App, AppDetail, Container, Listing, Workspace
from dfsubmit.identity import current_actor
from dfsubmit.journal import AppRef, Entry, Event, Intent, Item, ItemState, fold
from dfsubmit.recover import Adopt, Doubt, NothingStarted, Ruling, Undecidable, Wait, rule, settled_at

ACTOR = replace(current_actor({}), host="elsewhere", pid=7)
SETTLE = timedelta(seconds=15)
SENT = START
DEADLINE = START + timedelta(seconds=60)
UNKNOWN_AT = START + timedelta(seconds=30)
SETTLED = UNKNOWN_AT + SETTLE
LATER = SETTLED + timedelta(seconds=1)


def item(name: str = "one") -> Item:
    return Item(key=f"{PROJECT}/{name}", fingerprint="sha256:" + name)


def opened(name: str = "one", *, unknown: bool = True, prefix: str = "stage") -> ItemState:
    """Return the state of an item whose outcome is unknown, or that is still in flight."""
    intent = Intent(
        request=request(prefix),
        generation=1,
        source="",
        prefix=prefix,
        hold=f"{WORKSPACE}/{prefix}",
        sent_after=SENT,
        deadline=DEADLINE,
    )
    common: dict[str, Any] = {"item": item(name), "at": START, "attempt": "a", "by": ACTOR}
    entries = [Entry(version=1, event=Event.INTENT, intent=intent, **common)]
    if unknown:
        entries.append(Entry(version=2, event=Event.UNKNOWN, server_at=UNKNOWN_AT, **common))
    return fold(entries)[item(name)]


def submitted(app: App, at: datetime = START) -> ItemState:
    common: dict[str, Any] = {"item": item("other"), "at": at, "attempt": "b", "by": ACTOR}
    ref = AppRef(id=app.id, name=app.name)
    return fold([Entry(version=1, event=Event.ADOPTED, app=ref, **common)])[item("other")]


def app(
    number: int = 1,
    *,
    name: str = "",
    queue: str = "gpu",
    workspace: str = "ws",
    started: datetime | None = START + timedelta(seconds=1),
) -> App:
    return App(
        id=f"app{number:019d}",
        name=name or f"stage-aaaa-{number:04d}",
        queue=queue,
        workspace=workspace,
        state="ACCEPTED",
        started_at=started,
    )


def ruling(
    *apps: App,
    now: datetime = LATER,
    claims: dict[str, ItemState] | None = None,
    details: dict[str, AppDetail] | None = None,
) -> Ruling:
    doubt = Doubt(item=item(), state=opened(), settled_at=SETTLED)
    return rule(
        [doubt],
        listing=Listing(apps=apps, server_now=now),
        claims=claims or {},
        workspaces=[Workspace(id=WORKSPACE, name="ws")],
        details=details,
        settle=SETTLE,
    )[item()]


def test_one_app_that_fits_is_adopted() -> None:
    assert ruling(app()) == Adopt(app=app())


def test_none_after_the_settle_time_means_that_nothing_started() -> None:
    assert ruling() == NothingStarted()


def test_nothing_is_concluded_before_the_settle_time_whatever_the_list_shows() -> None:
    early = SETTLED - timedelta(milliseconds=1)
    assert ruling(now=early) == Wait(until=SETTLED)
    assert ruling(app(), now=early) == Wait(until=SETTLED)


def test_several_that_fit_are_for_a_person_to_tell_apart() -> None:
    verdict = ruling(app(1), app(2))
    assert isinstance(verdict, Undecidable)
    assert verdict.candidates == (app(1), app(2))
    assert "2 apps fit" in verdict.why


@pytest.mark.parametrize(
    "other",
    [
        app(name="stage2-aaaa-0001"),
        app(name="stage-aaaa-00011"),
        app(name="my-stage-aaaa-0001"),
        app(queue="longlived"),
        app(workspace="another"),
        app(started=SENT - timedelta(seconds=3)),
        app(started=SETTLED + timedelta(seconds=3)),
    ],
    ids=["prefix", "longer-name", "prefix-inside", "queue", "workspace", "too-early", "too-late"],
)
def test_an_app_that_contradicts_the_intent_does_not_fit(other: App) -> None:
    assert ruling(other) == NothingStarted()


@pytest.mark.parametrize(
    "vague",
    [app(queue=""), app(workspace=""), app(started=None), app(queue="GPU")],
    ids=["queue", "ws", "time", "case"],
)
def test_what_the_list_does_not_show_contradicts_nothing(vague: App) -> None:
    assert ruling(vague) == Adopt(app=vague)


def test_whole_seconds_in_the_services_times_do_not_exclude_an_app() -> None:
    assert isinstance(ruling(app(started=SENT - timedelta(seconds=1))), Adopt)


def test_an_app_that_another_entry_claims_does_not_fit() -> None:
    assert ruling(app(1), claims={app(1).id: submitted(app(1))}) == NothingStarted()
    assert ruling(app(1), app(2), claims={app(1).id: submitted(app(1))}) == Adopt(app=app(2))


def test_details_tell_apart_what_the_list_cannot() -> None:
    ours = AppDetail(app=app(1), containers=(Container(image="python:3.12.4", cpu_count=1, memory_mb=15360),))
    other = AppDetail(app=app(2), containers=(Container(image="else:1"),))
    assert ruling(app(1), app(2), details={app(1).id: ours, app(2).id: other}) == Adopt(app=app(1))


def test_an_app_without_containers_yet_may_be_ours() -> None:
    assert ruling(app(1), details={app(1).id: AppDetail(app=app(1))}) == Adopt(app=app(1))


def test_a_list_that_lacks_a_recent_app_proves_nothing() -> None:
    known = {app(9).id: submitted(app(9), at=LATER - timedelta(minutes=5))}
    verdict = ruling(claims=known)
    assert isinstance(verdict, Undecidable)
    assert "lacks stage-aaaa-0009" in verdict.why


def test_an_old_app_may_have_been_cleared_away_and_a_very_new_one_may_not_be_listed_yet() -> None:
    assert ruling(claims={app(9).id: submitted(app(9), at=LATER - timedelta(hours=2))}) == NothingStarted()
    assert ruling(claims={app(9).id: submitted(app(9), at=LATER - timedelta(seconds=5))}) == NothingStarted()


def test_an_app_that_fits_two_submissions_is_given_to_neither() -> None:
    doubts = [Doubt(item=item(name), state=opened(name), settled_at=SETTLED) for name in ("one", "two")]
    rulings = rule(doubts, listing=Listing(apps=(app(),), server_now=LATER), claims={}, settle=SETTLE)
    assert all(isinstance(one, Undecidable) for one in rulings.values())


def test_the_settle_time_counts_from_the_last_moment_at_which_something_may_have_been_sent() -> None:
    assert settled_at(opened(), settle=SETTLE, found_dead_at=None) == UNKNOWN_AT + SETTLE
    in_flight = opened(unknown=False)
    assert settled_at(in_flight, settle=SETTLE, found_dead_at=None) == DEADLINE + SETTLE
    dead = START + timedelta(seconds=5)
    assert settled_at(in_flight, settle=SETTLE, found_dead_at=dead) == dead + SETTLE
    assert settled_at(in_flight, settle=SETTLE, found_dead_at=DEADLINE + SETTLE) == DEADLINE + SETTLE
