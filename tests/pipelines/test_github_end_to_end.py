"""The workflows for GitHub with real parts: a git server that asks for a token, a Data Forest over HTTP, and every step run."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import mkdtemp

import pytest
from git_host import Access, GitHost, git
from github_api import JOB_TOKEN, READING_TOKEN, GitHub
from pipeline_yaml import REPOSITORY as PRODUCT
from team import FORK, KEYS, REPOSITORY, STRANGER_TOKEN, Team, wait_until
from workflow_runner import Actions, Event, Run

from dfsubmit import __version__
from dfsubmit.pipelines.files import files

PLAN, APPLY = ".github/workflows/validate-and-plan.yml", ".github/workflows/apply.yml"
INPUTS = {"version": __version__}


@pytest.fixture(name="team")
def _team(tmp_path: Path) -> Iterator[Team]:
    with GitHost(folder=tmp_path / "host") as host:
        yield Team.make(tmp_path, host, dict(files("github")))


@pytest.fixture(name="github")
def _github() -> Iterator[GitHub]:
    with GitHub() as github:
        yield github


def token(permissions: Mapping[str, str]) -> str:
    """Return the token of a job, which GitHub's API knows: whether it may comment is what the job asks for."""
    return JOB_TOKEN if permissions.get("pull-requests") == "write" else READING_TOKEN


def actions(team: Team, github: GitHub | None = None) -> Actions:
    """Return the host's runners, for the repository of the team, which has keys for the environment data-forest alone."""
    folder = Path(mkdtemp(prefix="machines-", dir=team.folder))
    environments = {"data-forest": KEYS}
    if github is None:
        return Actions(host=team.host, repository=REPOSITORY, folder=folder, environments=environments)
    return Actions(
        host=team.host,
        repository=REPOSITORY,
        folder=folder,
        api_url=github.url,
        secrets=KEYS,
        environments=environments,
        token=token,
    )


def pushed(commit: str, *changed: str, actor: str = "merger") -> Event:
    return Event(name="push", ref="refs/heads/main", sha=commit, changed=changed or ("specs/one.yaml",), actor=actor)


def proposed(commit: str, source: str = REPOSITORY) -> Event:
    return Event(
        name="pull_request",
        ref="refs/pull/7/merge",
        sha=commit,
        changed=("specs/one.yaml",),
        source=source,
        actor="author",
    )


def apply(team: Team, commit: str) -> Run:
    return actions(team).run(team.clone / APPLY, pushed(commit))


@pytest.mark.parametrize("form", ["written", "called"])
def test_a_new_manifest_is_validated_planned_merged_applied_and_runs(form: str, team: Team, github: GitHub) -> None:
    here, inputs = (team.clone, None) if form == "written" else (PRODUCT, INPUTS)
    host = actions(team, github)
    with team.data_forest():
        team.write("one", "echo computed")
        planned = host.run(here / PLAN, proposed(team.propose("one")), inputs)
        commit = team.merge()
        applied = host.run(here / APPLY, pushed(commit), inputs)
        waited = team.dfsubmit("wait", "one")
        log = team.dfsubmit("logs", "one")
        entries = team.dfsubmit("ledger", "export").stdout

    assert planned.results == {"validate": "success", "plan": "success", "comment": "success"}, planned.log
    assert planned.jobs["plan"].outputs["submit_count"] == "1"
    assert planned.jobs["plan"].outputs["has_changes"] == "true"
    assert "1 to submit" in planned.jobs["plan"].summary
    assert ["1 to submit" in comment.body for comment in github.comments] == [True]
    assert applied.results == {"apply": "success"}, applied.log
    assert applied.jobs["apply"].outputs == {"submitted": "1", "failed": "0", "unresolved": "0"}
    assert (waited.returncode, log.stdout.splitlines()[0]) == (0, "computed")
    assert team.prefixes() == ["one"]
    for said in (commit, "specs/one.yaml", '"merger"', f"{team.host.url}/{REPOSITORY}/actions/runs/"):
        assert said in entries
    # git asks without a token first; what is asked with one is granted.
    assert {status for _, status in team.host.refused} == {401}


