"""The pipeline that `init --ci gitlab` writes, as the program that runs such pipelines on a desk reads it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from npm_tools import GITLAB_CI_LOCAL, installed
from ruamel.yaml import YAML

from dfsubmit.pipelines.files import files

if TYPE_CHECKING:
    from pathlib import Path

MERGE_REQUEST = (
    "--variable=CI_PIPELINE_SOURCE=merge_request_event",
    "--variable=CI_COMMIT_BRANCH=",  # GitLab sets it in no pipeline of a merge request
)


@pytest.fixture(name="tool", scope="module")
def _tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("npm"), GITLAB_CI_LOCAL) / ".bin" / "gitlab-ci-local"


@pytest.fixture(name="checkout")
def _checkout(tmp_path: Path) -> Path:
    """Return a repository on its default branch, main, with the pipeline."""
    folder = tmp_path / "team"
    folder.mkdir()
    for relative, text in files("gitlab").items():
        (folder / relative).write_text(text)
    git = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t.invalid"]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "git@host.invalid:team/specs.git"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "pipeline"], check=True)
    subprocess.run([*git, "update-ref", "refs/remotes/origin/main", "HEAD"], check=True)
    subprocess.run([*git, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"], check=True)
    return folder


def run(tool: Path, checkout: Path, *arguments: str) -> str:
    done = subprocess.run(
        [tool, *arguments],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(checkout.parent)},
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def jobs(tool: Path, checkout: Path, *arguments: str) -> dict[str, Any]:
    printed = run(tool, checkout, "--list-json", *arguments)
    # The tool warns first of variables that GitLab sets itself.
    listed = json.loads(printed[printed.index("[\n") :])
    return {job["name"]: job for job in listed}


@pytest.mark.xdist_group("npm")
def test_a_merge_request_is_validated_and_planned_and_a_merge_is_applied(tool: Path, checkout: Path) -> None:
    planned = {name for name, job in jobs(tool, checkout, *MERGE_REQUEST).items() if job["when"] != "never"}
    merged = {name for name, job in jobs(tool, checkout).items() if job["when"] != "never"}
    subprocess.run(["git", "-C", checkout, "switch", "--quiet", "-c", "topic"], check=True)
    pushed = {name for name, job in jobs(tool, checkout).items() if job["when"] != "never"}

    assert planned == {"validate", "plan"}
    assert merged == {"validate", "apply"}
    assert pushed == set()


@pytest.mark.xdist_group("npm")
def test_the_pipeline_is_whole_with_reports_and_one_apply_at_a_time(tool: Path, checkout: Path) -> None:
    shown = YAML(typ="safe").load(run(tool, checkout, "--preview"))

    assert shown["stages"] == [".pre", "validate", "plan", "apply", ".post"]
    assert set(shown["validate"]["artifacts"]["reports"]) == {"codequality", "junit"}
    assert shown["validate"]["artifacts"]["when"] == "always"
    assert shown["apply"]["resource_group"] == "dfsubmit"
    assert shown["apply"]["interruptible"] is False
    for name in ("validate", "plan", "apply"):
        assert shown[name]["before_script"] == shown["validate"]["before_script"]
