"""A sample of a profile counts for the part of the program that was at work."""

from __future__ import annotations

from pathlib import Path

import pytest
from profiling import PARTS, REST, START, counted, part_of

REPOSITORY = Path(__file__).resolve().parents[2]
MAIN = "<module> (dfsubmit:8);main (dfsubmit/__main__.py:40)"


@pytest.mark.parametrize(
    ("stack", "part"),
    [
        (f"{MAIN};load (dfsubmit/compose.py:9);examine (dfsubmit/project.py:3);load (dfsubmit/document.py:1)", "YAML"),
        (f"{MAIN};append (dfsubmit/ledger/sqlite.py:9);encode (json/encoder.py:1)", "the ledger"),
        (f"{MAIN};run (dfsubmit/cli/plan.py:9);_find_and_load (<frozen importlib._bootstrap>:1)", START),
        ("<module> (site.py:1)", START),
        (f"{MAIN};other (dfsubmit/other.py:1)", REST),
    ],
)
def test_a_stack_counts_for_the_innermost_part(stack: str, part: str) -> None:
    assert part_of(stack) == part


def test_samples_are_counted_by_part_and_a_worker_without_work_is_not(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    worker = "_bootstrap (threading.py:1);_worker (concurrent/futures/thread.py:81)"
    raw.write_text(f"{MAIN} 1\n{worker} 100\n{worker};send (dfsubmit/dataforest/network.py:2);recv (socket.py:1) 4\n")
    assert counted(raw) == {REST: 1, "submitting": 4}


def test_every_part_is_there() -> None:
    modules = [str(path.relative_to(REPOSITORY / "dfsubmit")) for path in (REPOSITORY / "dfsubmit").rglob("*.py")]
    for beginnings in PARTS.values():
        for beginning in beginnings:
            assert any(module.startswith(beginning) for module in modules), beginning
