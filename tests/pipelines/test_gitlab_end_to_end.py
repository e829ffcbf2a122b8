"""The pipeline that `init --ci gitlab` writes, run by gitlab-ci-local's shell executor against real parts.

The tool runs jobs in the checkout that it is started in; so each pipeline gets a clone of its own, whose remote holds the
token of the job, as a runner of GitLab has it. What the host knows of a merge request is given as variables.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from urllib.parse import urlsplit

import pytest
from git_host import HERE, Access, GitHost, git
from npm_tools import GITLAB_CI_LOCAL, installed
from team import AUTHOR_TOKEN, KEYS, REPOSITORY, STRANGER_TOKEN, Team

from dfsubmit.pipelines.files import files

JOB_TOKEN = "made-up-gitlab-job-token"
MERGE_REQUEST = (
    "--variable=CI_PIPELINE_SOURCE=merge_request_event",
    "--variable=CI_COMMIT_BRANCH=",  # GitLab sets it in no pipeline of a merge request
)
PATIENCE_SECONDS = 240
pytestmark = pytest.mark.xdist_group("npm")


@pytest.fixture(name="tool", scope="module")
def _tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("npm"), GITLAB_CI_LOCAL) / ".bin" / "gitlab-ci-local"


@pytest.fixture(name="team")
def _team(tmp_path: Path) -> Iterator[Team]:
    with GitHost(folder=tmp_path / "host") as host:
        team = Team.make(tmp_path, host, dict(files("gitlab")))
        host.tokens[JOB_TOKEN] = Access(REPOSITORY, push=True)
        yield team


def pipeline(
    tool: Path, team: Team, *arguments: str, branch: str = "main", keys: bool = True, address: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the pipeline of `branch` in a clone of its own, of the team's repository or of that at `address`."""
    machine = Path(mkdtemp(prefix="machine-", dir=team.folder))
    clone = machine / "clone"
    git(machine, "clone", "--quiet", "--branch", branch, address or team.address(JOB_TOKEN), clone)
    variables = [f"--variable={name}={value}" for name, value in KEYS.items()] if keys else []
    return subprocess.run(
        [tool, "--force-shell-executor", "--no-timestamps", *variables, *arguments],
        cwd=clone,
        env={
            **HERE,
            "HOME": str(machine),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            # Nothing but what is installed already.
            "PIP_NO_INDEX": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def test_a_merge_request_is_planned_and_its_merge_applied_once(tool: Path, team: Team) -> None:
    with team.data_forest():
        team.write("one", "echo computed")
        team.propose("one")
        planned = pipeline(tool, team, *MERGE_REQUEST, branch="topic")
        before = len(team.apps())
        commit = team.merge()
        applied = pipeline(tool, team)
        again = pipeline(tool, team)
        entries = [json.loads(line) for line in team.dfsubmit("ledger", "export").stdout.splitlines()]
        log = team.dfsubmit("logs", "one", "--follow").stdout

    assert (planned.returncode, before) == (0, 0), planned.stdout
    assert "Plan: 1 to submit, 0 to kill, 0 unchanged, 0 unresolved." in planned.stdout
    assert (applied.returncode, again.returncode) == (0, 0), applied.stdout + again.stdout
    assert "Apply: 1 submitted, 0 adopted, 0 unchanged, 0 failed, 0 unresolved." in applied.stdout
    assert "Apply: 0 submitted, 0 adopted, 1 unchanged, 0 failed, 0 unresolved." in again.stdout
    assert team.prefixes() == ["one"]
    assert log.startswith("computed\n")
    assert {entry["by"]["commit"] for entry in entries} == {commit}
    assert all(entry["by"]["url"] and entry["by"]["user"] for entry in entries)


def test_a_merge_request_without_keys_is_planned_from_the_ledger(tool: Path, team: Team) -> None:
    team.write("one")
    team.propose("one")
    # No Data Forest runs: a plan that asked it would fail.
    planned = pipeline(tool, team, *MERGE_REQUEST, branch="topic", keys=False)

    assert planned.returncode == 0, planned.stdout
    assert "Plan: 1 to submit, 0 to kill, 0 unchanged, 0 unresolved." in planned.stdout


def test_a_bad_manifest_is_shown_and_nothing_is_submitted(tool: Path, team: Team) -> None:
    bad = team.write("one")
    bad.write_text(bad.read_text().replace("namePrefix", "namePrefx"))
    team.write("good")
    team.push("bad")
    with team.data_forest():
        applied = pipeline(tool, team)

    assert applied.returncode != 0
    assert "specs/one.yaml:6:3: error[DF0201]" in applied.stdout
    assert team.apps() == []


def test_where_jobs_may_not_push_the_token_of_the_project_does(tool: Path, team: Team) -> None:
    team.host.tokens[JOB_TOKEN] = Access(REPOSITORY, push=False)
    team.write("one")
    team.push("one")
    place = urlsplit(team.host.url)
    server = {
        "CI_SERVER_PROTOCOL": place.scheme,
        "CI_SERVER_HOST": place.hostname,
        "CI_SERVER_PORT": place.port,
        "CI_PROJECT_PATH": REPOSITORY,
    }
    named = [f"--variable={name}={value}" for name, value in server.items()]
    with team.data_forest():
        refused = pipeline(tool, team, *named)
        before = len(team.apps())
        applied = pipeline(tool, team, *named, f"--variable=DFSUBMIT_GIT_TOKEN={AUTHOR_TOKEN}")

    assert (refused.returncode == 0, before) == (False, 0)
    assert "no permission to push to the ledger git:origin" in refused.stdout
    assert applied.returncode == 0, applied.stdout
    assert team.prefixes() == ["one"]


def test_a_merge_request_of_a_fork_is_planned_from_the_ledger_of_the_project_that_it_is_for(
    tool: Path, team: Team
) -> None:
    project = team.clone / "specs" / "project.yaml"
    project.write_text(project.read_text().replace("refs/dfsubmit/ledger", "dfsubmit-ledger"))
    team.write("one")
    team.push("one")
    with team.data_forest():
        assert pipeline(tool, team).returncode == 0
    # What a stranger's project holds is its branches, without the ledger.
    bare = team.host.folder / f"{REPOSITORY}.git"
    fork = team.host.repository("stranger/specs")
    git(bare, "push", "--quiet", fork, "main")
    team.host.tokens[STRANGER_TOKEN] = Access("stranger/specs", push=True)
    team.write("two")
    git(team.clone, "remote", "set-url", "origin", team.address(STRANGER_TOKEN, "stranger/specs"))
    team.push("two", branch="topic")

    planned = pipeline(
        tool,
        team,
        *MERGE_REQUEST,
        f"--variable=CI_MERGE_REQUEST_PROJECT_PATH={REPOSITORY}",
        f"--variable=CI_MERGE_REQUEST_PROJECT_URL={team.address(AUTHOR_TOKEN).removesuffix('.git')}",
        branch="topic",
        address=team.address(STRANGER_TOKEN, "stranger/specs"),
    )

    assert planned.returncode == 0, planned.stdout
    assert "Plan: 1 to submit, 0 to kill, 1 unchanged, 0 unresolved." in planned.stdout
    assert AUTHOR_TOKEN not in planned.stdout
