"""Keeps the slots full: settles apps whose supervisor died, claims free slots, starts supervisors.

There is no daemon. A turn is taken after each submit, at each look at the apps, and by each supervisor as it ends, so that
the chain goes on when nobody else is alive. Turns may overlap in any number of processes: a claim is one transaction, and
a supervisor runs its app only under the claim it was started with.

A supervisor holds a lock on `<app>/alive` as long as it lives, and the kernel lets go of it when it dies, however that
happens, reboots included. So: a claim that nobody took up after a while, or a supervisor that died before the command
began, gives the app back to the queue, a bounded number of times; one that died later makes the app FAILED.
"""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

from dfsubmit.local import processes, runtime, supervise
from dfsubmit.local.envfile import EnvFiles
from dfsubmit.local.logs import app_folder, log_path
from dfsubmit.local.world import Event, Phase, ended_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from dfsubmit.local.approws import Active
    from dfsubmit.local.settings import LocalSettings
    from dfsubmit.local.store import Store

# Seconds that a supervisor has from its claim to its registration, on the slowest machine.
CLAIM_SECONDS = 30.0
# How often an app is given back to the queue before it is called FAILED.
MAX_ATTEMPTS = 3


class Pump:
    """The turns of one process."""

    def __init__(self, store: Store, settings: LocalSettings, *, clock_ms: Callable[[], int] | None = None) -> None:
        self._store = store
        self._now_ms = clock_ms or _now_ms
        self._settings = settings
        self._env = EnvFiles(settings.home)

    def turn(self, queue: str | None = None) -> None:
        """Settle what died and start what has a slot, in `queue` or in all queues. Raises sqlite3.Error, OSError."""
        self.settle()
        for name in self._store.waiting_queues() if queue is None else [queue]:
            self._fill(name)

    def settle(self) -> None:
        """Settle apps whose supervisor died, and what they left on disk. Raises sqlite3.Error, OSError."""
        for app in self._store.active():
            self._settle(app)
        for app_id in self._store.env_left_over():
            self._env.remove(app_id)
            self._store.forget_env(app_id)

    def _fill(self, queue: str) -> None:
        slots = self._settings.slots_of(queue)
        if not self._store.has_room(queue, slots):
            return
        token = supervise.new_token()
        for app_id, attempts in self._store.claim(queue, slots, token, self._now_ms()):
            try:
                supervise.start(self._settings.home, app_id, token)
            except (OSError, subprocess.SubprocessError) as error:
                self._give_back(app_id, token, f"its supervisor could not be started: {error}", attempts)

    def _settle(self, app: Active) -> None:
        if app.phase is Phase.CLAIMED:
            if abs(self._now_ms() - app.claimed_ms) > CLAIM_SECONDS * 1000:
                self._give_back(
                    app.id,
                    app.claim,
                    f"its supervisor did not start; {supervise.LOG_NAME} beside world.db may say why",
                    app.attempts,
                )
        elif not supervise.is_alive(app_folder(self._settings.home, app.id)):
            self._bury(app)

    def _bury(self, app: Active) -> None:
        """Settle an app whose supervisor is dead."""
        if app.phase is Phase.STAGING:
            self._give_back(app.id, app.claim, "its supervisor died before the command began", app.attempts)
            return
        processes.end_marked_group(app.child)
        self._remove_container(app.id)
        self._die(app.id, app.claim, "its supervisor died while the command ran; what it left behind was ended")

    def _remove_container(self, app_id: str) -> None:
        found = self._store.find(app_id, self._now_ms())
        removal = runtime.removal(found[1]["runtime"], app_id, os.environ) if found else None
        if removal is not None:
            subprocess.run(removal, stdin=subprocess.DEVNULL, capture_output=True, check=False)

    def _give_back(self, app_id: str, claim: str, reason: str, attempts: int) -> None:
        if attempts < MAX_ATTEMPTS:
            self._store.step(app_id, Event.RELEASE, self._now_ms(), claim=claim)
        else:
            self._die(app_id, claim, f"given up after {attempts} attempts: {reason}")

    def _die(self, app_id: str, claim: str, reason: str) -> None:
        def write(phase: Phase) -> None:
            supervise.note(log_path(self._settings.home, app_id), f"{reason}\n{ended_as(phase)}")

        self._store.step(app_id, Event.DIE, self._now_ms(), claim=claim, before=write)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
