"""A plan as a file: written by `plan --out`, carried out by `apply PLAN`, refused when it has been overtaken. Pure.

The file holds what apply needs and no secret: requests keep their references. It is checked on reading: its token and
every fingerprint are computed again, so an edited file is refused. A plan goes stale item by item: only when the ledger
has moved on for an item that the plan would submit or kill.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dfsubmit.desired import DesiredApp, Place
from dfsubmit.diff import ABSENT, FieldChange
from dfsubmit.errors import InputError, StalePlanError
from dfsubmit.fingerprint import fingerprint
from dfsubmit.journal import NOTHING, AppRef, Item, ItemState
from dfsubmit.plan import Action, Change, Plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT = "dfsubmit/plan/v1"


def to_text(plan: Plan) -> str:
    """Return the content of a plan file; equal plans give equal bytes."""
    document = {
        "format": FORMAT,
        "project": plan.project,
        "token": plan.token,
        "seen": plan.seen,
        "changes": [_change_out(change) for change in plan.changes],
    }
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def from_text(text: str, path: str) -> Plan:
    """Return the plan in `text`. Raises InputError when it is not one, or was changed after it was written."""
    try:
        document = json.loads(text)
        if document["format"] != FORMAT:
            raise InputError(f"{path} is a plan of another version of dfsubmit", tip="make the plan again")
        plan = Plan(
            project=document["project"],
            changes=tuple(_change_in(change) for change in document["changes"]),
            seen=document["seen"],
        )
        intact = plan.token == document["token"] and all(_is_intact(change) for change in plan.changes)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            f"{path} is not a plan file", tip="`dfsubmit plan --out FILE` writes one; manifests are named with --file"
        ) from error
    if not intact:
        raise InputError(f"{path} was changed after it was written", tip="make the plan again")
    return plan


def check_fresh(plan: Plan, states: Mapping[Item, ItemState]) -> None:
    """Raise StalePlanError that names every item for which the ledger has moved on since `plan` was made."""
    overtaken = [
        f"{change.name} ({_since(states.get(change.item, NOTHING))})"
        for change in plan.of(Action.SUBMIT, Action.KILL)
        if states.get(change.item, NOTHING).version != change.version
    ]
    if overtaken:
        raise StalePlanError(f"the plan is stale: {', '.join(overtaken)}", tip="make the plan again and look at it")


def check_wanted(plan: Plan, desired: Sequence[DesiredApp]) -> None:
    """Raise StalePlanError that names every app that `plan` would submit and that the set does not ask for any more.

    So a plan is carried out only beside the manifests that it was made from; others of the set may have changed.
    """
    wanted = {(app.name, app.fingerprint) for app in desired}
    gone = [
        change.name
        for change in plan.of(Action.SUBMIT, Action.UNRESOLVED)
        if change.place is not None and (change.name, change.item.fingerprint) not in wanted
    ]
    if gone:
        raise StalePlanError(
            f"the plan is stale: the manifests no longer ask for this: {', '.join(gone)}",
            tip="make the plan again and look at it; a plan is applied where its manifests are",
        )


def _since(state: ItemState) -> str:
    app = f" as {state.app.name}" if state.app else ""
    return f"now {state.state.value}{app}"


def _is_intact(change: Change) -> bool:
    if change.action is not Action.SUBMIT:
        return True
    computed: str = fingerprint(change.request or {}, change.generation)
    return computed == change.item.fingerprint


def _change_out(change: Change) -> dict[str, Any]:
    """Return `change` without what is older than the file by the time it is read: the list's view of an app."""
    return {
        "action": change.action.value,
        "key": change.item.key,
        "fingerprint": change.item.fingerprint,
        "version": change.version,
        "reason": change.reason,
        "generation": change.generation,
        "request": change.request,
        "place": change.place and {"path": change.place.path, "line": change.place.line, "column": change.place.column},
        "app": change.app and {"id": change.app.id, "name": change.app.name},
        "carry": change.carry and {"key": change.carry.key, "fingerprint": change.carry.fingerprint},
        "fields": [_field_out(field) for field in change.fields],
        "notes": list(change.notes),
    }


def _field_out(field: FieldChange) -> dict[str, Any]:
    """Return a field without the side that does not exist."""
    sides = {"before": field.before, "after": field.after}
    return {"path": field.path} | {name: value for name, value in sides.items() if value is not ABSENT}


def _field_in(document: Mapping[str, Any]) -> FieldChange:
    path = document["path"]
    return FieldChange(path=path, before=document.get("before", ABSENT), after=document.get("after", ABSENT))


def _change_in(document: Mapping[str, Any]) -> Change:
    place, app, carry = document["place"], document["app"], document["carry"]
    return Change(
        action=Action(document["action"]),
        item=Item(key=document["key"], fingerprint=document["fingerprint"]),
        version=document["version"],
        reason=document["reason"],
        generation=document["generation"],
        request=document["request"],
        place=place and Place(path=place["path"], line=place["line"], column=place["column"]),
        app=app and AppRef(id=app["id"], name=app["name"]),
        carry=carry and Item(key=carry["key"], fingerprint=carry["fingerprint"]),
        fields=tuple(_field_in(field) for field in document["fields"]),
        notes=tuple(document["notes"]),
    )