def test_what_waits_in_a_merge_queue_is_checked_and_planned_without_keys(team: Team, github: GitHub) -> None:
    team.write("one")
    commit = team.push("one")
    queued = "refs/heads/gh-readonly-queue/main/pr-7-of-main"
    git(team.host.folder / f"{REPOSITORY}.git", "update-ref", queued, commit)

    # No Data Forest runs: a plan that asked it would fail.
    run = actions(team, github).run(team.clone / PLAN, Event(name="merge_group", ref=queued, sha=commit))

    assert run.results == {"validate": "success", "plan": "success", "comment": "skipped"}, run.log
    assert run.jobs["plan"].outputs["submit_count"] == "1"


def test_a_merge_that_only_reformats_submits_nothing_and_the_comment_of_its_plan_is_written_in_place(
    team: Team, github: GitHub
) -> None:
    host = actions(team, github)
    with team.data_forest():
        path = team.write("one")
        host.run(team.clone / PLAN, proposed(team.propose("one")))
        first = host.run(team.clone / APPLY, pushed(team.merge()))
        path.rename(path.with_name("renamed.yaml"))
        assert team.dfsubmit("fmt", "-f", "specs/renamed.yaml").returncode == 0
        planned = host.run(team.clone / PLAN, proposed(team.propose("reformat")))
        second = host.run(team.clone / APPLY, pushed(team.merge()))

    assert first.jobs["apply"].outputs["submitted"] == "1"
    assert planned.jobs["plan"].outputs["has_changes"] == "false"
    assert ["0 to submit" in comment.body for comment in github.comments] == [True]
    assert second.jobs["apply"].outputs == {"submitted": "0", "failed": "0", "unresolved": "0"}
    assert len(team.apps()) == 1


