"""A plan that one job made and another carries out, from clones of their own, with the ledger in the repository's git."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from folder import PROJECT, Folder

HERE = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


AUTHOR = ("-c", "user.name=t", "-c", "user.email=t@t.invalid")


def git(where: Path, *arguments: str | Path) -> str:
    done = subprocess.run(
        ["git", "-C", where, *AUTHOR, *arguments], env=HERE, capture_output=True, check=True, encoding="utf-8"
    )
    return done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Host:
    """A bare repository, and the checkouts beside it."""

    folder: Path


@pytest.fixture(name="host")
def _host(tmp_path: Path) -> Host:
    """Return a repository whose branch main has a Project and the app `one`, which `first` is the author's checkout of."""
    host = Host(tmp_path / "host")
    host.folder.mkdir()
    git(host.folder, "init", "--quiet", "--bare", "--initial-branch=main", "host.git")
    git(host.folder, "init", "--quiet", "--initial-branch=main", "first")
    git(host.folder / "first", "remote", "add", "origin", "../host.git")
    folder = Folder.make(host.folder / "first", project=PROJECT)
    folder.app("one")
    (folder.path / ".gitignore").write_text(".dfsubmit\n")
    push(folder, "one")
    return host


def push(folder: Folder, message: str) -> None:
    git(folder.path, "add", "-A")
    git(folder.path, "commit", "--quiet", "-m", message)
    git(folder.path, "push", "--quiet", "origin", "HEAD:main")


def job(host: Host, name: str) -> Folder:
    """Return a fresh checkout of main, as a runner has it."""
    git(host.folder, "clone", "--quiet", "host.git", name)
    folder = Folder(path=host.folder / name)
    for part in ("workspace", "hdfs"):
        (folder.path / "specs" / part).mkdir(exist_ok=True)
    return folder


