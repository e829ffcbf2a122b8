"""`dfsubmit init --ci`: a pipeline that fits the folder it is written into, beside whatever is there already."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from cli_program import in_folder
from ruamel.yaml import YAML

from dfsubmit import __version__, scaffold
from dfsubmit.cli.init import CI_HOSTS
from dfsubmit.pipelines.files import HOSTS, files

if TYPE_CHECKING:
    from pathlib import Path

    from cli_program import Run

    from dfsubmit.pipelines.files import Host

dfsubmit = pytest.fixture(name="dfsubmit")(in_folder)


def written(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_verb_offers_every_host_that_there_is_a_pipeline_for() -> None:
    assert CI_HOSTS == HOSTS


@pytest.mark.parametrize("host", HOSTS)
def test_a_new_folder_gets_manifests_with_a_ledger_in_git_and_the_pipeline(
    host: Host, dfsubmit: Run, tmp_path: Path
) -> None:
    result = dfsubmit("init", "team", "--ci", host)
    check = dfsubmit("validate", "--strict", cwd=tmp_path / "team")

    assert (result.returncode, check.returncode) == (0, 0), result.stderr + check.stdout
    assert written(tmp_path / "team") == {**scaffold.files("team", git_ledger=True), **files(host)}
    project = YAML(typ="safe").load(tmp_path / "team" / "specs" / "project.yaml")
    assert project["spec"]["ledger"] == {"type": "git", "remote": "origin", "ref": "refs/dfsubmit/ledger"}


@pytest.mark.parametrize("host", HOSTS)
def test_a_folder_with_manifests_gets_the_pipeline_alone(host: Host, dfsubmit: Run, tmp_path: Path) -> None:
    assert dfsubmit("init").returncode == 0
    before = written(tmp_path)

    first, second = dfsubmit("init", "--ci", host), dfsubmit("init", "--ci", host)

    assert (first.returncode, second.returncode) == (0, 0)
    assert written(tmp_path) == {**before, **files(host)}
    assert second.stdout == f"Init: 0 files written, {len(files(host))} already there.\n"
    assert "- specs/project.yaml: ledger: {type: git, remote: origin} and engine:" in first.stderr


def test_what_a_ledger_on_this_machine_records_is_not_forgotten(dfsubmit: Run) -> None:
    dfsubmit("init")
    before = dfsubmit("init", "--ci", "gitlab")
    dfsubmit("apply", "--yes")

    after = dfsubmit("init", "--ci", "gitlab")

    assert "ledger rebuild" not in before.stderr
    assert "- specs/.dfsubmit/ledger.db is not read any more then: `dfsubmit ledger rebuild`" in after.stderr


@pytest.mark.parametrize("host", HOSTS)
def test_a_pipeline_of_ones_own_is_never_overwritten(host: Host, dfsubmit: Run, tmp_path: Path) -> None:
    name = next(iter(files(host)))
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine\n")

    result = dfsubmit("init", "--ci", host)

    assert (result.returncode, written(tmp_path)) == (1, {name: "mine\n"})
    assert f"already holds {name}; nothing was written" in result.stderr
    assert "take over from a new folder what they lack" in result.stderr


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("github", ["NCLOUD_ACCESS_KEY", "NCLOUD_SECRET_KEY", "data-forest"]),
        ("gitlab", ["NCLOUD_ACCESS_KEY", "data-forest", "DFSUBMIT_GIT_TOKEN"]),
    ],
)
def test_what_only_a_person_can_set_is_told_and_is_what_the_pipeline_asks_for(
    host: Host, words: list[str], dfsubmit: Run
) -> None:
    told = dfsubmit("init", "--ci", host).stderr

    pipeline = "".join(files(host).values())
    assert [word for word in words if word not in told or word not in pipeline] == []
    assert "engine: {type: dataforest" in told


def test_below_the_root_of_a_repository_the_pipeline_would_not_be_found(dfsubmit: Run, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)

    result = dfsubmit("init", "inside", "--ci", "github")

    assert result.returncode == 0
    assert "warning: inside is not the root of its repository" in result.stderr
    assert f"tip: dfsubmit init --ci github {tmp_path}" in result.stderr
    assert "warning" not in dfsubmit("init", ".", "--ci", "github").stderr


@pytest.mark.parametrize("host", HOSTS)
def test_a_pipeline_installs_the_version_that_wrote_it_and_no_other(host: Host) -> None:
    for text in files(host).values():
        installs = [line for line in text.splitlines() if "pip install" in line]
        assert installs
        assert all(f'"dfsubmit=={__version__}"' in line for line in installs)


def git(where: Path, *arguments: str) -> None:
    author = ("-c", "user.name=t", "-c", "user.email=t@t.invalid")
    subprocess.run(["git", "-C", where, *author, *arguments], check=True)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("a clone", '["trunk"]'),
        ("a clone, in a branch of its own", '["trunk"]'),
        ("new", '["trunk"]'),
        ("new, in a branch beside main", "[main, master]"),
        ("no repository", "[main, master]"),
    ],
)
def test_what_is_merged_into_the_default_branch_is_applied_however_it_is_called(
    case: str, expected: str, dfsubmit: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "team"
    if case.startswith("a clone"):
        git(tmp_path, "init", "--quiet", "--initial-branch=trunk", "host")
        git(tmp_path / "host", "commit", "--quiet", "--allow-empty", "-m", "one")
        git(tmp_path, "clone", "--quiet", "host", "team")
    elif case.startswith("new"):
        git(tmp_path, "init", "--quiet", f"--initial-branch={'main' if 'beside' in case else 'trunk'}", "team")
    if "branch" in case:
        git(folder, "commit", "--quiet", "--allow-empty", "-m", "two")
        git(folder, "checkout", "--quiet", "-b", "pipeline")

    told = dfsubmit("init", "team", "--ci", "github").stderr

    assert f"    branches: {expected}\n" in (folder / ".github" / "workflows" / "apply.yml").read_text()
    assert ("merged into trunk" in told) == ("trunk" in expected)