def test_two_pipelines_at_once_submit_every_app_once(team: Team) -> None:
    names = [f"app{number}" for number in range(5)]
    for name in names:
        team.write(name)
    commit = team.push("five")
    runs: dict[str, Run] = {}

    def run(machine: str) -> None:
        runs[machine] = apply(team, commit)

    with team.data_forest():
        threads = [threading.Thread(target=run, args=(machine,)) for machine in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        again = apply(team, commit)

    assert team.prefixes() == names
    assert "Traceback" not in runs["one"].log + runs["two"].log
    assert "Apply: 0 submitted, 0 adopted, 5 unchanged, 0 failed, 0 unresolved." in again.log


def test_what_a_runner_left_that_was_killed_in_the_middle_is_settled_by_the_next_run(team: Team) -> None:
    names = [f"app{number}" for number in range(4)]
    for name in names:
        team.write(name)
    commit = team.push("four")
    first = actions(team)
    thread = threading.Thread(target=first.run, args=(team.clone / APPLY, pushed(commit)))
    # All are carried out, and the answers never come: what the first run knows of them is nothing.
    with team.data_forest("submit:hang-reply"):
        thread.start()
        wait_until(lambda: len(team.apps()) == len(names))
        first.kill()
        thread.join()
    with team.data_forest():
        second = apply(team, commit)

    assert second.results == {"apply": "success"}, second.log
    assert "Apply: 0 submitted, 4 adopted, 0 unchanged, 0 failed, 0 unresolved." in second.log
    assert team.prefixes() == names


def test_a_run_that_was_dropped_or_came_late_loses_nothing_and_brings_nothing_back(team: Team) -> None:
    team.write("one")
    dropped = team.push("one")
    team.write("two")
    newest = team.push("two")
    with team.data_forest():
        first = apply(team, newest)
        late = apply(team, dropped)

    assert first.jobs["apply"].outputs["submitted"] == "2"
    assert late.jobs["apply"].outputs["submitted"] == "0"
    assert team.prefixes() == ["one", "two"]


def ticking(file: Path) -> str:
    """Return a command that makes `file` grow for as long as it runs."""
    return f"sh -c 'while :; do echo >> {file}; sleep 0.05; done'"


def grows(file: Path) -> bool:
    """Tell whether what ticks into `file` still runs."""
    before = file.stat().st_size
    time.sleep(0.5)
    return file.stat().st_size > before


def test_an_app_whose_manifest_was_removed_is_reported_and_killed_only_where_that_is_asked_for(team: Team) -> None:
    kept, gone = team.folder / "kept", team.folder / "gone"
    with team.data_forest():
        team.write("kept", ticking(kept))
        manifest = team.write("gone", ticking(gone))
        apply(team, team.push("both"))
        wait_until(lambda: kept.exists() and gone.exists())
        manifest.unlink()
        commit = team.push("without it")
        reported = apply(team, commit)
        before = grows(gone)
        pruned = actions(team).run(PRODUCT / APPLY, pushed(commit), {**INPUTS, "prune": True})
        after = (grows(kept), grows(gone))
        assert team.dfsubmit("kill", "kept", "--yes").returncode == 0

    assert "warning: gone: manifest removed, but gone-" in reported.log
    assert "gone&#58; manifest removed" in reported.jobs["apply"].summary
    assert "tip: --prune kills what still runs without a manifest" in reported.log
    assert "- gone" in pruned.log
    assert pruned.results == {"apply": "success"}, pruned.log
    assert before
    assert after == (True, False)


def test_a_bad_manifest_is_shown_at_its_line_and_nothing_is_planned_or_submitted(team: Team, github: GitHub) -> None:
    host = actions(team, github)
    team.write("good")
    bad = team.write("one")
    bad.write_text(bad.read_text().replace("namePrefix", "namePrefx"))
    with team.data_forest():
        planned = host.run(team.clone / PLAN, proposed(team.propose("bad")))
        applied = host.run(team.clone / APPLY, pushed(team.merge()))

    assert planned.results == {"validate": "failure", "plan": "skipped", "comment": "success"}
    assert "::error file=specs/one.yaml,line=6,endLine=6,col=3," in planned.jobs["validate"].log
    assert ["No plan of the last commit" in comment.body for comment in github.comments] in ([], [True])
    assert applied.results == {"apply": "failure"}
    assert team.apps() == []


def test_a_pull_request_from_a_fork_is_planned_without_keys_from_the_ledger_as_of_a_commit(
    team: Team, github: GitHub
) -> None:
    host = actions(team, github)
    with team.data_forest():
        team.write("mine")
        host.run(team.clone / APPLY, pushed(team.push("mine")))
        team.host.repository(FORK)
        team.host.tokens[STRANGER_TOKEN] = Access(FORK, push=True)
        stranger = team.folder / "stranger"
        shutil.copytree(team.clone, stranger)
        git(stranger, "remote", "set-url", "origin", team.address(STRANGER_TOKEN, FORK))
        team.write("one", "echo $(touch hacked)", where=stranger)
        asked = len(github.asked)
    # No Data Forest runs: a plan that asked it would fail.
    planned = host.run(team.clone / PLAN, proposed(team.propose("stranger's", where=stranger), source=FORK))
    ledger = git(team.host.folder / f"{REPOSITORY}.git", "rev-parse", "refs/dfsubmit/ledger")

    assert planned.results == {"validate": "success", "plan": "success", "comment": "skipped"}, planned.log
    assert planned.jobs["plan"].outputs["submit_count"] == "1"
    assert f"as of <code>{ledger[:7]}" in planned.jobs["plan"].summary
    assert len(github.asked) == asked


def test_a_change_of_something_else_starts_nothing(team: Team) -> None:
    event = pushed(team.push("a page"), "README.md")
    assert actions(team).run(team.clone / APPLY, event).jobs == {}
