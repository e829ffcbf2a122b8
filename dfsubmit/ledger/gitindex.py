"""What each item of a ledger in git amounts to, in an SQLite file beside the fetched objects.

Derived, and only ever from entries: for the commit that `basis` names it holds a row an item, as `heads.Head` has it, with
places (`gitlayout`) for sequence numbers. It is a cache, so it is made anew when it is missing, damaged or made by other
rules; what it alone knows is which commit was seen last. `Book` puts entries upon it, one after the other, and says of
each whether the journal allows it; nothing of that is kept until `Index.write`.
"""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from dfsubmit.errors import LedgerError
from dfsubmit.journal import OPEN_STATES, STEPS, Event, State, StepError
from dfsubmit.ledger.base import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from dfsubmit.journal import Entry

# key, fingerprint, state, version, app id, app name, places of the last entry, the intent and the submission, hold
Row: TypeAlias = tuple[Any, ...]
_HOLD = 9
HEAD_COLUMNS = 9

_SCHEMA = """
CREATE TABLE heads (
  key TEXT NOT NULL, fingerprint TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL, app_id TEXT, app_name TEXT,
  last INTEGER NOT NULL, intent INTEGER, submitted INTEGER, hold TEXT NOT NULL, PRIMARY KEY (key, fingerprint)
) WITHOUT ROWID;
CREATE INDEX heads_hold ON heads (hold) WHERE hold <> '';
CREATE TABLE basis (one INTEGER PRIMARY KEY CHECK (one = 1), rules INTEGER, tip TEXT NOT NULL, segments INTEGER NOT NULL);
"""
_PUT = "INSERT OR REPLACE INTO heads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_OF_PROJECT = "SELECT * FROM heads WHERE key >= ? || '/' AND key < ? || '0'"
# Without its own condition repeated, SQLite would not use the index on holds.
_HOLDERS = "SELECT key, fingerprint FROM heads WHERE hold = ? AND hold <> ''"
_BUSY_SECONDS = 30.0
# Rows made under another table of steps are not trusted. The number in front covers what the table does not show.
_RULES = zlib.crc32(
    "\n".join(["1", *sorted(f"{s.value} {e.value} {to.value}" for (s, e), to in STEPS.items())]).encode()
)
_STEPS: dict[tuple[str, Event], tuple[str, bool, bool]] = {
    (before.value, event): (after.value, after in OPEN_STATES, after is State.SUBMITTED)
    for (before, event), after in STEPS.items()
}


def advance(before: Row | None, entry: Entry, place: int) -> Row | None:
    """Return the row after `entry`, which lies at `place`; None for a step that `journal.step` refuses."""
    state, version = (State.NONE.value, 0) if before is None else (before[2], before[3])
    found = _STEPS.get((state, entry.event))
    if found is None or entry.version != version + 1:
        return None
    after, is_open, submitted = found
    app_id = app_name = None
    if entry.app is not None:
        app_id, app_name = entry.app.id, entry.app.name
    elif submitted and before is not None:
        app_id, app_name = before[4], before[5]
    return (
        entry.item.key,
        entry.item.fingerprint,
        after,
        entry.version,
        app_id,
        app_name,
        place,
        place if entry.intent is not None else before and before[7],
        _submitted(before, place) if submitted else None,
        _hold(before, entry) if is_open else "",
    )


def _submitted(before: Row | None, place: int) -> int:
    return place if before is None or before[8] is None else int(before[8])


def _hold(before: Row | None, entry: Entry) -> str:
    if entry.intent is not None:
        return entry.intent.hold
    return "" if before is None else str(before[_HOLD])


