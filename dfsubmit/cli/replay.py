"""A plan that found nothing to do is said again when nothing that went into it has changed.

Nothing is parsed, judged or rendered then, and hardly anything imported: what an earlier run said is in the user's cache, with
everything that it came of. That is the command line, the folder it was given in, the variables and terminals that have a
say; the code of dfsubmit and the packages beside it; every name and every byte of the set; and what the ledger records of the
project. All of it is looked at anew. If one thing differs, or cannot be told, the plan is made.

`keeping` says which plans are kept. It goes the way that `replayed` will go, and keeps nothing if the two do not see the same.
"""

from __future__ import annotations

# ruff: noqa: PTH109  # as in usercache: imports next to nothing
import hashlib
import marshal
import os
import sys

from dfsubmit.setdigest import joined, part_digest, parts, plain_files
from dfsubmit.usercache import user_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

# Variables that have a say in what a plan says or where it goes, beside all that begin with our own prefix.
_VARIABLES = ("NO_COLOR", "CLICOLOR_FORCE", "TERM", "COLUMNS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
_PREFIXES = ("DFSUBMIT_", "_DFSUBMIT_")
# From so many files on, a process beside this one saves more time than it costs.
_MANY = 1_000


class Causes:
    """What a plan came of, beside the rules: a set by its digest, and what a ledger said of a project, by its basis."""

    def __init__(
        self, folder: tuple[str, tuple[str, ...]], digest: bytes, ledger: tuple[str, str], basis: bytes
    ) -> None:
        """Take the folder with what is skipped in it, and the ledger's path with the project."""
        self.values = (folder, digest, ledger, basis)

    def still_hold(self) -> bool:
        """Tell whether all is as it was."""
        folder, digest, ledger, basis = self.values
        try:
            locations = plain_files(*folder)
        except OSError:
            return False
        if locations is None:
            return False
        first, rest = parts(locations)
        beside = None
        try:
            beside = _Beside(first) if len(locations) >= _MANY else None
            # Imported while the other process is at work.
            from dfsubmit.ledger.sqlitebasis import ledger_basis

            if ledger_basis(*ledger) != basis:
                return False
            other = part_digest(rest)
            return joined(part_digest(first) if beside is None else beside.result(), other) == digest
        except OSError:
            return False
        finally:
            if beside is not None:
                beside.end()


def replayed(arguments: Sequence[str]) -> int | None:
    """Say what an earlier run said, and return its exit code; None when the plan has to be made."""
    try:
        here = os.getcwd()
    except OSError:
        return None
    cache = user_cache(os.environ, here)
    content = cache.read(_name(arguments, here, os.environ)) if cache is not None else None
    if content is None:
        return None
    # The cache's seal says that these are the bytes that were written, by this very user.
    causes, said, data = marshal.loads(content)  # noqa: S302
    return _say(arguments, said, data) if Causes(*causes).still_hold() else None


def keep(arguments: Sequence[str], causes: Causes, said: str, data: str) -> None:
    """Keep what a run said on standard error and on standard output, for `replayed`."""
    here = os.getcwd()
    cache = user_cache(os.environ, here)
    if cache is not None and causes.still_hold():
        cache.write(_name(arguments, here, os.environ), marshal.dumps((causes.values, said, data)))


def _name(arguments: Sequence[str], here: str, environ: Mapping[str, str]) -> str:
    """Return the name of the file for one command line, in all that surrounds it."""
    variables = sorted(
        (name, value) for name, value in environ.items() if name in _VARIABLES or name.startswith(_PREFIXES)
    )
    terminals = [_is_terminal(stream) for stream in (sys.stdout, sys.stderr)]
    surroundings = repr((list(arguments), here, variables, terminals))
    return f"plan-{hashlib.sha256(surroundings.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}"


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # closed
        return False


class _Beside:
    """A process that reads one part of the set."""

    def __init__(self, locations: list[str]) -> None:
        """Begin to read. Raises OSError."""
        self._pipe, end = os.pipe()
        try:
            self._child = os.fork()
            if self._child == 0:
                _read_for(end, locations)
        except OSError:
            os.close(self._pipe)
            raise
        finally:
            os.close(end)

    def result(self) -> bytes:
        """Return the digest of the part; nothing when it has none."""
        digest = b""
        while piece := os.read(self._pipe, 64):
            digest += piece
        return digest

    def end(self) -> None:
        """Let go of the process."""
        os.close(self._pipe)
        os.waitpid(self._child, 0)


def _read_for(pipe: int, locations: list[str]) -> None:
    """Write the digest of a part to `pipe` and end this process, whatever happens."""
    try:
        os.write(pipe, part_digest(locations))
    finally:
        os._exit(0)


def _say(arguments: Sequence[str], said: str, data: str) -> int:
    from dfsubmit.cli import streams

    streams.prepare()
    try:
        sys.stderr.write(said)
        sys.stderr.flush()
    except (OSError, ValueError):
        pass
    try:
        sys.stdout.write(data)
        sys.stdout.flush()
    except OSError as error:
        from dfsubmit.cli.boundary import unwritten

        return unwritten(arguments, error)
    return 0
