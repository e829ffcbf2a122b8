"""The workflow of a merge off the straight way: runs that come late, callers with wishes, tokens that may too little."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from git_host import GitHost
from pipeline_yaml import REPOSITORY as PRODUCT
from team import KEYS, REPOSITORY, Team
from workflow_runner import Actions, Event, Run

from dfsubmit import __version__
from dfsubmit.pipelines.files import files

APPLY = ".github/workflows/apply.yml"


@pytest.fixture(name="team")
def _team(tmp_path: Path) -> Iterator[Team]:
    with GitHost(folder=tmp_path / "host") as host:
        yield Team.make(tmp_path, host, dict(files("github")))


@pytest.fixture(name="actions")
def _actions(team: Team) -> Actions:
    folder = team.folder / "machines"
    return Actions(host=team.host, repository=REPOSITORY, folder=folder, environments={"data-forest": KEYS})


def pushed(commit: str) -> Event:
    return Event(name="push", ref="refs/heads/main", sha=commit, changed=("specs/one.yaml",))


def entries(team: Team) -> list[Mapping[str, object]]:
    listed: list[Mapping[str, object]] = json.loads(team.dfsubmit("ledger", "list", "-o", "json").stdout)["entries"]
    return listed


def called(actions: Actions, commit: str, **inputs: str) -> Run:
    """Run the workflow that this project ships as a caller of it does."""
    given = {"version": __version__, **inputs}
    return actions.run(PRODUCT / APPLY, pushed(commit), given)


def test_a_run_that_comes_late_applies_the_newest_commit_and_records_it(team: Team, actions: Actions) -> None:
    team.write("one", "echo old")
    old = team.push("old")
    team.write("one", "echo new")
    new = team.push("new")
    with team.data_forest():
        late = actions.run(team.clone / APPLY, pushed(old))
        newest = actions.run(team.clone / APPLY, pushed(new))

        assert late.jobs["apply"].outputs["submitted"] == "1", late.log
        assert newest.jobs["apply"].outputs["submitted"] == "0"
        assert team.dfsubmit("wait", "one").returncode == 0
        assert team.dfsubmit("logs", "one").stdout.splitlines()[0] == "new"
    assert {entry["by"]["commit"] for entry in entries(team)} == {new}  # type: ignore[index]  # what JSON holds


def test_a_caller_hands_over_variables_and_waits_for_the_apps(team: Team, actions: Actions) -> None:
    path = team.write("needy", 'test "$TOKEN" = "made up"')
    path.write_text(f"{path.read_text().rstrip().removesuffix('}')}, env: {{TOKEN: {{fromEnv: TOKEN}}}}}}\n")
    actions.environments = {"data-forest": {**KEYS, "APP_ENV": "\nTOKEN=made up\n\nMORE=x"}}
    with team.data_forest():
        fine = called(actions, team.push("needy"), wait="60")
        team.write("broken", "exit 3")
        bad = called(actions, team.push("broken"), wait="60")

    assert fine.results == {"apply": "success"}, fine.log
    assert "needy  FINISHED/SUCCEEDED" in fine.log
    assert bad.results == {"apply": "failure"}
    assert "broken  FINISHED/FAILED" in bad.log
    assert "made up" not in fine.log + bad.log


def test_a_job_whose_token_cannot_push_submits_nothing_and_says_what_it_lacks(team: Team, actions: Actions) -> None:
    path = team.clone / APPLY
    path.write_text(path.read_text().replace("contents: write", "contents: read"))
    team.write("one")
    with team.data_forest():
        run = actions.run(path, pushed(team.push("one")))

    assert run.results == {"apply": "failure"}
    assert (
        "tip: let the credentials of this run push to the repository (GitHub Actions: `permissions: contents: write`)"
        in run.log
    )
    assert team.apps() == []


def test_a_caller_whose_project_keeps_its_ledger_in_the_checkout_submits_nothing(team: Team, actions: Actions) -> None:
    """Another ledger than that of the desk would submit there once more; one that ends with the job, at every merge."""
    project = team.clone / "specs" / "project.yaml"
    project.write_text("".join(line for line in project.read_text().splitlines(True) if "ledger" not in line))
    team.write("one")
    with team.data_forest():
        run = called(actions, team.push("no ledger"))

    assert run.results == {"apply": "failure"}
    assert "a file that the next run does not have" in run.log
    assert team.apps() == []
