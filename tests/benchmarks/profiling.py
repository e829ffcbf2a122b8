"""Where the time of a run goes, by what it was spent on: samples of the whole run, the processes that it starts included.

The samples are py-spy's, which looks at a program from outside, so that the program need not do anything for it. A sample
counts for the innermost frame that a part of the program claims; what is imported counts as start, whoever imports it.
Threads that wait for work are not counted.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from measuring import Command, environment, run
from targets import Bench, planned

_RATE = 500  # samples a second
START, REST = "starting Python, imports", "the rest"
_IMPORTING = "<frozen importlib._bootstrap>"
_WORKER = "_worker (concurrent/futures/thread.py"
# What claims a frame, in this order: the parts of the program, by the beginnings of their modules' paths.
PARTS: Mapping[str, tuple[str, ...]] = {
    "finding and reading files": ("sources", "reading", "folders", "setdigest", "usercache", "ruleset", "known"),
    "YAML": ("yamlcore/", "document", "traces"),
    "judging": (
        *("shapes", "faultyshapes", "slots", "judge", "judging/", "prepared", "rules", "schema", "manifest", "model"),
        *("projectmodel", "advice", "leaks", "bounds", "identity"),
    ),
    "the set as a whole": (
        *(
            "setrules",
            "hdfsrules",
            "setconflict",
            "project",
            "gathering",
            "examining",
            "layouttree",
            "overview",
            "beside",
            "silence",
            "scene",
            "compose",
        ),
        "selection",
    ),
    "fingerprints, plan": ("fingerprint", "plan", "decide", "reconcile", "secret", "desired", "cli/replay"),
    "the ledger": ("ledger/", "journal", "settle", "recover"),
    "submitting": ("dataforest/", "applier", "submission", "holds", "results", "transport", "engine", "connections"),
    "showing": ("render/", "cli/output", "cli/progress", "cli/plan", "cli/apply", "diagnostics"),
}
_FRAME = re.compile(r"\(dfsubmit/([^:)]+)")

Shares = dict[str, float]


def profiles(bench: Bench) -> dict[str, Shares]:
    """Return for each verb which share of its samples each part took; nothing without a profiler."""
    if bench.peers.profiler is None:
        return {}
    return {name: _shares(bench, command, name) for name, command in _commands(bench).items()}


def _commands(bench: Bench) -> dict[str, Command]:
    folder = planned(bench)
    run(bench.plan(folder))
    return {
        f"validate {bench.files:,} files": bench.dfsubmit("validate", "-f", "right"),
        f"validate {bench.files:,} wrong files": bench.dfsubmit("validate", "-f", "wrong", code=1),
        f"plan {bench.files:,}, nothing changed": bench.plan(folder),
        f"plan {bench.files:,}, one changed": bench.plan_after_edit(folder),
        f"apply {bench.apps:,}": bench.apply("applied"),
    }


def _shares(bench: Bench, command: Command, name: str) -> Shares:
    raw = bench.folder / "samples.txt"
    if command.before is not None:
        command.before()
    profiler = str(bench.peers.profiler)
    options = ("record", "--rate", str(_RATE), "--subprocesses", "--format", "raw", "--output", str(raw))
    done = subprocess.run(
        [profiler, *options, "--", *command.argv],
        cwd=command.folder,
        env=environment(),
        capture_output=True,
        check=False,
    )
    assert raw.exists(), f"{name}: {done.stderr[-2000:]!r}"
    counts = counted(raw)
    raw.unlink()
    total = counts.total() or 1
    return {part: round(counts[part] / total, 3) for part in (START, *PARTS, REST)}


def counted(raw: Path) -> Counter[str]:
    """Return how many samples each part has in a file of stacks, one a line, outermost frame first, then the number."""
    counts: Counter[str] = Counter()
    for line in raw.read_text(encoding="utf-8").splitlines():
        stack, _, number = line.rpartition(" ")
        if _WORKER not in stack.rpartition(";")[2]:
            counts[part_of(stack)] += int(number)
    return counts


def part_of(stack: str) -> str:
    """Return the part that a stack counts for."""
    modules = _FRAME.findall(stack)
    if _IMPORTING in stack or not modules:
        return START
    for module in reversed(modules):
        for part, beginnings in PARTS.items():
            if module.startswith(beginnings):
                return part
    return REST
