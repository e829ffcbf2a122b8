"""The composite action: its own scripts, run in order by a shell, with the environment that its text declares."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from expressions import filled
from github_api import JOB_TOKEN, REPOSITORY, GitHub
from pipeline_yaml import ACTION, read

PROGRAMS = Path(sys.executable).parent
PROJECT = """\
apiVersion: dfsubmit/v1
kind: Project
metadata: {name: action}
spec: {engine: {type: local, hdfs: hdfs, workspaces: {ActionWorkspace0000001: workspace}}}
"""
APP = """\
apiVersion: dfsubmit/v1
kind: AiApp
metadata: {name: one}
spec:
  aiWorkspaceId: ActionWorkspace0000001
  namePrefix: one
  docker: {image: "python:3.12.4", command: "true"}
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A job whose checkout is `folder`, with the steps of the action."""

    folder: Path
    # Where the branch of the pull request is.
    source: str = REPOSITORY

    def step(self, name: str, env: Mapping[str, str] | None = None, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run the step of the action that has `name` as GitHub's runner does."""
        action = read(ACTION)
        given = {key.replace("_", "-"): value for key, value in inputs.items()}
        assert given.keys() <= action["inputs"].keys()
        contexts: dict[str, Any] = {
            "inputs": {
                key: filled(one["default"], {"github": {"token": "made-up"}}) for key, one in action["inputs"].items()
            }
            | given,
            "env": env or {},
            "github": {
                "repository": REPOSITORY,
                "event": {"pull_request": {"head": {"repo": {"full_name": self.source}}}},
            },
        }
        (step,) = (step for step in action["runs"]["steps"] if step["name"] == name)
        assert step["shell"] == "bash"
        declared = {key: filled(value, contexts) for key, value in step["env"].items()}
        return subprocess.run(
            # https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax: what `shell: bash` stands for
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder / filled(step.get("working-directory", "."), contexts),
            env={
                "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
                "HOME": str(self.folder),
                "RUNNER_TEMP": str(self.folder / "temp"),
                "GITHUB_ACTION_PATH": str(ACTION.parent),
                "GITHUB_OUTPUT": str(self.folder / "output"),
                "GITHUB_PATH": str(self.folder / "path"),
                "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
                "GITHUB_SERVER_URL": "http://127.0.0.1:9",
                **(env or {}),
                **declared,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def run(self, env: Mapping[str, str] | None = None, **inputs: str) -> subprocess.CompletedProcess[str]:
        return self.step("Run dfsubmit", env, **inputs)

    def outputs(self) -> dict[str, str]:
        lines = (self.folder / "output").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture(name="job")
def _job(tmp_path: Path) -> Job:
    for folder in ("specs/workspace", "specs/hdfs", "temp/dfsubmit"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "specs" / "project.yaml").write_text(PROJECT)
    (tmp_path / "specs" / "one.yaml").write_text(APP)
    return Job(tmp_path)


def test_validate_shows_findings_at_their_lines_and_writes_the_reports_that_are_asked_for(job: Job) -> None:
    good = job.run()
    (job.folder / "specs" / "one.yaml").write_text(APP.replace("command:", "comand:"))
    bad = job.run(report="sarif=findings.sarif\njunit=my findings.xml\n")

    assert good.returncode == 0, good.stderr
    assert bad.returncode == 1
    assert bad.stdout.startswith("::error file=specs/one.yaml,line=7,")
    assert (job.folder / "findings.sarif").exists()
    assert (job.folder / "my findings.xml").exists()


def test_a_plan_of_one_job_is_applied_in_another(job: Job) -> None:
    planned = job.run(command="plan")
    outputs = job.outputs()
    applied = job.run(command="apply", plan_file=outputs["plan_file"], expect=outputs["plan_token"])
    again = job.run(command="apply", wait="60")

    assert (planned.returncode, applied.returncode, again.returncode) == (0, 0, 0), planned.stderr + applied.stderr
    assert (outputs["has_changes"], outputs["submit_count"]) == ("true", "1")
    assert Path(outputs["plan_page"]).read_text().startswith("<!-- dfsubmit plan: action -->\n")
    assert "Plan: 1 to submit" in planned.stdout
    assert applied.stdout.startswith("Apply: 1 submitted, ")
    assert again.stdout.startswith("Apply: 0 submitted, ")
    assert "one  FINISHED/SUCCEEDED" in again.stderr
    assert "### ✅ Apply: 1 submitted" in (job.folder / "summary").read_text()


def test_an_expected_token_that_is_another_refuses(job: Job) -> None:
    assert job.run(command="apply", expect="0000000000000000").returncode == 6


def test_a_plan_is_shown_in_a_comment_and_one_that_cannot_be_made_takes_it_back(job: Job) -> None:
    with GitHub() as github:
        planned = job.run(github.env(), command="plan", comment="true", token=JOB_TOKEN)
        (shown,) = [comment.body for comment in github.comments]
        (job.folder / "specs" / "one.yaml").write_text(APP.replace("command:", "comand:"))
        failed = job.run(github.env(), command="plan", comment="true", token=JOB_TOKEN)
        (left,) = [comment.body for comment in github.comments]

    assert (planned.returncode, failed.returncode) == (0, 1), planned.stderr
    assert "1 to submit" in shown
    assert "No plan of the last commit" in left


def test_nothing_is_said_on_a_pull_request_from_a_fork(job: Job) -> None:
    fork = Job(job.folder, source="stranger/specs")
    with GitHub() as github:
        result = fork.run(github.env(), command="plan", comment="true", token=JOB_TOKEN)

        assert (result.returncode, github.asked) == (0, [])


def test_every_output_that_is_offered_is_one_that_a_verb_writes(job: Job) -> None:
    job.run(command="plan")
    job.run(command="apply")

    offered = {key: one["value"] for key, one in read(ACTION)["outputs"].items()}
    assert offered == {key: f"${{{{ steps.run.outputs.{key} }}}}" for key in job.outputs()}


def test_inputs_reach_the_program_as_they_are_written(job: Job) -> None:
    (job.folder / "my specs").mkdir()
    (job.folder / "my specs" / "a'$(touch hacked)`touch hacked`.yaml").write_text(APP)

    result = job.run(files="my specs", ledger="memory:", select="one;touch hacked", command="plan")

    assert result.returncode == 1
    assert "one;touch hacked" in result.stderr
    assert not (job.folder / "hacked").exists()


def test_a_command_that_is_none_is_told_and_what_was_written_for_the_whole_job_holds(job: Job) -> None:
    unknown = job.run(command="aply; true")
    ledger = job.run({"DFSUBMIT_LEDGER": "sqlite:elsewhere.db"}, command="apply")

    assert unknown.returncode == 64
    assert unknown.stdout == "::error::command is none of validate, plan, apply and install\n"
    assert ledger.returncode == 0, ledger.stderr
    assert (job.folder / "elsewhere.db").exists()


def test_git_gets_the_token_for_this_host_beside_the_settings_of_the_job(job: Job) -> None:
    """What the step tells git is looked at by a program that stands in the place of dfsubmit."""
    programs = job.folder / "programs"
    programs.mkdir()
    (programs / "dfsubmit").write_text(
        "#!/bin/sh\ngit config --get user.name; printf 'protocol=http\\nhost=127.0.0.1:9\\n\\n' | git credential fill\n"
    )
    (programs / "dfsubmit").chmod(0o755)
    mine = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "mine"}

    result = job.run({**mine, "PATH": f"{programs}:{os.environ['PATH']}"}, token="made-up-token")

    assert result.stdout.splitlines() == [
        "mine",
        "protocol=http",
        "host=127.0.0.1:9",
        "username=x-access-token",
        "password=made-up-token",
    ]


@pytest.mark.soak
def test_dfsubmit_is_installed_from_the_action_itself_and_only_the_program_is_put_on_the_path(job: Job) -> None:
    installed = job.step("Install dfsubmit", python=sys.executable)

    assert installed.returncode == 0, installed.stderr
    (folder,) = (job.folder / "path").read_text().splitlines()
    assert [path.name for path in Path(folder).iterdir()] == ["dfsubmit"]
    # All files that it writes are part of what is installed.
    shown = subprocess.run(
        [Path(folder) / "dfsubmit", "init", "new", "--ci", "github"],
        cwd=job.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "Init: 10 files written, 0 already there.\n"
