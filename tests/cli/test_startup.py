"""What each verb imports: a run pays for what it uses and for nothing else.

The program is started for real, with Python's own report of what it imports. A module that creeps in fails here.
"""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import cli_program
import pytest
from cli_program import Run, bad_file, good_file, in_folder, run_dfsubmit
from planner import Planner, app_text

from dfsubmit.cli.app import VERBS

if TYPE_CHECKING:
    from pathlib import Path


dfsubmit = pytest.fixture(in_folder, name="dfsubmit")
good = pytest.fixture(good_file, name="good")
bad = pytest.fixture(bad_file, name="bad")


@pytest.fixture(autouse=True)
def without_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what measures coverage out of the processes: it imports modules of its own."""
    monkeypatch.setattr(cli_program, "PASSED_ON", {})


# Modules that cost more than a few milliseconds, by the top of their name.
HEAVY = frozenset(
    {
        "click",
        "pydantic",
        "pydantic_core",
        "jsonschema",
        "http",
        "httpcore",
        "httpx",
        "ruamel",
        "rich",
        "asyncio",
        "sqlite3",
        "yaml",
    }
)
MODELS = {"click", "pydantic", "pydantic_core"}
VALIDATE = {*MODELS, "ruamel"}
# A right file is judged by pydantic's core alone.
JUDGE = {"pydantic_core", "ruamel"}
# With the embedded engine no client of HTTP is needed.
FOLLOW = {*MODELS, "sqlite3"}
PLAN = {*VALIDATE, "sqlite3"}

ALLOWED: dict[tuple[str, ...], set[str]] = {
    ("--version",): set(),
    ("-V",): set(),
    ("--help",): {"click"},
    ("nonsense",): {"click"},
    ("completion", "bash"): {"click"},
    ("init", "--help"): {"click"},
    ("init", "new"): MODELS,
    ("validate", "--help"): {"click"},
    ("validate", "good.yaml"): JUDGE,
    ("validate", "--strict", "good.yaml"): {*JUDGE, "click"},
    ("validate", "-o", "json", "bad.yaml"): VALIDATE,
    ("validate", "-o", "github", "bad.yaml"): VALIDATE,
    ("validate", "-o", "sarif", "--report", "junit=report.xml", "bad.yaml"): VALIDATE,
    ("validate", "--schema", "own.schema.json", "good.yaml"): {*VALIDATE, "jsonschema"},
    ("schema",): MODELS,
    ("schema", "plan"): {"click"},
    # The page of a code shows what is really said about its example.
    ("explain", "DF0101"): VALIDATE,
    ("explain", "spec.docker.env"): MODELS,
    ("render", "-f", "good.yaml"): VALIDATE,
    ("fmt", "--check", "good.yaml"): VALIDATE,
    ("plan", "-f", "good.yaml"): PLAN,
    ("show", "no.plan"): {"click"},
    ("comment", "--pull-request", "none"): {"click"},
    ("apply", "-f", "good.yaml", "--no-input"): PLAN,
    ("status", "-f", "good.yaml"): FOLLOW,
    ("wait", "-f", "good.yaml"): FOLLOW,
    ("logs", "good"): FOLLOW,
    ("kill", "-f", "good.yaml", "--no-input"): FOLLOW,
    ("adopt", "good", "good-abcd-efgh"): {"click"},
    ("recover", "-f", "good.yaml"): FOLLOW,
    ("ledger", "list", "-f", "good.yaml"): FOLLOW,
    ("doctor", "-f", "good.yaml"): FOLLOW,
    ("emulator", "--port", "none"): {"click"},
}
# What a valid manifest has no use for: to build models, to look for plugins, to word findings, to plan, to list codes.
IN_VAIN = {
    *("pydantic", "pydantic_core", "dfsubmit.manifest", "dfsubmit.projectmodel", "dfsubmit.modelbase"),
    *("importlib.metadata", "email.message", "zipfile", "subprocess"),
    *("dfsubmit.judging.close", "dfsubmit.judging.wording", "dfsubmit.codes", "dfsubmit.plan", "dfsubmit.journal"),
    *("dfsubmit.fingerprint", "dfsubmit.compose", "dfsubmit.connections", "dfsubmit.planning", "dfsubmit.planner"),
    "dfsubmit.scene",
}
_LINE = re.compile(r"import time:.*\|\s*([\w.]+)$")


def imported(report: str) -> set[str]:
    """Return the tops of the names of all modules that Python reports to have imported."""
    return {match[1].partition(".")[0] for line in report.splitlines() if (match := _LINE.match(line))}


@pytest.mark.parametrize("arguments", ALLOWED, ids=" ".join)
def test_a_verb_imports_no_heavy_module_but_those_it_needs(
    arguments: tuple[str, ...], dfsubmit: Run, good: Path, bad: Path, tmp_path: Path
) -> None:
    assert good.exists()
    assert bad.exists()
    (tmp_path / "own.schema.json").write_text("{}")

    result = dfsubmit(*arguments, env={"PYTHONPROFILEIMPORTTIME": "1"})

    modules = imported(result.stderr)
    assert "Traceback" not in result.stderr
    assert "dfsubmit" in modules, "the report of imports was not understood"
    assert modules & HEAVY <= ALLOWED[arguments]


def test_a_plan_that_is_said_again_imports_next_to_nothing(tmp_path: Path) -> None:
    planner = Planner.make(tmp_path)
    planner.write("one.yaml", app_text("one"))
    planner.submit_all()
    environ = {"XDG_CACHE_HOME": str(planner.cache), "PYTHONPROFILEIMPORTTIME": "1"}
    made = run_dfsubmit("plan", "--offline", env=environ, cwd=planner.path)

    again = run_dfsubmit("plan", "--offline", env=environ, cwd=planner.path)

    assert again.stdout == made.stdout
    assert imported(made.stderr) & HEAVY == {*VALIDATE, "sqlite3"}
    assert imported(again.stderr) & {*HEAVY, "dataclasses", "json", "pathlib", "typing"} == {"sqlite3"}


def test_validating_imports_nothing_that_only_findings_plans_or_plugins_need(dfsubmit: Run, good: Path) -> None:
    assert good.exists()

    result = dfsubmit("validate", "good.yaml", env={"PYTHONPROFILEIMPORTTIME": "1"})

    modules = {match[1] for line in result.stderr.splitlines() if (match := _LINE.match(line))}
    assert "pydantic_core._pydantic_core" in modules
    assert modules.isdisjoint(IN_VAIN)


def test_every_verb_is_held_to_a_list() -> None:
    assert {arguments[0] for arguments in ALLOWED} >= set(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_imports_click_alone(verb: str, dfsubmit: Run) -> None:
    result = dfsubmit(verb, "--help", env={"PYTHONPROFILEIMPORTTIME": "1"})

    assert result.returncode == 0
    assert imported(result.stderr) & HEAVY == {"click"}


def test_pressing_tab_imports_click_alone(dfsubmit: Run) -> None:
    pressed = {"_DFSUBMIT_COMPLETE": "bash_complete", "COMP_WORDS": "dfsubmit val", "COMP_CWORD": "1"}

    result = dfsubmit(env={**pressed, "PYTHONPROFILEIMPORTTIME": "1"})

    assert result.stdout == "plain,validate\n"
    assert imported(result.stderr) & HEAVY == {"click"}


@pytest.mark.parametrize("paths", [["good.yaml"], ["bad.yaml"], ["no.yaml"], [""], ["good.yaml", "bad.yaml"], []])
@pytest.mark.parametrize(
    "environ", [{}, {"DFSUBMIT_OUTPUT": "json"}, {"DFSUBMIT_OUTPUT": "odd"}, {"DFSUBMIT_STRICT": "1"}]
)
def test_without_options_validate_says_the_same_with_and_without_click(
    paths: list[str], environ: dict[str, str], dfsubmit: Run, good: Path, bad: Path
) -> None:
    assert good.exists()
    assert bad.exists()

    plain, usual = dfsubmit("validate", *paths, env=environ), dfsubmit("validate", "--", *paths, env=environ)

    assert (plain.returncode, plain.stdout, plain.stderr) == (usual.returncode, usual.stdout, usual.stderr)


def test_both_ways_to_start_give_the_same_answer(dfsubmit: Run, tmp_path: Path) -> None:
    module = subprocess.run(
        [sys.executable, "-m", "dfsubmit", "--version"], capture_output=True, text=True, cwd=tmp_path, check=True
    )

    assert module.stdout == dfsubmit("--version").stdout == dfsubmit("-V").stdout == "dfsubmit 0.1.0\n"
