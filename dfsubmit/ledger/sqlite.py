"""The ledger in an SQLite file.

`entries` is the truth: one row an entry, as `codec` writes it, never changed (triggers refuse it), and no two rows of one
item with the same version. `heads` is derived from it in the same transaction: what each item amounts to and which hold
it keeps. Should `heads` lag behind or stem from other rules, readers fold the entries, and the next writer makes it anew.

An `append` is one BEGIN IMMEDIATE transaction in WAL mode with synchronous=FULL: one writer at a time, durable when it
returns, readers never wait. WAL shares memory between processes, so the file must lie on a disk of this machine: on NFS,
SMB and the like use another ledger. Opening and creating the file are `sqlitefile`'s, and its errors `sqliteerrors`'.
"""

from __future__ import annotations

import contextlib
import functools
import zlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from dfsubmit.errors import LedgerCorruptError, LedgerError
from dfsubmit.journal import NOTHING, STEPS, Item, StepError, fold, step
from dfsubmit.ledger import codec
from dfsubmit.ledger.base import Verdict
from dfsubmit.ledger.heads import HeadState, HeadStates
from dfsubmit.ledger.sqliteerrors import foreign_errors
from dfsubmit.ledger.sqlitefile import OpenFile, open_to_read, open_to_write, transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dfsubmit.journal import Entry, ItemState

BUSY_SECONDS = 30.0
# Rows read at once: no read of a long ledger stays open for long, nor does it take memory.
_CHUNK = 512
# Entries of our own that are kept in memory: twice what one run has in flight at most.
_MOST_WRITTEN = 512
_VERIFY = "`dfsubmit ledger verify` says what fits and what does not"

