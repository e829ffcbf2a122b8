"""Of every kind of fault, the faster road for files that share one says what the long road says."""

from __future__ import annotations

import os
import random

import judging_mutants  # noqa: F401  # registers all kinds
import pytest
from faulty_roads import agree, other_values, taught
from mutants import some_mutants

FULL = os.environ.get("DFSUBMIT_SOAK") == "full"


def hold_kinds_against_the_long_road(seed: int, count: int) -> int:
    """Return how many texts took the faster road."""
    dice = random.Random(seed)
    taken = 0
    for mutant in some_mutants(count, seed=seed):
        text = dict(mutant.files)[mutant.path].decode("utf-8", "replace")
        shapes = taught([text])
        taken += sum(agree(shapes, other_values(text, dice)) for _ in range(6))
    return taken


def test_every_kind_of_fault_is_told_as_on_the_long_road() -> None:
    assert hold_kinds_against_the_long_road(1, 1_000) > 250


@pytest.mark.soak
def test_every_kind_of_fault_is_told_as_on_the_long_road_in_many_more() -> None:
    for seed in range(2, 22 if FULL else 4):
        assert hold_kinds_against_the_long_road(seed, 2_500) > 600
