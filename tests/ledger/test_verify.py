"""`ledger verify`: one fault, one misfit, at its entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from ledger_entries import APP, entry, item, submitted

from dfsubmit.errors import LedgerCorruptError, LedgerError
from dfsubmit.journal import Entry, Event, Item, ItemState, fold
from dfsubmit.ledger.base import Verdict
from dfsubmit.ledger.memory import MemoryLedger
from dfsubmit.ledger.verify import Misfit, verify

GPT = item("gpt")


@dataclass
class Shown:
    """A ledger that shows what it is given, right or wrong."""

    shown: Sequence[Entry | LedgerError]
    given: Mapping[Item, ItemState] | None = None
    faults: tuple[str, ...] = ()

    def describe(self) -> str:
        return "shown:"

    def states(self, project: str | None) -> Mapping[Item, ItemState]:
        return fold(self.entries(project)) if self.given is None else self.given

    def entries(self, project: str | None) -> Iterator[Entry]:
        return (one for one in self.shown if isinstance(one, Entry) and project in (None, one.item.project))

    def records(self, project: str | None) -> Iterator[tuple[str, Entry | LedgerError]]:
        assert project is None
        return ((f"entry {number}", one) for number, one in enumerate(self.shown, 1))

    def storage_faults(self) -> tuple[str, ...]:
        return self.faults

    def append(self, entries: Sequence[Entry]) -> tuple[Verdict, ...]:
        raise AssertionError(f"verify only reads, and was to write {entries}")

    def close(self) -> None:
        pass


def misfits(*shown: Entry | LedgerError) -> list[tuple[str, Item | None]]:
    return [(misfit.place, misfit.item) for misfit in verify(Shown(shown)).misfits]


def test_a_sound_ledger_has_no_misfit_and_is_counted() -> None:
    ledger = MemoryLedger()
    ledger.append([*submitted(item()), *submitted(GPT), entry(Event.KILLED, 3)])
    report = verify(ledger)
    assert (report.entries, report.items, report.misfits) == (5, 2, ())
    assert verify(ledger, "none-such").entries == 0


def test_a_step_that_the_table_does_not_have_is_one_misfit() -> None:
    shown = [entry(Event.INTENT, 1), entry(Event.KILLED, 2), entry(Event.ACCEPTED, 3), entry(Event.KILLED, 4)]
    assert misfits(*shown, *submitted(GPT)) == [("entry 2", item())]


def test_a_missing_entry_is_one_misfit_at_the_one_after_it() -> None:
    steps = [Event.INTENT, Event.UNKNOWN, Event.ADOPTED, Event.KILLED]
    whole = [entry(event, version) for version, event in enumerate(steps, 1)]
    assert misfits(whole[0], *whole[2:]) == [("entry 2", item())]


def test_a_doubled_entry_is_one_misfit() -> None:
    first, second = submitted(item())
    assert misfits(first, first, second, entry(Event.KILLED, 3)) == [("entry 2", item())]


def test_an_unreadable_entry_is_shown_with_what_is_wrong_and_the_walk_goes_on() -> None:
    report = verify(Shown([LedgerCorruptError("it is not JSON"), entry(Event.KILLED, 1, GPT), *submitted(item())]))
    assert [(misfit.place, misfit.message) for misfit in report.misfits[:1]] == [("entry 1", "it is not JSON")]
    assert [misfit.place for misfit in report.misfits] == ["entry 1", "entry 2"]
    assert report.entries == 4


def test_two_open_items_with_one_hold_are_a_misfit_at_the_later_one() -> None:
    first, second = entry(Event.INTENT, 1, hold="ws/x"), entry(Event.INTENT, 1, GPT, hold="ws/x")
    report = verify(Shown([first, second]))
    assert [(misfit.place, misfit.item) for misfit in report.misfits] == [("entry 2", GPT)]
    assert "ws/x" in report.misfits[0].message
    assert "nlp/bert" in report.misfits[0].message
    assert misfits(first, entry(Event.REJECTED, 2), second) == []


def test_states_that_are_not_what_the_entries_amount_to_are_misfits() -> None:
    shown = [*submitted(item()), *submitted(GPT)]
    right = fold(shown)
    other_app = replace(right[item()], app=replace(APP, id="another"))
    for wrong in ({**right, item(): other_app}, {GPT: right[GPT]}, {**right, item(): fold(shown[:1])[item()]}):
        report = verify(Shown(shown, given=wrong))
        assert [(misfit.place, misfit.item) for misfit in report.misfits] == [("the states", item())]
    extra = item("extra")
    report = verify(Shown(shown, given={**right, extra: right[GPT]}))
    assert [misfit.item for misfit in report.misfits] == [extra]


def test_what_the_store_says_is_passed_on() -> None:
    assert verify(Shown([], faults=("row 3 missing from index",))).misfits == (
        Misfit(place="the store", item=None, message="row 3 missing from index"),
    )


def test_states_that_cannot_be_read_are_a_misfit() -> None:
    class Refusing(Shown):
        def states(self, project: str | None) -> Mapping[Item, ItemState]:
            raise LedgerCorruptError(f"no states of {project}")

    report = verify(Refusing(submitted(item())))
    assert [misfit.message for misfit in report.misfits] == ["no states of None"]


@pytest.mark.parametrize("count", [0, 1, 600])
def test_every_entry_is_walked(count: int) -> None:
    report = verify(Shown([one for number in range(count) for one in submitted(item(f"app-{number}"))]))
    assert (report.entries, report.items) == (2 * count, count)
