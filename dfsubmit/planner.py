"""Makes the plan: compares the desired apps with the ledger's states and, when there is one, with the engine's list. Pure.

Equal inputs give an equal plan: no clock and no order of reading enters it. The ledger alone decides what is submitted. The
list only adds what an app is doing now, and which orphans still run.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dfsubmit.diff import FieldChange, differences
from dfsubmit.journal import NOTHING, Item, ItemState, State
from dfsubmit.plan import Action, Change, Plan, why_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dfsubmit.desired import DesiredApp
    from dfsubmit.engine import App, Listing


def make_plan(
    *,
    project: str,
    desired: Sequence[DesiredApp],
    states: Mapping[Item, ItemState],
    listing: Listing | None = None,
    whole: bool = True,
    prune: bool = False,
    ours: Callable[[str], bool] | None = None,
) -> Plan:
    """Return the plan for `desired`.

    `states` is what the ledger says of this project. `whole` says that `desired` is the whole set, so that what it lacks
    was removed; otherwise nothing is called an orphan. `prune` turns orphans that still run into kills; that needs a
    `listing`. `ours` tells of the place that an app was submitted from whether a manifest of this set can have stood there;
    one from elsewhere is most likely another Project's of the same name, and is never killed.
    """
    history: dict[str, list[tuple[Item, ItemState]]] = defaultdict(list)
    for item, state in states.items():
        history[item.name].append((item, state))
    remote = {app.id: app for app in listing.apps} if listing is not None else {}
    changes = [_change(project, app, states, history, remote) for app in desired]
    changes += _open_elsewhere(changes, states)
    if whole:
        claimed = {app.name for app in desired} | {old for app in desired for old in app.moved}
        orphans = _orphans(history, claimed, remote, prune=prune and listing is not None, ours=ours)
        changes = _with_rename_hints(changes, orphans) + orphans
    order = sorted(changes, key=lambda change: (change.item, change.action.value, change.app.id if change.app else ""))
    return Plan(project=project, changes=tuple(order), seen=listing is not None)


def _change(
    project: str,
    app: DesiredApp,
    states: Mapping[Item, ItemState],
    history: Mapping[str, list[tuple[Item, ItemState]]],
    remote: Mapping[str, App],
) -> Change:
    """Return the one change that `app` asks for."""
    item = Item(key=f"{project}/{app.name}", fingerprint=app.fingerprint)
    state = states.get(item, NOTHING)
    common: dict[str, Any] = {
        "item": item,
        "version": state.version,
        "generation": app.generation,
        "request": app.request,
        "place": app.place,
    }
    if state.is_open:
        return Change(action=Action.UNRESOLVED, reason=why_open(state), **common)
    if state.state in (State.SUBMITTED, State.ABANDONED):
        seen = remote.get(state.app.id) if state.app else None
        reason = "submitted" if state.state is State.SUBMITTED else "abandoned: declared settled without an app"
        return Change(action=Action.UNCHANGED, reason=reason, app=state.app, remote=seen, **common)
    for old_name in app.moved:
        old = Item(key=f"{project}/{old_name}", fingerprint=app.fingerprint)
        before = states.get(old, NOTHING)
        if before.is_open:
            return Change(
                action=Action.UNRESOLVED, **{**common, "item": old, "version": before.version}, reason=why_open(before)
            )
        if before.state is State.SUBMITTED and before.app:
            return Change(
                action=Action.UNCHANGED,
                reason=f"moved from {old_name}",
                carry=old,
                app=before.app,
                remote=remote.get(before.app.id),
                **common,
            )
    earlier = [pair for name in (app.name, *app.moved) for pair in history.get(name, [])]
    return _submission(app, state, earlier, remote, common)


def _submission(
    app: DesiredApp,
    state: ItemState,
    earlier: list[tuple[Item, ItemState]],
    remote: Mapping[str, App],
    common: dict[str, Any],
) -> Change:
    """Return a change that submits, with the reason and what differs from the last submission of the name."""
    if state.state is State.REJECTED:
        said = state.last.message if state.last else ""
        reason = "earlier attempt rejected" + (f": {said}" if said else "")
        return Change(action=Action.SUBMIT, reason=reason, **common)
    if state.state is State.FREE:
        return Change(action=Action.SUBMIT, reason="earlier attempt started nothing", **common)
    submitted = [was for item, was in earlier if was.state is State.SUBMITTED and item != common["item"]]
    if not submitted:
        return Change(action=Action.SUBMIT, reason="new", **common)
    last = max(submitted, key=_submitted_at)
    before = last.intent.generation if last.intent else 1
    fields = differences(last.request or {}, app.request)
    if before != app.generation:
        fields = (FieldChange(path="metadata.generation", before=before, after=app.generation), *fields)
    only_generation = len(fields) == 1 and before != app.generation
    return Change(
        action=Action.SUBMIT,
        reason=("generation raised" if before < app.generation else "generation changed")
        if only_generation
        else "spec changed",
        fields=fields,
        notes=tuple(_still_running(submitted, remote)),
        **common,
    )


def _submitted_at(state: ItemState) -> str:
    return state.submitted_at.isoformat() if state.submitted_at else ""


def _still_running(submitted: Iterable[ItemState], remote: Mapping[str, App]) -> Iterable[str]:
    for state in submitted:
        seen = remote.get(state.app.id) if state.app else None
        if seen is not None and not seen.finished:
            yield f"{seen.name} of an earlier spec is still {seen.state} and will not be stopped"


def _open_elsewhere(changes: Sequence[Change], states: Mapping[Item, ItemState]) -> list[Change]:
    """Return the open items that no desired app speaks of: an earlier spec, or a removed manifest."""
    spoken_of = {change.item for change in changes}
    return [
        Change(
            action=Action.UNRESOLVED,
            item=item,
            version=state.version,
            reason=why_open(state),
            generation=state.intent.generation if state.intent else 1,
            request=state.request,
        )
        for item, state in states.items()
        if state.is_open and item not in spoken_of
    ]


def _orphans(
    history: Mapping[str, list[tuple[Item, ItemState]]],
    claimed: set[str],
    remote: Mapping[str, App],
    *,
    prune: bool,
    ours: Callable[[str], bool] | None,
) -> list[Change]:
    """Return a change for every app whose manifest is gone from the set."""
    found: list[Change] = []
    taken_over = {state.app.id for name in claimed for _, state in history.get(name, []) if state.app}
    for name, pairs in history.items():
        if name in claimed:
            continue
        for item, state in pairs:
            if state.state is not State.SUBMITTED or state.app is None or state.app.id in taken_over:
                continue
            seen = remote.get(state.app.id)
            source = state.intent.source if ours is not None and state.intent else ""
            foreign = ours is not None and not ours(source)
            kill = prune and seen is not None and not seen.finished and not foreign
            found.append(
                Change(
                    action=Action.KILL if kill else Action.ORPHAN,
                    item=item,
                    version=state.version,
                    reason="manifest removed",
                    generation=state.intent.generation if state.intent else 1,
                    request=state.request,
                    app=state.app,
                    remote=seen,
                    notes=(_foreign(item, source),) if foreign else (),
                )
            )
    return found


def _foreign(item: Item, source: str) -> str:
    return (
        f"it was submitted from {source}, which is not in this set: is another Project called {item.project}? "
        "--prune does not kill it, `dfsubmit kill` does"
    )


def _with_rename_hints(changes: list[Change], orphans: list[Change]) -> list[Change]:
    """Return `changes` with a note on each new app that looks like a renamed one."""
    removed = {orphan.item.fingerprint: orphan.name for orphan in orphans}
    hinted = []
    for change in changes:
        old = removed.get(change.item.fingerprint)
        if change.action is Action.SUBMIT and change.reason == "new" and old is not None:
            note = f'the same spec was submitted as "{old}", now removed: if it was renamed, add "moved: [{old}]" to metadata'
            hinted.append(replace(change, notes=(*change.notes, note)))
        else:
            hinted.append(change)
    return hinted
