"""What became of a submission whose outcome is unknown: decided from the engine's list. Pure.

A doubt is an open item: its outcome is unknown, or whoever sent it died or fell silent. It is judged only once it is
settled, that is when everything that was sent must have landed and be listed; all times here are server times.

    one app fits       → adopt it
    none fits          → nothing started, and it may be submitted again
    several fit        → unresolved: only a person can tell
    list not credible  → unresolved for now: "nothing there" is never concluded from such a list

An app fits when everything that the list and its details show agrees with the intent, and no other entry claims it.
Because an intent keeps its workspace and prefix from all other submits while it is open, an app that fits can only be
its own, or one that somebody started without dfsubmit in the same seconds under the same prefix.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from dfsubmit.journal import Event, Intent, Item, ItemState, State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dfsubmit.engine import App, AppDetail, Listing, Workspace

# `Date` headers and some `startedAt` values have whole seconds, and the offset learnt from them is as coarse.
CLOCK_SLACK = timedelta(seconds=2)
# An app that was accepted this recently must still be listed; older ones may have been cleared away by the service.
MUST_BE_LISTED = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An open item, and the server time from which it can be judged."""

    item: Item
    state: ItemState
    settled_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """The one app that fits."""

    app: App


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingStarted:
    """It is proved that no app was started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Too early to judge."""

    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was looked at: a list of so many `apps`, at a time; and what for. Times are the server's.

    `workspace` is a name, or the id where the service told no name.
    """

    apps: int
    at: datetime
    prefix: str
    queue: str
    workspace: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecidable:
    """A person must decide, after this `look`; `why` says what it does not tell."""

    candidates: tuple[App, ...]
    why: str
    look: Look


Ruling = Adopt | NothingStarted | Wait | Undecidable


def settled_at(state: ItemState, *, settle: timedelta, found_dead_at: datetime | None) -> datetime:
    """Return the server time from which an open item can be judged.

    Nothing is sent after the deadline; nothing is on its way any more once the settle time has passed after that, or
    after the moment the sender knew no more, or after the moment it was found dead.
    """
    intent = _intent(state)
    last_sent = intent.deadline
    if state.state is State.UNRESOLVED and state.last is not None and state.last.server_at is not None:
        last_sent = state.last.server_at
    if found_dead_at is not None:
        last_sent = min(last_sent, found_dead_at)
    return last_sent + settle


def rule(
    doubts: Sequence[Doubt],
    *,
    listing: Listing,
    claims: Mapping[str, ItemState],
    workspaces: Sequence[Workspace] = (),
    details: Mapping[str, AppDetail] | None = None,
    settle: timedelta = timedelta(0),
) -> dict[Item, Ruling]:
    """Return a ruling for every doubt.

    `claims` are the ledger's items by the id of the app they became; `details` what the engine shows of candidates. An app that
    was accepted less than `settle` ago may still be missing from the list.
    """
    missing = missing_from(listing, claims, settle=settle)
    rulings: dict[Item, Ruling] = {}
    fitting = {doubt.item: candidates(doubt, listing, claims, workspaces, details or {}) for doubt in doubts}
    for doubt in doubts:
        fits = fitting[doubt.item]
        shared = [app for app in fits if any(app in fitting[other.item] for other in doubts if other is not doubt)]
        if listing.server_now < doubt.settled_at:
            rulings[doubt.item] = Wait(until=doubt.settled_at)
        elif len(fits) > 1 or shared:
            look = _look(doubt, listing, workspaces)
            rulings[doubt.item] = Undecidable(candidates=fits, why=_why_several(fits, shared), look=look)
        elif len(fits) == 1:
            rulings[doubt.item] = Adopt(app=fits[0])
        elif missing:
            look = _look(doubt, listing, workspaces)
            rulings[doubt.item] = Undecidable(candidates=(), why=_why_not_credible(listing, missing), look=look)
        else:
            rulings[doubt.item] = NothingStarted()
    return rulings


def candidates(
    doubt: Doubt,
    listing: Listing,
    claimed: Collection[str],
    workspaces: Sequence[Workspace],
    details: Mapping[str, AppDetail],
) -> tuple[App, ...]:
    """Return the apps that `doubt` may have become, oldest first."""
    intent = _intent(doubt.state)
    workspace = _workspace_name(intent, workspaces)
    found = [
        app
        for app in listing.apps
        if app.id not in claimed
        and _fits(app, intent, workspace, doubt.settled_at)
        and _details_fit(app, intent, details)
    ]
    return tuple(sorted(found, key=lambda app: (app.started_at or listing.server_now, app.id)))


def _look(doubt: Doubt, listing: Listing, workspaces: Sequence[Workspace]) -> Look:
    intent = _intent(doubt.state)
    return Look(
        apps=len(listing.apps),
        at=listing.server_now,
        prefix=intent.prefix,
        queue=str(intent.request.get("queueName", "")),
        workspace=_workspace_name(intent, workspaces) or str(intent.request.get("aiWorkspaceId", "")),
        since=intent.sent_after - CLOCK_SLACK,
        until=doubt.settled_at + CLOCK_SLACK,
    )


def _workspace_name(intent: Intent, workspaces: Sequence[Workspace]) -> str:
    """Return the name of the workspace, empty when the service does not tell it."""
    wanted = str(intent.request.get("aiWorkspaceId", ""))
    return next((workspace.name for workspace in workspaces if workspace.id == wanted), "")


def _fits(app: App, intent: Intent, workspace: str, until: datetime) -> bool:
    """Tell whether what the list shows of `app` agrees with `intent`; what it does not show agrees."""
    name = re.fullmatch(re.escape(intent.prefix) + r"-[0-9a-z]{4}-[0-9a-z]{4}", app.name)
    queue = str(intent.request.get("queueName", ""))
    in_time = app.started_at is None or intent.sent_after - CLOCK_SLACK <= app.started_at <= until + CLOCK_SLACK
    return (
        (name is not None or not app.name)
        and (not app.queue or app.queue.lower() == queue.lower())
        and (not app.workspace or not workspace or app.workspace == workspace)
        and in_time
    )


def _details_fit(app: App, intent: Intent, details: Mapping[str, AppDetail]) -> bool:
    """Tell whether a container of `app` is what was asked for; an app that shows no container agrees.

    One that agrees is enough: a service may list helpers of its own beside it.
    """
    detail = details.get(app.id)
    if detail is None:
        return True
    docker, resource = intent.request.get("docker", {}), intent.request.get("resource", {})
    return not detail.containers or any(
        (not container.image or container.image == docker.get("image"))
        and (container.cpu_count is None or container.cpu_count == resource.get("cpuCount"))
        and (container.memory_mb is None or container.memory_mb == resource.get("memoryMb"))
        for container in detail.containers
    )


def missing_from(listing: Listing, claims: Mapping[str, ItemState], *, settle: timedelta) -> tuple[str, ...]:
    """Return the names of apps that were accepted lately and ought to be in `listing`, but are not."""
    listed = {app.id for app in listing.apps}
    return tuple(
        sorted(
            state.app.name or app_id
            for app_id, state in claims.items()
            if app_id not in listed and state.app is not None and _must_be_listed(state, listing.server_now, settle)
        )
    )


def _must_be_listed(state: ItemState, now: datetime, settle: timedelta) -> bool:
    known_by_server = state.last is not None and state.last.event in (Event.ACCEPTED, Event.ADOPTED)
    return known_by_server and state.submitted_at is not None and settle <= now - state.submitted_at < MUST_BE_LISTED


def _why_several(fits: Sequence[App], shared: Sequence[App]) -> str:
    if shared:
        return f"{shared[0].name or shared[0].id} fits more than one unresolved submission"
    return f"{len(fits)} apps fit, and nothing that the service shows tells them apart"


def _why_not_credible(listing: Listing, missing: Sequence[str]) -> str:
    shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")  # noqa: PLR2004  # a glance
    return (
        f"no app fits, but the service's list of {len(listing.apps)} apps lacks {shown}, accepted less than an hour ago, "
        "so it does not prove that nothing started"
    )


def _intent(state: ItemState) -> Intent:
    if state.intent is None:
        raise AssertionError("an open item has an intent: the journal's table admits no other way in")
    return state.intent
