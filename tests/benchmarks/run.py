"""Measures dfsubmit against its peers and its targets, in turns, how it grows, and where its time goes. One command:

    python tests/benchmarks/run.py            a quarter of an hour; writes the file of results, the README's tables, the picture
    python tests/benchmarks/run.py --growth   the part on growth alone; the table of ratios stays as it was measured before
    python tests/benchmarks/run.py --short    a minute, small sizes, one pair of runs each; prints, and writes nothing
    python tests/benchmarks/run.py --only plan   the rows that have the word in their name; prints, and writes nothing
    python tests/benchmarks/run.py --profile     where the time goes alone; prints, and writes nothing

The peers and dfsubmit itself are installed into a temporary folder, or into the one of `--peers`, where they stay. Figures
are for reading: nothing fails because it was slow.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from growing import ENTRIES, MANIFESTS, of_entries, of_manifests
from measuring import Pairs, paired
from peers import installed
from profiling import profiles
from speed_page import RESULTS, profile_text, ratio_text, row_text, update
from targets import Bench, Row, prepared, rows

SHORT_FILES, SHORT_APPS = 200, 100
SHORT_MANIFESTS, SHORT_ENTRIES = MANIFESTS[:2], ENTRIES[:2]
LEAST_FILES = 1_000


def main() -> None:
    asked = _asked()
    began = time.monotonic()
    with _peers_folder(asked.peers) as peers_folder, _folder() as folder:
        peers = installed(peers_folder)
        # Not the user's own, and not where the manifests are, which dfsubmit would not trust.
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
        with prepared(peers, folder / "work", files=asked.files, apps=asked.apps, rounds=asked.rounds) as bench:
            for part in _measured(bench, asked):
                if not (asked.short or asked.only or asked.profile):
                    keep(part)
    say(f"measured in {(time.monotonic() - began) / 60:.1f} minutes")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--short", action="store_true", help="small sizes, one pair each; nothing is written")
    part.add_argument("--growth", action="store_true", help="only how it grows")
    part.add_argument("--only", default="", metavar="WORD", help="only the rows of the table that have WORD in them")
    part.add_argument("--profile", action="store_true", help="only where the time goes")
    parser.add_argument("--files", type=int, default=10_000, help="manifests to validate and plan")
    parser.add_argument("--apps", type=int, default=1_000, help="apps to apply")
    parser.add_argument("--rounds", type=int, default=7, help="pairs of runs for each row")
    parser.add_argument("--peers", type=Path, metavar="FOLDER", help="where the peers are, or are to be installed")
    asked = parser.parse_args()
    if asked.short:
        asked.files, asked.apps, asked.rounds = SHORT_FILES, SHORT_APPS, 1
    return asked


def _measured(bench: Bench, asked: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Measure what was asked for, and yield it part by part as it is written to the file of results."""
    if not (asked.growth or asked.profile):
        table = measured_rows(bench, asked.only)
        yield {"machine": machine(), "files": asked.files, "apps": asked.apps, "table": table}
    if not (asked.growth or asked.only):
        profile = profiles(bench)
        for line in profile_text(profile):
            say(line)
        yield {"profile": profile}
    if not (asked.profile or asked.only):
        sizes = (SHORT_MANIFESTS, SHORT_ENTRIES) if asked.short else (MANIFESTS, ENTRIES)
        yield {
            "growth": {
                "manifests": of_manifests(bench, sizes[0], say),
                "entries": of_entries(bench, sizes[1], say),
            }
        }


def keep(part: dict[str, Any]) -> None:
    """Write one part of the results, and what is made of them; the other parts stay as they are."""
    before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(before | part, indent=1) + "\n", encoding="utf-8")
    update()


def measured_rows(bench: Bench, only: str) -> list[dict[str, Any]]:
    """Measure the rows, and tell of each as it is known."""
    table = []
    for row in rows(bench):
        if only in f"{row.what} {row.against}":
            table.append(told(row, paired(row.ours, row.theirs, row.rounds)))
            # Small sizes are all start-up: held against the targets, their figures would say nothing.
            say(row_text(table[-1]) if bench.files >= LEAST_FILES else ratio_text(table[-1]))
    return table


def told(row: Row, pairs: Pairs) -> dict[str, Any]:
    """Return a row with its figures, as it is written to the file of results."""
    figures = {name: float(f"{value:.4g}") for name, value in pairs.told().items()}
    words = {"what": row.what, "against": row.against, "must": row.must, "aim": row.aim, "pairs": row.rounds}
    return words | figures | {"peak": round(max(sample.peak for sample in pairs.ours), 1)}


def machine() -> dict[str, str]:
    """Return what the figures were measured on, in words that name no machine."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": str(os.cpu_count()),
        "processor": platform.machine(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dfsubmit-bench-") as folder:
        yield Path(folder)


def _peers_folder(kept: Path | None) -> contextlib.AbstractContextManager[Path]:
    return contextlib.nullcontext(kept.resolve()) if kept is not None else _folder()


if __name__ == "__main__":
    main()
