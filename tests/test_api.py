"""The public Python API: the same work as the verbs, as values; and what importing it costs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import dfsubmit
from dfsubmit import apply, load, make_plan, status, validate
from dfsubmit.errors import InputError, LimitError, StalePlanError, UsageError
from dfsubmit.plan import Action
from dfsubmit.results import Result
from dfsubmit.secret import MissingSecretError

APP = """\
apiVersion: dfsubmit/v1
kind: AiApp
metadata: {{name: {name}, labels: {{team: {team}}}}}
spec:
  aiWorkspaceId: ApiTestWorkspace000001
  namePrefix: {name}
  docker: {{image: "python:3.11.9-slim", command: "{command}", env: {env}}}
"""
LONGEST_WAIT = 30


def write(name: str, *, command: str = "echo done", team: str = "nlp", env: str = "{}") -> Path:
    path = Path("specs", f"{name}.yaml")
    path.write_text(APP.format(name=name, command=command, team=team, env=env))
    return path


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder of manifests, with no setting from outside."""
    for name in [name for name in os.environ if name.startswith("DFSUBMIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("specs").mkdir()


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import dfsubmit; print(sorted(set(sys.modules) - before))"

    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert imported.stdout == "['dfsubmit']\n"


def test_what_is_promised_is_offered_and_nothing_else() -> None:
    assert set(dfsubmit.__all__) == {"__version__", "apply", "load", "make_plan", "status", "validate"}
    assert set(dfsubmit.__all__) <= set(dir(dfsubmit))
    with pytest.raises(AttributeError, match="has no attribute 'applyy'"):
        getattr(dfsubmit, "applyy")  # noqa: B009  # a type checker would refuse the plain spelling


def test_no_module_takes_the_place_of_a_function() -> None:
    """A submodule of the same name would replace the function as soon as anything imported it."""
    offered = set(dfsubmit.__all__) - {"__version__"}

    modules = {path.stem for path in Path(dfsubmit.__path__[0]).iterdir()}

    assert not offered & modules


def test_the_api_does_not_import_the_command_line() -> None:
    code = "import sys, dfsubmit; dfsubmit.validate(); print('click' in sys.modules, 'dfsubmit.cli' in sys.modules)"

    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert imported.stdout == "False False\n"


def test_an_app_is_planned_submitted_once_and_followed() -> None:
    write("one")
    write("two")
    state = load()

    plan = make_plan(state)
    first = apply(state, expect=plan.token)
    again = apply(state)

    assert [(change.name, change.action) for change in plan.changes] == [("one", Action.SUBMIT), ("two", Action.SUBMIT)]
    assert [done.result for done in first.results] == [Result.SUBMITTED] * 2
    assert first.exit_code == 0
    assert [done.result for done in again.results] == [Result.UNCHANGED] * 2
    assert [done.app for done in again.results] == [done.app for done in first.results]
    deadline = time.monotonic() + LONGEST_WAIT
    while not all(row.remote and row.remote.finished for row in status(state)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert {row.name: row.remote and row.remote.succeeded for row in status(state)} == {"one": True, "two": True}
    assert [change.remote is not None for change in make_plan(state).changes] == [True, True]


def test_without_the_engine_there_is_a_plan_and_a_status_all_the_same() -> None:
    write("one")
    state = load()
    apply(state)

    offline = make_plan(state, offline=True)

    assert not offline.seen
    assert [change.action for change in offline.changes] == [Action.UNCHANGED]
    assert [row.remote for row in status(state, offline=True)] == [None]


def test_results_are_told_as_they_come() -> None:
    write("one")
    told: list[str] = []

    apply(load(), report=lambda done: told.append(f"{done.change.name} {done.result.value}"))

    assert told == ["one submitted"]


def test_every_spec_of_a_name_is_shown_when_asked_for() -> None:
    write("one")
    apply(load())
    write("one", command="echo other")
    state = load()
    apply(state)

    assert len(status(state)) == 1
    assert len(status(state, every=True)) == 2


def test_an_app_that_is_gone_is_killed_only_when_asked_for() -> None:
    path = write("one", command="sleep 60")
    write("two")
    apply(load())
    path.unlink()
    state = load()

    kept = apply(state)
    plan = make_plan(state, prune=True)
    pruned = apply(state, prune=True)

    assert [done.result for done in kept.results] == [Result.UNCHANGED]
    assert [change.action for change in plan.changes] == [Action.KILL, Action.UNCHANGED]
    assert [done.result for done in pruned.results] == [Result.KILLED, Result.UNCHANGED]


def test_only_what_is_selected_is_submitted() -> None:
    write("one", team="nlp")
    write("two", team="vision")

    report = apply(load(select=["team=vision"]))

    assert [done.change.name for done in report.results] == ["two"]


def test_a_selection_that_fits_nothing_is_refused() -> None:
    write("one")

    with pytest.raises(InputError, match="--select on does not fit the one app"):
        load(select=["on"])


def test_findings_are_returned_and_forbid_to_load() -> None:
    write("one").write_text(APP.format(name="one", command="", team="nlp", env="{}").replace("image:", "imagee:"))

    findings = validate()

    assert [(finding.path, finding.code) for finding in findings] == [
        ("specs/one.yaml", "DF0201"),
        ("specs/one.yaml", "DF0210"),
    ]
    with pytest.raises(InputError, match=r"specs/one\.yaml:7:12: \[DF0201\] unknown key"):
        load()


def test_a_long_list_of_errors_is_cut_in_the_message() -> None:
    for number in range(12):
        write(f"app{number:02}").write_text("apiVersion: dfsubmit/v1\n")

    with pytest.raises(InputError, match=r"specs/app09\.yaml:.*\nand 2 more$"):
        load()


def test_warnings_forbid_nothing_unless_they_are_made_errors() -> None:
    path = write("one")
    path.write_text(path.read_text().replace("3.11.9-slim", "latest"))

    assert [finding.code for finding in validate()] == ["DF0401"]
    assert load().apps
    with pytest.raises(InputError, match="DF0401"):
        load(strict=True)


def test_a_file_that_does_not_exist_is_a_finding() -> None:
    assert [finding.code for finding in validate("nosuch.yaml")] == ["DF0001"]
    with pytest.raises(InputError, match=r"nosuch\.yaml: \[DF0001\]"):
        load("nosuch.yaml")


def test_what_is_expected_is_done_alone_and_refused_before_anything_is_sent_when_it_is_another() -> None:
    write("one")
    state = load()
    token = make_plan(state).token
    write("two")
    report = apply(load(), expect=token)

    assert [done.change.name for done in report.results] == ["one"]
    with pytest.raises(StalePlanError):
        apply(load(), expect=token)
    assert [followed.name for followed in status(state)] == ["one"]


def test_more_than_the_limit_is_refused_before_anything_is_sent() -> None:
    write("one")
    write("two")
    state = load()

    with pytest.raises(LimitError):
        apply(state, max_submit=1)

    assert status(state) == ()


def test_a_missing_secret_is_named_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("API_TEST_TOKEN", raising=False)
    write("one", env="{TOKEN: {fromEnv: API_TEST_TOKEN}}")
    state = load()

    with pytest.raises(MissingSecretError, match="one: not set in the environment: API_TEST_TOKEN"):
        apply(state)

    assert status(state) == ()


def test_an_argument_beats_a_variable_which_beats_the_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write("one")
    state = load()
    monkeypatch.setenv("DFSUBMIT_LEDGER", f"sqlite:{tmp_path / 'from-variable.db'}")

    apply(state)
    apply(state, ledger=f"sqlite:{tmp_path / 'from-argument.db'}")

    assert (tmp_path / "from-variable.db").exists()
    assert (tmp_path / "from-argument.db").exists()
    assert not Path("specs/.dfsubmit/ledger.db").exists()


def test_an_engine_that_does_not_exist_is_refused() -> None:
    write("one")

    with pytest.raises(UsageError, match="engine is 'dataforrest'"):
        apply(load(), engine="dataforrest")


def test_a_project_that_was_renamed_does_not_submit_everything_again() -> None:
    project = Path("specs", "project.yaml")
    project.write_text("apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {name: before}\n")
    write("one")
    apply(load())
    project.write_text(project.read_text().replace("before", "after"))

    with pytest.raises(LimitError, match="by the Project before"):
        apply(load())

    assert [done.result for done in apply(load(), new_ledger=True).results] == [Result.SUBMITTED]
