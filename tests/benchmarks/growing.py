"""How time and memory grow: with the number of manifests, and with the length of the ledger."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measuring import Sample, alone, run
from targets import Bench, set_of

from dfsubmit.enginemark import engine_mark
from dfsubmit.journal import Actor, AppRef, Entry, Event, Intent, Item
from dfsubmit.ledger.sqlite import SqliteLedger

MANIFESTS = (1, 100, 1_000, 10_000, 100_000)
ENTRIES = (0, 1_000, 100_000, 1_000_000)
# With ledgers of all lengths, so many apps are wanted, ten of them new.
WANTED, NEW = 110, 10
# What takes longer than so many manifests is run once.
MOST_REPEATED = 1_000
_BATCH = 5_000
_NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
_BY = Actor(host="bench", boot="boot", pid=1, started="1", run="run")

Point = dict[str, float]
Tell = Callable[[str], None]


def of_manifests(bench: Bench, counts: tuple[int, ...], tell: Tell) -> dict[str, list[Point]]:
    """Return the points of each verb for each number of manifests."""
    series: dict[str, list[Point]] = {}
    for count in counts:
        folder = set_of(bench.folder / f"grows-{count}", count)
        rounds = 1 if count > MOST_REPEATED else 3
        measured = (
            ("validate", bench.dfsubmit("validate", "-f", folder), rounds),
            ("apply", bench.apply(folder), rounds),
            ("first plan", bench.plan(folder), 1),
            ("plan", bench.plan(folder), 3),
            ("plan after edit", bench.plan_after_edit(folder), rounds),
        )
        for name, command, times in measured:
            sample = alone(command, times)
            series.setdefault(name, []).append(_point(count, sample))
            tell(f"{name}, {count:,} manifests: {sample.seconds:.2f} s, {sample.peak:.0f} MiB")
        shutil.rmtree(bench.folder / folder)
    return series


def of_entries(bench: Bench, counts: tuple[int, ...], tell: Tell) -> dict[str, list[Point]]:
    """Return the points of plan and apply, of ten new apps beside a hundred old ones, for each length of the ledger."""
    series: dict[str, list[Point]] = {}
    mark = engine_mark(f"http://127.0.0.1:{bench.port}")
    for count in counts:
        folder = set_of(bench.folder / f"long-{count}", WANTED)
        inside = bench.folder / folder
        later = [new.rename(new.with_suffix(".later")) for new in sorted(inside.rglob("app-*.yaml"))[-NEW:]]
        run(bench.apply(folder))
        fill(_ledger_in(inside), count, mark)
        for new in later:
            new.rename(new.with_suffix(".yaml"))
        # From the ledger that is there, unlike all other applies of these benchmarks.
        apply = replace(bench.apply(folder), before=None)
        for name, sample in (("plan", alone(bench.plan(folder), 3)), ("apply", alone(apply, 1))):
            series.setdefault(name, []).append(_point(count, sample))
            tell(f"{name} with {count:,} entries: {sample.seconds:.2f} s, {sample.peak:.0f} MiB")
        shutil.rmtree(inside)
    return series


def _ledger_in(folder: Path) -> Path:
    """Return the one ledger of a set that was applied."""
    (found,) = (folder / ".dfsubmit").glob("*.db")
    return found


def _point(count: int, sample: Sample) -> Point:
    return {"count": count, "seconds": sample.seconds, "mib": sample.peak}


def fill(path: Path, entries: int, mark: str) -> None:
    """Add `entries`, an intent and an outcome each, of what the same apps were submitted with before."""
    with closing(SqliteLedger(path)) as ledger:
        for first in range(0, entries // 2, _BATCH):
            pairs = [_pair(number, mark) for number in range(first, min(first + _BATCH, entries // 2))]
            for place in (0, 1):
                ledger.append([pair[place] for pair in pairs])


def _pair(number: int, mark: str) -> tuple[Entry, Entry]:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    item = Item(key=f"bench/app-{number % (WANTED - NEW):07}", fingerprint=f"sha256:{digest}")
    intent = Intent(
        request={"aiWorkspaceId": "BenchWorkspace00000001", "namePrefix": "old", "queueName": "gpu"},
        generation=1,
        source=f"old-{number}.yaml:4",
        prefix=f"o{number % 10**7}",
        hold=f"BenchWorkspace00000001/o{number % 10**7}",
        sent_after=_NOON,
        deadline=_NOON + timedelta(seconds=60),
        engine=mark,
    )
    app = AppRef(id=digest[:22], name=f"o{number % 10**7}-abcd-0001")
    sent = Entry(item=item, version=1, event=Event.INTENT, at=_NOON, attempt=digest[:32], by=_BY, intent=intent)
    return sent, Entry(item=item, version=2, event=Event.ACCEPTED, at=_NOON, attempt=digest[:32], by=_BY, app=app)
