"""What `doctor` says of a place that is in order, and of each thing that is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from folder import Folder, last_line
from git_host import Access, GitHost, git
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


TOKEN, READER = "made-up-token", "made-up-reader-token"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with GitHost(folder=tmp_path / "host") as host:
        host.repository("team/specs")
        host.tokens |= {TOKEN: Access("team/specs", push=True), READER: Access("team/specs", push=False)}
        yield host


def test_a_ledger_in_git_is_asked_whether_it_may_be_pushed_to_and_left_as_it_is(folder: Folder, host: GitHost) -> None:
    git(folder.path, "init", "--quiet")
    url = f"{host.url.replace('//', f'//x:{TOKEN}@')}/team/specs.git"
    unknown = "; whether a hook, a protected ref or a quota of the host refuses it, only a push can tell\n"

    code, found = checks(folder, "--ledger", f"git:{url}")
    assert code == 0
    assert found["push"] == (
        f"ok    push: the host lets this run in to push; there is no refs/dfsubmit/ledger yet{unknown}"
    )
    assert git(host.folder / "team" / "specs.git", "for-each-ref") == ""

    assert folder.run("apply", "--yes", "--ledger", f"git:{url}").returncode == 0
    before = git(host.folder / "team" / "specs.git", "for-each-ref")
    code, found = checks(folder, "--ledger", f"git:{url}")
    assert code == 0
    assert found["push"] == f"ok    push: the host lets this run in to push, and offers refs/dfsubmit/ledger{unknown}"
    assert git(host.folder / "team" / "specs.git", "for-each-ref") == before


def test_a_ledger_that_may_only_be_read_is_a_failure_with_the_way_out(folder: Folder, host: GitHost) -> None:
    url = f"{host.url.replace('//', f'//x:{READER}@')}/team/specs.git"

    code, found = checks(folder, "--ledger", f"git:{url}")

    assert code == 1
    assert found["ledger"].startswith("ok    ledger: ")
    assert found["push"].startswith("fail  push: no permission to push to the ledger git:http")
    assert "tip: let the credentials of this run push" in found["push"]
    assert READER not in found["push"]
    offline = checks(folder, "--ledger", f"git:{url}", "--offline")
    assert (offline[0], offline[1]["push"]) == (0, "note  push: not tried, because of --offline\n")


def test_of_a_ledger_that_cannot_be_read_only_that_is_told(folder: Folder, host: GitHost) -> None:
    code, found = checks(folder, "--ledger", f"git:{host.url}/team/none.git")

    assert code == 1
    assert found["ledger"].startswith("fail  ledger: cannot read the ledger git:http")
    assert "push" not in found


def test_offline_leaves_the_engine_alone(folder: Folder) -> None:
    code, found = checks(folder, "--offline", "--base-url", "http://127.0.0.1:9", "--engine", "dataforest")
    assert code == 1, "keys are needed all the same"
    assert found["engine"] == "note  engine: not asked, because of --offline\n"
