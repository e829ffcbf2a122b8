"""Two Projects of one name in one repository, as a copied folder makes them: neither may kill what the other submitted."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from folder import PROJECT, Folder

SLEEPS = "sleep 60"


def git(where: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", where, *arguments], capture_output=True, check=True)


@pytest.fixture(name="sets")
def _sets(tmp_path: Path) -> tuple[Folder, Folder]:
    """Return the folders `a` and `b` of one checkout, with one ledger in git, and a world in which the apps of both run."""
    git(tmp_path, "init", "--quiet", "--bare", "host.git")
    git(tmp_path, "init", "--quiet", "mono")
    git(tmp_path / "mono", "remote", "add", "origin", "../host.git")
    project = PROJECT + "  ledger: {type: git, remote: origin}\n"
    first, second = (Folder.make(tmp_path / "mono" / name, project=project) for name in ("a", "b"))
    (tmp_path / "mono" / "b" / "specs" / ".dfsubmit").symlink_to("../../a/specs/.dfsubmit")
    first.app("one", SLEEPS)
    second.app("two", SLEEPS)
    assert first.run("apply", "--yes").returncode == 0
    assert second.run("apply", "--yes").returncode == 0
    return first, second


def test_what_was_submitted_from_elsewhere_is_reported_and_not_pruned(sets: tuple[Folder, Folder]) -> None:
    first, _ = sets
    planned, applied = first.run("plan", "--prune"), first.run("apply", "--prune", "--yes")
    still = first.run("wait", "two", "--timeout", "0")
    first.run("kill", "one", "two", "--yes")

    assert "Plan: 0 to submit, 0 to kill, 1 unchanged, 0 unresolved." in planned.stdout
    assert (
        "submitted from b/specs/two.yaml:3, which is not in this set: is another Project called folder?"
        in planned.stdout
    )
    assert applied.returncode == 0, applied.stderr
    assert "killed" not in applied.stderr
    assert still.returncode == 101, still.stdout


def test_what_was_removed_from_the_set_itself_is_pruned_wherever_one_stands(sets: tuple[Folder, Folder]) -> None:
    first, _ = sets
    (first.path / "specs" / "one.yaml").unlink()
    # From the root of the repository, while the apps were submitted from the folders.
    pruned = first.run("apply", "-f", "a/specs", "--prune", "--yes", cwd=first.path.parent)
    first.run("kill", "two", "--yes")

    assert "one  killed as one-" in pruned.stderr
    assert "two  killed" not in pruned.stderr
