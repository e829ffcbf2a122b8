"""Which rules a result was made by: a digest of this program's code and of everything that is installed beside it.

What a cache holds is good for the same rules only. The version number would not do: while dfsubmit is being worked on,
its code changes and the number does not. So the sources are read, all of them; that takes two milliseconds. Of the other
packages the names of their `.dist-info` folders count, which carry the versions. Imports next to nothing, as `usercache`.
"""

from __future__ import annotations

# ruff: noqa: PTH120, PTH123, PTH208  # as in usercache
import hashlib
import os
import sys

_CODE = (".py", ".so", ".pyd")
_INSTALLED = (".dist-info", ".egg-info", ".egg-link", ".pth")


def ruleset() -> str:
    """Return the digest, as hexadecimal; empty when the sources cannot be read, as from a zip file."""
    package = os.path.dirname(__file__)
    digest = hashlib.sha256(f"{sys.version}\n{sys.platform}\n{sys.executable}\n{package}\n".encode())
    try:
        for path in sorted(_sources(package)):
            with open(path, "rb") as file:
                content = file.read()
            digest.update(f"{path}\n{len(content)}\n".encode("utf-8", "surrogateescape"))
            digest.update(content)
    except OSError:
        return ""
    for folder in sys.path:
        try:
            names = sorted(name for name in os.listdir(folder or ".") if name.endswith(_INSTALLED))
        except OSError:
            continue
        digest.update("\n".join([folder, *names, ""]).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _sources(folder: str) -> list[str]:
    """Return the files of code in `folder` and below. Raises OSError."""
    found: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(_CODE):
                found.append(entry.path)
            elif entry.is_dir() and entry.name != "__pycache__":
                found += _sources(entry.path)
    return found
