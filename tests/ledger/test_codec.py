"""The form in which entries are stored: what is written is read, and nothing else is."""

from __future__ import annotations

import copy
import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_entries import APP, NOON, any_entry, entry, intent, item, json_values

from dfsubmit.errors import LedgerCorruptError, LedgerError
from dfsubmit.journal import Actor, Entry, Event
from dfsubmit.ledger import codec

FULL = Entry(
    item=item(),
    version=2,
    event=Event.ADOPTED,
    at=NOON,
    attempt="try-1",
    by=Actor(host="box", boot="b", pid=7, started="9", run="r", commit="c0ffee", user="kim", url="https://ci.test/1"),
    intent=intent(),
    app=APP,
    message="found",
    server_at=NOON,
)
OPTIONAL = [
    ("intent",),
    ("app",),
    ("message",),
    ("serverAt",),
    ("intent", "engine"),
    ("by", "commit"),
    ("by", "user"),
    ("by", "url"),
]


def members(data: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of all members but those inside the request, which may hold anything."""
    found = []
    for name, value in data.items():
        found.append((*path, name))
        if isinstance(value, dict) and name != "request":
            found += members(value, (*path, name))
    return found


PATHS = members(codec.encode(FULL))


def changed(path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Return the full entry's object with one member replaced; `...` removes it."""
    data = copy.deepcopy(codec.encode(FULL))
    inner = data
    for name in path[:-1]:
        inner = inner[name]
    if value is ...:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = value
    return data


@settings(max_examples=200, deadline=None)
@given(any_entry())
def test_what_is_written_is_read_back(made: Entry) -> None:
    text = codec.dumps(made)
    assert codec.loads(text) == made
    assert codec.decode(codec.encode(made)) == made
    assert text.isascii()
    assert "\n" not in text


def test_the_written_form_stays_as_it_is() -> None:
    """Ledgers outlive releases: a change here needs a new FORMAT, and readers for the old one."""
    assert codec.dumps(entry(Event.INTENT, 1)) == (
        '{"format":1,"key":"nlp/bert","fingerprint":"sha256:aa","version":1,"event":"intent",'
        '"at":"2026-01-02T12:00:01.000000Z","attempt":"try-1",'
        '"by":{"host":"box","boot":"boot-1","pid":4711,"started":"99","run":"run-1"},'
        '"intent":{"request":{"namePrefix":"bert","docker":{"image":"tensor:1"}},"generation":1,'
        '"source":"specs/bert.yaml:3","prefix":"bert","hold":"ws/bert-sha256:aa",'
        '"sentAfter":"2026-01-02T12:00:00.000000Z","deadline":"2026-01-02T12:01:00.000000Z"}}'
    )
    assert codec.encode(FULL) == {
        "format": 1,
        "key": "nlp/bert",
        "fingerprint": "sha256:aa",
        "version": 2,
        "event": "adopted",
        "at": "2026-01-02T12:00:00.000000Z",
        "attempt": "try-1",
        "by": {
            "host": "box",
            "boot": "b",
            "pid": 7,
            "started": "9",
            "run": "r",
            "commit": "c0ffee",
            "user": "kim",
            "url": "https://ci.test/1",
        },
        "intent": codec.encode(entry(Event.INTENT, 1, hold="ws/bert"))["intent"],
        "app": {"id": "app1", "name": "bert-aaaa-0001"},
        "message": "found",
        "serverAt": "2026-01-02T12:00:00.000000Z",
    }


def test_every_event_has_the_word_it_was_first_written_with() -> None:
    assert {event.name: event.value for event in Event}.items() >= {
        "INTENT": "intent",
        "ACCEPTED": "accepted",
        "REJECTED": "rejected",
        "NOT_SENT": "not-sent",
        "UNKNOWN": "unknown",
        "ADOPTED": "adopted",
        "NOTHING_STARTED": "nothing-started",
        "ABANDONED": "abandoned",
        "MOVED": "moved",
        "KILLED": "killed",
    }.items()


@pytest.mark.parametrize("path", [path for path in PATHS if path not in OPTIONAL], ids=".".join)
def test_a_missing_member_is_damage(path: tuple[str, ...]) -> None:
    with pytest.raises(LedgerCorruptError, match=f"lacks '{path[-1]}'|names no app|what was to be sent"):
        codec.decode(changed(path, ...))


@pytest.mark.parametrize("path", PATHS, ids=".".join)
@pytest.mark.parametrize("value", [None, True, 1.5, "", [], {}, "soon", -1], ids=repr)
def test_a_member_of_another_type_is_damage_or_reads_as_what_it_says(path: tuple[str, ...], value: object) -> None:
    """Each member has one type; a value of that type is read as it stands, unless it is out of range."""
    try:
        read = codec.decode(changed(path, value))
    except LedgerCorruptError:
        return
    good = str if path[-1] not in ("format", "version", "pid", "generation", "request") else (int, dict)
    assert type(value) is not bool
    assert isinstance(value, good)
    assert read != FULL


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 0),
        (("version",), True),
        (("version",), 1.0),
        (("key",), "nlp"),
        (("key",), "/bert"),
        (("fingerprint",), ""),
        (("event",), "paused"),
        (("at",), "2026-01-02T12:00:00Z"),
        (("at",), "2026-01-02T12:00:00.000000"),
        (("at",), "2026-01-02T12:00:00.000000+00:00"),
        (("at",), "2026-13-02T12:00:00.000000Z"),
        (("serverAt",), None),
        (("app",), None),
        (("app",), "app1"),
        (("app", "id"), ""),
        (("intent", "request"), []),
        (("intent", "deadline"), 1767355200),
        (("message",), 5),
    ],
    ids=repr,
)
def test_a_value_out_of_range_is_damage(path: tuple[str, ...], value: object) -> None:
    with pytest.raises(LedgerCorruptError):
        codec.decode(changed(path, value))


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "[]", '"intent"', "17", '{"format":1}', '{"format":NaN}', "[" * 100_000, b"{}", None, 5, "\x00"],
    ids=lambda text: repr(text)[:20],
)
def test_what_is_no_entry_at_all_is_damage(text: object) -> None:
    with pytest.raises(LedgerCorruptError):
        codec.loads(text)


