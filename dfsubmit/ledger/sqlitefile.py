"""The file of an SQLite ledger: made whole or not at all, and opened only if it is one.

What stands in the file is `sqlite`'s affair, and what its errors mean `sqliteerrors`'. Rules kept here:

- A new ledger is built beside its place and linked into it, so a file that is there is a ledger; an empty one is damage.
- Another program's file, or a newer dfsubmit's, is recognised from its header through a connection that neither locks
  nor writes, and left alone.
- Reading needs no right to write: where no lock can be taken, the file is read as it lies, if all of it is in it.
- A ledger that vanishes or is replaced while it is open is an error, not an empty ledger.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.errors import LedgerCorruptError, LedgerError
from dfsubmit.ledger.sqlitebasis import APPLICATION_ID, LAYOUT, PAGE_BYTES
from dfsubmit.ledger.sqliteerrors import (
    NOT_ALLOWED,
    NOTHING_RECORDED,
    PERHAPS_RECORDED,
    RESTORE,
    foreign_errors,
    primary_code,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE_FOLDER = ".dfsubmit"
# How SQLite opens a file without locking it or looking for anything beside it.
_AS_IT_LIES = "ro&immutable=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFile:
    """A connection and the file that it was opened on. `as_it_lay` is set where reading takes no lock."""

    path: Path
    connection: sqlite3.Connection
    identity: tuple[int, int]
    as_it_lay: tuple[int, int] | None = None

    def check(self) -> None:
        """Raise LedgerError if the path now leads to something else than what was read or written."""
        try:
            now = self.path.stat()
        except OSError as error:
            raise self._gone() from error
        if (now.st_dev, now.st_ino) != self.identity:
            raise self._gone()
        if self.as_it_lay is not None and (self.as_it_lay != _shape(now) or _size(_wal(self.path))):
            raise LedgerError(f"the ledger {self.path} was written to while it was read", tip="run the command again")

    def _gone(self) -> LedgerError:
        return LedgerError(
            f"the ledger {self.path} was moved, removed or replaced while it was in use",
            tip="find out by whom, put the right file back, and run the command again",
        )


def open_to_read(path: Path, *, busy_seconds: float) -> OpenFile | None:
    """Return the ledger's file, or None where there is none. Writes nothing of its own. Raises LedgerError."""
    with foreign_errors(path, busy_seconds=busy_seconds):
        if not _is_there(path):
            return None
        _check_header(path, busy_seconds)
        if not _may_write(path) and not _size(_wal(path)):
            # With locks, SQLite would read it too, but leave files beside it that it may not remove again.
            return _checked(path, _AS_IT_LIES, busy_seconds, writing=False)
        try:
            return _checked(path, "rw", busy_seconds, writing=False)
        except sqlite3.OperationalError as error:
            if primary_code(error) not in NOT_ALLOWED:
                raise
            return _open_as_it_lies(path, busy_seconds, error)


def open_to_write(path: Path, *, schema: str, busy_seconds: float) -> OpenFile:
    """Return the ledger's file, made with `schema` if there was none. Raises LedgerError."""
    with foreign_errors(path, busy_seconds=busy_seconds, consequence=NOTHING_RECORDED):
        if not _is_there(path):
            _create(path, schema)
        _check_header(path, busy_seconds)
        if not _may_write(path):
            raise PermissionError(errno.EACCES, "it cannot be written")
        return _checked(path, "rw", busy_seconds, writing=True)


@contextlib.contextmanager
def transaction(file: OpenFile, *, busy_seconds: float) -> Iterator[sqlite3.Connection]:
    """Hold the right to write for a `with` block, which becomes durable as a whole when it ends. Raises LedgerError."""
    connection = file.connection
    try:
        with foreign_errors(file.path, busy_seconds=busy_seconds, consequence=NOTHING_RECORDED):
            connection.execute("BEGIN IMMEDIATE")
            yield connection
        with foreign_errors(file.path, busy_seconds=busy_seconds, consequence=PERHAPS_RECORDED):
            connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
    file.check()


