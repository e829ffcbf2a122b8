"""Walks a ledger entry by entry and says what does not fit. Reads only.

Every entry is put through `journal.step`, so what is reported is what would stop or mislead a run: entries that cannot
be read, steps that the table does not have, two open items with one hold, states that are not what the entries amount
to, and what the store itself complains of. One fault is one misfit: after it, the walk goes on from the entry as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from dfsubmit.errors import LedgerError
from dfsubmit.journal import NOTHING, Item, ItemState, StepError, step
from dfsubmit.ledger.base import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.journal import Entry


class Auditable(Ledger, Protocol):
    """A ledger that lets itself be looked into, beyond the contract of `base`."""

    def records(self, project: str | None) -> Iterator[tuple[str, Entry | LedgerError]]:
        """Yield every entry with its place in words, and in place of one that cannot be read the error."""

    def storage_faults(self) -> tuple[str, ...]:
        """Return what is wrong below the entries, each as a sentence. Raises LedgerError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misfit:
    """One thing that is wrong. `place` is in words (`entry 17`); `item` is None where it cannot be told."""

    place: str
    item: Item | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a walk found, and how much it looked at."""

    entries: int
    items: int
    misfits: tuple[Misfit, ...]


def verify(ledger: Auditable, project: str | None = None) -> Report:
    """Walk the entries of `project` (None: of all). Raises LedgerError where the ledger cannot be read at all."""
    walk = _Walk()
    for place, entry in ledger.records(project):
        walk.take(place, entry)
    walk.compare(ledger, project)
    stored = [Misfit(place="the store", item=None, message=fault) for fault in ledger.storage_faults()]
    return Report(entries=walk.entries, items=len(walk.states), misfits=(*walk.misfits, *stored))


@dataclass(kw_only=True)
class _Walk:
    """The states so far, without their requests: a walk over a million entries must not hold them all."""

    entries: int = 0
    states: dict[Item, ItemState] = field(default_factory=dict)
    holders: dict[str, Item] = field(default_factory=dict)
    misfits: list[Misfit] = field(default_factory=list)
    unread: bool = False

    def take(self, place: str, entry: Entry | LedgerError) -> None:
        self.entries += 1
        if isinstance(entry, LedgerError):
            self.misfits.append(Misfit(place=place, item=None, message=entry.message))
            return
        before = self.states.get(entry.item, NOTHING)
        after = self._step(place, before, entry)
        if before.hold and self.holders.get(before.hold) == entry.item:
            del self.holders[before.hold]
        if after.hold:
            holder = self.holders.setdefault(after.hold, entry.item)
            if holder != entry.item:
                message = f"holds {after.hold} while {holder.key} ({holder.fingerprint}) holds it too"
                self.misfits.append(Misfit(place=place, item=entry.item, message=message))
        self.states[entry.item] = _slim(after)

    def compare(self, ledger: Ledger, project: str | None) -> None:
        """Hold what the ledger gives as states against the walk; pointless after a misfit, which has states of its own."""
        if self.misfits:
            return
        try:
            given = ledger.states(project)
            for item in sorted({*self.states, *given}):
                self._compare(item, given.get(item, NOTHING))
        except LedgerError as error:
            self.misfits.append(Misfit(place="the states", item=None, message=error.message))

    def _compare(self, item: Item, given: ItemState) -> None:
        walked = self.states.get(item, NOTHING)
        if _gist(walked) != _gist(given):
            message = f"is {_words(walked)} by its entries, but the ledger gives it as {_words(given)}"
            self.misfits.append(Misfit(place="the states", item=item, message=message))

    def _step(self, place: str, before: ItemState, entry: Entry) -> ItemState:
        try:
            return step(before, entry)
        except StepError as error:
            self.misfits.append(Misfit(place=place, item=entry.item, message=error.message))
        try:
            # As if the entries that are missing, or doubled, changed nothing.
            return step(replace(before, version=entry.version - 1), entry)
        except StepError:
            return replace(before, version=entry.version)


def _slim(state: ItemState) -> ItemState:
    """Return `state` without what is long and takes no part in later steps."""
    intent = None if state.intent is None else replace(state.intent, request={})
    return replace(state, intent=intent, last=None, request=None)


def _gist(state: ItemState) -> tuple[object, ...]:
    return (state.state, state.version, state.app, state.submitted_at, state.hold)


def _words(state: ItemState) -> str:
    app = f" as {state.app.id}" if state.app else ""
    return f"{state.state.value}{app} after {state.version} entries"
