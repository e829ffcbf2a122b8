"""The ledger in a ref of a git repository: `git:REMOTE`, shared by everyone who can push there.

Durable is what the remote has: every append is one commit, and its push is the compare-and-swap. The push says which commit
the ref must still be at, so of two appliers one gets through, and the other fetches, judges again and tries again. An
answer that was lost is looked for in the history before anything is tried again. A host that is away for a moment in the
midst of a run is waited for (`gitoutage`), by who reads as by who appends. Files are `gitlayout`'s, the repository
for fetched objects `gitcache`'s, the states `gitindex`'s.

Rules: a ref that is gone, or that no longer contains the commit that was seen last, is LedgerCorruptError, never an empty
ledger. Where nothing was seen before (a fresh CI runner), an absent ref is a ledger that does not exist yet. An entry
is only called LOST or HELD by what the remote has now, never by what it had.
"""

from __future__ import annotations

import functools
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dfsubmit.errors import LedgerCorruptError, LedgerError
from dfsubmit.ledger import codec
from dfsubmit.ledger.gitappend import Append
from dfsubmit.ledger.gitcache import Cache
from dfsubmit.ledger.gitindex import HEAD_COLUMNS, Basis, Book, Index
from dfsubmit.ledger.gitlayout import (
    DEFAULT_REF,
    FORMAT_NAME,
    LAYOUT,
    PLACES,
    full_ref,
    layout_number,
    lines_of,
    new_segments,
    place_in_words,
    segment_number,
    segment_path,
    without_user,
)
from dfsubmit.ledger.gitoutage import Outages
from dfsubmit.ledger.gitpermission import prove_push
from dfsubmit.ledger.gitplumbing import look_at
from dfsubmit.ledger.gitwords import HostUnreachableError
from dfsubmit.ledger.heads import HeadStates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from dfsubmit.journal import Entry, Item, ItemState
    from dfsubmit.ledger.base import Verdict
    from dfsubmit.ledger.gitplumbing import Checkout

# How long one append contends with others before it gives up; fifty appliers at once need a fraction of it.
PATIENCE_SECONDS = 180.0


