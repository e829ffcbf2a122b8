"""Make the two generated inputs of the samples again: jobs.csv and apps.csv.

Nothing in them was measured. A seeded generator draws jobs, and two rules of thumb decide how each one ends:

* memory of training with Adam in 32-bit numbers: 16 bytes for each parameter, plus the activations of the batch;
* time of training: 6 floating-point operations for each parameter and token.

Noise on both keeps a model from being right about every job. Run it as `python3 workspace/make_inputs.py hdfs/user/sample/in`
in the folder above this one; it writes the same bytes each time.
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path

JOBS = 600
GPU_MEMORY_GB = 32.0
TIME_LIMIT_HOURS = 24.0
USEFUL_FLOPS = 40e12  # a V100 does 125e12 at most in mixed precision; about a third of that is what training sees
# For each token, times the root of the millions of parameters: about 315 kB for a language model of 110 million.
ACTIVATION_BYTES = 30e3

APPS = 96
TEAMS = {"nlp": 5, "speech": 3, "vision": 4}
GPU_MODELS = {"T4": 3, "V100": 5, "A100": 2}
FAILED_SHARE = 0.18


def outcome(rng: random.Random, millions: float, batch: int, length: int, steps: int) -> str:
    """Decide how a job of `millions` of parameters ends, with noise of about 15 %."""
    activations_gb = batch * length * millions**0.5 * ACTIVATION_BYTES / 1e9
    memory_gb = (millions * 1e6 * 16 / 1e9 + activations_gb) * rng.lognormvariate(0.0, 0.15)
    if memory_gb > GPU_MEMORY_GB:
        return "out-of-memory"
    tokens = batch * length * steps
    hours = 6 * millions * 1e6 * tokens / USEFUL_FLOPS / 3600 * rng.lognormvariate(0.0, 0.15)
    return "out-of-time" if hours > TIME_LIMIT_HOURS else "finished"


def make_jobs(path: Path) -> None:
    """Write `JOBS` training jobs and how each one ended."""
    rng = random.Random(2024)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["model_millions", "batch_size", "sequence_length", "steps", "outcome"])
        for _ in range(JOBS):
            millions = round(10 ** rng.uniform(1.0, 3.2), 1)
            batch = 2 ** rng.randint(1, 8)
            length = 2 ** rng.randint(7, 11)
            steps = round(10 ** rng.uniform(3.5, 5.7))
            writer.writerow([millions, batch, length, steps, outcome(rng, millions, batch, length, steps)])


def make_apps(path: Path) -> None:
    """Write a month of finished apps: who ran them, on which GPUs, for how long."""
    rng = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["app", "team", "gpu_model", "gpu_count", "hours", "final_status"])
        for number in range(1, APPS + 1):
            team = rng.choices(list(TEAMS), weights=list(TEAMS.values()))[0]
            model = rng.choices(list(GPU_MODELS), weights=list(GPU_MODELS.values()))[0]
            status = "FAILED" if rng.random() < FAILED_SHARE else "SUCCEEDED"
            hours = round(min(rng.lognormvariate(1.2, 0.9), 48.0), 2)
            writer.writerow([f"{team}-{number:03d}", team, model, rng.choice([1, 1, 2, 4]), hours, status])


if __name__ == "__main__":
    inputs = Path(sys.argv[1])
    make_jobs(inputs / "jobs" / "jobs.csv")
    make_apps(inputs / "usage" / "apps.csv")
