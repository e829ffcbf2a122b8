"""One append to a ledger in git: judge, commit, push, and what to do when the push does not simply succeed.

    push DONE     the verdicts stand
    push MOVED    somebody else was faster, or an attempt of the same push before, which git makes again by itself where a
                  connection breaks: fetch, look for the commit, judge again, push again, after a pause of random length
    push UNKNOWN  the answer was lost: fetch, and look whether the commit is in the history; only then try again
    push REFUSED  LedgerError: nothing was recorded, and trying again would change nothing

A host that is away for a moment is waited for (`gitoutage`). A push that is told that the ref moved, again and again, while
it did not, is refused by something that does not pass.

The first try starts from what was seen last, without asking: while nobody else writes, an append is one push. What such a
try would call LOST or HELD is judged again on what the remote has now.
"""

from __future__ import annotations

import contextlib
import random
import time
import uuid
from typing import TYPE_CHECKING

from dfsubmit.errors import LedgerError
from dfsubmit.ledger.base import Verdict
from dfsubmit.ledger.gitindex import Basis, Book
from dfsubmit.ledger.gitlayout import PLACES, commit_message, commit_stream, segment_of
from dfsubmit.ledger.gitwords import Push, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dfsubmit.journal import Entry
    from dfsubmit.ledger.git import GitLedger
    from dfsubmit.ledger.gitcache import Cache
    from dfsubmit.ledger.gitindex import Index

_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0
# Pushes in a row whose fate was unknown, and that had not arrived.
_UNKNOWN_PUSHES = 5
# Pushes in a row that found the ref moved although it was where it was expected.
_UNMOVED_PUSHES = 20
_TIDY_EVERY = 256


class Append:
    """One append, from its first try to the verdicts."""

    def __init__(self, ledger: GitLedger, entries: Sequence[Entry], texts: Sequence[str], *, patience: float) -> None:
        """Take the entries with their texts by `codec`, and for how many seconds to contend with others."""
        self._ledger, self._entries, self._texts, self._patience = ledger, entries, texts, patience
        # Commits whose push had an unknown end, with their verdicts: any of them may have arrived.
        self._sent: dict[str, tuple[Verdict, ...]] = {}
        self._unknown = ""
        # Until a push fails, what was seen last may well be what the remote has: then nothing need be fetched.
        self._stale = False
        # Where the ref was in the last pushes that were told that it moved, and how many these were.
        self._moved: tuple[str, int] = "", 0
        # The commit of the last push that was told so, with its verdicts.
        self._overtaken: dict[str, tuple[Verdict, ...]] = {}

    def run(self) -> tuple[Verdict, ...]:
        """Return the verdicts, as soon as the remote has what won. Raises LedgerError."""
        try:
            return self._contend()
        except LedgerError as error:
            known = "whether the entries were recorded is not known" if self._sent else "nothing was recorded"
            raise type(error)(f"{error.message}; {known}", tip=error.tip) from error

    def _contend(self) -> tuple[Verdict, ...]:
        end = time.monotonic() + self._patience
        pause = _FIRST_PAUSE
        tries = 1
        while (verdicts := self._ledger.outages.through(self._try)) is None:
            if time.monotonic() > end:
                message = f"others moved the ledger {self._ledger.describe()} during each of {tries} tries"
                raise LedgerError(message, tip="run it again, with fewer at the same time")
            # Full jitter: those who lost together must not come back together.
            time.sleep(random.uniform(0, pause))  # noqa: S311  # no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
            tries += 1
        return verdicts

    def _try(self) -> tuple[Verdict, ...] | None:
        with self._ledger.locked() as (cache, index):
            basis, sound = index.basis()
            fresh = self._stale or not sound or not basis.tip
            if fresh:
                basis = self._ledger.refresh(cache, index, history=bool(self._sent or self._overtaken))
            if (arrived := self._arrived(cache, basis)) is not None:
                return arrived
            book, verdicts = self._judge(index, basis)
            if not fresh and set(verdicts) != {Verdict.WON}:
                # Versions only grow, but an entry may be ahead of what is known here, and a hold may have ended.
                basis = self._ledger.refresh(cache, index)
                book, verdicts = self._judge(index, basis)
            if Verdict.WON not in verdicts:
                return verdicts
            return self._push(cache, index, basis, book, verdicts)

    def _arrived(self, cache: Cache, basis: Basis) -> tuple[Verdict, ...] | None:
        """Return the verdicts of a commit that was pushed without an answer, if the remote has it."""
        for commit, verdicts in (self._sent | self._overtaken).items():
            if basis.tip and cache.descends(basis.tip, commit):
                return verdicts
        self._overtaken = {}
        if len(self._sent) >= _UNKNOWN_PUSHES:
            message = f"the ledger {self._ledger.describe()} did not take {len(self._sent)} pushes: {self._unknown}"
            raise LedgerError(message, tip="check the network and the host, and run it again")
        return None

    def _judge(self, index: Index, basis: Basis) -> tuple[Book, tuple[Verdict, ...]]:
        book = Book(index)
        verdicts = []
        place = basis.segments * PLACES
        for entry in self._entries:
            verdict = book.take(entry, place)
            place += verdict is Verdict.WON
            verdicts.append(verdict)
        return book, tuple(verdicts)

    def _push(
        self, cache: Cache, index: Index, basis: Basis, book: Book, verdicts: tuple[Verdict, ...]
    ) -> tuple[Verdict, ...] | None:
        won = [number for number, verdict in enumerate(verdicts) if verdict is Verdict.WON]
        stream = commit_stream(
            ref=cache.new_ref,
            parent=basis.tip,
            number=basis.segments,
            segment=segment_of(self._texts[number] for number in won),
            message=commit_message([self._entries[number] for number in won], push=uuid.uuid4().hex),
            seconds=int(time.time()),
        )
        commit = cache.commit(stream)
        pushed = cache.push(commit, basis.tip)
        # Also of a push without an answer: it may have arrived, which is worth waiting to know.
        self._ledger.outages.met()
        match pushed.end:
            case Push.DONE:
                # It is recorded, whatever becomes of the index: that is made up for when the ledger is next looked at.
                with contextlib.suppress(LedgerError):
                    index.write(Basis(tip=commit, segments=basis.segments + 1), book.rows.values())
                if basis.segments % _TIDY_EVERY == _TIDY_EVERY - 1:
                    cache.tidy()
                return verdicts
            case Push.REFUSED:
                raise refusal(self._ledger.describe(), pushed.said)
            case Push.UNKNOWN:
                self._sent[commit] = verdicts
                self._unknown = pushed.said
            case Push.MOVED:
                self._overtaken = {commit: verdicts}
                self._count_moved(basis.tip, pushed.said)
        self._stale = True
        return None

    def _count_moved(self, tip: str, said: str) -> None:
        """Note that a push from `tip` was told that the ref moved. Raises LedgerError when it was still there, too often."""
        before, count = self._moved
        # The first push may start from what is known here, and so be right to find it moved.
        self._moved = tip, count + 1 if tip == before else 1
        if self._moved[1] > _UNMOVED_PUSHES:
            raise refusal(self._ledger.describe(), said)
