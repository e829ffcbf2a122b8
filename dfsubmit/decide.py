"""A person's word about an item: adopt an app for it, try again, or leave it. Recorded like everything else.

An app is only adopted after a look at what the engine shows of it, and never when another entry claims it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from dfsubmit.errors import InputError, LostRaceError
from dfsubmit.identity import is_provably_alive
from dfsubmit.journal import STEPS, Actor, AppRef, Entry, Event, Item, ItemState, State
from dfsubmit.ledger.base import Ledger, Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from dfsubmit.engine import AppDetail, Engine


def decide(
    item: Item,
    state: ItemState,
    *,
    adopt: str | None,
    retry: bool,
    ledger: Ledger,
    engine: Engine,
    actor: Actor,
    at: datetime,
) -> str:
    """Record the decision and return a sentence that says what now holds.

    `adopt` is an app's id; else `retry` says that nothing started, and otherwise the item is abandoned. Raises
    NoSuchAppError, InputError when the app is another's or a living process is still submitting, LostRaceError when
    another run settled the item meanwhile.
    """
    if state.state is State.IN_FLIGHT and state.last is not None and is_provably_alive(state.last.by):
        raise InputError(
            f"{item.name} is being submitted by process {state.last.by.pid} on this machine right now",
            tip="let it end, or stop it first",
        )
    if adopt is not None:
        app = adoptable(adopt, ledger, engine).app
        ref = AppRef(id=app.id, name=app.name)
        _append(ledger, state, _entry(item, state, Event.ADOPTED, by=actor, at=at, app=ref))
        return f"{item.name}: recorded as {app.name or app.id}"
    event = Event.NOTHING_STARTED if retry else Event.ABANDONED
    _append(ledger, state, _entry(item, state, event, by=actor, at=at))
    return f"{item.name}: " + (
        "the next apply submits it" if retry else "abandoned; raise its generation to submit it again"
    )


def adoptable(app_id: str, ledger: Ledger, engine: Engine) -> AppDetail:
    """Return what the engine shows of an app that no entry claims. Raises NoSuchAppError, InputError, EngineError."""
    detail = engine.get(app_id)
    owner = next(
        (item for item, state in ledger.states(None).items() if state.app is not None and state.app.id == app_id), None
    )
    if owner is not None:
        raise InputError(
            f"the app {app_id} already belongs to {owner.key}", tip="`dfsubmit ledger list` shows its entries"
        )
    return detail


def _append(ledger: Ledger, state: ItemState, entry: Entry) -> None:
    if (state.state, entry.event) not in STEPS:
        raise InputError(f"{entry.item.name} is {state.state.value}: that cannot be recorded for it")
    if ledger.append([entry]) != (Verdict.WON,):
        raise LostRaceError(f"another run settled {entry.item.name} meanwhile", tip="`dfsubmit status` shows how")


def _entry(item: Item, state: ItemState, event: Event, *, by: Actor, at: datetime, app: AppRef | None = None) -> Entry:
    return Entry(
        item=item,
        version=state.version + 1,
        event=event,
        at=at,
        attempt=state.last.attempt if state.last else uuid.uuid4().hex,
        by=by,
        app=app,
        message="decided by a person",
    )


def adopt_for(
    item: Item, state: ItemState, app_id: str, *, ledger: Ledger, engine: Engine, actor: Actor, at: datetime
) -> AppRef:
    """Record that the app `app_id` is what `item` became, for an item that has none. Raises as `decide`."""
    if state.state is State.SUBMITTED and state.app is not None:
        raise InputError(
            f"{item.name} was already submitted, as {state.app.name or state.app.id}",
            tip="raise its generation in the manifest if the other app is another run of it",
        )
    app = adoptable(app_id, ledger, engine).app
    ref = AppRef(id=app.id, name=app.name)
    _append(ledger, state, _entry(item, state, Event.ADOPTED, by=actor, at=at, app=ref))
    return ref
