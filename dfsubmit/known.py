"""What the files of an earlier run asked for, by the digest of their bytes, so that only what is new is parsed and judged.

A file is known by its whole content and nothing else: no name, no time and no size stands for it, and every run reads every
file. What is kept is what `project` makes of files that have no finding, no silencer and no earlier name; all others are
examined anew each time. What only several files together can get wrong is checked anew as well, in the same code, and where
that needs a document of a known file, the set is read again as if nothing were known (`project.DocumentNeededError`).
What other rules made is not known: see `usercache`.
"""

from __future__ import annotations

import hashlib
import marshal
from typing import TYPE_CHECKING, Any

from dfsubmit.alike import AlikeFiles
from dfsubmit.desired import DesiredApp, Place
from dfsubmit.examining import Examined, examine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dfsubmit.project import DesiredState
    from dfsubmit.sources import SourceFile
    from dfsubmit.usercache import UserCache

# What one manifest asks for: the fields of a DesiredApp that may have a value here, and its line and column.
_Record = tuple[str, int, str, dict[str, Any], dict[str, str], int, int]
_Records = tuple[_Record, ...]


class KnownFiles:
    """Stands in for `examine` in one run, and learns from that run. `read` lists each file: location and digest."""

    def __init__(self, cache: UserCache, here: str, files: Sequence[str]) -> None:
        """Take the cache, and what tells one set from another: the working directory and the arguments that name files."""
        self._cache = cache
        named = "\0".join((here, *files)).encode("utf-8", "surrogateescape")
        self._name = f"files-{hashlib.sha256(named).hexdigest()[:32]}"
        self._known = _unpacked(cache.read(self._name))
        self._used: dict[bytes, _Records] = {}
        self._look = AlikeFiles()
        self._fresh: dict[str, tuple[bytes, int] | None] = {}
        self.read: list[tuple[str, bytes]] = []

    def __call__(self, source: SourceFile) -> Examined:
        """Return what `source` holds, as `examine` does."""
        if source.diagnostic is not None:
            return examine(source)
        digest = hashlib.sha256(source.content).digest()
        self.read.append((source.location, digest))
        records = self._known.get(digest)
        if records is None:
            examined = self._look(source)
            if not examined.diagnostics and examined.silence is None:
                # Names that cannot be printed can look alike; nothing is learnt of such files.
                count = len(examined.manifests) + len(examined.known)
                self._fresh[source.path] = None if source.path in self._fresh else (digest, count)
            return examined
        self._used[digest] = records
        return Examined(path=source.path, known=tuple(_app(record, source.path) for record in records))

    def learn(self, state: DesiredState) -> None:
        """Keep what this run has found out; `state` is what came of the very examinations that were made here."""
        apps: dict[str, list[DesiredApp]] = {}
        for app in state.apps:
            apps.setdefault(app.place.path, []).append(app)
        fresh: dict[bytes, _Records] = {}
        for path, found in self._fresh.items():
            made = apps.get(path, [])
            # A Project is no app, and a file of which something else was left out is not known either.
            if found is None or len(made) != found[1] or any(app.moved for app in made):
                continue
            fresh[found[0]] = tuple(_record(app) for app in made)
        if fresh or len(self._used) < len(self._known):
            self._cache.write(self._name, marshal.dumps(self._used | fresh))


def _unpacked(payload: bytes | None) -> dict[bytes, _Records]:
    """Return what is known in a cache file's content, which its seal says to be what this user's dfsubmit wrote."""
    known: dict[bytes, _Records] = marshal.loads(payload) if payload is not None else {}  # noqa: S302
    return known


def _record(app: DesiredApp) -> _Record:
    place = app.place
    return (
        app.name,
        app.generation,
        app.fingerprint,
        dict(app.request),
        dict(app.labels),
        place.line,
        place.column,
    )


def _app(record: _Record, path: str) -> DesiredApp:
    name, generation, fingerprint, request, labels, line, column = record
    return DesiredApp(
        name=name,
        generation=generation,
        fingerprint=fingerprint,
        request=request,
        labels=labels,
        place=Place(path=path, line=line, column=column),
    )
