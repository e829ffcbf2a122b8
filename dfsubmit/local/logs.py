"""Logs over HTTP: `GET /logs/<container id>` answers the file, or the part of it that `Range` asks for.

An answer is bounded, so that the log of a runaway app cannot fill a client's memory: a range is cut short, as HTTP allows,
and a whole log that is too long ends with a line that says how to read on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dfsubmit.local.faults import Answer

if TYPE_CHECKING:
    from pathlib import Path

# The most bytes of a log in one answer.
MAX_CHUNK = 4 << 20

_CONTAINER = re.compile(r"container_([0-9A-Za-z]{22})_000001")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def app_folder(home: Path, app_id: str) -> Path:
    """Return the folder of one app."""
    return home / "apps" / app_id


def log_path(home: Path, app_id: str) -> Path:
    """Return the file that takes an app's standard output and error."""
    return app_folder(home, app_id) / "log"


def answer(home: Path, container: str, wanted: str) -> Answer:
    """Return the log of `container`; `wanted` is the Range header, empty without one."""
    found = _CONTAINER.fullmatch(container)
    if found is None:
        return _text(404, b"no such container\n")
    path = log_path(home, found[1])
    try:
        with path.open("rb") as stream:
            size = path.stat().st_size
            stretch = _stretch(wanted, size)
            if stretch is None:
                return _whole(stream.read(MAX_CHUNK), size)
            start, end = stretch
            if start >= size:
                return _text(416, b"", ("Content-Range", f"bytes */{size}"))
            stream.seek(start)
            part = stream.read(min(end - start, MAX_CHUNK))
    except OSError:
        return _text(404, b"no such log\n")
    return _text(206, part, ("Content-Range", f"bytes {start}-{start + len(part) - 1}/{size}"))


def _stretch(wanted: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one after the last, or None: what cannot be read is no range, says HTTP."""
    found = _RANGE.fullmatch(wanted.strip())
    if found is None or wanted.strip() == "bytes=-":
        return None
    first, last = found[1], found[2]
    if not first:
        return (max(0, size - int(last)), size) if int(last) else (size, size)
    end = min(int(last) + 1, size) if last else size
    return (int(first), end) if end > int(first) or int(first) >= size else None


def _whole(start: bytes, size: int) -> Answer:
    if size > len(start):
        start += f"\n[the log has {size} bytes; read on with the header 'Range: bytes={len(start)}-']\n".encode()
    return _text(200, start)


def _text(status: int, body: bytes, *headers: tuple[str, str]) -> Answer:
    kept = (
        ("Content-Type", "text/plain;charset=UTF-8"),
        ("Accept-Ranges", "bytes"),
        ("X-Content-Type-Options", "nosniff"),
    )
    return Answer(status=status, headers=(*kept, *headers), body=body)
