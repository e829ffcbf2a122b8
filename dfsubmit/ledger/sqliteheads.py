"""The table `heads` of an SQLite ledger: what each item amounts to by its entries, and which hold it keeps.

Derived from `entries`, and written in the same transaction as what it stems from. `heads_basis` says through which entry, and
under which rules: where the table lags behind or was made under others, it is not trusted, and `sqlite` folds the
entries or makes it anew. How a row becomes the state of an item is `heads`' affair.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from dfsubmit.journal import STEPS
from dfsubmit.ledger.heads import HeadState

if TYPE_CHECKING:
    import sqlite3

    from dfsubmit.journal import Entry, Item, ItemState

HEADS_SCHEMA = """
CREATE TABLE heads (
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL,
  version INTEGER NOT NULL,
  app_id TEXT,
  app_name TEXT,
  last INTEGER NOT NULL,
  intent INTEGER,
  submitted INTEGER,
  hold TEXT NOT NULL,
  PRIMARY KEY (key, fingerprint)
) WITHOUT ROWID;
CREATE UNIQUE INDEX heads_hold ON heads (hold) WHERE hold <> '';
CREATE TABLE heads_basis (one INTEGER PRIMARY KEY CHECK (one = 1), rules INTEGER NOT NULL, through INTEGER NOT NULL);
"""

_HEAD = "SELECT key, fingerprint, state, version, app_id, app_name, last, intent, submitted FROM heads"
_ONE_HEAD = _HEAD + " WHERE key = ? AND fingerprint = ?"
# A project's keys begin with "id/", and "0" is the character after "/".
_HEADS_OF_PROJECT = _HEAD + " WHERE key >= ? || '/' AND key < ? || '0'"
# Without its own condition repeated, SQLite would not use the index on holds.
_HOLDER = "SELECT 1 FROM heads WHERE hold = ? AND hold <> '' AND NOT (key = ? AND fingerprint = ?)"
_PUT_HEAD = """
INSERT INTO heads (key, fingerprint, state, version, app_id, app_name, last, intent, submitted, hold)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key, fingerprint) DO UPDATE SET state = excluded.state, version = excluded.version,
  app_id = excluded.app_id, app_name = excluded.app_name, last = excluded.last, intent = excluded.intent,
  submitted = excluded.submitted, hold = excluded.hold
"""
_IS_CURRENT = "SELECT 1 FROM heads_basis WHERE rules = ? AND through = (SELECT coalesce(max(seq), 0) FROM entries)"
_SET_BASIS = """
INSERT OR REPLACE INTO heads_basis (one, rules, through) SELECT 1, ?, coalesce(max(seq), 0) FROM entries
"""

# Heads made under another table of steps are not trusted. The number in front covers what the table does not show.
_RULES = zlib.crc32(
    "\n".join(["1", *sorted(f"{s.value} {e.value} {to.value}" for (s, e), to in STEPS.items())]).encode()
)


def heads_are_current(connection: sqlite3.Connection) -> bool:
    """Tell whether the table is of all entries, and made under the rules of today."""
    return connection.execute(_IS_CURRENT, (_RULES,)).fetchone() is not None


def mark_current(connection: sqlite3.Connection) -> None:
    """Record that the table is now of all entries."""
    connection.execute(_SET_BASIS, (_RULES,))


def read_heads(connection: sqlite3.Connection, project: str | None) -> list[tuple[Any, ...]] | None:
    """Return the rows of `heads` as of one moment, or None where they are not to be trusted."""
    connection.execute("BEGIN")
    try:
        if not heads_are_current(connection):
            return None
        if project is None:
            return connection.execute(_HEAD).fetchall()
        return connection.execute(_HEADS_OF_PROJECT, (project, project)).fetchall()
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def head_of(connection: sqlite3.Connection, item: Item) -> tuple[Any, ...] | None:
    """Return the row of `item`, in the order of `heads.Head`, or None where it has no entry."""
    row: tuple[Any, ...] | None = connection.execute(_ONE_HEAD, (item.key, item.fingerprint)).fetchone()
    return row


def is_held(connection: sqlite3.Connection, hold: str, item: Item) -> bool:
    """Tell whether another item than `item` keeps `hold`."""
    return connection.execute(_HOLDER, (hold, item.key, item.fingerprint)).fetchone() is not None


def put_head(connection: sqlite3.Connection, before: ItemState, after: ItemState, entry: Entry, seq: int) -> None:
    """Write the row of an item that `entry`, the ledger's number `seq`, has brought from `before` to `after`."""
    connection.execute(_PUT_HEAD, _head_row(before, after, entry, seq))


def forget_heads(connection: sqlite3.Connection) -> None:
    """Empty the table, to make it anew."""
    connection.execute("DELETE FROM heads")


def _head_row(before: ItemState, after: ItemState, entry: Entry, seq: int) -> tuple[Any, ...]:
    """Return the row of `heads` for an item that `entry`, the ledger's number `seq`, has brought to `after`."""
    known = before.head if isinstance(before, HeadState) else None
    intent = seq if entry.intent is not None else known and known.intent
    submitted = None if after.submitted_at is None else (known and known.submitted) or seq
    app = after.app
    return (
        entry.item.key,
        entry.item.fingerprint,
        after.state.value,
        after.version,
        app and app.id,
        app and app.name,
        seq,
        intent,
        submitted,
        after.hold,
    )
