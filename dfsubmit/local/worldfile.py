"""The SQLite file of the embedded world, `<home>/world.db`: opened, made, read and written, by several processes at once.

What stands in it is `store`'s affair. Durability: WAL with `synchronous=FULL`. With NORMAL the last commits could vanish in a
power cut, and an app whose id was answered would be gone, which is the one thing an exactly-once client must not meet; a
submit pays one fsync for it.

Reading creates nothing: a file that does not exist yet has no rows. One that was removed or replaced meanwhile is let go
of, and the one that is there now is opened.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# How long a writer waits for others, in seconds; each of them holds the file for about a millisecond.
_PATIENCE = 30.0
_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS app (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    queue TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    workspace_name TEXT NOT NULL,
    phase TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    finished_ms INTEGER NOT NULL DEFAULT 0,
    modified_ms INTEGER NOT NULL,
    container_ms INTEGER NOT NULL DEFAULT 0,
    lands_ms INTEGER NOT NULL DEFAULT 0,
    has_env INTEGER NOT NULL,
    kill_wanted INTEGER NOT NULL DEFAULT 0,
    claim TEXT NOT NULL DEFAULT '',
    claimed_ms INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    child TEXT NOT NULL DEFAULT '',
    spec TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS app_queued ON app (queue, seq) WHERE phase = 'queued';
CREATE INDEX IF NOT EXISTS app_active ON app (queue) WHERE phase IN ('claimed', 'staging', 'running');
CREATE INDEX IF NOT EXISTS app_env ON app (phase) WHERE has_env = 1;
CREATE INDEX IF NOT EXISTS app_workspace ON app (workspace_id, workspace_name);
"""


class WorldFile:
    """The file and this process's one connection to it. May be used by several threads at once, one at a time by its lock."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.lock = threading.RLock()
        self._path = home / "world.db"
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    @property
    def exists(self) -> bool:
        """Tell whether there is a world: something was submitted, and nobody removed it."""
        return self._path.exists()

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        with self.lock:
            if self._connection is not None:
                with self._door() if self.home.is_dir() else nullcontext():
                    self._connection.close()
                self._connection = None

    def read(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of `query`; none where there is no file."""
        with self.lock:
            if not self.exists:
                return []
            return self.open().execute(query, values).fetchall()

    @contextmanager
    def writing(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        """Hold the right to write for a `with` block, which becomes durable as a whole when it ends.

        Only with `create` is a file made where none is; without it, that raises FileNotFoundError.
        """
        with self.lock:
            if not create and not self.exists:
                # Removed by hand; a supervisor that still runs must not bring an empty one back.
                raise FileNotFoundError(f"{self._path} is gone")
            db = self.open()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                # A full disk ends some transactions by itself.
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def open(self) -> sqlite3.Connection:
        """Return the connection to the file that is there now, made where none is. To be called with the lock held."""
        if self._connection is not None and self._file_id() != self._opened:
            # The folder was removed or replaced meanwhile; what is written to the old file, nobody will ever read.
            self.close()
        if self._connection is None:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.home.chmod(0o700)
            with self._door():
                db = sqlite3.connect(self._path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
                try:
                    _prepare(db)
                except BaseException:
                    db.close()
                    raise
            self._connection = db
            self._opened = self._file_id()
        return self._connection

    def _file_id(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    @contextmanager
    def _door(self) -> Iterator[None]:
        """Let one process at a time open or close the file: SQLite does not wait for others while WAL comes and goes."""
        with (self.home / "world.lock").open("wb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield


def _prepare(db: sqlite3.Connection) -> None:
    """Set up a connection, and the tables when the file is new. Raises sqlite3.DatabaseError."""
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise sqlite3.DatabaseError("the file was written by a newer dfsubmit")
    if version < _VERSION:
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
