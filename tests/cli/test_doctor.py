"""What `doctor` says of a place that is in order, and of each thing that is not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from folder import Folder, last_line
from rehearsing import emulator


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder.make(tmp_path)
    made.app("one")
    return made


def checks(folder: Folder, *arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, dict[str, str]]:
    """Run doctor, and return its exit code and for each check its line and the tip below it."""
    done = folder.run("doctor", *arguments, env=env)
    found: dict[str, str] = {}
    what = ""
    for line in done.stdout.splitlines()[:-1]:
        if not line.startswith(" "):
            what = line[6:].partition(":")[0]
        found[what] = found.get(what, "") + line + "\n"
    return done.returncode, found


def test_a_place_in_order_is_looked_at_and_left_as_it_is(folder: Folder) -> None:
    before = sorted(folder.path.rglob("*"))
    done = folder.run("doctor")
    assert (done.returncode, last_line(done.stdout)) == (0, "Doctor: 6 checks, 0 failed.")
    assert [line[:6] for line in done.stdout.splitlines()[:-1]] == ["ok    "] * 6
    assert sorted(folder.path.rglob("*")) == before


def test_a_variable_that_nothing_reads_is_named_with_what_was_meant(folder: Folder) -> None:
    code, found = checks(folder, env={"DFSUBMIT_SETTLE_SECOND": "5", "DFSUBMIT_GIT_TOKEN": "x", "DFSUBMIT_QUIET": "0"})
    assert code == 0
    assert found["environment"] == (
        "note  environment: nothing reads the variable DFSUBMIT_SETTLE_SECOND\n"
        "      tip: did you mean DFSUBMIT_SETTLE_SECONDS?\n"
    )
    assert "unset it" in checks(folder, env={"DFSUBMIT_HUNDRED_THINGS": "1"})[1]["environment"]


def test_a_project_that_cannot_be_read_ends_the_looking(folder: Folder) -> None:
    (folder.path / "specs" / "project.yaml").write_text("kind: Project\n")
    code, found = checks(folder)
    assert code == 1
    assert found["project"].startswith("fail  project: ")
    assert "ledger" not in found


def test_missing_keys_and_a_service_that_is_not_there_are_two_failures(folder: Folder) -> None:
    code, found = checks(folder, "--engine", "dataforest", "--base-url", "http://127.0.0.1:9", env={"HOME": "/nowhere"})
    assert code == 1
    assert found["credentials"].startswith("fail  credentials: ")
    assert "tip: " in found["credentials"]
    assert found["engine"].startswith("fail  engine: ")


def test_a_service_over_http_is_asked_with_the_keys_that_were_found(folder: Folder) -> None:
    with emulator(folder) as env:
        code, found = checks(folder, env=env)
    assert code == 0
    assert found["credentials"] == "ok    credentials: found in NCLOUD_ACCESS_KEY, NCLOUD_SECRET_KEY\n"
    assert "answers: 0 apps, clocks differ by 0 s" in found["engine"]


def test_a_copy_of_the_schema_that_is_of_another_version_is_told(folder: Folder) -> None:
    (folder.path / "schema").mkdir()
    (folder.path / "schema" / "dfsubmit.v1.schema.json").write_text("{}")
    code, found = checks(folder)
    assert code == 0
    assert found["schema"].startswith("note  schema: ")
    assert "tip: dfsubmit schema > " in found["schema"]


def test_offline_leaves_the_engine_alone(folder: Folder) -> None:
    code, found = checks(folder, "--offline", "--base-url", "http://127.0.0.1:9", "--engine", "dataforest")
    assert code == 1, "keys are needed all the same"
    assert found["engine"] == "note  engine: not asked, because of --offline\n"
