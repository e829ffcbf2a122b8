"""One file → its bytes, bounded, or the finding that says why not. Nothing hangs, and nothing is half read.

Only regular files are read: opening a pipe or a device could wait for ever, so it is refused without being opened, and opened
without waiting in case it is swapped in meanwhile. A file that changes under the reader is read again once.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Diagnostic
from dfsubmit.yamlcore.limits import MAX_FILE

if TYPE_CHECKING:
    from typing import BinaryIO

_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_ATTEMPTS = 2

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_file(location: str, shown: str, *, follow: bool, regular: bool = False) -> bytes | Diagnostic:
    """Return the bytes of the file at `location`, at most MAX_FILE.

    `follow` says whether it may be a symbolic link, `regular` that the folder's listing shows it as a regular file.
    """
    try:
        for _ in range(_ATTEMPTS):
            content = _read_once(location, shown, follow=follow, regular=regular)
            if content is not None:
                return content
    except OSError as error:
        return unreadable(shown, error)
    return Diagnostic(
        code="DF0006",
        message="the file changed while it was being read",
        path=shown,
        help="run again when nothing writes to it any more",
    )


def _read_once(location: str, shown: str, *, follow: bool, regular: bool) -> bytes | Diagnostic | None:
    """Return the bytes; None when the file changed meanwhile. Raises OSError."""
    # A device can react to being opened, so look first; what is then opened is looked at again.
    if not regular:
        refused = refuse_kind(os.stat(location, follow_symlinks=follow).st_mode, shown)  # noqa: PTH116  # plain strings, as in sources
        if refused is not None:
            return refused
    descriptor = os.open(location, _OPEN | _BINARY | (0 if follow else _NO_FOLLOW))
    try:
        before = os.fstat(descriptor)
        refused = refuse_kind(before.st_mode, shown)
        if refused is not None:
            return refused
        if before.st_size > MAX_FILE:
            return too_large(shown)
        content = os.read(descriptor, before.st_size + 1)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(content) != after.st_size:
        return None
    return content


def read_stream(stream: BinaryIO, shown: str) -> bytes | Diagnostic:
    """Return all bytes of `stream`, at most MAX_FILE."""
    try:
        content = stream.read(MAX_FILE + 1)
    except (OSError, ValueError) as error:
        return unreadable(shown, error)
    return content if len(content) <= MAX_FILE else too_large(shown)


def refuse_kind(mode: int, shown: str) -> Diagnostic | None:
    """Return the finding for what is no regular file."""
    if stat.S_ISREG(mode):
        return None
    kind = next((words for test, words in _KINDS if test(mode)), "no regular file")
    help_text = (
        "to read from a pipe, use `-f -`" if kind == "a pipe" else "only regular files are read: rename or remove it"
    )
    return Diagnostic(code="DF0004", message=f"this is {kind}, not a file", path=shown, help=help_text)


def too_large(shown: str) -> Diagnostic:
    """Return the finding for a file beyond the bound."""
    return Diagnostic(
        code="DF0005",
        message=f"the file is larger than {MAX_FILE:,} bytes",
        path=shown,
        help="no manifest is that long: split the file, or name only manifests so that they end in .yaml",
    )


def unreadable(shown: str, error: Exception) -> Diagnostic:
    """Return the finding for a file that the system does not let us read."""
    reason = getattr(error, "strerror", None) or str(error)
    return Diagnostic(
        code="DF0003",
        message=f"the file cannot be read: {reason}",
        path=shown,
        help="check that it exists and that you may read it",
    )
