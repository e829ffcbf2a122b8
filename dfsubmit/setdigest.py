"""A digest of a set's files, read as fast as Python can: every name and every byte counts, and no time and no size does.

It tells whether a folder holds what it held when `sources` read it. Where anything is out of the ordinary (a symbolic link,
a manifest that is no regular file), there is none, and `sources` has to look. Imports next to nothing, as `usercache`.
"""

from __future__ import annotations

import hashlib
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_SUFFIXES = (".yaml", ".yml")
_AT_ONCE = 8_192


def set_digest(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the digest of files, each given by where it lies and the SHA-256 of its bytes, in any order."""
    known = dict(files)
    return joined(*(_digest(part, [known[location] for location in part]) for part in parts(known)))


def parts(locations: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the locations of a set in two parts, each of which has a digest of its own.

    The first is the larger one: whoever has it read by a process beside this one has other things to do meanwhile.
    """
    ordered = sorted(locations)
    middle = len(ordered) * 3 // 5
    return ordered[:middle], ordered[middle:]


def part_digest(locations: list[str]) -> bytes:
    """Return the digest of one part of the set. Raises OSError."""
    digests = []
    for location in locations:
        descriptor = os.open(location, _OPEN)
        try:
            content = os.read(descriptor, _AT_ONCE)
            if len(content) == _AT_ONCE:
                while more := os.read(descriptor, 128 * _AT_ONCE):
                    content += more
        finally:
            os.close(descriptor)
        digests.append(hashlib.sha256(content).digest())
    return _digest(locations, digests)


def joined(first: bytes, rest: bytes) -> bytes:
    """Return the digest of a set whose parts have these."""
    return hashlib.sha256(first + rest).digest()


def plain_files(folder: str, skipped: tuple[str, ...] = ()) -> list[str] | None:
    """Return where the manifests of a folder lie, in any order; None when not all are plain files. Raises OSError.

    `skipped` are the beginnings of locations that are not part of the set.
    """
    found: list[str] = []
    pending = [folder]
    while pending:
        folder = pending.pop()
        if skipped and f"{folder}{os.sep}".startswith(skipped):
            os.scandir(folder).close()  # what is in it does not matter, but that it can be listed does
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                name = entry.name
                if name[0] == ".":
                    continue
                if name.endswith(_SUFFIXES):
                    if not entry.is_file(follow_symlinks=False):
                        return None
                    found.append(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_symlink():
                    return None
    return found


def _digest(locations: Iterable[str], digests: Iterable[bytes]) -> bytes:
    # No name holds a NUL, so that all of them together are as good as one by one.
    names = "\0".join(locations).encode("utf-8", "surrogateescape")
    return hashlib.sha256(hashlib.sha256(names).digest() + b"".join(digests)).digest()
