"""The contract of `ledger.base`, held against every implementation.

A further implementation joins with one row in KINDS: how to prepare a folder, and the spec that opens its ledger there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from ledger_entries import APP, batches, entry, intent, item, submitted

from dfsubmit.journal import NOTHING, STEPS, Entry, Event, Item, ItemState, State, StepError, fold, step
from dfsubmit.ledger import codec
from dfsubmit.ledger.base import Verdict
from dfsubmit.ledger.open import open_ledger
from dfsubmit.ledger.verify import Auditable, verify

WON, LOST, HELD = Verdict.WON, Verdict.LOST, Verdict.HELD
WORKER = Path(__file__).with_name("ledger_worker.py")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One implementation. `alone` says why no second handle or process can share a ledger of it; else it is empty."""

    name: str
    spec: str
    prepare: Callable[[Path], object] = lambda _: None
    alone: str = ""
    # Where an append starts programs, long runs are cut to this share.
    share: float = 1.0


def checkout_with_remote(folder: Path) -> None:
    """Make `folder` a repository whose remote `origin` is a bare one beside its work."""
    bare = folder / ".git" / "as-if-elsewhere.git"
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    subprocess.run(["git", "init", "--quiet", "--bare", bare], check=True)
    subprocess.run(["git", "-C", folder, "remote", "add", "origin", f"file://{bare}"], check=True)


KINDS = [
    Kind(name="memory", spec="memory:", alone="a ledger in memory lives in its process and ends with it"),
    Kind(name="sqlite", spec="sqlite:state/ledger.db"),
    Kind(name="git", spec="git:origin", prepare=checkout_with_remote, share=0.1),
]
SHARED = [kind for kind in KINDS if not kind.alone]


