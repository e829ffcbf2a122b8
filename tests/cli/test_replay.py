"""What an answer that is said again depends on: one thing is changed each time, and the plan is made anew.

That the answer is the right one is `test_known_plans`'s; here it is told whether it was said again at all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_program import CONSOLE_SCRIPT
from planner import Planner, app_text, project_text
from unprivileged import as_plain_user

import dfsubmit
from dfsubmit.journal import Event
from dfsubmit.ruleset import ruleset
from dfsubmit.usercache import MOST_FILES, UserCache, user_cache

plain_user = pytest.fixture(as_plain_user, name="plain_user")


@pytest.fixture
def planner(tmp_path: Path) -> Planner:
    return submitted_and_known(tmp_path)


def submitted_and_known(path: Path) -> Planner:
    """Return a set of two apps that were submitted, whose plan is in the cache."""
    planner = Planner.make(path)
    for name in ("one", "two"):
        planner.write(f"{name}.yaml", app_text(name))
    planner.submit_all()
    assert planner.plan().made
    assert not planner.plan().made
    return planner


def is_said_again(planner: Planner, *arguments: str, **environ: str) -> bool:
    """Tell whether `plan` is answered from the cache, and hold the answer to the one that is made anew."""
    ran = planner.plan(*arguments, **environ)
    assert ran == planner.plan("--no-cache", *arguments, **environ)
    return not ran.made


def edit_in_place(planner: Planner) -> None:
    path = planner.specs / "one.yaml"
    before = path.stat()
    with path.open("r+b") as file:
        file.write(app_text("one", "ran").encode())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def submit_elsewhere(planner: Planner) -> None:
    app = next(app for app in planner.wanted() if app.name == "one")
    planner.record(app, Event.KILLED)


def restore_the_ledger(planner: Planner) -> None:
    path = planner.ledger_path
    shutil.copy(path, path.with_name("copy.db"))
    path.with_name("copy.db").replace(path)


def damage_the_ledger(planner: Planner) -> None:
    with planner.ledger_path.open("ab") as file:
        file.write(b"more")


CHANGES: dict[str, Callable[[Planner], object]] = {
    "a byte": edit_in_place,
    "a comment": lambda planner: planner.write("two.yaml", f"{app_text('two')}# more\n"),
    "one file more": lambda planner: planner.write("three.yaml", app_text("three")),
    "one file less": lambda planner: (planner.specs / "two.yaml").unlink(),
    "a name": lambda planner: (planner.specs / "two.yaml").rename(planner.specs / "zwei.yaml"),
    "a file in a new folder": lambda planner: planner.write("deep/three.yml", app_text("three")),
    "the Project": lambda planner: planner.write("project.yaml", project_text(name="other")),
    "no Project": lambda planner: (planner.specs / "project.yaml").unlink(),
    "a link for a file": lambda planner: (planner.specs / "link.yaml").symlink_to(planner.specs / "one.yaml"),
    "a link for a folder": lambda planner: (planner.specs / "link").symlink_to(planner.path.parent),
    "a pipe": lambda planner: os.mkfifo(planner.specs / "pipe.yaml"),
    "a folder named like a file": lambda planner: (planner.specs / "folder.yaml").mkdir(),
    "an entry of the ledger": submit_elsewhere,
    "another ledger with the same entries": restore_the_ledger,
    "a damaged ledger": damage_the_ledger,
    "no ledger": lambda planner: planner.ledger_path.unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_is_said_again_once_something_that_it_came_of_has_changed(change: str, planner: Planner) -> None:
    CHANGES[change](planner)

    assert not is_said_again(planner)


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        ((), {"DFSUBMIT_SELECT": "one"}),
        ((), {"DFSUBMIT_OUTPUT": "json"}),
        ((), {"DFSUBMIT_LEDGER": "memory:"}),
        ((), {"DFSUBMIT_NO_CACHE": "1"}),
        ((), {"CLICOLOR_FORCE": "1"}),
        (("--no-cache",), {}),
        (("--select", "one"), {}),
        (("-o", "json"), {}),
        (("-v",), {}),
        (("--engine", "dataforest"), {}),
    ],
    ids=str,
)
def test_another_question_has_an_answer_of_its_own(
    arguments: tuple[str, ...], environ: dict[str, str], planner: Planner
) -> None:
    assert not is_said_again(planner, *arguments, **environ)


def test_a_run_that_writes_more_than_its_answer_is_never_answered_from_the_cache(planner: Planner) -> None:
    summary = planner.path / "summary.md"
    for _ in range(2):
        summary.write_text("")

        assert not is_said_again(planner, GITHUB_STEP_SUMMARY=str(summary))

        assert "2 unchanged" in summary.read_text()


def test_a_plan_with_something_to_do_is_made_each_time(planner: Planner) -> None:
    planner.write("three.yaml", app_text("three"))
    is_said_again(planner)

    assert not is_said_again(planner)


def test_a_plan_with_a_finding_is_made_each_time(planner: Planner) -> None:
    planner.write("one.yaml", app_text("one", image="python:latest"))
    planner.submit_all()
    is_said_again(planner)

    assert not is_said_again(planner)
    assert 'warning[DF0401]: the image\'s tag "latest"' in planner.plan().err


def test_a_plan_that_asks_the_engine_is_made_each_time(planner: Planner) -> None:
    assert planner.run("plan").made
    assert planner.run("plan").made


def test_the_same_question_in_another_folder_has_another_answer(planner: Planner, tmp_path: Path) -> None:
    other = Planner.make(tmp_path / "other")
    other.write("three.yaml", app_text("three"))
    beside = Planner(path=other.path, cache=planner.cache)
    shared = ("--ledger", f"sqlite:{planner.ledger_path}")
    planner.plan(*shared)
    assert is_said_again(planner, *shared)

    assert not is_said_again(beside, *shared)


def test_every_byte_of_a_long_file_counts(planner: Planner) -> None:
    text = f"{app_text('one')}# {'long ' * 5_000}"
    planner.write("one.yaml", f"{text}.")
    planner.plan()
    assert is_said_again(planner)

    planner.write("one.yaml", f"{text}!")

    assert not is_said_again(planner)


def test_what_lies_in_folders_for_data_may_change(planner: Planner) -> None:
    planner.write("hdfs/data.yaml", "no: manifest\n")
    assert is_said_again(planner)


def test_what_may_not_be_read_or_written_is_looked_at_each_time(plain_user: Path) -> None:
    planner = submitted_and_known(plain_user)
    hdfs = planner.specs / "hdfs"
    hdfs.mkdir()
    assert is_said_again(planner)

    hdfs.chmod(0)
    assert not is_said_again(planner)
    assert "specs/hdfs" in planner.plan().err

    hdfs.chmod(0o700)
    planner.ledger_path.chmod(0o400)
    assert not is_said_again(planner)


def test_a_cache_that_may_only_be_read_serves_and_is_left_alone(plain_user: Path) -> None:
    planner = submitted_and_known(plain_user)
    folder = planner.cache / "dfsubmit"
    before = sorted(path.name for path in folder.iterdir())
    folder.chmod(0o500)

    assert is_said_again(planner)
    assert not is_said_again(planner, "-v")

    folder.chmod(0o700)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_many_files_are_read_by_a_process_beside_this_one(planner: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dfsubmit.cli.replay._MANY", 1)

    first = planner.plan()
    assert first == planner.plan() == planner.plan("--no-cache")

    edit_in_place(planner)
    assert "to submit, 0 to kill, 1 unchanged" in planner.plan().out


def test_a_reader_that_has_gone_away_ends_the_run_as_ever(planner: Planner) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    result = subprocess.run(
        [CONSOLE_SCRIPT, "plan", "--offline"],
        env={"XDG_CACHE_HOME": str(planner.cache)},
        cwd=planner.path,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)

    assert result.returncode == 141
    assert "Traceback" not in result.stderr


def test_only_files_of_this_user_this_name_and_these_rules_are_read(tmp_path: Path) -> None:
    cache = UserCache(str(tmp_path / "cache"), "rules")
    assert cache.read("name") is None
    cache = UserCache(str(tmp_path / "cache"), ruleset())
    cache.write("name", b"content")
    path = tmp_path / "cache" / "name"
    content = path.read_bytes()
    assert cache.read("name") == b"content"
    assert path.stat().st_mode & 0o077 == 0

    assert UserCache(str(tmp_path / "cache"), "other rules").read("name") is None
    for damaged in (b"", content[:-1], content + b"x", content[:-1] + b"x", b"x" + content[1:]):
        path.write_bytes(damaged)
        assert cache.read("name") is None
    path.write_bytes(content)
    assert cache.read("name") == b"content"
    path.rename(path.with_name("other"))
    assert cache.read("other") is None
    path.symlink_to(path.with_name("other"))
    assert cache.read("name") is None
    path.unlink()
    path.write_bytes(content)
    path.chmod(0o620)
    assert cache.read("name") is None
    path.chmod(0o600)
    path.parent.chmod(0o777)
    assert cache.read("name") is None


def test_a_cache_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    UserCache(str(tmp_path / "file" / "cache"), ruleset()).write("name", b"content")
    UserCache(str(tmp_path / "cache"), "rules of before").write("name", b"content")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_old_files_make_room(tmp_path: Path) -> None:
    cache = UserCache(str(tmp_path), ruleset())
    for number in range(MOST_FILES + 3):
        cache.write(f"name-{number}", b"content")
        os.utime(tmp_path / f"name-{number}", (number, number))

    cache.write("last", b"content")

    assert len(list(tmp_path.iterdir())) == MOST_FILES
    assert cache.read("last") == b"content"
    assert cache.read("name-3") is None


def test_large_files_make_room_but_the_newest_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dfsubmit.usercache.MOST_BYTES", 1_000)
    cache = UserCache(str(tmp_path), ruleset())
    for number in range(3):
        cache.write(f"name-{number}", b"x" * 400)
        os.utime(tmp_path / f"name-{number}", (number, number))
    assert [number for number in range(3) if cache.read(f"name-{number}")] == [1, 2]

    cache.write("largest", b"x" * 2_000)

    assert [path.name for path in tmp_path.iterdir()] == ["largest"]


def test_no_cache_lies_where_a_pull_request_could_have_put_it(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    here = repository / "specs"
    here.mkdir(parents=True)

    def found(**environ: str) -> bool:
        return user_cache(environ, str(here)) is not None

    assert found(XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert found(HOME=str(tmp_path))
    assert found(XDG_CACHE_HOME="relative", HOME=str(tmp_path))
    assert not found()
    assert not found(HOME="relative")
    assert not found(XDG_CACHE_HOME=str(here / "cache"))
    assert found(XDG_CACHE_HOME=str(repository / ".cache"))
    (repository / ".git").mkdir()
    assert not found(XDG_CACHE_HOME=str(repository / ".cache"))
    (tmp_path / "link").symlink_to(repository)
    assert not found(XDG_CACHE_HOME=str(tmp_path / "link" / ".cache"))


def test_other_code_or_other_packages_are_other_rules(tmp_path: Path) -> None:
    package = Path(dfsubmit.__file__).parent
    shutil.copytree(package, tmp_path / "dfsubmit", ignore=shutil.ignore_patterns("__pycache__"))
    program = "from dfsubmit.ruleset import ruleset; print(ruleset())"

    def rules() -> str:
        return subprocess.run(
            [sys.executable, "-B", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    before = rules()
    assert before == rules() != f"{ruleset()}\n"
    (tmp_path / "other-1.0.dist-info").mkdir()
    installed = rules()
    (tmp_path / "dfsubmit" / "judging" / "extra.py").write_text("")
    added = rules()
    with (tmp_path / "dfsubmit" / "advice.py").open("a") as file:
        file.write("# more\n")

    assert len({before, installed, added, rules()}) == 4
