"""What may be forgotten at any time: files in the user's own cache folder that make later runs faster.

They lie in `$XDG_CACHE_HOME/dfsubmit` or `~/.cache/dfsubmit`, and not beside the manifests: what lies there may have come
with a pull request, and a forged file could make a plan say that nothing changed. For the same reason a cache folder
inside the working directory, or inside a git repository around it, is not used, and neither is what somebody else could
have written. A file is sealed with a digest of its content, its name and the rules that it was made by (`ruleset`), and
replaced as a whole: one that is damaged, half written, misplaced or of another version reads as none. Nothing here ever
raises: without a cache everything works, slower.

Rule: imports next to nothing, because a run that is answered from here pays for each of them.
"""

from __future__ import annotations

# ruff: noqa: SIM105, PTH103, PTH105, PTH108, PTH116, PTH117, PTH118, PTH120  # importing contextlib or pathlib takes longer than reading a file
import hashlib
import os
import stat

from dfsubmit.ruleset import ruleset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAGIC = b"dfsubmit cache 1\n"
_DIGEST_BYTES = 32
_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
# So much is kept; beyond it, what was written longest ago goes. A set of 100,000 manifests takes 56 MB.
MOST_FILES = 64
MOST_BYTES = 256 * 1_048_576


class UserCache:
    """The files of one user that were made by one set of rules. Names are file names of the caller's choice."""

    def __init__(self, folder: str, rules: str) -> None:
        """Take the folder, and the rules as they were when the run began; touches nothing."""
        self._folder, self._rules = folder, rules

    def _seal(self, name: str, payload: bytes) -> bytes:
        digest = hashlib.sha256(f"{self._rules}\n{name}\n".encode())
        digest.update(payload)
        return _MAGIC + digest.digest()

    def read(self, name: str) -> bytes | None:
        """Return what was written under `name`; None when there is nothing that can be trusted."""
        try:
            if not _is_own(os.stat(self._folder)):
                return None
            descriptor = os.open(os.path.join(self._folder, name), _OPEN)
            with os.fdopen(descriptor, "rb") as file:
                found = os.fstat(descriptor)
                content = file.read() if stat.S_ISREG(found.st_mode) and _is_own(found) else b""
        except OSError:
            return None
        start = len(_MAGIC) + _DIGEST_BYTES
        payload = content[start:]
        return payload if content[:start] == self._seal(name, payload) else None

    def write(self, name: str, payload: bytes) -> None:
        """Keep `payload` under `name`, or do nothing where that cannot be done."""
        if ruleset() != self._rules:  # replaced while this run was under way
            return
        beside = os.path.join(self._folder, f".{name}.{os.getpid()}.new")
        try:
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
        except OSError:
            return
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._seal(name, payload))
                file.write(payload)
            os.replace(beside, os.path.join(self._folder, name))
            self._tidy()
        except OSError:
            try:
                os.unlink(beside)
            except OSError:
                pass

    def _tidy(self) -> None:
        """Remove the oldest files beyond the bounds, leftovers of killed processes among them; the newest one stays."""
        with os.scandir(self._folder) as entries:
            found = [(entry.stat(follow_symlinks=False), entry.path) for entry in entries]
        room = MOST_BYTES
        for number, (file, path) in enumerate(sorted(found, key=_age)):
            room -= file.st_size
            if number and (number >= MOST_FILES or room < 0):
                os.unlink(path)


def _age(found: tuple[os.stat_result, str]) -> int:
    return -found[0].st_mtime_ns


def user_cache(environ: Mapping[str, str], here: str) -> UserCache | None:
    """Return the user's cache for a run in the folder `here`; None where there is none that could be trusted."""
    base = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".cache")
    folder = os.path.realpath(os.path.join(base, "dfsubmit"))
    if any(_is_below(folder, outer) for outer in _foreign(os.path.realpath(here))):
        return None
    rules = ruleset()
    return UserCache(folder, rules) if rules else None


def _foreign(here: str) -> Iterator[str]:
    """Yield the folders whose content may be somebody else's work: `here`, and the git repositories around it."""
    yield here
    folder = here
    while True:
        if os.path.lexists(os.path.join(folder, ".git")):
            yield folder
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_own(found: os.stat_result) -> bool:
    """Tell whether nobody but this user, or root, could have written it."""
    return found.st_uid in (os.geteuid(), 0) and not found.st_mode & _OTHERS
