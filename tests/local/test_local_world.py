"""The world as values: the table of an app's life, names and ids, and the names of workspaces."""

from __future__ import annotations

import random
import re
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.local.settings import LocalSettings, open_workspace_name, workspace_names
from dfsubmit.local.world import (
    NOT_FINISHED,
    SHOWN,
    STEPS,
    TERMINAL,
    WAITING,
    Event,
    Phase,
    account_id,
    kst,
    new_id,
    new_name,
    to_ms,
)

NAME_RULE = re.compile(r"[a-z](-?[a-z0-9])*")


def test_an_app_that_ended_never_changes_again() -> None:
    assert not [phase for phase, _ in STEPS if phase in TERMINAL]


def test_every_phase_is_reached_and_shown() -> None:
    assert set(STEPS.values()) == set(Phase)
    assert set(SHOWN) == set(Phase)


def test_an_app_is_given_back_to_the_queue_only_before_its_command_may_have_begun() -> None:
    released = {phase for phase, event in STEPS if event is Event.RELEASE}
    begun = {STEPS[step] for step in STEPS if step[1] is Event.BEGIN}
    assert released == {Phase.CLAIMED, Phase.STAGING}
    assert not released & begun
    assert released <= WAITING


def test_the_command_begins_only_after_a_claim_and_a_registration() -> None:
    assert [phase for phase, event in STEPS if event is Event.BEGIN] == [Phase.STAGING]
    assert [phase for phase, event in STEPS if event is Event.REGISTER] == [Phase.CLAIMED]


def test_an_app_can_be_killed_whenever_it_has_not_ended() -> None:
    assert {phase for phase, event in STEPS if event is Event.KILL} == set(Phase) - TERMINAL


def test_states_are_shown_as_yarn_names_them() -> None:
    assert SHOWN[Phase.QUEUED] == ("ACCEPTED", "UNDEFINED")
    assert SHOWN[Phase.UNSUCCESSFUL] == ("FINISHED", "FAILED")
    assert all((final == "UNDEFINED") == (phase not in TERMINAL) for phase, (_, final) in SHOWN.items())


@given(st.integers(0, 4_102_444_800_000))
@settings(max_examples=200, deadline=None)
def test_a_time_is_written_in_korean_time_to_the_millisecond(moment_ms: int) -> None:
    text = kst(moment_ms)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+09:00", text)
    assert to_ms(datetime.fromisoformat(text)) == moment_ms


def test_not_finished_is_the_epoch_in_korea() -> None:
    assert to_ms(datetime.fromisoformat(NOT_FINISHED)) == 0


def test_ids_and_names_have_the_documented_form() -> None:
    rng = random.Random(1)
    ids = {new_id(rng) for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"[0-9A-Za-z]{22}", one) for one in ids)
    assert re.fullmatch(r"bert-[0-9a-z]{4}-[0-9a-z]{4}", new_name("bert", rng))


def test_the_account_follows_from_the_folder_s_name_for_ever() -> None:
    assert account_id("local") == "TeFJejKJbMI7UF5Xpz63KE"
    assert account_id("other") != account_id("local")


@given(st.dictionaries(st.text("abcXYZ019", min_size=1, max_size=6), st.text(min_size=1, max_size=30), max_size=5))
@settings(max_examples=200, deadline=None)
def test_workspace_names_fit_the_rule_and_differ(folders: dict[str, str]) -> None:
    usable = {key: Path("/x") / name.replace("/", "_").replace("\0", "_") for key, name in folders.items()}
    names = workspace_names(usable)
    assert set(names) == set(folders)
    assert len(set(names.values())) == len(names)
    assert all(NAME_RULE.fullmatch(name) and len(name) <= 15 for name in names.values())


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("workspace", "workspace"),
        ("My Models_2024", "my-models-2024"),
        ("2024-run", "run"),
        ("a-very-long-folder-name", "a-very-long-fol"),
        ("연구", "workspace"),
    ],
)
def test_a_workspace_is_named_after_its_folder(folder: str, name: str) -> None:
    assert workspace_names({"A": Path("/x") / folder}) == {"A": name}


def test_a_workspace_without_a_folder_has_a_name_of_its_own() -> None:
    assert NAME_RULE.fullmatch(open_workspace_name("A"))
    assert open_workspace_name("a") != open_workspace_name("A")


@pytest.mark.parametrize(
    "changes",
    [{"runtime": "kubernetes"}, {"home": Path("relative")}, {"workspaces": {"A": Path("b")}}, {"slots": {"gpu": 0}}],
)
def test_settings_that_could_not_work_are_refused_when_made(changes: dict[str, object]) -> None:
    right: dict[str, object] = {"home": Path("/h"), "hdfs": Path("/d")}
    with pytest.raises(ValueError, match=r"\w+ "):
        LocalSettings(**{**right, **changes})  # type: ignore[arg-type]  # the wrong values are the point


def test_settings_for_supervisors_carry_no_keys() -> None:
    made = LocalSettings(home=Path("/h"), hdfs=Path("/d"), workspaces={"A": Path("/w")}, slots={"gpu": 3})
    assert LocalSettings.from_json(Path("/h"), made.to_json()) == made
    assert made.secret_key not in made.to_json()
    assert made.secret_key not in repr(made)
