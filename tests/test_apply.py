"""Apply against the embedded engine: what is submitted, what is recorded, and that nothing is submitted twice."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from stage import PROJECT, Stage, desired

from dfsubmit.applier import Applier, Stop
from dfsubmit.errors import LedgerError, LimitError
from dfsubmit.identity import _started, current_actor
from dfsubmit.journal import Entry, Event, Item, State
from dfsubmit.ledger.base import Verdict
from dfsubmit.ledger.memory import MemoryLedger
from dfsubmit.results import Done, Result
from dfsubmit.submission import Submission


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(home=tmp_path)


def events(stage: Stage, name: str) -> list[Event]:
    return [entry.event for entry in stage.ledger.entries(PROJECT) if entry.item.name == name]


def test_new_apps_are_submitted_once_and_a_second_apply_changes_nothing(stage: Stage) -> None:
    apps = [desired("one", prefix="one"), desired("two", prefix="two")]
    first = stage.apply(apps)
    assert first.count(Result.SUBMITTED) == 2
    assert first.exit_code == 0
    assert len(stage.apps()) == 2
    second = stage.apply(apps)
    assert second.count(Result.UNCHANGED) == 2
    assert second.exit_code == 0
    assert len(stage.apps()) == 2


def test_the_intent_is_written_before_and_the_outcome_after_the_submit(stage: Stage) -> None:
    stage.apply([desired("one")])
    assert events(stage, "one") == [Event.INTENT, Event.ACCEPTED]


def test_a_changed_spec_is_submitted_and_its_earlier_app_left_alone(stage: Stage) -> None:
    stage.apply([desired("one")])
    report = stage.apply([desired("one", command="python other.py")])
    assert report.count(Result.SUBMITTED) == 1
    assert len(stage.apps()) == 2


def test_a_raised_generation_submits_the_same_spec_again(stage: Stage) -> None:
    stage.apply([desired("one")])
    assert stage.apply([desired("one", generation=2)]).count(Result.SUBMITTED) == 1
    assert len(stage.apps()) == 2


def test_apps_with_one_prefix_and_workspace_go_out_one_after_the_other(stage: Stage) -> None:
    stage.parallelism = 4
    apps = [desired(f"app-{number}", command=f"python main.py {number}") for number in range(6)]
    report = stage.apply(apps)
    assert report.count(Result.SUBMITTED) == 6
    order = [entry.event for entry in stage.ledger.entries(PROJECT)]
    assert order == [Event.INTENT, Event.ACCEPTED] * 6


def test_apps_with_their_own_prefixes_share_one_batch_of_intents(stage: Stage) -> None:
    stage.parallelism = 4
    stage.apply([desired(f"app-{number}", prefix=f"p{number}") for number in range(4)])
    order = [entry.event for entry in stage.ledger.entries(PROJECT)]
    assert order[:4] == [Event.INTENT] * 4


def test_more_apps_than_the_limit_submit_nothing(stage: Stage) -> None:
    with pytest.raises(LimitError, match="submits 3 apps, more than the limit of 2"):
        stage.apply([desired(f"app-{number}", prefix=f"p{number}") for number in range(3)], max_submit=2)
    assert stage.apps() == []
    assert list(stage.ledger.entries(PROJECT)) == []


def test_a_stop_request_lets_what_is_in_flight_end_and_sends_nothing_new(stage: Stage) -> None:
    stop = Stop()

    def stop_after_first(done: Done) -> None:
        if done.result is Result.SUBMITTED:
            stop.signal_number = 15

    apps = [desired(f"app-{number}") for number in range(3)]
    apps = [replace(app, name=f"app-{number}") for number, app in enumerate(apps)]
    report = stage.apply(apps, stop=stop, report=stop_after_first)
    assert report.count(Result.SUBMITTED) == 1
    assert report.count(Result.SKIPPED) == 2
    assert len(stage.apps()) == 1
    assert not any(state.is_open for state in stage.ledger.states(PROJECT).values())


def test_a_secret_is_read_at_submit_and_stays_out_of_ledger_and_results(tmp_path: Path) -> None:
    canary = "canary-7f3d9a"
    stage = Stage(home=tmp_path, environ={"TOKEN_VARIABLE": canary})
    report = stage.apply([desired("one", env={"TOKEN": {"fromEnv": "TOKEN_VARIABLE"}})])
    assert report.count(Result.SUBMITTED) == 1
    assert canary not in repr(list(stage.ledger.entries(PROJECT)))
    assert canary not in repr(report)


def test_a_missing_secret_is_a_failed_submit_that_names_the_variable(stage: Stage) -> None:
    report = stage.apply([desired("one", env={"TOKEN": {"fromEnv": "NOT_SET"}}), desired("two", prefix="two")])
    failed = next(done for done in report.results if done.change.name == "one")
    assert failed.result is Result.NOT_SENT
    assert "NOT_SET" in failed.message
    assert report.count(Result.SUBMITTED) == 1
    assert report.exit_code == 1
    assert events(stage, "one") == []


def test_a_rejected_app_is_recorded_and_tried_again_by_the_next_apply(stage: Stage) -> None:
    report = stage.apply([desired("one", prefix="toolongprefix")])
    assert report.count(Result.REJECTED) == 1
    assert report.exit_code == 1
    assert events(stage, "one") == [Event.INTENT, Event.REJECTED]
    plan = stage.plan([desired("one", prefix="toolongprefix")])
    assert plan.changes[0].reason.startswith("earlier attempt rejected")


def test_a_renamed_manifest_takes_its_app_along_and_needs_moved_only_once(stage: Stage) -> None:
    stage.apply([desired("old")])
    report = stage.apply([desired("new", moved=("old",))])
    assert report.count(Result.UNCHANGED) == 1
    assert len(stage.apps()) == 1
    assert events(stage, "new") == [Event.MOVED]
    (change,) = stage.plan([desired("new", command="python other.py")], whole=False).changes
    assert [field.path for field in change.fields] == ["spec.docker.command"], "what it was submitted with moves along"
    assert stage.apply([desired("new")]).count(Result.UNCHANGED) == 1
    assert len(stage.apps()) == 1


def test_prune_kills_the_apps_of_removed_manifests(stage: Stage) -> None:
    stage.apply([desired("one", prefix="one"), desired("two", prefix="two")])
    stage.prune = True
    report = stage.apply([desired("one", prefix="one")])
    assert report.count(Result.KILLED) == 1
    assert [app["phase"] for app in stage.apps()] == ["queued", "killed"]


def test_the_marker_makes_the_sent_prefix_the_items_own(stage: Stage) -> None:
    stage.marker = True
    stage.apply([desired("one", prefix="ab"), desired("two", prefix="ab")])
    prefixes = {app["name"].rsplit("-", 2)[0] for app in stage.apps()}
    assert len(prefixes) == 2
    assert all(prefix.startswith("ab") and len(prefix) == 7 for prefix in prefixes)


def test_of_two_appliers_one_wins_and_the_other_reports_a_lost_race(stage: Stage) -> None:
    apps = [desired("one")]
    stale = stage.plan(apps)
    stage.apply(apps)
    states = stage.ledger.states(PROJECT)
    assert states[Item(key=f"{PROJECT}/one", fingerprint=apps[0].fingerprint)].state is State.SUBMITTED
    from dfsubmit.applier import Applier  # noqa: PLC0415  # one applier that still holds the old plan

    engine = stage.engine()
    applier = Applier(ledger=stage.ledger, engine=engine, actor=current_actor({}), environ={}, now=stage.clock.read)
    (done,) = applier.run(stale)
    engine.close()
    assert done.result is Result.LOST_RACE
    assert len(stage.apps()) == 1


class FullLedger(MemoryLedger):
    """A ledger on a disk that has room for so many appends."""

    def __init__(self, *, room: int) -> None:
        super().__init__()
        self.room = room

    def append(self, entries: Sequence[Entry]) -> tuple[Verdict, ...]:
        self.room -= 1
        if self.room < 0:
            raise LedgerError("the disk is full; nothing was recorded")
        return super().append(entries)


def test_what_was_started_but_cannot_be_recorded_is_named_and_found_by_the_next_apply(stage: Stage) -> None:
    full = FullLedger(room=1)
    stage.ledger = full
    with pytest.raises(LedgerError, match=r"the disk is full; .*started but not recorded: one as \w{22}"):
        stage.apply([desired("one")], actor=replace(current_actor({}), started="1"))
    assert len(stage.apps()) == 1
    full.room = 1000
    report = stage.apply([desired("one")])
    assert report.count(Result.ADOPTED) == 1
    assert len(stage.apps()) == 1


def test_a_full_disk_before_the_intent_submits_nothing(stage: Stage) -> None:
    stage.ledger = FullLedger(room=0)
    with pytest.raises(LedgerError, match="the disk is full"):
        stage.apply([desired("one")])
    assert stage.apps() == []


def test_what_another_living_run_keeps_is_waited_for_and_then_left_with_exit_code_3(stage: Stage) -> None:
    ours, theirs = desired("ours"), desired("theirs", command="other")
    plan = stage.plan([theirs])
    engine = stage.engine()
    living = replace(current_actor({}), pid=os.getppid(), started=_started(os.getppid()))
    applier = Applier(ledger=stage.ledger, engine=engine, actor=living, environ={}, now=stage.clock.read)
    submission = Submission(applier=applier, pending=deque(plan.changes))
    stage.ledger.append([submission._intent(plan.changes[0])])  # noqa: SLF001  # an intent whose submit is yet to be sent
    before = stage.clock.now
    report = stage.apply([ours])
    assert {done.change.name: done.result for done in report.results} == {
        "ours": Result.HELD,
        "theirs": Result.LOST_RACE,
    }
    assert report.exit_code == 3
    assert timedelta(seconds=60) < stage.clock.now - before < timedelta(seconds=180)
    assert stage.apps() == []
    engine.close()
