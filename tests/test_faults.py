"""Every named fault in turn: as many applies as it takes, without human help, end with every app exactly once."""

from __future__ import annotations

from pathlib import Path

import pytest
from stage import PROJECT, Stage, desired

from dfsubmit.desired import DesiredApp
from dfsubmit.errors import DfsubmitError, UsageError
from dfsubmit.journal import State
from dfsubmit.local.rehearsal import NAMES, Rehearsal, parse_fault, parse_scenario

# Faults that end by themselves: apply runs again until all is done. `quota` never does on its own, and a list
# that always fails or is always empty would rightly be believed never; so each strikes some of the time.
SUBMIT_FAULTS = [name for name, kind in NAMES.items() if kind.only in ("", "submit") and not name.startswith("twice")]
LIST_FAULTS = ["reset", "hang", "garbage", "html", "service-500", "lag", "short", "empty", "half-reply", "throttle"]
CLOCK_FAULTS = ["clock-ahead", "clock-behind"]
MOST_RUNS = 30


def wanted(count: int, *, shared: bool) -> list[DesiredApp]:
    return [desired(f"app-{n:03d}", prefix="same" if shared else f"p{n:03d}", command=f"run {n}") for n in range(count)]


def apply_until_done(stage: Stage, apps: list[DesiredApp]) -> int:
    """Return how many applies it took; each may fail, none may do wrong."""
    for run in range(1, MOST_RUNS + 1):
        try:
            if stage.apply(apps).exit_code == 0:
                return run
        except DfsubmitError:
            continue
        finally:
            stage.clock.sleep(1)
    raise AssertionError(f"not done after {MOST_RUNS} applies: {stage.told[-3:]}")


def check_exactly_once(stage: Stage, apps: list[DesiredApp]) -> None:
    world = stage.apps()
    assert len(world) == len(apps)
    states = stage.ledger.states(PROJECT)
    assert {state.state for state in states.values()} == {State.SUBMITTED}
    assert sorted(state.app.id for state in states.values() if state.app) == sorted(app["id"] for app in world)


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "distinct"])
@pytest.mark.parametrize("name", SUBMIT_FAULTS)
def test_a_fault_of_submit_leaves_every_app_exactly_once(tmp_path: Path, name: str, *, shared: bool) -> None:
    apps = wanted(12, shared=shared)
    rehearsal = Rehearsal([parse_fault(f"submit:{name}:0.3")], seed=5)
    stage = Stage(home=tmp_path, faults=rehearsal, parallelism=1 if shared else 4)
    apply_until_done(stage, apps)
    assert sum(rehearsal.struck.values()) > 0
    check_exactly_once(stage, apps)


@pytest.mark.parametrize("name", LIST_FAULTS)
def test_a_fault_of_the_list_while_replies_are_lost_leaves_every_app_exactly_once(tmp_path: Path, name: str) -> None:
    apps = wanted(12, shared=False)
    faults = [parse_fault("submit:lost-reply:0.3"), parse_fault(f"list:{name}:0.3")]
    stage = Stage(home=tmp_path, faults=Rehearsal(faults, seed=3), parallelism=2)
    if name in ("short", "empty"):
        # A list that lies can only be seen through where it lacks an app that is known to be there.
        stage.faults = None
        stage.apply([desired("known", prefix="known")])
        stage.clock.sleep(60)
        apps = [desired("known", prefix="known"), *apps]
        stage.faults = Rehearsal([parse_fault("submit:lost-reply:0.3"), parse_fault(f"list:{name}:1:times=2")], seed=3)
    apply_until_done(stage, apps)
    check_exactly_once(stage, apps)


@pytest.mark.parametrize("name", CLOCK_FAULTS)
def test_a_service_whose_clock_is_off_by_twenty_minutes_is_no_obstacle(tmp_path: Path, name: str) -> None:
    apps = wanted(6, shared=False)
    faults = [parse_fault(f"any:{name}"), parse_fault("submit:lost-reply:0.5")]
    stage = Stage(home=tmp_path, faults=Rehearsal(faults, seed=1))
    apply_until_done(stage, apps)
    check_exactly_once(stage, apps)


def test_a_service_that_accepts_twice_leaves_the_question_to_a_person(tmp_path: Path) -> None:
    apps = wanted(1, shared=False)
    stage = Stage(home=tmp_path, faults=Rehearsal([parse_fault("submit:twice-lost")]))
    report = stage.apply(apps)
    assert report.exit_code == 3
    (undecided,) = report.undecided
    assert len(getattr(undecided.ruling, "candidates", ())) == 2
    assert stage.apply(apps).exit_code == 3
    assert len(stage.apps()) == 2


@pytest.mark.parametrize(
    "text",
    [
        "submit",
        "submit:",
        "nothing:reset",
        "submit:nothing",
        "submit:lag",
        "list:late",
        "submit:reset:2",
        "submit:reset:x=1",
    ],
)
def test_a_fault_that_makes_no_sense_is_said_to(text: str) -> None:
    with pytest.raises(UsageError):
        parse_fault(text)


def test_a_scenario_file_is_faults_one_a_line_with_a_seed() -> None:
    text = "# a bad day\nseed=7\nsubmit:lost-reply:0.2\n\nlist:lag:seconds=10  # slow\n"
    faults, seed = parse_scenario(text, "bad-day.txt")
    assert seed == 7
    assert [(fault.operation, fault.name) for fault in faults] == [("submit", "lost-reply"), ("list", "lag")]
    assert (faults[0].probability, faults[1].seconds) == (0.2, 10.0)


def test_a_line_of_a_scenario_that_names_no_fault_is_shown_by_its_number() -> None:
    with pytest.raises(UsageError, match=r"bad-day\.txt:2: 'submit:reply' names no fault"):
        parse_scenario("submit:reset\nsubmit:reply\n", "bad-day.txt")


def test_equal_seeds_give_equal_faults(tmp_path: Path) -> None:
    def struck(seed: int, home: Path) -> list[str]:
        stage = Stage(home=home, faults=Rehearsal([parse_fault("submit:lost-reply:0.5")], seed=seed))
        stage.apply(wanted(8, shared=True))
        return [done.result.value for done in stage.done]

    assert struck(1, tmp_path / "a") == struck(1, tmp_path / "b")
    assert struck(1, tmp_path / "c") != struck(2, tmp_path / "d")
