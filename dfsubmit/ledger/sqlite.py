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
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from dfsubmit.errors import LedgerCorruptError, LedgerError
from dfsubmit.journal import NOTHING, Item, StepError, fold, step
from dfsubmit.ledger import codec
from dfsubmit.ledger.base import Verdict
from dfsubmit.ledger.heads import HeadState, HeadStates
from dfsubmit.ledger.sqliteerrors import foreign_errors
from dfsubmit.ledger.sqlitefile import OpenFile, open_to_read, open_to_write, transaction
from dfsubmit.ledger.sqliteheads import (
    HEADS_SCHEMA,
    forget_heads,
    head_of,
    heads_are_current,
    is_held,
    mark_current,
    put_head,
    read_heads,
)

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
"""

_ADD = "INSERT INTO entries (key, fingerprint, version, entry) VALUES (?, ?, ?, ?)"
_ENTRY = "SELECT seq, key, fingerprint, version, entry FROM entries"
_ONE_ENTRY = _ENTRY + " WHERE seq = ?"
_CHUNK_OF_ALL = _ENTRY + " WHERE seq > ? ORDER BY seq LIMIT ?"
# The plus signs keep SQLite from walking by key, and sorting the rest of the ledger for every chunk.
_CHUNK_OF_PROJECT = _ENTRY + " WHERE seq > ? AND +key >= ? || '/' AND +key < ? || '0' ORDER BY seq LIMIT ?"


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
                rows = read_heads(file.connection, project)
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
            if not heads_are_current(connection):
                self._make_heads(connection)
            verdicts = tuple(self._write(connection, entry, text) for entry, text in zip(entries, texts, strict=True))
            mark_current(connection)
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
            opened = open_to_write(self._path, schema=_SCHEMA + HEADS_SCHEMA, busy_seconds=self._busy_seconds)
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
        if hold and is_held(connection, hold, item):
            return Verdict.HELD
        seq = connection.execute(_ADD, (item.key, item.fingerprint, entry.version, text)).lastrowid
        put_head(connection, before, after, entry, seq or 0)
        self._written[seq or 0] = entry
        if len(self._written) > _MOST_WRITTEN:
            self._written.popitem(last=False)
        return Verdict.WON

    def _head(self, connection: sqlite3.Connection, item: Item) -> ItemState:
        row = head_of(connection, item)
        return NOTHING if row is None else HeadState(row, self._remembered)

    def _make_heads(self, connection: sqlite3.Connection) -> None:
        """Fill `heads` from all entries, inside a transaction. Takes time but no memory in their number."""
        forget_heads(connection)
        for row in self._rows(None):
            entry = _read(row)
            if isinstance(entry, LedgerError):
                raise entry
            before = self._head(connection, entry.item)
            put_head(connection, before, step(before, entry), entry, row[0])
        mark_current(connection)

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


def _read(row: tuple[Any, ...]) -> Entry | LedgerError:
    """Return the entry of a row of `entries`, or what is wrong with it."""
    _, key, fingerprint, version, text = row
    try:
        return codec.check_same(codec.loads(text), Item(key=key, fingerprint=fingerprint), version)
    except LedgerError as error:
        return error
