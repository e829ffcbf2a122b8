"""The program where the git host of its ledger does not answer for a moment, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from folder import Folder, last_line
from git_host import Access, GitHost, git

TOKEN = "made-up-token"
REPOSITORY = "team/specs"


@pytest.fixture
def host(tmp_path: Path) -> Iterator[GitHost]:
    with GitHost(folder=tmp_path / "host") as host:
        host.repository(REPOSITORY)
        host.tokens[TOKEN] = Access(REPOSITORY, push=True)
        yield host


@pytest.fixture
def folder(host: GitHost, tmp_path: Path) -> Folder:
    """Return a folder with one app, in a git repository with the host as its remote."""
    git(tmp_path, "init", "--quiet", "work")
    url = host.url.replace("//", f"//x:{TOKEN}@")
    git(tmp_path / "work", "remote", "add", "origin", f"{url}/{REPOSITORY}.git")
    folder = Folder.make(tmp_path / "work")
    folder.app("one")
    return folder


def test_an_apply_goes_on_when_its_host_is_away_between_two_reads(folder: Folder, host: GitHost) -> None:
    """The first read takes three requests, the first of which is told that a token is needed; the next read meets the outage."""
    assert folder.run("apply", "--yes", "--ledger", "git:origin").returncode == 0
    folder.app("two")
    host.faults["git-upload-pack"] = ["", "", "", 503]

    done = folder.run("apply", "--yes", "--ledger", "git:origin")

    assert done.returncode == 0, done.stderr
    assert last_line(done.stdout).startswith("Apply: 1 submitted")
    assert host.faults["git-upload-pack"] == []
    assert len(folder.world()) == 2


def test_a_host_that_is_away_from_the_start_is_told_without_waiting(folder: Folder, host: GitHost) -> None:
    host.faults["git-"] = [503] * 99
    start = time.monotonic()

    done = folder.run("apply", "--yes", "--ledger", "git:origin")

    assert done.returncode == 1
    assert "the host cannot be reached" in done.stderr
    assert time.monotonic() - start < 2
    assert (len(host.asked), folder.world()) == (1, [])