@settings(max_examples=200, deadline=None)
@given(json_values | st.fixed_dictionaries({}, optional={path[0]: json_values for path in PATHS}))
def test_any_json_is_an_entry_or_a_ledger_error(value: object) -> None:
    try:
        codec.decode(value)
    except LedgerError:
        return
    pytest.fail("this is no entry")


@pytest.mark.parametrize("path", [(), ("by",), ("intent",), ("app",)], ids=str)
def test_members_that_a_later_release_added_are_overlooked(path: tuple[str, ...]) -> None:
    assert codec.decode(changed((*path, "colour"), {"any": ["thing"]})) == FULL


def test_a_later_format_is_refused_as_one_of_a_newer_dfsubmit_not_as_damage() -> None:
    with pytest.raises(LedgerError, match="a newer one wrote it") as caught:
        codec.decode({"format": codec.FORMAT + 1, "anything": "else"})
    assert not isinstance(caught.value, LedgerCorruptError)
    assert "upgrade" in caught.value.tip


def test_a_time_without_an_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="without its offset"):
        codec.dumps(entry(Event.UNKNOWN, 2, server_at=datetime(2026, 1, 2)))  # noqa: DTZ001  # that is the fault


def test_a_request_that_json_cannot_say_is_refused() -> None:
    deep: dict[str, Any] = {}
    deep["itself"] = deep
    for odd in ({"a": {1, 2}}, {"a": float("inf")}, {"a": b"bytes"}, deep):
        with pytest.raises(ValueError, match="JSON"):
            codec.dumps(entry(Event.INTENT, 1, intent=intent(**odd)))


def test_secrets_are_stored_as_the_references_they_are() -> None:
    made = entry(Event.INTENT, 1, intent=intent(docker={"env": {"TOKEN": {"fromEnv": "TOKEN"}}}))
    assert json.loads(codec.dumps(made))["intent"]["request"]["docker"]["env"] == {"TOKEN": {"fromEnv": "TOKEN"}}