class GitLedger:
    """See `base.Ledger` for the contract. States hold on to the ledger: look at them before `close`."""

    def __init__(
        self,
        repository: Path,
        remote: str,
        ref: str = DEFAULT_REF,
        *,
        environ: Mapping[str, str] | None = None,
        patience: float = PATIENCE_SECONDS,
        last_seen: Callable[[str], None] | None = None,
    ) -> None:
        """Take the folder of a checkout (the cache goes to its `.dfsubmit`), the remote's name or URL, and the ref.

        A `ref` that does not begin with `refs/` is a branch. `patience` is in seconds. Touches nothing yet.
        With `last_seen`, for who only reads, states are those that were seen here last where the host cannot be reached,
        and it is told so.
        """
        self._repository, self._remote, self._ref = repository, remote, full_ref(ref)
        self._environ = os.environ if environ is None else environ
        self._patience, self._last_seen = patience, last_seen
        self._outages = Outages(patience)
        self._closed = False
        self._cache: Cache | None = None
        self._checkout: Checkout | None = None
        self._index: Index | None = None
        self._entry_at = functools.lru_cache(maxsize=1024)(self._load)
        self._segment = functools.lru_cache(maxsize=32)(self._read_segment)

    def describe(self) -> str:
        """Return where this is, as `--ledger` takes it."""
        ref = "" if self._ref == DEFAULT_REF else f"#{self._ref.removeprefix('refs/heads/')}"
        return f"git:{without_user(self._remote)}{ref}"

    def as_of(self) -> str:
        """Return the commit of the ref that was read last; empty for a ledger that does not exist."""
        index = self._opened()
        return index.basis()[0].tip if index is not None else ""

    def states(self, project: str | None) -> Mapping[Item, ItemState]:
        """Return the state of every item of `project` (None: of all). Raises LedgerError, later too: see `heads`."""
        index = self._current()
        if index is None:
            return {}
        _, rows = index.snapshot(project)
        return HeadStates((row[:HEAD_COLUMNS] for row in rows), self._entry_at)

    def entries(self, project: str | None) -> Iterator[Entry]:
        """Yield every entry of `project` (None: of all), oldest first. Raises LedgerError."""
        for place, entry in self.records(project):
            if isinstance(entry, LedgerError):
                raise type(entry)(f"{self.describe()}, {place}: {entry.message}", tip=entry.tip) from entry
            yield entry

    def records(self, project: str | None) -> Iterator[tuple[str, Entry | LedgerError]]:
        """Yield every entry with its place, and in place of one that cannot be read the error, for `verify`."""
        tip = self._fetched()
        paths = self._cache_now().paths(tip) if tip else []
        numbers = [number for path in paths if (number := segment_number(path)) is not None]
        names = [f"{tip}:{segment_path(number)}" for number in numbers]
        for number, content in zip(numbers, self._cache_now().objects.read(names) if names else (), strict=True):
            for place, entry in _entries_in(number, content):
                if isinstance(entry, LedgerError) or project in (None, entry.item.project):
                    yield place_in_words(place), entry

    def append(self, entries: Sequence[Entry]) -> tuple[Verdict, ...]:
        """Write those of `entries` that win, as one commit. Raises LedgerError, ValueError for what cannot be stored."""
        texts = [codec.dumps(entry) for entry in entries]
        if not texts:
            return ()
        return Append(self, entries, texts, patience=self._patience).run()

    def storage_faults(self) -> tuple[str, ...]:
        """Return what is wrong below the entries: files that dfsubmit does not write, objects that git finds damaged."""
        tip = self._fetched()
        if not tip:
            return ()
        faults = self._cache_now().faults()
        try:
            self._check_format(tip)
            new_segments([("A", path) for path in self._cache_now().paths(tip)], 0)
        except LedgerError as error:
            faults.insert(0, error.message)
        return tuple(faults)

    def prove_push(self) -> str:
        """Return in words what shows that this run may push, without a change anywhere. Raises LedgerError where it may not."""
        return self._outages.through(self._rehearse)

    def close(self) -> None:
        """Let go of files and processes; the ledger cannot be used any more."""
        self._closed = True
        if self._index is not None:
            self._index.close()
            self._index = None
        if self._cache is not None:
            self._cache.close()

    @property
    def ref(self) -> str:
        """Return the ref in full."""
        return self._ref

    # What `gitappend` uses, too

    @property
    def outages(self) -> Outages:
        """Return how outages of the host are met."""
        return self._outages

    @contextmanager
    def locked(self) -> Iterator[tuple[Cache, Index]]:
        """Hold the cache alone, and make it where it is missing."""
        cache = self._cache_now()
        with cache.locked(self._patience):
            index = self._opened()
            if index is None:
                index = self._index = cache.create(self._object_format())
            yield cache, index

    def refresh(self, cache: Cache, index: Index, *, history: bool = False) -> Basis:
        """Bring the cache to what the remote has, and the index to what that amounts to. Only while locked.

        With `history` the commits before the last one are fetched, too, even if none was seen before.
        """
        basis, tip = self._sync(cache, index, history=history)
        if tip and (tip != basis.tip or not index.basis()[1]):
            self._catch_up(cache, index, basis, tip)
        return index.basis()[0]

    # Between the remote, the cache and the index

    def _cache_now(self) -> Cache:
        if self._closed:
            raise ValueError(f"the ledger {self.describe()} was closed")
        if self._cache is None:
            self._checkout = look_at(self._repository.absolute(), self._remote, environ=self._environ)
            cache = Cache(self._repository.absolute(), self._checkout, self._ref, where=self.describe())
            cache.refuse_brought_along()
            self._cache = cache
        return self._cache

    def _remote_tip(self) -> str:
        self._cache_now()
        tip = self._checkout.remote_tip(self._ref, self.describe()) if self._checkout is not None else ""
        self._outages.met()
        return tip

    def _object_format(self) -> str:
        """Return how the repository names objects; without a checkout, what the remote's own names look like."""
        known = self._checkout.object_format if self._checkout is not None else ""
        return known or ("sha256" if len(self._remote_tip()) == 64 else "sha1")  # noqa: PLR2004  # hex digits of SHA-256

    def _opened(self) -> Index | None:
        """Return the index of the cache as it is on disk now: it may have been removed, or made by another process."""
        cache = self._cache_now()
        if self._index is not None and not (cache.folder / "index.db").is_file():
            self._index.close()
            self._index = None
            cache.objects.close()
            self._entry_at.cache_clear()
            self._segment.cache_clear()
        if self._index is None:
            self._index = cache.open_index()
        return self._index

    def _current(self) -> Index | None:
        """Return the index at what the remote has now; None for a ledger that does not exist. Raises LedgerError."""
        # Around the lock, which nobody should hold while waiting.
        return self._outages.through(self._look)

    def _look(self) -> Index | None:
        """Do what `_current` does, once. Raises LedgerError."""
        try:
            tip, index = self._remote_tip(), self._opened()
        except HostUnreachableError as error:
            return self._seen_last(error)
        if index is None and not tip:
            return None
        if index is not None and _is_at(index, tip):
            return index if tip else None
        with self.locked() as (cache, held):
            return held if self.refresh(cache, held).tip else None

    def _seen_last(self, error: HostUnreachableError) -> Index:
        """Return the index as it is, where that will do; otherwise raise `error`."""
        index = self._opened()
        basis, sound = index.basis() if index is not None else (Basis(), False)
        if self._last_seen is None or index is None or not sound or not basis.tip:
            raise error
        self._last_seen(f"{error.message}; what follows is as of {basis.tip}, which was seen here last")
        return index

    def _rehearse(self) -> str:
        """Do what `prove_push` does, once. Raises LedgerError."""
        tip = self._remote_tip()
        if self._checkout is None:
            raise ValueError(f"the ledger {self.describe()} has no checkout")
        kind = self._object_format()
        return prove_push(self._checkout, self._ref, tip, object_format=kind, where=self.describe())

    def _fetched(self) -> str:
        """Return the commit that the remote has, with its objects here, whatever is in it; empty for none."""
        return self._outages.through(self._fetch)

    def _fetch(self) -> str:
        """Do what `_fetched` does, once. Raises LedgerError."""
        tip, index = self._remote_tip(), self._opened()
        if tip == (index.basis()[0].tip if index is not None else ""):
            return tip
        with self.locked() as (cache, held):
            return self._sync(cache, held)[1]

    def _sync(self, cache: Cache, index: Index, *, history: bool = False) -> tuple[Basis, str]:
        """Fetch, and return what the index is of and what the remote has. Raises LedgerCorruptError for a broken chain."""
        basis, _ = index.basis()
        tip = cache.fetch(shallow=not basis.tip and not history)
        self._outages.met()
        if basis.tip and not (tip and cache.descends(tip, basis.tip)):
            raise self._broken(cache, basis.tip, tip)
        return basis, tip

    def _broken(self, cache: Cache, seen: str, tip: str) -> LedgerCorruptError:
        what = f"was set to {tip}, which does not contain" if tip else "was deleted on the remote, after"
        return LedgerCorruptError(
            f"{self._ref} of the ledger {self.describe()} {what} the last commit seen here, {seen}",
            tip=f"put it back: {cache.restoring(seen)}; only if what is there now is the true record, remove {cache.folder}",
        )

    def _catch_up(self, cache: Cache, index: Index, basis: Basis, tip: str) -> None:
        """Fold what came after `basis` into the index; all of it where the index was made by other rules."""
        anew = not basis.tip or not index.basis()[1]
        known = 0 if anew else basis.segments
        self._check_format(tip)
        try:
            count = new_segments(cache.changes("" if anew else basis.tip, tip), known)
            if not count:
                raise LedgerCorruptError("there are no entries, though every commit of dfsubmit adds some")  # noqa: TRY301  # as above
        except LedgerCorruptError as error:
            raise self._corrupt(tip, error) from error
        book = Book(None if anew else index)
        contents = cache.objects.read([f"{tip}:{segment_path(number)}" for number in range(known, count)])
        for number, content in enumerate(contents, start=known):
            for place, entry in _entries_in(number, content):
                if isinstance(entry, LedgerError):
                    raise self._corrupt(tip, entry, place) from entry
                book.replay(entry, place)
        index.write(Basis(tip=tip, segments=count), book.rows.values(), anew=anew)

    def _check_format(self, tip: str) -> None:
        content = next(self._cache_now().objects.read([f"{tip}:{FORMAT_NAME}"]))
        number = layout_number(content or b"")
        if number is None:
            message = f"{self._ref} of {self.describe()} holds no ledger of dfsubmit: commit {tip} has no {FORMAT_NAME}"
            raise LedgerCorruptError(message, tip="name another ref, or remove what is there if nobody needs it")
        if number > LAYOUT:
            message = f"the ledger {self.describe()} has layout {number}, and this dfsubmit reads up to {LAYOUT}"
            raise LedgerError(message, tip="upgrade dfsubmit here, as it was where the ledger was last written")

    def _corrupt(self, tip: str, error: LedgerError, place: int | None = None) -> LedgerError:
        where = "" if place is None else f"{place_in_words(place)}: "
        tip_text = (
            error.tip or "`dfsubmit ledger verify` lists all that does not fit; restore the ref to a commit before"
        )
        return type(error)(f"{self.describe()}, commit {tip}: {where}{error.message}", tip=tip_text)

    def _read_segment(self, number: int) -> list[str]:
        index = self._opened()
        name = f"{index.basis()[0].tip if index is not None else ''}:{segment_path(number)}"
        content = next(self._cache_now().objects.read([name]))
        if content is None:
            raise LedgerCorruptError(f"the ledger {self.describe()} has no {segment_path(number)}, which it refers to")
        return lines_of(number, content)

    def _load(self, place: int) -> Entry:
        segment, line = divmod(place, PLACES)
        return codec.loads(self._segment(segment)[line])


def _is_at(index: Index, tip: str) -> bool:
    basis, sound = index.basis()
    return sound and basis.tip == tip


def _entries_in(number: int, content: bytes | None) -> Iterator[tuple[int, Entry | LedgerError]]:
    """Yield the entries of a segment with their places; where one cannot be read, the error."""
    if content is None:
        yield number * PLACES, LedgerCorruptError(f"{segment_path(number)} is not a file that can be read")
        return
    try:
        lines = lines_of(number, content)
    except LedgerError as error:
        yield number * PLACES, error
        return
    for line, text in enumerate(lines):
        try:
            yield number * PLACES + line, codec.loads(text)
        except LedgerError as error:
            yield number * PLACES + line, error
