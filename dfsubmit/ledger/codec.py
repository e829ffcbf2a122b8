"""Entries as text: what a ledger stores, one JSON object an entry. Pure.

    {"format":1,"key":"nlp/bert","fingerprint":"sha256:…","version":1,"event":"intent","at":"2026-01-02T03:04:05.000006Z",
     "attempt":"…","by":{"host":"…","boot":"…","pid":7,"started":"…","run":"…"},"intent":{"request":{…},…}}

Writing: members that say nothing (an empty message, no app) are left out; times are UTC with microseconds; everything is
ASCII, so that any text survives any store. An entry that no reader would accept is refused (ValueError): it is a bug in
the caller.

Reading is strict: a member that is missing, of the wrong type or out of range is LedgerCorruptError. Later versions of
dfsubmit may add members that an older one may safely overlook; they are ignored here, and stay in the store because a
stored entry is never written again. What an older reader must not overlook (a new event, another meaning) raises
`FORMAT`, and an entry of a higher format is refused as one of a newer dfsubmit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from dfsubmit.errors import LedgerCorruptError, LedgerError
from dfsubmit.journal import Actor, AppRef, Entry, Event, Intent, Item

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = 1

# What an entry must carry for later steps to make sense: an intent says what was sent, a submitted item has an app.
NEEDS_INTENT = frozenset({Event.INTENT})
NEEDS_APP = frozenset({Event.ACCEPTED, Event.ADOPTED, Event.MOVED})

_EVENTS: Mapping[str, Event] = {event.value: event for event in Event}
_TIME_LENGTH = len("2026-01-02T03:04:05.000006Z")


def encode(entry: Entry) -> dict[str, Any]:
    """Return `entry` as a JSON-able object. Raises ValueError for an entry that could not be read back."""
    _check(entry)
    data: dict[str, Any] = {
        "format": FORMAT,
        "key": entry.item.key,
        "fingerprint": entry.item.fingerprint,
        "version": entry.version,
        "event": entry.event.value,
        "at": _time_out(entry.at),
        "attempt": entry.attempt,
        "by": _actor_out(entry.by),
    }
    if entry.intent is not None:
        data["intent"] = _intent_out(entry.intent)
    if entry.app is not None:
        data["app"] = {"id": entry.app.id, "name": entry.app.name}
    if entry.message:
        data["message"] = entry.message
    if entry.server_at is not None:
        data["serverAt"] = _time_out(entry.server_at)
    return data


def decode(data: object) -> Entry:
    """Return the entry in `data`. Raises LedgerCorruptError, or LedgerError for an entry of a newer dfsubmit."""
    if not isinstance(data, dict):
        raise LedgerCorruptError(f"a ledger entry is {_kind(data)}, not an object")
    written = _number(data, "format")
    if written > FORMAT:
        raise LedgerError(
            f"a ledger entry has format {written}, and this dfsubmit reads up to {FORMAT}: a newer one wrote it",
            tip="upgrade dfsubmit here, as it was where the ledger was last written",
        )
    if written < 1:
        raise LedgerCorruptError(f"a ledger entry has format {written}; the first is 1")
    event = _EVENTS.get(_text(data, "event"))
    if event is None:
        raise LedgerCorruptError(f"a ledger entry has the unknown event '{data['event']}'")
    entry = Entry(
        item=Item(key=_text(data, "key"), fingerprint=_text(data, "fingerprint")),
        version=_number(data, "version"),
        event=event,
        at=_time(data, "at"),
        attempt=_text(data, "attempt"),
        by=_actor(_object(data, "by")),
        intent=_intent(_object(data, "intent")) if "intent" in data else None,
        app=_app(_object(data, "app")) if "app" in data else None,
        message=_text(data, "message") if "message" in data else "",
        server_at=_time(data, "serverAt") if "serverAt" in data else None,
    )
    try:
        _check(entry)
    except ValueError as error:
        raise LedgerCorruptError(str(error)) from error
    return entry


def dumps(entry: Entry) -> str:
    """Return `entry` as one line of JSON. Raises ValueError as `encode` does."""
    try:
        return _to_text(encode(entry))
    except (TypeError, RecursionError) as error:
        raise ValueError(f"the entry of {entry.item.key} cannot be written as JSON: {error}") from error


def loads(text: object) -> Entry:
    """Return the entry in the JSON `text`. Raises as `decode` does."""
    if not isinstance(text, str):
        raise LedgerCorruptError(f"a ledger entry is {_kind(text)}, not text")
    try:
        data = _from_text(text)
    except (ValueError, RecursionError) as error:
        raise LedgerCorruptError(f"a ledger entry is not JSON: {error}") from error
    return decode(data)


def check_same(entry: Entry, item: Item, version: int) -> Entry:
    """Return `entry` if it is the one that its store filed under `item` and `version`. Raises LedgerCorruptError."""
    if (entry.item, entry.version) != (item, version):
        raise LedgerCorruptError(
            f"entry {version} of {item.key} is filed in its place but says entry {entry.version} of {entry.item.key}"
        )
    return entry


def _check(entry: Entry) -> None:
    """Raise ValueError for an entry that says too little for its event, or names no item."""
    if not (entry.item.project and entry.item.name and entry.item.fingerprint):
        raise ValueError(
            f"a ledger entry names no item: key '{entry.item.key}', fingerprint '{entry.item.fingerprint}'"
        )
    if entry.version < 1:
        raise ValueError(f"a ledger entry of {entry.item.key} has version {entry.version}; the first is 1")
    if entry.event in NEEDS_INTENT and entry.intent is None:
        raise ValueError(f"the '{entry.event.value}' of {entry.item.key} does not say what was to be sent")
    if entry.event in NEEDS_APP and (entry.app is None or not entry.app.id):
        raise ValueError(f"the '{entry.event.value}' of {entry.item.key} names no app")


def _actor_out(by: Actor) -> dict[str, Any]:
    data: dict[str, Any] = {
        "host": by.host,
        "boot": by.boot,
        "pid": by.pid,
        "started": by.started,
        "run": by.run,
    }
    origin = {"commit": by.commit, "user": by.user, "url": by.url}
    return data | {name: value for name, value in origin.items() if value}


def _intent_out(intent: Intent) -> dict[str, Any]:
    data: dict[str, Any] = {
        "request": dict(intent.request),
        "generation": intent.generation,
        "source": intent.source,
        "prefix": intent.prefix,
        "hold": intent.hold,
        "sentAfter": _time_out(intent.sent_after),
        "deadline": _time_out(intent.deadline),
    }
    if intent.engine:
        data["engine"] = intent.engine
    return data


def _time_out(at: datetime) -> str:
    if at.utcoffset() is None:
        raise ValueError(f"a ledger entry has the time {at.isoformat()}, without its offset from UTC")
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _mapping_out(value: object) -> object:
    """Let any mapping in a request pass for an object; called by the JSON encoder for what it does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _actor(data: dict[str, Any]) -> Actor:
    return Actor(
        host=_text(data, "host"),
        boot=_text(data, "boot"),
        pid=_number(data, "pid"),
        started=_text(data, "started"),
        run=_text(data, "run"),
        commit=_text(data, "commit") if "commit" in data else "",
        user=_text(data, "user") if "user" in data else "",
        url=_text(data, "url") if "url" in data else "",
    )


