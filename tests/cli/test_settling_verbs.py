"""recover, adopt and ledger rebuild with the real program: what a list proves, and what a person decides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from folder import PROJECT, Folder, last_line
from rehearsing import SETTINGS, emulator


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.make(tmp_path, project=PROJECT + SETTINGS)


def submitted_twice(folder: Folder) -> dict[str, str]:
    """Leave `one` unresolved, with two apps that fit; return the environment of a service that is well again."""
    folder.app("one", "sleep 30")
    with emulator(folder, "submit:twice-lost") as env:
        applied = folder.run("apply", "--yes", env=env)
        assert applied.returncode == 3
        assert "2 apps fit" in applied.stderr
        assert "dfsubmit recover one --adopt" in applied.stderr
    assert len(folder.world()) == 2
    return {}


def test_what_only_a_person_can_tell_is_asked_with_the_command_that_decides_it(folder: Folder) -> None:
    env = submitted_twice(folder)
    looked = folder.run("recover", env=env)
    assert looked.returncode == 3
    assert last_line(looked.stdout) == "Recover: 1 unresolved."
    chosen = folder.world()[1]["id"]
    adopted = folder.run("recover", "one", "--adopt", chosen, "--yes", env=env)
    assert adopted.returncode == 0, adopted.stderr
    assert folder.run("apply", "--yes").stdout.startswith("Apply: 0 submitted, 0 adopted, 1 unchanged")
    assert folder.ledger()[-1]["app"]["id"] == chosen
    assert len(folder.world()) == 2


def test_retry_submits_again_and_abandon_leaves_it(folder: Folder) -> None:
    submitted_twice(folder)
    abandoned = folder.run("recover", "one", "--abandon", "--yes")
    assert abandoned.returncode == 0
    plan = folder.run("plan")
    assert "abandoned" in plan.stdout
    assert last_line(plan.stdout) == "Plan: 0 to submit, 0 to kill, 1 unchanged, 0 unresolved."
    assert folder.run("recover", "one", "--retry", "--yes").returncode == 1


def test_retry_lets_apply_submit_again(folder: Folder) -> None:
    submitted_twice(folder)
    assert folder.run("recover", "one", "--retry", "--yes").returncode == 0
    assert folder.run("apply", "--yes").stdout.startswith("Apply: 1 submitted")
    assert len(folder.world()) == 3


@pytest.mark.parametrize(
    "arguments", [["--retry"], ["one", "--retry", "--abandon"], ["one", "--adopt", "x", "--retry"]]
)
def test_a_decision_that_makes_no_sense_is_a_usage_error(folder: Folder, arguments: list[str]) -> None:
    assert folder.run("recover", *arguments).returncode == 64


def test_adopt_records_an_app_that_was_started_without_dfsubmit(folder: Folder) -> None:
    folder.app("one", "sleep 30")
    assert folder.run("apply", "--yes", "--ledger", "memory:").returncode == 0
    (app,) = folder.world()
    adopted = folder.run("adopt", "one", "--id", app["id"], "--yes")
    assert adopted.returncode == 0, adopted.stderr
    assert folder.run("apply", "--yes").stdout.startswith("Apply: 0 submitted, 0 adopted, 1 unchanged")
    folder.app("two", "sleep 30", prefix="one")
    taken = folder.run("adopt", "two", "--id", app["id"], "--yes")
    assert taken.returncode == 1
    assert "already belongs to folder/one" in taken.stderr
    assert folder.run("adopt", "two", "--id", "NoSuchApp0000000000001", "--yes").returncode == 1


def test_a_lost_ledger_is_rebuilt_from_markers_and_nothing_is_submitted_again(tmp_path: Path) -> None:
    folder = Folder.make(tmp_path, project=PROJECT + "  submission: {marker: true}\n")
    for name in ("one", "two"):
        folder.app(name, "sleep 30", prefix="ab")
    assert folder.run("apply", "--yes").returncode == 0
    for part in (folder.path / "specs" / ".dfsubmit").glob("ledger.db*"):
        part.unlink()
    folder.app("three", prefix="cd")
    rebuilt = folder.run("ledger", "rebuild", "--yes")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert last_line(rebuilt.stdout).startswith("Rebuild: 2 recorded, 0 to decide, 1 without an app, 0 ")
    assert folder.run("apply", "--yes").stdout.startswith("Apply: 1 submitted, 0 adopted, 2 unchanged")
    assert len(folder.world()) == 3


def test_without_markers_a_rebuild_lists_and_guesses_nothing(folder: Folder) -> None:
    folder.app("one", "sleep 30")
    folder.app("two", "sleep 31", prefix="same")
    folder.app("three", "sleep 32", prefix="same")
    assert folder.run("apply", "--yes").returncode == 0
    for part in (folder.path / "specs" / ".dfsubmit").glob("ledger.db*"):
        part.unlink()
    listed = folder.run("ledger", "rebuild", "--yes")
    assert listed.returncode == 3
    assert last_line(listed.stdout).startswith("Rebuild: 0 recorded, 3 to decide, 0 without an app")
    assert "dfsubmit adopt one --id" in listed.stderr
    assert folder.ledger() == []
    unmarked = folder.run("ledger", "rebuild", "--unmarked", "--yes")
    assert last_line(unmarked.stdout).startswith("Rebuild: 1 recorded, 2 to decide")
    assert [json.dumps(entry["event"]) for entry in folder.ledger()] == ['"adopted"']
