"""The life of one submission: entries, states, and the table of steps between them.

Pure. A ledger stores entries; this module says which entry may follow which, and what a run of entries
amounts to. An entry belongs to an item (key + fingerprint) and carries the item's version: 1 for its first entry, then
one more each. A step that is not in the table raises and changes nothing.

    none ──intent──▶ in flight ──accepted──▶ submitted
                       │  ▲                      ▲
                       │  └──intent── free ◀─┐   │
                       ├──rejected/not sent──┘   │
                       └──unknown──▶ unresolved ─┴─adopted / nothing started / abandoned
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dfsubmit.errors import LedgerCorruptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


class State(enum.Enum):
    """What the ledger knows of an item."""

    NONE = "none"
    IN_FLIGHT = "in-flight"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    FREE = "free"
    UNRESOLVED = "unresolved"
    ABANDONED = "abandoned"


class Event(enum.Enum):
    """What one entry says happened."""

    INTENT = "intent"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    NOT_SENT = "not-sent"
    UNKNOWN = "unknown"
    ADOPTED = "adopted"
    NOTHING_STARTED = "nothing-started"
    ABANDONED = "abandoned"
    MOVED = "moved"
    KILLED = "killed"


# The states in which an app may be starting: nothing else may be sent for the item, nor for its hold.
OPEN_STATES = frozenset({State.IN_FLIGHT, State.UNRESOLVED})

STEPS: Mapping[tuple[State, Event], State] = {
    (State.NONE, Event.INTENT): State.IN_FLIGHT,
    (State.REJECTED, Event.INTENT): State.IN_FLIGHT,
    (State.FREE, Event.INTENT): State.IN_FLIGHT,
    (State.IN_FLIGHT, Event.ACCEPTED): State.SUBMITTED,
    (State.IN_FLIGHT, Event.REJECTED): State.REJECTED,
    (State.IN_FLIGHT, Event.NOT_SENT): State.FREE,
    (State.IN_FLIGHT, Event.UNKNOWN): State.UNRESOLVED,
    # A later run settles what an earlier one left open, with or without its own word that it is unknown.
    (State.IN_FLIGHT, Event.ADOPTED): State.SUBMITTED,
    (State.IN_FLIGHT, Event.NOTHING_STARTED): State.FREE,
    (State.IN_FLIGHT, Event.ABANDONED): State.ABANDONED,
    (State.UNRESOLVED, Event.ADOPTED): State.SUBMITTED,
    (State.UNRESOLVED, Event.NOTHING_STARTED): State.FREE,
    (State.UNRESOLVED, Event.ABANDONED): State.ABANDONED,
    # Apps that were started by hand, or under an earlier name.
    (State.NONE, Event.ADOPTED): State.SUBMITTED,
    (State.REJECTED, Event.ADOPTED): State.SUBMITTED,
    (State.FREE, Event.ADOPTED): State.SUBMITTED,
    (State.ABANDONED, Event.ADOPTED): State.SUBMITTED,
    (State.NONE, Event.MOVED): State.SUBMITTED,
    (State.REJECTED, Event.MOVED): State.SUBMITTED,
    (State.FREE, Event.MOVED): State.SUBMITTED,
    (State.SUBMITTED, Event.KILLED): State.SUBMITTED,
}


# So many digits of a fingerprint are told where a person reads them.
_SHORT = 12


class StepError(LedgerCorruptError):
    """An entry that may not follow the ones before it."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Item:
    """What is submitted at most once: `key` is `project/name`, `fingerprint` is `sha256:…`."""

    key: str
    fingerprint: str

    @property
    def project(self) -> str:
        """Return the project's id."""
        return self.key.partition("/")[0]

    @property
    def name(self) -> str:
        """Return the manifest's name."""
        return self.key.partition("/")[2]

    @property
    def address(self) -> str:
        """Return `name@` and the beginning of the fingerprint's digits, which tells items of one name apart."""
        return f"{self.name}@{self.fingerprint.partition(':')[2][:_SHORT]}"

    def answers_to(self, text: str) -> bool:
        """Tell whether `text` is the name, or a beginning of the address with a digit of the fingerprint at least."""
        return text == self.name or (len(text) > len(self.name) + 1 and self.address.startswith(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who wrote an entry: a process that can be looked for, and where it came from.

    `boot` and `started` make a process id unmistakable on its host: the host's boot id and the process's
    start time in clock ticks since boot. `commit`, `user` and `url` come from a CI run when there is one.
    """

    host: str
    boot: str
    pid: int
    started: str
    run: str
    commit: str = ""
    user: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is about to be sent. Times are in server time; `request` holds references in place of secrets.

    `prefix` is the name prefix as sent. `hold` (workspace/prefix) is kept from all others while the intent
    is open, so that an app in the list with that prefix can be nobody else's.
    """

    request: Mapping[str, Any]
    generation: int
    source: str
    prefix: str
    hold: str
    sent_after: datetime
    deadline: datetime
    engine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRef:
    """The app that an item became."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger; never edited. `at` is the writer's clock, UTC."""

    item: Item
    version: int
    event: Event
    at: datetime
    attempt: str
    by: Actor
    intent: Intent | None = None
    app: AppRef | None = None
    message: str = ""
    # Server time at which the outcome became unknown: the settle time counts from it.
    server_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemState:
    """What the entries of one item amount to. `intent` is that of the last attempt, `last` the last entry."""

    state: State = State.NONE
    version: int = 0
    intent: Intent | None = None
    app: AppRef | None = None
    last: Entry | None = None
    submitted_at: datetime | None = None
    # An adopted or moved app keeps the request it was submitted with, for the plan's diff.
    request: Mapping[str, Any] | None = field(default=None)

    @property
    def is_open(self) -> bool:
        """Tell whether an app may be starting for this item."""
        return self.state in OPEN_STATES

    @property
    def hold(self) -> str:
        """Return the workspace/prefix that this item keeps from others; empty when it is not open."""
        return self.intent.hold if self.is_open and self.intent is not None else ""


NOTHING = ItemState()


def step(before: ItemState, entry: Entry) -> ItemState:
    """Return the state after `entry`. Raises StepError when the table has no such step."""
    after = STEPS.get((before.state, entry.event))
    if after is None or entry.version != before.version + 1:
        raise StepError(
            f"the ledger has '{entry.event.value}' as entry {entry.version} of {entry.item.key}, "
            f"which is {before.state.value} after {before.version} entries",
            tip="`dfsubmit ledger verify` lists every entry that does not fit",
        )
    intent = entry.intent or before.intent
    submitted = after is State.SUBMITTED
    return ItemState(
        state=after,
        version=entry.version,
        intent=intent,
        app=entry.app or (before.app if submitted else None),
        last=entry,
        submitted_at=(before.submitted_at or entry.at) if submitted else None,
        request=intent.request if intent is not None else None,
    )


def fold(entries: Iterable[Entry]) -> dict[Item, ItemState]:
    """Return what `entries`, oldest first, amount to. Raises StepError."""
    states: dict[Item, ItemState] = {}
    for entry in entries:
        states[entry.item] = step(states.get(entry.item, NOTHING), entry)
    return states
