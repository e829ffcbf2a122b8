"""Which running apps belong to which manifests, after the ledger was lost. Pure.

With markers the sent prefix names key and fingerprint, so that a match is certain. Without them an app of the right
prefix, queue and workspace may still come from an earlier spec of the same manifest, or from somebody's hand: that is a
possible match, and is adopted only when the caller says so and nothing else fits. Nothing is ever guessed: what is not
certain is listed with everything that fits.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from dfsubmit.engine import App, Listing, Workspace
    from dfsubmit.plan import Change


class Match(enum.Enum):
    """How sure it is that an app belongs to a manifest."""

    CERTAIN = "certain"
    POSSIBLE = "possible"
    AMBIGUOUS = "ambiguous"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One manifest without an entry, and the apps that fit it, oldest first."""

    change: Change
    match: Match
    apps: tuple[App, ...] = ()


def rebuild(
    changes: Sequence[Change],
    *,
    prefixes: Mapping[str, str],
    marked: bool,
    listing: Listing,
    claimed: Collection[str],
    workspaces: Sequence[Workspace],
) -> tuple[tuple[Row, ...], tuple[App, ...]]:
    """Return a row for each of `changes` (what a plan would submit), and the apps that fit none of them.

    `prefixes` gives the prefix that each name is sent with; `marked` says that it carries a marker. `claimed` are the ids
    of apps that the ledger has an entry for.
    """
    names = {workspace.id: workspace.name for workspace in workspaces}
    free = [app for app in listing.apps if app.id not in claimed]
    fits = {change.name: _fitting(change, prefixes[change.name], free, names) for change in changes}
    wanted_by: dict[str, int] = {}
    for apps in fits.values():
        for app in apps:
            wanted_by[app.id] = wanted_by.get(app.id, 0) + 1
    rows = tuple(
        Row(change=change, match=_match(fits[change.name], wanted_by, marked=marked), apps=fits[change.name])
        for change in changes
    )
    return rows, tuple(app for app in free if app.id not in wanted_by)


def _fitting(change: Change, prefix: str, apps: Sequence[App], workspaces: Mapping[str, str]) -> tuple[App, ...]:
    request = change.request or {}
    pattern = re.compile(re.escape(prefix) + r"-[0-9a-z]{4}-[0-9a-z]{4}")
    workspace = workspaces.get(str(request.get("aiWorkspaceId", "")), "")
    found = [
        app
        for app in apps
        if pattern.fullmatch(app.name)
        and (not app.queue or app.queue.lower() == str(request.get("queueName", "")).lower())
        and (not app.workspace or not workspace or app.workspace == workspace)
    ]
    return tuple(sorted(found, key=lambda app: (str(app.started_at or ""), app.id)))


def _match(apps: Sequence[App], wanted_by: Mapping[str, int], *, marked: bool) -> Match:
    if not apps:
        return Match.NONE
    if len(apps) > 1 or wanted_by[apps[0].id] > 1:
        return Match.AMBIGUOUS
    return Match.CERTAIN if marked else Match.POSSIBLE
