"""Breadth-first exploration of a model: every state once, the shortest way to the first broken invariant."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from layout import STUCK, Label, describe, mirrored
from model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Explored:
    """What an exploration found. `whole` says that no state was left out; `broken` is the first invariant that fell.

    States are counted up to the exchange of the two appliers. `trace` is the shortest way to the broken invariant.
    """

    states: int
    steps: int
    whole: bool
    broken: str = ""
    trace: tuple[Label, ...] = ()

    def story(self) -> str:
        """Return the trace in words."""
        return "\n".join(f"      {number:2}. {describe(step)}" for number, step in enumerate(self.trace, start=1))


def explore(model: Model, *, most: int) -> Explored:
    """Visit states in the order of their distance from the first, until all are known, `most` are, or an invariant breaks."""
    start = model.initial()
    came: dict[bytes, bytes] = {start: b""}
    frontier = [start]
    steps = 0
    canonical = model.canonical
    while frontier and len(came) < most:
        following: list[bytes] = []
        for state in frontier:
            found = model.successors(state)
            steps += len(found)
            broken, last = _breaks(model, state, found)
            if broken:
                trace = _way(model, came, state, last)
                return Explored(states=len(came), steps=steps, whole=False, broken=broken, trace=trace)
            for _, after in found:
                seen = canonical(after)  # type: ignore[arg-type]  # what breaks an invariant has been told by now
                if seen not in came:
                    came[seen] = state
                    following.append(seen)
        frontier = following
    return Explored(states=len(came), steps=steps, whole=not frontier)


def _breaks(model: Model, state: bytes, found: list[tuple[Label, bytes | str]]) -> tuple[str, Label | None]:
    """Return the invariant that is broken at `state` or by a step from it, and that step."""
    broken = model.final(state)
    if broken:
        return broken, None
    for step, after in found:
        if isinstance(after, str):
            return after, step
    # Beyond the window a second landing is left out, and with it sometimes the only step.
    if not found and not model.at_rest(state) and not model.setup.beyond:
        return STUCK, None
    return "", None


def _way(model: Model, came: Mapping[bytes, bytes], state: bytes, last: Label | None) -> tuple[Label, ...]:
    """Return the steps that lead to `state`, and `last`, told as of two appliers that keep their names."""
    path = [state]
    while came[path[-1]]:
        path.append(came[path[-1]])
    trace, swapped = [], False
    for before, after in itertools.pairwise(reversed(path)):
        step, exact = next(
            (step, found)
            for step, found in model.successors(before)
            if isinstance(found, bytes) and model.canonical(found) == after
        )
        trace.append(mirrored(step) if swapped else step)
        swapped ^= exact != after
    if last is not None:
        trace.append(mirrored(last) if swapped else last)
    return tuple(trace)
