"""The hooks for pre-commit, run by the real program from a local clone, in a repository with one bad file.

Building the hook's environment asks the package registry, so this is a long test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GOOD = """\
apiVersion: dfsubmit/v1
kind: AiApp
metadata:
  name: bert-finetune
spec:
  aiWorkspaceId: 6ZKSGoSJMMwctK257nxgiL
  namePrefix: bert
  docker:
    image: pytorch/pytorch:2.3.1
    command: python train.py
"""
BAD = GOOD.replace("command:", "comand:")
ROUGH = GOOD.replace("kind: AiApp\n", "") + "kind:   AiApp   # what it is\n"
LIMIT = 300  # seconds, for building an environment on a slow machine


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository that holds this work tree's program and hooks, as a clone would."""
    folder = tmp_path_factory.mktemp("hooks")
    shutil.copytree(ROOT / "dfsubmit", folder / "dfsubmit", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", ".pre-commit-hooks.yaml", "schema"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "hooks")
    return folder


def run(repository: Path, hooks: Path, hook: str) -> subprocess.CompletedProcess[str]:
    git(repository, "add", ".")
    environ = {**os.environ, "PRE_COMMIT_HOME": str(hooks.parent / "pre-commit-home"), "NO_COLOR": "1"}
    # So that no test environment leaks into the hook's.
    environ = {name: value for name, value in environ.items() if not name.startswith(("DFSUBMIT_", "GIT_", "PYTHON"))}
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", hook, "--all-files", "--color=never"],
        cwd=repository,
        env=environ,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


@pytest.mark.soak
def test_the_hooks_refuse_a_bad_file_show_its_finding_pass_a_mended_one_and_format(hooks: Path, tmp_path: Path) -> None:
    pytest.importorskip("pre_commit")
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=hooks, check=True, capture_output=True, text=True)
    (tmp_path / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {hooks}\n  rev: {head.stdout.strip()}\n  hooks:\n"
        "  - id: dfsubmit-validate\n  - id: dfsubmit-fmt\n"
    )
    manifest = tmp_path / "specs" / "bert.yaml"
    manifest.parent.mkdir()
    (tmp_path / "other.yaml").write_text("on:   push\n")
    git(tmp_path, "init", "-q")

    manifest.write_text(BAD)
    bad = run(tmp_path, hooks, "dfsubmit-validate")
    assert bad.returncode == 1, bad
    assert "specs/bert.yaml:10:5: error[DF0201]" in bad.stdout
    assert 'did you mean "command"?' in bad.stdout

    manifest.write_text(GOOD)
    assert run(tmp_path, hooks, "dfsubmit-validate").returncode == 0
    assert run(tmp_path, hooks, "dfsubmit-fmt").returncode == 0

    manifest.write_text(ROUGH)
    rough = run(tmp_path, hooks, "dfsubmit-fmt")
    assert rough.returncode == 1, rough
    assert "files were modified by this hook" in rough.stdout
    assert manifest.read_text() == GOOD.replace("kind: AiApp", "kind: AiApp   # what it is")
    assert run(tmp_path, hooks, "dfsubmit-fmt").returncode == 0
    assert (tmp_path / "other.yaml").read_text() == "on:   push\n"