class Book:
    """The rows of an index, with more entries upon them."""

    def __init__(self, index: Index | None) -> None:
        """Take the index to start from; None for one that is empty."""
        self._index = index
        self.rows: dict[tuple[str, str], Row] = {}
        self._holders: dict[str, tuple[str, str]] = {}

    def take(self, entry: Entry, place: int) -> Verdict:
        """Put `entry` upon the rest if the journal and the holds allow it."""
        at = entry.item.key, entry.item.fingerprint
        before = self._row(at)
        after = advance(before, entry, place)
        if after is None:
            return Verdict.LOST
        if after[_HOLD] and self._holder(after[_HOLD], at) != at:
            return Verdict.HELD
        if before is not None and before[_HOLD]:
            self._holders.pop(before[_HOLD], None)
        if after[_HOLD]:
            self._holders[after[_HOLD]] = at
        self.rows[at] = after
        return Verdict.WON

    def replay(self, entry: Entry, place: int) -> None:
        """Put an entry of the ledger upon the rest. Raises StepError when it should not have got there."""
        verdict = self.take(entry, place)
        if verdict is not Verdict.WON:
            before = self._row((entry.item.key, entry.item.fingerprint))
            state, version = (State.NONE.value, 0) if before is None else (before[2], before[3])
            why = (
                f", whose hold '{entry.intent.hold}' another item has"
                if verdict is Verdict.HELD and entry.intent
                else ""
            )
            raise StepError(
                f"the ledger has '{entry.event.value}' as entry {entry.version} of {entry.item.key}, "
                f"which is {state} after {version} entries{why}",
                tip="`dfsubmit ledger verify` lists every entry that does not fit",
            )

    def _row(self, at: tuple[str, str]) -> Row | None:
        row = self.rows.get(at)
        return row if row is not None or self._index is None else self._index.row(at)

    def _holder(self, hold: str, otherwise: tuple[str, str]) -> tuple[str, str]:
        if hold in self._holders:
            return self._holders[hold]
        holders = () if self._index is None else self._index.holders(hold)
        return next((at for at in holders if at not in self.rows), otherwise)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The commit that an index was made from, and how many segments it has; an empty `tip` is a ledger not made yet."""

    tip: str = ""
    segments: int = 0


class Index:
    """The file. Readers need no lock; who writes holds that of the cache."""

    def __init__(self, path: Path) -> None:
        """Open `path`, which was made by `create`. Raises LedgerError."""
        self._path = path
        with self._errors():
            self._connection = sqlite3.connect(
                f"file:{path}?mode=rw", uri=True, isolation_level=None, timeout=_BUSY_SECONDS
            )

    @staticmethod
    def create(path: Path) -> None:
        """Make an empty index at `path`, where nothing is yet."""
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.executescript(_SCHEMA)
            connection.execute("INSERT INTO basis VALUES (1, ?, '', 0)", (_RULES,))
            connection.commit()

    def basis(self) -> tuple[Basis, bool]:
        """Return the basis, and whether the rows were made by the rules that hold now."""
        with self._errors():
            rules, tip, segments = self._connection.execute("SELECT rules, tip, segments FROM basis").fetchone()
        return Basis(tip=tip, segments=segments), rules == _RULES

    def row(self, at: tuple[str, str]) -> Row | None:
        """Return the row of an item."""
        with self._errors():
            found: Row | None = self._connection.execute(
                "SELECT * FROM heads WHERE key = ? AND fingerprint = ?", at
            ).fetchone()
        return found

    def holders(self, hold: str) -> list[tuple[str, str]]:
        """Return the items that have `hold`."""
        with self._errors():
            return self._connection.execute(_HOLDERS, (hold,)).fetchall()

    def snapshot(self, project: str | None) -> tuple[Basis, list[Row]]:
        """Return the rows of `project` (None: all) with their basis, as of one moment."""
        with self._errors(), self._transaction("BEGIN"):
            basis, _ = self.basis()
            if project is None:
                return basis, self._connection.execute("SELECT * FROM heads").fetchall()
            return basis, self._connection.execute(_OF_PROJECT, (project, project)).fetchall()

    def write(self, basis: Basis, rows: Iterable[Row], *, anew: bool = False) -> None:
        """Put `rows` in, and say that this is `basis`; with `anew` nothing else stays."""
        with self._errors(), self._transaction("BEGIN IMMEDIATE"):
            if anew:
                self._connection.execute("DELETE FROM heads")
            self._connection.executemany(_PUT, rows)
            self._connection.execute(
                "UPDATE basis SET rules = ?, tip = ?, segments = ?", (_RULES, basis.tip, basis.segments)
            )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._connection.execute(begin)
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, TypeError) as error:
            tip = f"{self._path.parent} is only a cache: remove it, and run again"
            raise LedgerError(f"the index {self._path} of the ledger cannot be used: {error}", tip=tip) from error
