"""What each item of an SQLite ledger amounts to, from the table `heads`, without replaying its entries.

A ledger of 100,000 items is asked for its states by every plan, and almost always only for state, app and version. So
these come from a row of the table, and what they stand on (the last entry, the intent with its request) is read from
the entry itself when somebody asks. Entries never change, so reading late gives the same answer; it needs the ledger
to be open, and can raise LedgerError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dfsubmit.errors import LedgerCorruptError
from dfsubmit.journal import AppRef, Item, ItemState, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from dfsubmit.journal import Entry, Intent

_STATES: Mapping[str, State] = {state.value: state for state in State}


class Head(NamedTuple):
    """One row of `heads`. `last`, `intent` and `submitted` are sequence numbers of entries; `submitted` dates the app."""

    key: str
    fingerprint: str
    state: str
    version: int
    app_id: str | None
    app_name: str | None
    last: int
    intent: int | None
    submitted: int | None


class HeadState(ItemState):
    """An ItemState that reads its entries when they are asked for. Equal to the ItemState that a fold gives."""

    __slots__ = ("_load", "_row")

    _row: tuple[Any, ...]
    _load: Callable[[int], Entry]

    # The fields of the base class are overridden below, so its __init__ has nothing to set.
    def __init__(self, row: tuple[Any, ...], load: Callable[[int], Entry]) -> None:
        """Take a row as SQLite gives it, in the order of `Head`."""
        _set_row(self, row)
        _set_load(self, load)

    @property
    def head(self) -> Head:
        """Return the row by its names."""
        return Head._make(self._row)

    @property
    def state(self) -> State:
        """Return the state. Raises LedgerCorruptError for one that dfsubmit does not know."""
        try:
            return _STATES[self._row[2]]
        except KeyError as error:
            raise LedgerCorruptError(f"the ledger has {self._row[0]} in the unknown state '{self._row[2]}'") from error

    @property
    def version(self) -> int:
        """Return the version of the last entry."""
        return int(self._row[3])

    @property
    def app(self) -> AppRef | None:
        """Return the app that the item became."""
        row = self._row
        return None if row[4] is None else AppRef(id=row[4], name=row[5])

    @property
    def last(self) -> Entry:
        """Return the last entry."""
        return self._load(self._row[6])

    @property
    def intent(self) -> Intent | None:
        """Return what the last attempt was to send."""
        seq = self._row[7]
        return None if seq is None else self._load(seq).intent

    @property
    def submitted_at(self) -> datetime | None:
        """Return when the item was recorded as submitted."""
        seq = self._row[8]
        return None if seq is None else self._load(seq).at

    @property
    def request(self) -> Mapping[str, Any] | None:
        """Return the request of the last attempt."""
        intent = self.intent
        return None if intent is None else intent.request

    def __eq__(self, other: object) -> bool:
        return _fields(self) == _fields(other) if isinstance(other, ItemState) else NotImplemented

    # Like the base class, whose hash fails on the request.
    __hash__ = None  # type: ignore[assignment]  # how Python spells "unhashable"


# Frozen instances are filled past their __setattr__; the slots' own setters are three times as fast as object.__setattr__.
_set_row = HeadState.__dict__["_row"].__set__
_set_load = HeadState.__dict__["_load"].__set__


class HeadStates(Mapping[Item, ItemState]):
    """The states of many items at one moment; an ItemState is made when it is looked at."""

    def __init__(self, rows: Iterable[tuple[Any, ...]], load: Callable[[int], Entry]) -> None:
        """Take rows as SQLite gives them, in the order of `Head`."""
        self._rows = {(row[0], row[1]): row for row in rows}
        self._load = load

    def __getitem__(self, item: Item) -> ItemState:
        return HeadState(self._rows[item.key, item.fingerprint], self._load)

    def __iter__(self) -> Iterator[Item]:
        return (Item(key=key, fingerprint=fingerprint) for key, fingerprint in self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def _fields(state: ItemState) -> tuple[object, ...]:
    return (state.state, state.version, state.intent, state.app, state.last, state.submitted_at, state.request)