_SCHEMA = """
CREATE TABLE entries (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version >= 1),
  entry TEXT NOT NULL,
  UNIQUE (key, fingerprint, version)
);
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN
  SELECT RAISE(ABORT, 'entries of the ledger are never changed');
END;
CREATE TRIGGER entries_remain BEFORE DELETE ON entries BEGIN
  SELECT RAISE(ABORT, 'entries of the ledger are never removed');
END;
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
_ADD = "INSERT INTO entries (key, fingerprint, version, entry) VALUES (?, ?, ?, ?)"
_ENTRY = "SELECT seq, key, fingerprint, version, entry FROM entries"
_ONE_ENTRY = _ENTRY + " WHERE seq = ?"
_CHUNK_OF_ALL = _ENTRY + " WHERE seq > ? ORDER BY seq LIMIT ?"
# The plus signs keep SQLite from walking by key, and sorting the rest of the ledger for every chunk.
_CHUNK_OF_PROJECT = _ENTRY + " WHERE seq > ? AND +key >= ? || '/' AND +key < ? || '0' ORDER BY seq LIMIT ?"

# Heads made under another table of steps are not trusted. The number in front covers what the table does not show.
_RULES = zlib.crc32(
    "\n".join(["1", *sorted(f"{s.value} {e.value} {to.value}" for (s, e), to in STEPS.items())]).encode()
)


class SqliteLedger:
    """See `base.Ledger` for the contract. States hold on to the ledger: look at them before `close`."""

    def __init__(self, path: Path, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """Take the file's path; `busy_seconds` is how long to wait for another writer. Touches nothing yet."""
        self._path = path
        self._busy_seconds = busy_seconds
        self._file: OpenFile | None = None
        self._writable = False
        self._closed = False
        self._entry_at = functools.lru_cache(maxsize=256)(self._load)
        # What was read last, of which project and as of when: one run asks several times before it writes.
        self._states: tuple[str | None, tuple[int, int], HeadStates] | None = None
        # Outcomes follow soon upon their intents. Only steps look here: what callers handed in, callers may change.
        self._written: OrderedDict[int, Entry] = OrderedDict()

    def describe(self) -> str:
        """Return where this is, as `--ledger` takes it."""
        return f"sqlite:{self._path}"

    def states(self, project: str | None) -> Mapping[Item, ItemState]:
        """Return the state of every item of `project` (None: of all). Raises LedgerError, later too: see `heads`."""
        file = self._reading()
        if file is None:
            return {}
        with self._errors():
            as_of = _version_of(file.connection)
            if self._states is None or self._states[:2] != (project, as_of):
                rows = _read_heads(file.connection, project)
                self._states = None if rows is None else (project, as_of, HeadStates(rows, self._entry_at))
        file.check()
        return fold(self.entries(project)) if self._states is None else self._states[2]

    def entries(self, project: str | None) -> Iterator[Entry]:
        """Yield every entry of `project` (None: of all), oldest first. Raises LedgerError."""
        for place, entry in self.records(project):
            if isinstance(entry, LedgerError):
                raise type(entry)(f"{self._path}, {place}: {entry.message}", tip=entry.tip) from entry
            yield entry

    def records(self, project: str | None) -> Iterator[tuple[str, Entry | LedgerError]]:
        """Yield every entry with its place, and in place of one that cannot be read the error, for `verify`."""
        return ((f"entry {row[0]}", _read(row)) for row in self._rows(project))

    def append(self, entries: Sequence[Entry]) -> tuple[Verdict, ...]:
        """Write those of `entries` that win, as one transaction. Raises LedgerError, ValueError for what cannot be stored."""
        texts = [codec.dumps(entry) for entry in entries]
        if not texts:
            return ()
        with self._transaction() as connection:
            if not _heads_are_current(connection):
                self._make_heads(connection)
            verdicts = tuple(self._write(connection, entry, text) for entry, text in zip(entries, texts, strict=True))
            connection.execute(_SET_BASIS, (_RULES,))
        return verdicts

    def storage_faults(self) -> tuple[str, ...]:
        """Return what SQLite finds wrong with the file, for `verify`. Raises LedgerError."""
        file = self._reading()
        if file is None:
            return ()
        with self._errors():
            found = [str(row[0]) for row in file.connection.execute("PRAGMA integrity_check(20)")]
        return tuple(line for line in found if line != "ok")

    def rebuild(self) -> None:
        """Make the derived `heads` anew from the entries. Raises LedgerError, StepError where entries do not fit."""
        if self._reading() is not None:
            with self._transaction() as connection:
                self._make_heads(connection)

    def close(self) -> None:
        """Let go of the file; the ledger cannot be used any more."""
        self._closed = True
        self._let_go()

    def _let_go(self) -> None:
        self._states = None
        if self._file is not None:
            self._file.connection.close()
            self._file = None

    def _reading(self) -> OpenFile | None:
        if self._closed:
            raise ValueError(f"the ledger {self._path} was closed")
        if self._file is None:
            self._file = open_to_read(self._path, busy_seconds=self._busy_seconds)
        return self._file

    def _writing(self) -> OpenFile:
        before = self._reading()
        if before is None or not self._writable:
            opened = open_to_write(self._path, schema=_SCHEMA, busy_seconds=self._busy_seconds)
            if before is not None and before.identity != opened.identity:
                opened.connection.close()
                before.check()
            self._let_go()
            self._file, self._writable = opened, True
            return opened
        return before

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return foreign_errors(self._path, busy_seconds=self._busy_seconds)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            with transaction(self._writing(), busy_seconds=self._busy_seconds) as connection:
                yield connection
        except BaseException:
            # What was rolled back leaves its sequence numbers to others.
            self._entry_at.cache_clear()
            self._written.clear()
            raise

    def _write(self, connection: sqlite3.Connection, entry: Entry, text: str) -> Verdict:
        item = entry.item
        before = self._head(connection, item)
        try:
            after = step(before, entry)
        except StepError:
            return Verdict.LOST
        hold = after.hold
        if hold and connection.execute(_HOLDER, (hold, item.key, item.fingerprint)).fetchone():
            return Verdict.HELD
        seq = connection.execute(_ADD, (item.key, item.fingerprint, entry.version, text)).lastrowid
        connection.execute(_PUT_HEAD, _head_row(before, after, entry, seq or 0))
        self._written[seq or 0] = entry
        if len(self._written) > _MOST_WRITTEN:
            self._written.popitem(last=False)
        return Verdict.WON

    def _head(self, connection: sqlite3.Connection, item: Item) -> ItemState:
        row = connection.execute(_ONE_HEAD, (item.key, item.fingerprint)).fetchone()
        return NOTHING if row is None else HeadState(row, self._remembered)

    def _make_heads(self, connection: sqlite3.Connection) -> None:
        """Fill `heads` from all entries, inside a transaction. Takes time but no memory in their number."""
        connection.execute("DELETE FROM heads")
        for row in self._rows(None):
            entry = _read(row)
            if isinstance(entry, LedgerError):
                raise entry
            before = self._head(connection, entry.item)
            connection.execute(_PUT_HEAD, _head_row(before, step(before, entry), entry, row[0]))
        connection.execute(_SET_BASIS, (_RULES,))

    def _rows(self, project: str | None) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of `entries`, by chunks: an append in between may change the connection."""
        seq = 0
        while file := self._reading():
            with self._errors():
                query = (
                    (_CHUNK_OF_ALL, (seq, _CHUNK))
                    if project is None
                    else (_CHUNK_OF_PROJECT, (seq, project, project, _CHUNK))
                )
                rows = file.connection.execute(*query).fetchall()
            file.check()
            yield from rows
            if len(rows) < _CHUNK:
                return
            seq = rows[-1][0]

    def _remembered(self, seq: int) -> Entry:
        return self._written.get(seq) or self._entry_at(seq)

    def _load(self, seq: int) -> Entry:
        file = self._reading()
        with self._errors():
            row = None if file is None else file.connection.execute(_ONE_ENTRY, (seq,)).fetchone()
        if row is None:
            raise LedgerCorruptError(f"the ledger {self._path} has no entry {seq}, which it refers to", tip=_VERIFY)
        entry = _read(row)
        if isinstance(entry, LedgerError):
            raise type(entry)(f"{self._path}, entry {seq}: {entry.message}", tip=entry.tip) from entry
        return entry


def _version_of(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return what differs after any commit, of another connection or of this one."""
    return connection.execute("PRAGMA data_version").fetchone()[0], connection.total_changes


def _heads_are_current(connection: sqlite3.Connection) -> bool:
    return connection.execute(_IS_CURRENT, (_RULES,)).fetchone() is not None


def _read_heads(connection: sqlite3.Connection, project: str | None) -> list[tuple[Any, ...]] | None:
    """Return the rows of `heads` as of one moment, or None where they are not to be trusted."""
    connection.execute("BEGIN")
    try:
        if not _heads_are_current(connection):
            return None
        if project is None:
            return connection.execute(_HEAD).fetchall()
        return connection.execute(_HEADS_OF_PROJECT, (project, project)).fetchall()
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


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


def _read(row: tuple[Any, ...]) -> Entry | LedgerError:
    """Return the entry of a row of `entries`, or what is wrong with it."""
    _, key, fingerprint, version, text = row
    try:
        return codec.check_same(codec.loads(text), Item(key=key, fingerprint=fingerprint), version)
    except LedgerError as error:
        return error
