"""Whether an SQLite ledger still says the same of a project, told without reading an entry. Imports next to nothing.

The digest is made of the file's identity, its last entry, and of each item of the project: its state, and the number of the
entry that brought it there. Entries are never changed, and what else `heads` has stems from them, so that equal digests mean
equal states. Where anything is out of the ordinary (no file, no right to write, damage, heads that lag behind), there is no
digest, and `sqlite` has to look.
"""

from __future__ import annotations

# ruff: noqa: PTH116  # importing pathlib takes longer than all that is done here
import hashlib
import os
import sqlite3

# "dfsb": how a file says that it is a ledger of dfsubmit, and in which layout.
APPLICATION_ID = 0x64667362
LAYOUT = 1
PAGE_BYTES = 4096

# One text is made of many rows by SQLite, which takes half the time of doing it here.
_HEADS = """
SELECT group_concat(key || fingerprint || state || last), min(intent)
FROM heads WHERE key >= ? || '/' AND key < ? || '0'
"""
_LAST = """
SELECT rules, through, entry FROM heads_basis, entries
WHERE through = (SELECT max(seq) FROM entries) AND seq = through
"""
# Which engine it all went to stands in the intents, and one of a project speaks for all.
_ENTRY = "SELECT entry FROM entries WHERE seq = ?"


def ledger_basis(path: str, project: str) -> bytes | None:
    """Return a digest that changes when the states of `project` do; None where that cannot be told."""
    try:
        found = os.stat(path)
        writable = os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
        if not writable or not found.st_size or found.st_size % PAGE_BYTES:
            return None
        told = _told(path, project)
        again = os.stat(path)
    except (OSError, ValueError, sqlite3.Error):
        return None
    identity = (found.st_dev, found.st_ino)
    if told is None or identity != (again.st_dev, again.st_ino):
        return None
    digest = hashlib.sha256(repr(identity).encode())
    for text in told:
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.digest()


def _told(path: str, project: str) -> tuple[str, ...] | None:
    """Return what the ledger says, as of one moment. Raises sqlite3.Error, ValueError."""
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    connection = sqlite3.connect(f"file:{quoted}?mode=rw", uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA query_only = ON")
        marks = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        if marks != [APPLICATION_ID, LAYOUT]:
            return None
        connection.execute("BEGIN")
        last = connection.execute(_LAST).fetchone()
        heads = connection.execute(_HEADS, (project, project)).fetchone()
        if last is None or heads[0] is None:
            return None
        intent = connection.execute(_ENTRY, heads[1:]).fetchone()
        return (repr(last), heads[0], repr(intent))
    finally:
        connection.close()
