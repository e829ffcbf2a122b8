"""What a ledger in git costs beside one in SQLite: python tests/benchmarks/git_ledger.py [ENTRIES …]

For each number of entries (1,000 and 100,000 unless told) a bare repository and an SQLite file get the same ledger: two
entries an app, ten apps an append. Then, in turns, git and SQLite: plan (the states of all items, and a plan of as many
apps as there are plus ten new ones) and apply (an append of ten intents, then one of ten outcomes) by a run that opens the
ledger anew. `fresh` is a runner that has fetched nothing before, `warm` one that has kept `.dfsubmit`. Bytes are those of the
objects that a fetch brought into the cache, or a push into the bare repository. Medians.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from dfsubmit.desired import DesiredApp, Place
from dfsubmit.journal import Actor, AppRef, Entry, Event, Intent, Item
from dfsubmit.ledger import codec
from dfsubmit.ledger.base import Ledger, Verdict
from dfsubmit.ledger.git import GitLedger
from dfsubmit.ledger.gitlayout import DEFAULT_REF, commit_message, commit_stream, segment_of
from dfsubmit.ledger.sqlite import SqliteLedger
from dfsubmit.plan import Action
from dfsubmit.planner import make_plan

ROUNDS = 5
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
BY = Actor(host="runner", boot="boot", pid=1, started="1", run="run", commit="0" * 40, url="https://ci.invalid/runs/1")


def request(number: int) -> dict[str, Any]:
    return {
        "aiWorkspaceId": "BenchWorkspace00000001",
        "namePrefix": f"b{number % 10**7}",
        "queueName": "gpu",
        "data": {"input": [{"hdfs": f"/user/nlp/in-{number}", "path": "in"}], "output": []},
        "docker": {"image": "pytorch/pytorch:2.3.1", "command": "python train.py", "args": f"--seed {number}"},
        "resource": {"cpuCount": 4, "gpuCount": 1, "gpuModel": "V100", "memoryMb": 15360},
    }


def item(number: int) -> Item:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return Item(key=f"bench/app-{number}", fingerprint=f"sha256:{digest}")


def entries_of(number: int) -> tuple[Entry, Entry]:
    of, attempt = item(number), hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
    intent = Intent(
        request=request(number),
        generation=1,
        source=f"specs/app-{number}.yaml:4",
        prefix=f"b{number % 10**7}",
        hold=f"BenchWorkspace00000001/b{number % 10**7}",
        sent_after=NOON,
        deadline=NOON + timedelta(seconds=60),
        engine="df.example",
    )
    app = AppRef(id=hashlib.sha256(attempt.encode()).hexdigest()[:22], name=f"b{number % 10**7}-abcd-0001")
    sent = Entry(item=of, version=1, event=Event.INTENT, at=NOON, attempt=attempt, by=BY, intent=intent)
    return sent, Entry(item=of, version=2, event=Event.ACCEPTED, at=NOON, attempt=attempt, by=BY, app=app)


def git(where: Path, *arguments: str | Path, stdin: bytes | None = None) -> str:
    return subprocess.run(
        ["git", "-C", where, *arguments], input=stdin, capture_output=True, check=True
    ).stdout.decode()


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "objects").rglob("*") if path.is_file())


@dataclass
class Scene:
    folder: Path
    apps: int
    times: dict[str, list[float]] = field(default_factory=dict)
    sizes: dict[str, list[int]] = field(default_factory=dict)
    desired: tuple[DesiredApp, ...] = ()

    @property
    def bare(self) -> Path:
        return self.folder / "host.git"

    @property
    def clone(self) -> Path:
        return self.folder / "clone"

    def fill(self) -> None:
        """Make both ledgers, as a history of appends of ten apps would have."""
        git(self.folder, "init", "-q", "--bare", self.bare)
        git(self.folder, "init", "-q", self.clone)
        git(self.clone, "remote", "add", "origin", f"file://{self.bare}")
        parts = []
        with closing(SqliteLedger(self.folder / "ledger.db")) as sqlite:
            for segment, numbers in enumerate(batched_range(self.apps)):
                entries = [one for number in numbers for one in entries_of(number)]
                sqlite.append(entries)
                texts = segment_of(codec.dumps(one) for one in entries)
                stream = commit_stream(
                    ref=DEFAULT_REF,
                    # Within one stream, a commit without a parent follows the one before it.
                    parent="",
                    number=segment,
                    segment=texts,
                    message=commit_message(entries, push=str(segment)),
                    seconds=1_767_355_200 + segment,
                )
                parts.append(stream.removesuffix(b"\nget-mark :1\ndone\n"))
        git(self.bare, "fast-import", "--quiet", "--force", stdin=b"\n".join(parts))
        git(self.bare, "gc", "--quiet")

    def time(self, name: str, work: Callable[[], object], *, grows: Path | None = None) -> None:
        before = size(grows) if grows else 0
        start = time.perf_counter()
        work()
        self.times.setdefault(name, []).append(time.perf_counter() - start)
        if grows:
            self.sizes.setdefault(name, []).append(size(grows) - before)

    def plan(self, ledger: Ledger) -> None:
        with closing(ledger) as opened:
            plan = make_plan(
                project="bench", desired=self.desired, states=opened.states("bench"), listing=None, whole=True
            )
            # What was applied in earlier rounds is no longer wanted, and shows as orphans.
            assert len(plan.of(Action.SUBMIT)) == 10

    def apply(self, ledger: Ledger, first: int) -> None:
        pairs = [entries_of(number) for number in range(first, first + 10)]
        with closing(ledger) as opened:
            for step in (0, 1):
                assert opened.append([pair[step] for pair in pairs]) == (Verdict.WON,) * 10

    def run(self) -> None:
        self.fill()
        self.desired = tuple(
            DesiredApp(
                name=item(number).name,
                generation=1,
                fingerprint=item(number).fingerprint,
                request=request(number),
                place=Place(path="x.yaml", line=1, column=1),
            )
            for number in range(self.apps + 10)
        )
        for turn in range(ROUNDS):
            cache = self.clone / ".dfsubmit"
            shutil.rmtree(cache, ignore_errors=True)
            self.time("plan, fresh", lambda: self.plan(GitLedger(self.clone, "origin")))
            (made,) = cache.glob("git-ledger/*.git")
            self.sizes.setdefault("plan, fresh", []).append(size(made))
            self.time("plan, warm", lambda: self.plan(GitLedger(self.clone, "origin")), grows=made)
            self.time("plan, sqlite", lambda: self.plan(SqliteLedger(self.folder / "ledger.db")))
            first = self.apps + 1_000_000 + 10 * turn
            self.time("apply 10, warm", partial(self.apply, GitLedger(self.clone, "origin"), first), grows=self.bare)
            self.time("apply 10, sqlite", partial(self.apply, SqliteLedger(self.folder / "ledger.db"), first))
        self.show()

    def show(self) -> None:
        for name, values in self.times.items():
            base = median(self.times[f"{name.partition(',')[0]}, sqlite"])
            bytes_moved = f"{median(self.sizes[name]):>12,.0f} bytes" if name in self.sizes else " " * 18
            say(f"  {name:18} {median(values) * 1000:9.1f} ms {bytes_moved}  {median(values) / base:6.1f} x sqlite")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def batched_range(count: int) -> list[range]:
    return [range(start, min(start + 10, count)) for start in range(0, count, 10)]


def main() -> None:
    for count in map(int, sys.argv[1:] or ("1000", "100000")):
        with tempfile.TemporaryDirectory() as name:
            say(f"{count:,} entries ({count // 2:,} apps)")
            Scene(Path(name), count // 2).run()


if __name__ == "__main__":
    main()
