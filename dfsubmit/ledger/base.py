"""The ledger's contract: what was submitted, durably, and who may submit next.

A ledger is an append-only run of `journal.Entry` values. Implementations differ in where it lies (memory,
an SQLite file, a git ref); one conformance suite runs against all of them. They promise:

1.  Durable. When `append` returns, every entry that it reports as WON survives the death of the process and of the
    machine, and every process that reads afterwards sees it.
2.  Exclusive. An entry says which version of its item it makes. It is written only if the item is at the version before,
    and only if `journal.step` allows it; otherwise it is LOST, and nothing of it is written. Of two processes that append
    the same version, exactly one wins, wherever they run.
3.  Holding. An intent names a hold. It is written only if no other item that is open has that hold; otherwise it is HELD.
    The hold ends with the entry that closes the item. There is no lock beside that: nothing can get stuck
    that the journal does not show. Holds are the whole ledger's, across projects; an empty one holds nothing; an entry that
    is both LOST and HELD is LOST.
4.  Item by item. The entries of one `append` stand or fall alone, in their order, each seeing those before it; those that
    win become durable together. An append that raises may have written any of its entries, each whole or not at all: read
    again to know. Only an entry that no ledger could store (`codec` says which: ValueError) is refused before any is written.
5.  Ordered. `entries` gives the entries of one item in the order of their versions, all of them, always from 1.
6.  Honest. What cannot be read raises LedgerError, and what was not written by dfsubmit raises LedgerCorruptError; a
    ledger that cannot be read is never an empty one. A ledger that does not exist yet is empty.
7.  Read-only when only read: no verb but those that submit or settle creates a file, a folder or a ref. What was fetched
    from elsewhere may be kept in a cache, which anybody may remove.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dfsubmit.journal import Entry, Item, ItemState


class Verdict(enum.Enum):
    """What became of one entry of an append."""

    WON = "won"
    LOST = "lost"
    HELD = "held"


class Ledger(Protocol):
    """See the module's text. Not for use by several threads at once."""

    def describe(self) -> str:
        """Return where this is, for messages."""

    def states(self, project: str | None) -> Mapping[Item, ItemState]:
        """Return the state of every item of `project` (None: of all), as a fold of `entries` gives it. Raises LedgerError.

        Parts of a state may be read only when they are asked for: use it before `close`.
        """

    def entries(self, project: str | None) -> Iterator[Entry]:
        """Yield every entry of `project` (None: of all), oldest first. Raises LedgerError."""

    def append(self, entries: Sequence[Entry]) -> tuple[Verdict, ...]:
        """Write those of `entries` that win, and return a verdict for each. Raises LedgerError."""

    def close(self) -> None:
        """Let go of files and processes."""
