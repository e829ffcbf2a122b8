"""From `--ledger` to a ledger."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_entries import item, submitted

from dfsubmit.errors import UsageError
from dfsubmit.ledger.git import GitLedger
from dfsubmit.ledger.memory import MemoryLedger
from dfsubmit.ledger.open import open_ledger
from dfsubmit.ledger.sqlite import SqliteLedger


def test_memory_opens_a_ledger_of_its_own_each_time(tmp_path: Path) -> None:
    first, second = open_ledger("memory:", tmp_path), open_ledger("memory:", tmp_path)
    assert isinstance(first, MemoryLedger)
    first.append(submitted(item()))
    assert second.states(None) == {}


def test_a_relative_sqlite_path_starts_at_the_root(tmp_path: Path) -> None:
    ledger = open_ledger("sqlite:.dfsubmit/ledger.db", tmp_path)
    assert isinstance(ledger, SqliteLedger)
    assert ledger.describe() == f"sqlite:{tmp_path}/.dfsubmit/ledger.db"


def test_an_absolute_sqlite_path_stays_and_may_hold_colons(tmp_path: Path) -> None:
    assert open_ledger(f"sqlite:{tmp_path}/a:b.db", Path("/elsewhere")).describe() == f"sqlite:{tmp_path}/a:b.db"


@pytest.mark.parametrize(
    ("spec", "ref"),
    [
        ("git:origin", "refs/dfsubmit/ledger"),
        ("git:origin#dfsubmit-ledger", "refs/heads/dfsubmit-ledger"),
        ("git:https://git.invalid/a/b.git#refs/x/y", "refs/x/y"),
    ],
)
def test_a_git_ledger_is_named_by_its_remote_and_may_say_its_ref(spec: str, ref: str, tmp_path: Path) -> None:
    ledger = open_ledger(spec, tmp_path)
    assert isinstance(ledger, GitLedger)
    assert (ledger.describe(), ledger.ref) == (spec, ref)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "sqlite",
        "sqlite:",
        "memory",
        "memory:x",
        "git:",
        "git:#x",
        "git:--upload-pack=x",
        "git:origin#",
        "git:origin#../x",
        "git:origin#+a:b",
        "git:a b",
        "/srv/x.db",
        "SQLITE:x",
        "sqlite:a\0b",
    ],
)
def test_anything_else_is_a_usage_error_that_names_the_known_ones(spec: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_ledger(spec, tmp_path)
    assert "sqlite:PATH" in caught.value.tip
    assert "git:REMOTE" in caught.value.tip
    assert "memory:" in caught.value.tip
    assert list(tmp_path.iterdir()) == []
