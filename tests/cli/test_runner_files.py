"""The files that a CI runner names: outputs for later steps, and the summary of the job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from folder import Folder

MARKER = "<!-- dfsubmit plan: folder -->"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Folder:
    folder = Folder.make(tmp_path)
    folder.app("one")
    return folder


def outputs(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_plan_show_and_apply_tell_the_runner_what_they_found(folder: Folder) -> None:
    output, summary = folder.path / "output", folder.path / "summary"
    env = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    output.write_text("earlier=1\n")

    planned = folder.run("plan", "--out", "a.plan", "-o", "json", env=env)

    token = json.loads(planned.stdout)["token"]
    told = {
        "has_changes": "true",
        "submit_count": "1",
        "kill_count": "0",
        "unresolved_count": "0",
        "plan_token": token,
    }
    assert outputs(output) == {"earlier": "1"} | told
    assert summary.read_text().startswith(f"{MARKER}\n### 📋 1 to submit\n")

    output.write_text("")
    assert folder.run("show", "a.plan", env=env).returncode == 0
    assert outputs(output) == told

    output.write_text("")
    summary.write_text("")
    applied = folder.run("apply", "a.plan", "--yes", env=env)
    assert applied.returncode == 0, applied.stderr
    assert outputs(output) == {"submitted": "1", "adopted": "0", "unchanged": "0", "failed": "0", "unresolved": "0"}
    assert summary.read_text().startswith("### ✅ Apply: 1 submitted, 0 adopted,")

    output.write_text("")
    folder.run("plan", "--offline", env=env)
    assert outputs(output)["has_changes"] == "false"


def test_markdown_is_printed_for_a_plan_a_saved_plan_and_results(folder: Folder) -> None:
    plan = folder.run("plan", "--out", "a.plan", "-o", "markdown")
    shown = folder.run("show", "a.plan", "-o", "markdown")
    dry = folder.run("apply", "--dry-run", "-o", "markdown")
    applied = folder.run("apply", "--yes", "-o", "markdown")

    assert plan.stdout == shown.stdout == dry.stdout
    assert plan.stdout.startswith(f"{MARKER}\n")
    assert applied.stdout.startswith("### ✅ Apply: 1 submitted")


def test_a_runner_file_that_cannot_be_written_is_a_warning(folder: Folder) -> None:
    nowhere = str(folder.path / "no" / "such")
    env = {"GITHUB_OUTPUT": nowhere, "GITHUB_STEP_SUMMARY": nowhere}

    applied = folder.run("apply", "--yes", env=env)

    assert applied.returncode == 0
    assert "warning: the file that GITHUB_OUTPUT names cannot be written: No such file or directory" in applied.stderr
    assert "warning: the file that GITHUB_STEP_SUMMARY names cannot be written" in applied.stderr
    assert applied.stdout == "Apply: 1 submitted, 0 adopted, 0 unchanged, 0 failed, 0 unresolved.\n"


def test_no_page_and_no_saved_plan_holds_a_secret(folder: Folder) -> None:
    canary = "canary-7d1e02"
    folder.app("secret", "true", more=", env: {TOKEN: {fromEnv: CANARY}}")
    env = {"CANARY": canary, "GITHUB_STEP_SUMMARY": str(folder.path / "summary")}

    runs = [
        folder.run("plan", "--out", "a.plan", "-o", "markdown", env=env),
        folder.run("apply", "a.plan", "--yes", "-o", "markdown", env=env),
    ]

    assert [run.returncode for run in runs] == [0, 0]
    written = [(folder.path / name).read_text() for name in ("a.plan", "summary")]
    assert all(canary not in text for text in [*written, *(run.stdout + run.stderr for run in runs)])
