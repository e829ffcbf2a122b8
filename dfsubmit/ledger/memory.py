"""A ledger that lives and ends with its process: for rehearsals (`--ledger memory:`) and for tests.

It keeps the contract as far as one process can: entries pass through the same codec as in a file, so that what it gives
back is what a durable ledger would give back, and no caller can change what was written. Other processes do not see it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.journal import NOTHING, StepError, step
from dfsubmit.ledger import codec
from dfsubmit.ledger.base import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dfsubmit.errors import LedgerError
    from dfsubmit.journal import Entry, Item, ItemState


class MemoryLedger:
    """See `base.Ledger` for the contract."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._states: dict[Item, ItemState] = {}
        self._holders: dict[str, Item] = {}

    def describe(self) -> str:
        """Return where this is, for messages."""
        return "memory:"

    def states(self, project: str | None) -> Mapping[Item, ItemState]:
        """Return the state of every item of `project` (None: of all), as it is now."""
        return {item: state for item, state in self._states.items() if project in (None, item.project)}

    def entries(self, project: str | None) -> Iterator[Entry]:
        """Yield every entry of `project` (None: of all), oldest first."""
        return (entry for entry in list(self._entries) if project in (None, entry.item.project))

    def append(self, entries: Sequence[Entry]) -> tuple[Verdict, ...]:
        """Write those of `entries` that win. Raises ValueError for an entry that no ledger can store."""
        stored = [codec.loads(codec.dumps(entry)) for entry in entries]
        return tuple(self._write(entry) for entry in stored)

    def records(self, project: str | None) -> Iterator[tuple[str, Entry | LedgerError]]:
        """Yield every entry with its place, for `verify`."""
        for number, entry in enumerate(self.entries(project), start=1):
            yield f"entry {number}", entry

    def storage_faults(self) -> tuple[str, ...]:
        """Return what is wrong below the entries: in memory, nothing can be."""
        return ()

    def close(self) -> None:
        """Keep everything: the content ends with the process."""

    def _write(self, entry: Entry) -> Verdict:
        before = self._states.get(entry.item, NOTHING)
        try:
            after = step(before, entry)
        except StepError:
            return Verdict.LOST
        if self._holders.get(after.hold, entry.item) != entry.item:
            return Verdict.HELD
        if before.hold:
            del self._holders[before.hold]
        if after.hold:
            self._holders[after.hold] = entry.item
        self._states[entry.item] = after
        self._entries.append(entry)
        return Verdict.WON