@dataclass
class Place:
    """A ledger of one kind in a folder of its own, and the processes that were started on it."""

    kind: Kind
    folder: Path
    workers: list[subprocess.Popen[str]] = field(default_factory=list)
    handles: list[Auditable] = field(default_factory=list)

    def open(self) -> Auditable:
        """Return a handle on the ledger: a new one where the kind allows two."""
        if not self.handles or not self.kind.alone:
            self.handles.append(open_ledger(self.kind.spec, self.folder))
        return self.handles[-1]

    def worker(self) -> subprocess.Popen[str]:
        """Start another process on the ledger, and wait until it is ready for commands."""
        worker = subprocess.Popen(
            [sys.executable, WORKER, self.kind.spec, self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.workers.append(worker)
        assert heard(worker) == "ready"
        return worker

    def close(self) -> None:
        for handle in self.handles:
            handle.close()
        for worker in self.workers:
            worker.kill()
            worker.communicate()


@contextmanager
def place_for(kind: Kind) -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as name:
        kind.prepare(Path(name))
        place = Place(kind, Path(name))
        try:
            yield place
        finally:
            place.close()


@pytest.fixture(params=KINDS, ids=lambda kind: str(kind.name))
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place_for(request.param) as made:
        yield made


@pytest.fixture(params=SHARED, ids=lambda kind: str(kind.name))
def shared(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place_for(request.param) as made:
        yield made


@pytest.fixture
def ledger(place: Place) -> Auditable:
    return place.open()


def tell(worker: subprocess.Popen[str], **command: Any) -> None:
    assert worker.stdin is not None
    worker.stdin.write(json.dumps(command) + "\n")
    worker.stdin.flush()


def heard(worker: subprocess.Popen[str]) -> Any:
    assert worker.stdout is not None
    return json.loads(worker.stdout.readline())


def tell_append(worker: subprocess.Popen[str], entries: list[Entry]) -> None:
    tell(worker, do="append", entries=[codec.encode(one) for one in entries])


def files_of(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*")}


# 1. Durable


def test_what_append_won_is_there_for_every_later_reader(shared: Place) -> None:
    with closing(shared.open()) as first:
        assert first.append(submitted(item())) == (WON, WON)
    again = shared.open()
    assert list(again.entries("nlp")) == submitted(item())
    assert again.states("nlp")[item()].app == APP


def test_an_open_reader_sees_what_another_handle_appended(shared: Place) -> None:
    reader, writer = shared.open(), shared.open()
    assert reader.states(None) == {}
    writer.append([entry(Event.INTENT, 1)])
    assert reader.states(None)[item()].state is State.IN_FLIGHT
    writer.append([entry(Event.ACCEPTED, 2)])
    assert reader.states(None)[item()].state is State.SUBMITTED


def test_another_process_sees_what_append_returned(shared: Place) -> None:
    reader = shared.worker()
    writer = shared.open()
    for version, (event, state) in enumerate([(Event.INTENT, "in-flight"), (Event.UNKNOWN, "unresolved")], start=1):
        assert writer.append([entry(event, version)]) == (WON,)
        tell(reader, do="states")
        assert heard(reader) == {"nlp/bert sha256:aa": state}


def test_a_killed_process_loses_nothing_that_it_was_told_it_had_won(shared: Place) -> None:
    """SIGKILL in the middle of a flood of appends, several times on one ledger."""
    won: set[str] = set()
    for run, lines in enumerate((1, 6, 23)):
        worker = shared.worker()
        tell(worker, do="flood", name=f"run{run}")
        for _ in range(lines):
            won.update(heard(worker))
        worker.kill()
        rest, _ = worker.communicate()
        for line in rest.splitlines(keepends=True):
            won.update(json.loads(line) if line.endswith("\n") else [])
    with closing(shared.open()) as ledger:
        states = ledger.states("nlp")
        assert won <= {of.key for of, state in states.items() if state.state is State.SUBMITTED}
        assert verify(ledger).misfits == ()


# 2. Exclusive


def test_only_the_next_version_of_an_item_wins(ledger: Auditable) -> None:
    assert ledger.append([entry(Event.INTENT, 2)]) == (LOST,)
    assert ledger.append([entry(Event.INTENT, 1)]) == (WON,)
    assert ledger.append([entry(Event.INTENT, 1)]) == (LOST,)
    assert ledger.append([entry(Event.ACCEPTED, 3)]) == (LOST,)
    assert ledger.append([entry(Event.ACCEPTED, 2)]) == (WON,)
    assert ledger.append([entry(Event.UNKNOWN, 2)]) == (LOST,)
    assert list(ledger.entries(None)) == submitted(item())


def test_a_step_that_the_table_does_not_have_is_lost_and_leaves_no_trace(ledger: Auditable) -> None:
    ledger.append(submitted(item()))
    for event in Event:
        if (State.SUBMITTED, event) not in STEPS:
            assert ledger.append([entry(event, 3)]) == (LOST,), event
    assert list(ledger.entries(None)) == submitted(item())
    assert ledger.states(None)[item()].version == 2


def test_items_with_the_same_key_and_another_fingerprint_are_apart(ledger: Auditable) -> None:
    other = item(fingerprint="sha256:bb")
    assert ledger.append([entry(Event.INTENT, 1), entry(Event.INTENT, 1, other)]) == (WON, WON)
    assert ledger.append([entry(Event.REJECTED, 2, other)]) == (WON,)
    assert {of.fingerprint: state.state for of, state in ledger.states("nlp").items()} == {
        "sha256:aa": State.IN_FLIGHT,
        "sha256:bb": State.REJECTED,
    }


def test_of_two_handles_that_append_the_same_version_one_wins(shared: Place) -> None:
    first, second = shared.open(), shared.open()
    for version, event in enumerate([Event.INTENT, Event.NOT_SENT, Event.INTENT, Event.ADOPTED], start=1):
        assert first.append([entry(event, version)]) == (WON,)
        assert second.append([entry(event, version)]) == (LOST,)


def test_many_processes_that_race_for_the_same_versions_win_each_of_them_once(shared: Place) -> None:
    """Each process appends every item's intent and outcome, one item at a time, on a ledger that none has made yet."""
    workers = [shared.worker() for _ in range(4)]
    items = [item(f"app-{number}") for number in range(40)]
    for turn, worker in enumerate(workers):
        mine = items[10 * turn :] + items[: 10 * turn]
        for start in range(0, len(mine), 4):
            tell_append(worker, [one for of in mine[start : start + 4] for one in submitted(of)])
    verdicts = [[verdict for _ in range(0, len(items), 4) for verdict in heard(worker)] for worker in workers]
    wins = Counter[tuple[str, int]]()
    for turn, said in enumerate(verdicts):
        mine = items[10 * turn :] + items[: 10 * turn]
        asked = [one for of in mine for one in submitted(of)]
        wins.update((one.item.key, one.version) for one, verdict in zip(asked, said, strict=True) if verdict == "won")
        assert set(said) <= {"won", "lost"}
    assert wins == {(of.key, version): 1 for of in items for version in (1, 2)}
    assert verify(shared.open()).misfits == ()


# 3. Holding


def test_an_intent_is_held_while_another_open_item_has_its_hold(ledger: Auditable) -> None:
    other = item("gpt", project="vision")
    assert ledger.append([entry(Event.INTENT, 1, hold="ws/x")]) == (WON,)
    assert ledger.append([entry(Event.INTENT, 1, other, hold="ws/x")]) == (HELD,)
    assert ledger.append([entry(Event.UNKNOWN, 2)]) == (WON,)
    assert ledger.append([entry(Event.INTENT, 1, other, hold="ws/x")]) == (HELD,)
    assert ledger.append([entry(Event.INTENT, 1, other, hold="ws/y")]) == (WON,)
    assert [one.item for one in ledger.entries(None)] == [item(), item(), other]


@pytest.mark.parametrize(
    "closing_event",
    [
        event
        for (state, event), after in STEPS.items()
        if state is State.IN_FLIGHT and after not in {State.IN_FLIGHT, State.UNRESOLVED}
    ],
)
def test_a_hold_ends_with_the_entry_that_closes_its_item(ledger: Auditable, closing_event: Event) -> None:
    other = item("gpt")
    ledger.append([entry(Event.INTENT, 1, hold="ws/x")])
    assert ledger.append([entry(Event.INTENT, 1, other, hold="ws/x")]) == (HELD,)
    assert ledger.append([entry(closing_event, 2)]) == (WON,)
    assert ledger.append([entry(Event.INTENT, 1, other, hold="ws/x")]) == (WON,)


def test_an_item_takes_its_own_hold_again(ledger: Auditable) -> None:
    steps = [Event.INTENT, Event.NOT_SENT, Event.INTENT, Event.UNKNOWN, Event.NOTHING_STARTED, Event.INTENT]
    assert ledger.append([entry(event, number, hold="ws/x") for number, event in enumerate(steps, 1)]) == (WON,) * 6


def test_an_empty_hold_holds_nothing(ledger: Auditable) -> None:
    both = [entry(Event.INTENT, 1, hold=""), entry(Event.INTENT, 1, item("gpt"), hold="")]
    assert ledger.append(both) == (WON, WON)


def test_an_entry_that_is_overtaken_and_held_is_lost(ledger: Auditable) -> None:
    ledger.append([entry(Event.INTENT, 1, hold="ws/x")])
    assert ledger.append([entry(Event.INTENT, 2, item("gpt"), hold="ws/x")]) == (LOST,)


def test_a_hold_is_kept_through_entries_that_bring_an_intent_of_their_own(ledger: Auditable) -> None:
    """Whatever leads to an open state needs the hold that this state has."""
    ledger.append([entry(Event.INTENT, 1, hold="ws/x"), entry(Event.INTENT, 1, item("gpt"), hold="ws/y")])
    assert ledger.append([entry(Event.UNKNOWN, 2, item("gpt"), intent=intent("ws/x"))]) == (HELD,)
    assert ledger.append([entry(Event.UNKNOWN, 2, item("gpt"), intent=intent("ws/z"))]) == (WON,)
    assert ledger.append([entry(Event.INTENT, 1, item("t5"), hold="ws/y")]) == (WON,)


def test_of_many_processes_that_race_for_one_hold_one_gets_it_at_a_time(shared: Place) -> None:
    workers = [shared.worker() for _ in range(3)]
    mine = [item(f"app-{number}") for number in range(3)]
    versions = [0, 0, 0]
    for _ in range(5):
        for number, worker in enumerate(workers):
            tell_append(worker, [entry(Event.INTENT, versions[number] + 1, mine[number], hold="ws/x")])
        verdicts = [heard(worker) for worker in workers]
        assert sorted(verdicts) == [["held"], ["held"], ["won"]]
        winner = verdicts.index(["won"])
        tell_append(workers[winner], [entry(Event.NOT_SENT, versions[winner] + 2, mine[winner])])
        assert heard(workers[winner]) == ["won"]
        versions[winner] += 2


# 4. Item by item


def test_entries_of_one_append_stand_or_fall_alone(ledger: Auditable) -> None:
    ledger.append(submitted(item("done")))
    batch = [
        entry(Event.INTENT, 1, item("done")),
        entry(Event.INTENT, 1, item("new"), hold="ws/x"),
        entry(Event.INTENT, 1, item("same-hold"), hold="ws/x"),
        entry(Event.ACCEPTED, 1, item("illegal")),
        entry(Event.INTENT, 1, item("fine")),
    ]
    assert ledger.append(batch) == (LOST, WON, HELD, LOST, WON)
    assert list(ledger.entries(None)) == [*submitted(item("done")), batch[1], batch[4]]
    assert set(ledger.states(None)) == {item("done"), item("new"), item("fine")}


def test_an_entry_sees_those_before_it_in_the_same_append(ledger: Auditable) -> None:
    batch = [
        entry(Event.INTENT, 1, hold="ws/x"),
        entry(Event.INTENT, 1, item("gpt"), hold="ws/x"),
        entry(Event.REJECTED, 2),
        entry(Event.INTENT, 1, item("gpt"), hold="ws/x"),
        entry(Event.ACCEPTED, 2, item("gpt")),
        entry(Event.INTENT, 3, hold="ws/x"),
    ]
    assert ledger.append(batch) == (WON, HELD, WON, WON, WON, WON)


def test_an_append_of_nothing_changes_nothing(place: Place) -> None:
    before = files_of(place.folder)
    assert place.open().append([]) == ()
    assert files_of(place.folder) == before


@pytest.mark.parametrize(
    "bad",
    [
        entry(Event.INTENT, 1, intent=None),
        entry(Event.ADOPTED, 1, app=None),
        entry(Event.INTENT, 0),
        entry(Event.INTENT, 1, intent=intent(ratio=float("nan"))),
        entry(Event.INTENT, 1, intent=intent(odd={1, 2})),
        entry(Event.INTENT, 1, Item(key="nlp/", fingerprint="sha256:aa")),
    ],
    ids=["no intent", "no app", "version 0", "nan", "no JSON value", "no name"],
)
def test_an_entry_that_no_ledger_could_store_is_refused_before_any_is_written(ledger: Auditable, bad: Entry) -> None:
    with pytest.raises(ValueError, match=r"nlp/|JSON"):
        ledger.append([*submitted(item("fine")), bad])
    assert list(ledger.entries(None)) == []


# 5. Ordered


def test_entries_come_oldest_first_and_complete(ledger: Auditable, place: Place) -> None:
    written: list[Entry] = []
    rounds = int(100 * place.kind.share)
    for number in range(3 * rounds):
        of = item(f"app-{number % rounds}", project="nlp" if number % 2 else "vision")
        version = 1 + 2 * (number // rounds)
        pair = [entry(Event.INTENT, version, of), entry(Event.REJECTED, version + 1, of)]
        assert ledger.append(pair) == (WON, WON)
        written += pair
    assert list(ledger.entries(None)) == written
    assert list(ledger.entries("nlp")) == [one for one in written if one.item.project == "nlp"]
    assert verify(ledger).entries == 6 * rounds


def test_projects_do_not_see_each_other_even_when_one_name_begins_with_the_other(ledger: Auditable) -> None:
    projects = ["nlp", "nlp-2", "nlp0", "nl", "nlpx"]
    ledger.append([one for project in projects for one in submitted(item(project=project))])
    for project in projects:
        assert list(ledger.states(project)) == [item(project=project)]
        assert list(ledger.entries(project)) == submitted(item(project=project))
    assert set(ledger.states(None)) == {item(project=project) for project in projects}
    assert ledger.states("none-such") == {}
    assert list(ledger.entries("none-such")) == []


def test_appending_while_walking_the_entries_disturbs_neither(ledger: Auditable) -> None:
    ledger.append([entry(Event.INTENT, 1, item(f"app-{number}")) for number in range(1200)])
    seen = []
    for one in ledger.entries("nlp"):
        seen.append(one.item)
        if one.version == 1 and len(seen) % 100 == 0:
            assert ledger.append([entry(Event.ACCEPTED, 2, one.item)]) == (WON,)
    assert seen[:1200] == [item(f"app-{number}") for number in range(1200)]


# 6. Honest


def test_a_ledger_that_does_not_exist_yet_is_empty(ledger: Auditable) -> None:
    assert ledger.states("nlp") == {}
    assert ledger.states(None) == {}
    assert list(ledger.entries("nlp")) == []
    assert verify(ledger).misfits == ()


def test_what_was_written_cannot_be_changed_through_the_values_that_were_handed_over(ledger: Auditable) -> None:
    request: dict[str, Any] = {"docker": {"image": "tensor:1"}}
    ledger.append([entry(Event.INTENT, 1, intent=intent(**request))])
    request["docker"]["image"] = "another"
    state = ledger.states("nlp")[item()]
    assert state.request is not None
    assert state.request["docker"] == {"image": "tensor:1"}


def test_describe_says_where_the_ledger_is(ledger: Auditable, place: Place) -> None:
    assert ledger.describe().startswith(place.kind.spec.partition(":")[0] + ":")


# 7. Read-only when only read


def test_reading_creates_and_changes_nothing(shared: Place) -> None:
    before = files_of(shared.folder)
    with closing(shared.open()) as ledger:
        ledger.states(None)
        list(ledger.entries("nlp"))
        verify(ledger)
    assert files_of(shared.folder) == before
    with closing(shared.open()) as ledger:
        ledger.append(submitted(item()))
    before = files_of(shared.folder)
    with closing(shared.open()) as ledger:
        assert ledger.states("nlp")[item()].request is not None
        assert len(list(ledger.entries("nlp"))) == 2
        verify(ledger)
    after = files_of(shared.folder)
    assert set(after) == set(before)
    assert {name: when for name, when in after.items() if (shared.folder / name).is_file()} == {
        name: when for name, when in before.items() if (shared.folder / name).is_file()
    }


# All together, against a model that is nothing but the contract


@dataclass
class Model:
    """The contract in its plainest form: all entries, folded anew for every question."""

    written: list[Entry] = field(default_factory=list)

    def append(self, one: Entry) -> Verdict:
        states = fold(self.written)
        try:
            after = step(states.get(one.item, NOTHING), one)
        except StepError:
            return LOST
        if after.hold and any(of != one.item and state.hold == after.hold for of, state in states.items()):
            return HELD
        self.written.append(one)
        return WON


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.name))
def test_any_run_of_appends_has_the_verdicts_entries_and_states_of_the_model(kind: Kind) -> None:
    @settings(max_examples=int(50 * kind.share), deadline=None)
    @given(appends=batches())
    def any_run(appends: list[list[Entry]]) -> None:
        compare_with_model(kind, appends)

    any_run()


def compare_with_model(kind: Kind, appends: list[list[Entry]]) -> None:
    model = Model()
    with place_for(kind) as place:
        handles = [place.open(), place.open()]
        for turn, batch in enumerate(appends):
            assert handles[turn % 2].append(batch) == tuple(model.append(one) for one in batch)
            for handle in handles:
                assert_same_states(handle.states(None), fold(model.written))
        assert list(handles[0].entries(None)) == model.written
        assert_same_states(handles[1].states("nlp"), fold(one for one in model.written if one.item.project == "nlp"))
        assert verify(handles[0]).misfits == ()


def assert_same_states(given: Any, expected: dict[Item, ItemState]) -> None:
    assert given == expected
    assert [read(given[of]) for of in sorted(given)] == [read(expected[of]) for of in sorted(expected)]
    assert len(given) == len(expected)
    assert all(given.get(of) == state and state == given[of] and of in given for of, state in expected.items())
    assert item("never") not in given


def read(state: ItemState) -> list[object]:
    """Return all that can be asked of a state, whatever its class holds to be equal."""
    fields = [state.state, state.version, state.intent, state.app, state.last, state.submitted_at, state.request]
    return [*fields, state.is_open, state.hold]
