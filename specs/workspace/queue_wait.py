"""Simulate a GPU queue: how long a job waits, depending on the number of slots.

Jobs arrive at random and run for a random time (both exponential), and the first to come is the first to run. Each number of
slots is simulated several times and compared with Erlang's formula, which is exact for this case. Settings come from
the environment (JOBS_PER_HOUR, MEAN_RUN_HOURS, SEED), the numbers of slots from the arguments. Writes
data_out/waits.md and data_out/waits.csv.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import math
import os
import random
import statistics
from dataclasses import astuple, dataclass, fields
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was found out about one number of slots; waits in minutes, the mean with half its 95 % interval."""

    slots: int
    load_percent: float
    mean_wait: float
    plus_minus: float
    erlang: float
    p95_wait: float


def simulate(rng: random.Random, slots: int, rate: float, run: float, jobs: int) -> list[float]:
    """Return how long each of `jobs` waited, in hours. `rate` is jobs an hour, `run` the mean hours of one."""
    free_at = [0.0] * slots  # a heap: the slot that is free first is on top
    now = 0.0
    waits = []
    for _ in range(jobs):
        now += rng.expovariate(rate)
        begin = max(now, free_at[0])
        heapq.heapreplace(free_at, begin + rng.expovariate(1 / run))
        waits.append(begin - now)
    return waits[jobs // 10 :]  # the first tenth met a queue that was still empty


def erlang_wait(slots: int, rate: float, run: float) -> float:
    """Return the exact mean wait in hours (Erlang's C formula); needs a load below 1."""
    offered = rate * run
    blocked = 1.0
    for count in range(1, slots + 1):
        blocked = offered * blocked / (count + offered * blocked)
    waiting = blocked / (1 - offered / slots * (1 - blocked))
    return waiting * run / (slots - offered)


def measure(slots: int, rate: float, run: float, *, seed: int, repeats: int, jobs: int) -> Row:
    """Simulate `repeats` times, each with random numbers of its own."""
    samples = [simulate(random.Random(f"{seed}/{slots}/{n}"), slots, rate, run, jobs) for n in range(repeats)]
    means = [statistics.fmean(sample) * 60 for sample in samples]
    every = sorted(wait * 60 for sample in samples for wait in sample)
    return Row(
        slots=slots,
        load_percent=round(100 * rate * run / slots, 1),
        mean_wait=round(statistics.fmean(means), 1),
        plus_minus=round(1.96 * statistics.stdev(means) / math.sqrt(repeats), 1),
        erlang=round(erlang_wait(slots, rate, run) * 60, 1),
        p95_wait=round(every[len(every) * 19 // 20], 1),
    )


def markdown(rows: list[Row], rate: float, run: float) -> str:
    """Write the table for a person."""
    lines = [
        f"# Waiting for a GPU: {rate:g} jobs an hour, {run:g} h each",
        "",
        "| slots | load | mean wait, simulated | exact (Erlang) | 19 of 20 jobs wait less than |",
        "|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.slots} | {row.load_percent} % | {row.mean_wait} ± {row.plus_minus} min | {row.erlang} min "
        f"| {row.p95_wait} min |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Read the settings, simulate, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, nargs="+", required=True)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=8000)
    options = parser.parse_args()
    rate, run = float(os.environ["JOBS_PER_HOUR"]), float(os.environ["MEAN_RUN_HOURS"])
    if min(options.slots) <= rate * run:
        parser.error(f"{rate * run:g} slots are busy on average; with no more than that the queue grows for ever")

    rows = []
    for slots in options.slots:
        rows.append(measure(slots, rate, run, seed=int(os.environ["SEED"]), repeats=options.repeats, jobs=options.jobs))
        print(f"{slots} slots: a job waits {rows[-1].mean_wait} min on average")

    out = Path("data_out")
    out.mkdir(exist_ok=True)
    (out / "waits.md").write_text(markdown(rows, rate, run), encoding="utf-8")
    with (out / "waits.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([field.name for field in fields(Row)])
        writer.writerows(astuple(row) for row in rows)


if __name__ == "__main__":
    main()