def _is_there(path: Path) -> bool:
    """Tell whether there is a file. Raises LedgerError where one ought to be."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        if _size(_wal(path)):
            raise LedgerCorruptError(
                f"the ledger {path} is missing, but {_wal(path).name} with its latest entries is there", tip=RESTORE
            ) from None
        return False
    if path.is_dir():
        raise LedgerError(f"the ledger {path} is a folder", tip="name a file, such as .dfsubmit/ledger.db")
    if size == 0 or (size % PAGE_BYTES and not _size(_wal(path))):
        # SQLite would take what is missing of the last page for zeros.
        raise LedgerCorruptError(f"the ledger {path} has been cut off at {size} bytes", tip=RESTORE)
    return True


def _check_header(path: Path, busy_seconds: float) -> None:
    """Raise LedgerError unless `path` looks like a ledger that this dfsubmit understands; touches nothing in any case.

    Through SQLite, because a file that is opened and closed beside it costs the process the locks of its connections.
    """
    with contextlib.closing(_connect(path, _AS_IT_LIES, busy_seconds)) as connection:
        try:
            _check_marks(path, connection)
        except sqlite3.DatabaseError as error:
            # While entries move from the -wal into the file, or after a kill in the middle of that, the file's header
            # speaks of pages that are not in it yet. Only a connection that looks at both can tell that from damage.
            if primary_code(error) != sqlite3.SQLITE_CORRUPT:
                raise


def _check_marks(path: Path, connection: sqlite3.Connection) -> None:
    """Raise LedgerError unless the file on `connection` says that it is a ledger, of a layout that is known here."""
    application, layout = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    if application != APPLICATION_ID:
        raise LedgerCorruptError(
            f"{path} is an SQLite file, but not a ledger of dfsubmit; it was left as it is", tip="name another file"
        )
    if layout > LAYOUT:
        raise LedgerError(
            f"the ledger {path} has layout {layout}, and this dfsubmit knows {LAYOUT}: a newer one made it",
            tip="upgrade dfsubmit here",
        )


def _connect(path: Path, mode: str, busy_seconds: float) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=busy_seconds)


def _checked(path: Path, mode: str, busy_seconds: float, *, writing: bool) -> OpenFile:
    """Connect, and read enough to know that reading works."""
    connection = _connect(path, mode, busy_seconds)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        if writing:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            # Where fsync does not reach the disk (macOS), this does; elsewhere it changes nothing.
            connection.execute("PRAGMA fullfsync = ON")
        else:
            connection.execute("PRAGMA query_only = ON")
        _check_marks(path, connection)
        found = path.stat()
    except BaseException:
        connection.close()
        raise
    as_it_lay = _shape(found) if mode == _AS_IT_LIES else None
    return OpenFile(path=path, connection=connection, identity=(found.st_dev, found.st_ino), as_it_lay=as_it_lay)


def _open_as_it_lies(path: Path, busy_seconds: float, why: sqlite3.Error) -> OpenFile:
    """Open a ledger on a medium that cannot be written, where SQLite cannot lock; refuse if a part would be missed."""
    if _size(_wal(path)):
        raise LedgerError(
            f"the ledger {path} has its latest entries in {_wal(path).name}, which cannot be read where nothing can be written",
            tip="copy the folder to a place that can be written, and read it there",
        ) from why
    return _checked(path, _AS_IT_LIES, busy_seconds, writing=False)


def _create(path: Path, schema: str) -> None:
    """Make an empty ledger at `path`, or leave the one that another process has just made."""
    _make_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    os.close(handle)
    building = Path(name)
    try:
        with contextlib.closing(sqlite3.connect(building, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.executescript(
                f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {LAYOUT}; {schema}; COMMIT;"
            )
            connection.execute("PRAGMA journal_mode = WAL")
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(building)
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            building.with_name(building.name + suffix).unlink(missing_ok=True)
    _sync(path.parent)


def _make_folder(folder: Path) -> None:
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if folder.name == STATE_FOLDER:
        with contextlib.suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="ascii") as file:
            file.write("*\n")
    for made in missing:
        _sync(made.parent)


def _sync(folder: Path) -> None:
    """Make the names in `folder` durable; some file systems cannot and need not."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _shape(found: os.stat_result) -> tuple[int, int]:
    return (found.st_size, found.st_mtime_ns)
