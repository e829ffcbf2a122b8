"""Where a file lies in its repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from dfsubmit.repository import SeenFromRoot, repository_root, seen_from_root


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


def test_many_files_are_named_as_each_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("a/specs/more", "b", "outside"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "a" / ".git").mkdir()
    (tmp_path / "b" / ".git").mkdir()
    for file in ("a/specs/x.yaml", "a/specs/y.yaml", "a/specs/more/x.yaml", "b/x.yaml", "outside/x.yaml"):
        (tmp_path / file).touch()
    (tmp_path / "a" / "specs" / "link.yaml").symlink_to(tmp_path / "b" / "x.yaml")
    (tmp_path / "outside" / "specs").symlink_to(tmp_path / "a" / "specs")
    monkeypatch.chdir(tmp_path)
    files = [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*.yaml"))]
    files += ["outside/specs/x.yaml", "outside/specs/link.yaml", f"{tmp_path}/a/specs/y.yaml", "a/specs/gone.yaml"]
    named = SeenFromRoot()

    assert [named(file) for file in files] == [seen_from_root(file) for file in files]
    assert named("a/specs/y.yaml") == "specs/y.yaml"
