"""Entries for the tests of ledgers, and the Hypothesis strategies that make odd ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from dfsubmit.journal import Actor, AppRef, Entry, Event, Intent, Item
from dfsubmit.ledger.codec import NEEDS_APP, NEEDS_INTENT

NOON = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)
BY = Actor(host="box", boot="boot-1", pid=4711, started="99", run="run-1")
APP = AppRef(id="app1", name="bert-aaaa-0001")


def item(name: str = "bert", *, project: str = "nlp", fingerprint: str = "sha256:aa") -> Item:
    return Item(key=f"{project}/{name}", fingerprint=fingerprint)


def intent(hold: str = "ws/bert", **request: Any) -> Intent:
    return Intent(
        request={"namePrefix": "bert", "docker": {"image": "tensor:1"}, **request},
        generation=1,
        source="specs/bert.yaml:3",
        prefix="bert",
        hold=hold,
        sent_after=NOON,
        deadline=NOON + timedelta(seconds=60),
    )


def entry(event: Event, version: int, of: Item | None = None, *, hold: str | None = None, **more: Any) -> Entry:
    """Return an entry that carries what its event needs; an intent's hold is the item's own unless `hold` says otherwise."""
    of = of or item()
    if event in NEEDS_INTENT:
        more.setdefault("intent", intent(f"ws/{of.name}-{of.fingerprint}" if hold is None else hold))
    if event in NEEDS_APP:
        more.setdefault("app", APP)
    return Entry(
        item=of,
        version=version,
        event=event,
        at=NOON + timedelta(seconds=version),
        attempt=f"try-{version}",
        by=BY,
        **more,
    )


def submitted(of: Item) -> list[Entry]:
    """Return the two entries of an app that was submitted without trouble."""
    return [entry(Event.INTENT, 1, of), entry(Event.ACCEPTED, 2, of)]


names = st.text(max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)
times = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001  # Hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001  # the same
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-3, minutes=-30))]),
)
actors = st.builds(
    Actor, host=names, boot=names, pid=st.integers(), started=names, run=names, commit=names, user=names, url=names
)
intents = st.builds(
    Intent,
    request=st.dictionaries(names, json_values, max_size=4),
    generation=st.integers(min_value=1),
    source=names,
    prefix=names,
    hold=names,
    sent_after=times,
    deadline=times,
    engine=names,
)
apps = st.builds(AppRef, id=st.text(min_size=1, max_size=22), name=names)


@st.composite
def any_entry(draw: st.DrawFn) -> Entry:
    """Any entry that a ledger must be able to store, legal as a step or not."""
    event = draw(st.sampled_from(Event))
    part = st.text(min_size=1, max_size=8)
    return Entry(
        item=Item(key=f"{draw(part.filter(lambda text: '/' not in text))}/{draw(part)}", fingerprint=draw(part)),
        version=draw(st.integers(min_value=1, max_value=2**62)),
        event=event,
        at=draw(times),
        attempt=draw(names),
        by=draw(actors),
        intent=draw(intents if event in NEEDS_INTENT else st.none() | intents),
        app=draw(apps if event in NEEDS_APP else st.none() | apps),
        message=draw(names),
        server_at=draw(st.none() | times),
    )


@st.composite
def batches(draw: st.DrawFn) -> list[list[Entry]]:
    """Appends of a few runs that fight over few items and fewer holds: mostly fitting steps, some overtaken."""
    items = [item(name, project=project) for project in ("nlp", "vision") for name in ("a", "b")]
    versions = dict.fromkeys(items, 1)
    result = []
    for _ in range(draw(st.integers(1, 5))):
        batch = []
        for _ in range(draw(st.integers(0, 5))):
            of = draw(st.sampled_from(items))
            slip = draw(st.sampled_from([0, 0, 0, 0, -1, 1]))
            event = draw(st.sampled_from([Event.INTENT, Event.INTENT, *Event]))
            made = entry(event, max(1, versions[of] + slip), of, hold=draw(st.sampled_from(["", "ws/x", "ws/y"])))
            batch.append(made)
            versions[of] = made.version + draw(st.sampled_from([0, 1, 1]))
        result.append(batch)
    return result
