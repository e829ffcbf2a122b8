"""SQLite's and the system's errors about the file of a ledger, in our words: what is wrong, what is recorded, what to do.

`sqlitefile` and `sqlite` run whatever touches the file inside `foreign_errors`. Rules kept here:

- Damage is told from what only stands in the way (a lock, a full disk, a missing right), and only damage asks for a backup.
- What was recorded by then, the caller says; it is added where the cause does not tell it.
- Whoever keeps the file locked is named, as far as the system tells.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.errors import LedgerCorruptError, LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

# SQLite's lock on the right to write stands on this byte of the -shm file (WAL_WRITE_LOCK in its file format).
_WRITE_LOCK_BYTE = 120

_CORRUPT = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
    }
)
NOT_ALLOWED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})
RESTORE = (
    "nothing is submitted on the strength of a damaged ledger: put its last backup in its place, or move it away, "
    "and run `dfsubmit ledger rebuild` before apply"
)
NOTHING_RECORDED = "; nothing was recorded"
PERHAPS_RECORDED = "; whether the last entries were recorded is not known, so read the ledger again"


@contextlib.contextmanager
def foreign_errors(path: Path, *, busy_seconds: float, consequence: str = "") -> Iterator[None]:
    """Turn SQLite's and the system's errors into ours; `consequence` is added where the cause leaves it open."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # wrong use of the connection is a bug of ours, not a state of the ledger
    except sqlite3.Error as error:
        raise _in_our_words(error, path, busy_seconds, consequence) from error
    except OSError as error:
        raise LedgerError(
            f"the ledger {path} cannot be used: {error.strerror or error}{consequence}",
            tip="look at the path: the file and its folder must be writable for whoever applies",
        ) from error


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code of `error`; text that is no UTF-8 has none and counts as damage."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF


def _in_our_words(error: sqlite3.Error, path: Path, busy_seconds: float, consequence: str) -> LedgerError:
    code = primary_code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        nothing = NOTHING_RECORDED if consequence else ""
        return LedgerError(
            f"the ledger {path} was kept locked for {busy_seconds:g} s by {_lock_holder(path)}{nothing}",
            tip="wait until that has ended, or end it, and run the command again",
        )
    if code == sqlite3.SQLITE_FULL:
        return LedgerError(
            f"there is no room left for the ledger {path}; nothing was recorded",
            tip="free some space on its disk and run the command again",
        )
    if code in _CORRUPT:
        return LedgerCorruptError(f"the ledger {path} is damaged or not dfsubmit's: {error}", tip=RESTORE)
    if code in NOT_ALLOWED:
        return LedgerError(
            f"the ledger {path} cannot be opened or written here: {error}{consequence}",
            tip="the file and its folder must be writable for whoever applies",
        )
    return LedgerError(f"the ledger {path} could not be read or written: {error}{consequence}", tip="look at its disk")


def _lock_holder(path: Path) -> str:
    """Return who holds the right to write, as far as the system tells."""
    anyone = "another process: a dfsubmit, a backup, an open sqlite3 shell"
    try:
        inode = path.with_name(path.name + "-shm").stat().st_ino
        locks = Path("/proc/locks").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return anyone
    holders = {fields[4] for fields in map(str.split, locks) if _is_write_lock(fields, inode)}
    return f"process {', '.join(sorted(holders))}" if holders - {"0", "-1"} else anyone


def _is_write_lock(fields: list[str], inode: int) -> bool:
    """Tell whether a line of /proc/locks (`1: POSIX ADVISORY WRITE 4711 fe:00:1234 120 120`) is the write lock on `inode`."""
    return (
        fields[1:4] == ["POSIX", "ADVISORY", "WRITE"]
        and fields[5].rpartition(":")[2] == str(inode)
        and int(fields[6]) <= _WRITE_LOCK_BYTE
        and (fields[7] == "EOF" or int(fields[7]) >= _WRITE_LOCK_BYTE)
    )
