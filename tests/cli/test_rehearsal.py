"""Real processes, real HTTP, a service that misbehaves: as many applies as it takes end with every app exactly once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from rehearsing import apply_until_done, check_exactly_once, emulator, make


@pytest.mark.parametrize(
    ("faults", "appliers", "shared"),
    [
        (("submit:lost-reply:0.3",), 1, False),
        (("submit:lost-reply:0.3", "list:reset:0.2"), 4, False),
        (("submit:late:0.3:seconds=0.5", "submit:hang-reply:0.1"), 2, True),
    ],
    ids=["lost-reply", "lost-reply-four-appliers", "late-and-hanging-shared-prefix"],
)
def test_faults_over_real_http_leave_every_app_exactly_once(
    tmp_path: Path, faults: tuple[str, ...], appliers: int, *, shared: bool
) -> None:
    folder = make(tmp_path, 8, shared=shared)
    with emulator(folder, *faults) as env:
        apply_until_done(folder, env, appliers=appliers)
    check_exactly_once(folder, 8)


def test_four_appliers_killed_at_random_times_leave_every_app_exactly_once(tmp_path: Path) -> None:
    folder = make(tmp_path, 16, shared=False)
    with emulator(folder, "submit:lost-reply:0.2") as env:
        apply_until_done(folder, env, appliers=4, killer=random.Random(4))
    check_exactly_once(folder, 16)