def _intent(data: dict[str, Any]) -> Intent:
    return Intent(
        request=_object(data, "request"),
        generation=_number(data, "generation"),
        source=_text(data, "source"),
        prefix=_text(data, "prefix"),
        hold=_text(data, "hold"),
        sent_after=_time(data, "sentAfter"),
        deadline=_time(data, "deadline"),
        engine=_text(data, "engine") if "engine" in data else "",
    )


def _app(data: dict[str, Any]) -> AppRef:
    return AppRef(id=_text(data, "id"), name=_text(data, "name"))


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if type(value) is not str:
        _unexpected(data, name, "text")
    return value


def _number(data: dict[str, Any], name: str) -> int:
    value = data.get(name)
    # Not isinstance: JSON's true and false are ints to Python.
    if type(value) is not int:
        _unexpected(data, name, "a whole number")
    return value


def _object(data: dict[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if type(value) is not dict:
        _unexpected(data, name, "an object")
    return value


def _time(data: dict[str, Any], name: str) -> datetime:
    value = _text(data, name)
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        at = None
    # fromisoformat takes many forms; only the one that is written is read.
    if at is None or len(value) != _TIME_LENGTH or value[-1] != "Z":
        _unexpected(data, name, "a UTC time with microseconds")
    return at


def _unexpected(data: dict[str, Any], name: str, wanted: str) -> NoReturn:
    if name not in data:
        raise LedgerCorruptError(f"a ledger entry lacks '{name}'")
    raise LedgerCorruptError(f"a ledger entry has {_kind(data[name])} as '{name}', which must be {wanted}")


def _kind(value: object) -> str:
    """Return what `value` is in JSON's words; its content may be anything and is not shown."""
    names: Mapping[type, str] = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        type(None): "null",
    }
    return names.get(type(value), "a number" if isinstance(value, int | float) else type(value).__name__)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


# One encoder and one decoder for all entries: making them costs more than using them.
_to_text: Callable[[object], str] = json.JSONEncoder(
    allow_nan=False, separators=(",", ":"), default=_mapping_out, check_circular=False
).encode
_from_text: Callable[[str], object] = json.JSONDecoder(parse_constant=_no_constant).decode
