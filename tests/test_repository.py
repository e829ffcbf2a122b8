"""Where a file lies in its repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from dfsubmit.repository import repository_root, seen_from_root


def test_the_root_is_that_of_the_nearest_repository(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert repository_root(str(inner)) == str(tmp_path)

    (tmp_path / "a" / ".git").write_text("gitdir: elsewhere\n")
    assert repository_root(str(inner)) == str(tmp_path / "a")
    assert repository_root("/nowhere/at/all") == "/nowhere/at/all"


def test_a_file_has_one_name_wherever_one_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "specs").mkdir(parents=True)
    (tmp_path / "a" / "specs" / "x.yaml").touch()
    monkeypatch.chdir(tmp_path / "a")
    assert seen_from_root("specs/x.yaml") == "specs/x.yaml"

    (tmp_path / ".git").mkdir()
    assert seen_from_root("specs/x.yaml") == "a/specs/x.yaml"
    assert seen_from_root(f"{tmp_path}/a/specs/x.yaml") == "a/specs/x.yaml"
    assert seen_from_root(str(tmp_path)) == "."
    monkeypatch.chdir(tmp_path)
    assert seen_from_root("a/specs/x.yaml") == "a/specs/x.yaml"
