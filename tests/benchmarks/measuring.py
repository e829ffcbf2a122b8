"""Runs commands one after the other and tells how long each took.

A machine's speed drifts by a quarter between two minutes, so nothing is compared but runs that follow each other: A B A B …,
a ratio for each pair, the median of the ratios with the least and the greatest.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

# What would make a measured program do something else than it does for its users.
_LEFT_OUT = ("PYTHON", "DFSUBMIT_", "GITHUB_", "GITLAB_", "COVERAGE", "CI")
_LAUNCHER = Path(__file__).with_name("launcher.py")
# So few pairs are run of what takes long.
LONG = 2
MADE_UP = {
    "HF_TOKEN": "made-up-token",
    "NCLOUD_ACCESS_KEY": "AKIDEXAMPLE000000001",
    "NCLOUD_SECRET_KEY": "SKEXAMPLEexample0123456789abcdefABCDEF01",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command, the exit code that it must have, and what comes before it, which is not measured.

    With `tells`, it prints the seconds that count.
    """

    argv: Sequence[str]
    folder: Path
    code: int = 0
    before: Callable[[], object] | None = None
    tells: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run. `cpu` is that of the command and all its children; `peak` (MiB) that of the largest of them."""

    seconds: float
    cpu: float
    peak: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """The runs of two commands in turns."""

    ours: Sequence[Sample]
    theirs: Sequence[Sample]
    ratios: Sequence[float] = field(default=())

    def told(self) -> dict[str, float]:
        """Return the figures of the report."""
        return {
            "ratio": median(self.ratios),
            "least": min(self.ratios),
            "greatest": max(self.ratios),
            "ours": median(sample.seconds for sample in self.ours),
            "theirs": median(sample.seconds for sample in self.theirs),
        }


def environment() -> Mapping[str, str]:
    """Return the environment of every measured command."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    return kept | MADE_UP


def run(command: Command) -> Sample:
    """Run a command once. Raises AssertionError, with what it said, when it does not end as it must."""
    if command.before is not None:
        command.before()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.NamedTemporaryFile() as figures:
        subprocess.run(
            [sys.executable, "-I", "-S", str(_LAUNCHER), figures.name, *command.argv],
            cwd=command.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            check=True,
        )
        seconds, cpu, peak, code = map(float, figures.read().split())
        out.seek(0)
        err.seek(0)
        told = out.read() if command.tells else b""
        assert code == command.code, f"{command.argv}: exit {code:.0f}: {err.read()[-2000:]!r}"
    return Sample(seconds=float(told) if command.tells else seconds, cpu=cpu, peak=peak / 1024)


def paired(ours: Command, theirs: Command, rounds: int) -> Pairs:
    """Run both in turns, after one run of each that does not count; but of what takes long, every run counts."""
    run(ours)
    if rounds > LONG:
        run(theirs)
    samples = [(run(ours), run(theirs)) for _ in range(rounds)]
    return Pairs(
        ours=[mine for mine, _ in samples],
        theirs=[other for _, other in samples],
        ratios=[mine.seconds / other.seconds for mine, other in samples],
    )


def alone(command: Command, rounds: int) -> Sample:
    """Return the median of several runs, and the greatest of their peaks."""
    samples = [run(command) for _ in range(rounds)]
    return Sample(
        seconds=median(sample.seconds for sample in samples),
        cpu=median(sample.cpu for sample in samples),
        peak=max(sample.peak for sample in samples),
    )
