"""The first entry of a ledger: where apps were submitted before, an empty one was lost, and must not be begun by itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from folder import PROJECT, Folder

REF = "refs/dfsubmit/ledger"
KEYS = {"NCLOUD_ACCESS_KEY": "LOCALEXAMPLEACCESSKEY", "NCLOUD_SECRET_KEY": "LOCALEXAMPLESECRETKEY"}
# Nothing answers there: who is not refused before, cannot go on.
SERVICE = 'engine: {type: dataforest, baseUrl: "http://127.0.0.1:1"}'


def git(where: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", where, *arguments], capture_output=True, check=True, encoding="utf-8")
    return done.stdout.strip()


@pytest.fixture(name="team")
def _team(tmp_path: Path) -> Folder:
    """Return a checkout whose ledger lies in git."""
    git(tmp_path, "init", "--quiet", "--bare", "host.git")
    git(tmp_path, "init", "--quiet", "team")
    git(tmp_path / "team", "remote", "add", "origin", "../host.git")
    folder = Folder.make(tmp_path / "team", project=PROJECT + "  ledger: {type: git, remote: origin}\n")
    folder.app("one")
    return folder


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Folder:
    """Return a checkout whose apps outlive it and whose ledger is a file in it."""
    git(tmp_path, "init", "--quiet", "checkout")
    project = f"apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {{name: folder}}\nspec:\n  {SERVICE}\n"
    folder = Folder.make(tmp_path / "checkout", project=project)
    folder.app("one")
    return folder


def test_a_ledger_that_was_deleted_is_not_begun_anew_by_who_never_saw_it(team: Folder) -> None:
    assert team.run("apply", "--yes").returncode == 0
    git(team.path.parent / "host.git", "update-ref", "-d", REF)
    shutil.rmtree(team.path / "specs" / ".dfsubmit" / "git-ledger")

    refused = team.run("apply", "--yes")

    assert refused.returncode == 5
    assert "the ledger is empty, but the service lists apps with the same prefixes, such as one-" in refused.stderr
    assert "nothing was submitted" in refused.stderr
    assert "in a clone that has used it tells how to put it back" in refused.stderr
    assert "dfsubmit ledger rebuild" in refused.stderr
    assert "--new-ledger" in refused.stderr
    assert len(team.world()) == 1
    assert git(team.path.parent / "host.git", "for-each-ref", REF) == ""


def test_a_person_may_say_that_it_is_new(team: Folder) -> None:
    team.run("apply", "--yes")
    git(team.path.parent / "host.git", "update-ref", "-d", REF)
    shutil.rmtree(team.path / "specs" / ".dfsubmit" / "git-ledger")

    begun, again = team.run("apply", "--yes", "--new-ledger"), team.run("apply", "--yes")

    assert "Apply: 1 submitted" in begun.stdout
    assert "Apply: 0 submitted, 0 adopted, 1 unchanged" in again.stdout


def test_a_job_of_ci_begins_no_file_that_the_next_one_does_not_have(checkout: Folder) -> None:
    refused = checkout.run("apply", "--yes", env={**KEYS, "CI": "true"})

    assert refused.returncode == 5
    assert "a file that the next run does not have" in refused.stderr
    assert "ledger: {type: git, remote: origin}" in refused.stderr
    assert not (checkout.path / "specs" / ".dfsubmit").exists()


@pytest.mark.parametrize("reason", ["no CI", "said to be new", "kept elsewhere", "nothing to submit"])
def test_what_stays_may_be_begun(reason: str, checkout: Folder) -> None:
    more = {
        "said to be new": ["--new-ledger"],
        "kept elsewhere": ["--ledger", f"sqlite:{checkout.path.parent}/kept.db"],
    }
    environ = KEYS if reason == "no CI" else {**KEYS, "CI": "true"}
    if reason == "nothing to submit":
        (checkout.path / "specs" / "one.yaml").unlink()

    result = checkout.run("apply", "--yes", *more.get(reason, []), env=environ)

    # There is no service to submit to; that is as far as it gets.
    assert result.returncode == (0 if reason == "nothing to submit" else 1), result.stderr
    assert "the next run" not in result.stderr


def test_a_project_that_was_renamed_does_not_submit_everything_again(team: Folder) -> None:
    assert team.run("apply", "--yes").returncode == 0
    project = team.path / "specs" / "project.yaml"
    project.write_text(project.read_text().replace("name: folder", "name: better"))

    refused = team.run("apply", "--yes", cwd=team.path / "specs", env={"DFSUBMIT_FILE": "."})
    meant = team.run("apply", "--yes", "--new-ledger")

    assert refused.returncode == 5
    assert "one of specs/one.yaml was submitted as one-" in refused.stderr
    assert (
        "by the Project folder: to a Project of another name, such as better, every app is a new one" in refused.stderr
    )
    assert meant.returncode == 0
    assert len(team.world()) == 2


def test_a_copy_of_a_folder_is_a_project_of_its_own(team: Folder) -> None:
    assert team.run("apply", "--yes").returncode == 0
    shutil.copytree(team.path / "specs", team.path / "staging", ignore=shutil.ignore_patterns(".dfsubmit"))
    project = team.path / "staging" / "project.yaml"
    project.write_text(project.read_text().replace("name: folder", "name: staging"))

    assert "Apply: 1 submitted" in team.run("apply", "--yes", "-f", "staging").stdout