def run(folder: Folder, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return folder.run(*arguments, "--ledger", "git:origin", env={**HERE, **(env or {})})


@pytest.mark.parametrize("way", ["saved plan", "token"])
def test_an_unrelated_merge_in_between_does_not_make_a_plan_stale(host: Host, way: str, tmp_path: Path) -> None:
    planner, applier = job(host, "planner"), job(host, "applier")
    planned = run(planner, "plan", "--out", str(tmp_path / "a.plan"), "-o", "json")
    token = json.loads(planned.stdout)["token"]
    author = Folder(path=host.folder / "first")
    author.app("other")
    push(author, "other")
    assert run(job(host, "other"), "apply", "--yes", "--select", "other").returncode == 0

    wanted = (str(tmp_path / "a.plan"),) if way == "saved plan" else ("--expect", token)
    applied = run(applier, "apply", *wanted, "--yes")

    assert applied.returncode == 0, applied.stderr
    assert applied.stdout.startswith("Apply: 1 submitted, ")


@pytest.mark.parametrize("way", ["saved plan", "token"])
def test_what_was_merged_in_between_and_is_pending_too_is_left_alone(host: Host, way: str, tmp_path: Path) -> None:
    planner = job(host, "planner")
    planned = run(planner, "plan", "--out", str(tmp_path / "a.plan"), "-o", "json")
    token = json.loads(planned.stdout)["token"]
    author = Folder(path=host.folder / "first")
    author.app("other")
    push(author, "other")
    applier = job(host, "applier")

    wanted = (str(tmp_path / "a.plan"),) if way == "saved plan" else ("--expect", token)
    applied = run(applier, "apply", *wanted, "--yes")

    assert applied.returncode == 0, applied.stderr
    assert applied.stdout == "Apply: 1 submitted, 0 adopted, 0 unchanged, 0 failed, 0 unresolved.\n"
    assert [app["name"][:4] for app in applier.world()] == ["one-"]
    if way == "token":
        assert "not named by the token, and left for another plan: other (new)" in applied.stderr


def test_a_spec_that_was_changed_in_between_makes_a_token_stale(host: Host) -> None:
    token = json.loads(run(job(host, "planner"), "plan", "-o", "json").stdout)["token"]
    author = Folder(path=host.folder / "first")
    author.app("one", "echo other")
    push(author, "another one")
    applier = job(host, "applier")

    applied = run(applier, "apply", "--expect", token, "--yes")

    assert applied.returncode == 6
    assert "1 of the 1 changes that the token names is not pending any more; pending, but not named: one (new)" in (
        applied.stderr
    )
    assert applier.world() == []


@pytest.mark.parametrize("way", ["saved plan", "token"])
def test_an_item_that_was_submitted_in_between_makes_a_plan_stale(host: Host, way: str, tmp_path: Path) -> None:
    planner, applier = job(host, "planner"), job(host, "applier")
    planned = run(planner, "plan", "--out", str(tmp_path / "a.plan"), "-o", "json")
    token = json.loads(planned.stdout)["token"]
    assert run(job(host, "other"), "apply", "--yes").returncode == 0

    wanted = (str(tmp_path / "a.plan"),) if way == "saved plan" else ("--expect", token)
    applied = run(applier, "apply", *wanted, "--yes")

    assert applied.returncode == 6, applied.stderr
    assert applier.world() == []


def test_every_entry_says_from_which_commit_and_path_by_whom_and_by_which_run(host: Host) -> None:
    ci = {
        "GITHUB_SERVER_URL": "https://host.invalid",
        "GITHUB_REPOSITORY": "team/specs",
        "GITHUB_RUN_ID": "7",
        "GITHUB_ACTOR": "merger",
        "GITHUB_SHA": "c" * 40,
    }
    first = job(host, "ci")
    assert run(first, "apply", "--yes", env=ci).returncode == 0

    entries = json.loads(run(first, "ledger", "list", "-o", "json").stdout)["entries"]

    assert {entry["by"]["commit"] for entry in entries} == {"c" * 40}
    assert {entry["by"]["user"] for entry in entries} == {"merger"}
    assert {entry["by"]["url"] for entry in entries} == {"https://host.invalid/team/specs/actions/runs/7"}
    assert [entry["intent"]["source"] for entry in entries if "intent" in entry] == ["specs/one.yaml:3"]
    listed = run(first, "ledger", "list").stdout
    assert "  from specs/one.yaml:3  " in listed
    assert "https://host.invalid/team/specs/actions/runs/7" in listed


def test_outside_of_ci_the_commit_is_that_of_the_checkout(host: Host) -> None:
    folder = job(host, "by-hand")
    assert run(folder, "apply", "--yes").returncode == 0

    entries = json.loads(run(folder, "ledger", "list", "-o", "json").stdout)["entries"]

    assert {entry["by"]["commit"] for entry in entries} == {git(folder.path, "rev-parse", "HEAD")}


def test_a_removed_manifest_is_reported_and_prune_kills_what_still_runs(host: Host) -> None:
    folder = job(host, "runner")
    folder.app("long", "sleep 600")
    assert run(folder, "apply", "--yes").returncode == 0
    (folder.path / "specs" / "long.yaml").unlink()

    told = run(folder, "plan")
    pruned = run(folder, "apply", "--yes", "--prune")

    assert "! long" in told.stdout
    assert pruned.returncode == 0, pruned.stderr
    assert [app["name"] for app in folder.world() if app["name"].startswith("long")]
    assert "killed" in pruned.stderr


def test_an_offline_plan_says_of_which_commit_of_the_ledger_it_is(host: Host) -> None:
    folder = job(host, "fork")
    assert run(folder, "apply", "--yes").returncode == 0
    tip = git(host.folder / "host.git", "rev-parse", "refs/dfsubmit/ledger")

    basis = json.loads(run(folder, "plan", "--offline", "-o", "json").stdout)["basis"]

    assert basis["asOf"] == tip
    assert f"ledger git:origin as of {tip}" in run(folder, "plan", "--offline").stderr
    assert f"as of <code>{tip}</code>" in run(folder, "plan", "--offline", "-o", "markdown").stdout
    assert json.loads(run(folder, "apply", "--dry-run", "-o", "json").stdout)["basis"]["asOf"] == tip
    assert f"as of <code>{tip}</code>" in run(folder, "apply", "--dry-run", "-o", "markdown").stdout
