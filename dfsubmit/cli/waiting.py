"""Waiting for apps to end, for `wait` and for `apply --wait`: polls the list, tells of each end, and returns the exit code."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dfsubmit.errors import EngineError, InterruptError
from dfsubmit.follow import WAIT_TIMEOUT, WAIT_UNFINISHED, Followed, failed, followed, tail_of, wait_code

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import timedelta

    from dfsubmit.applier import Stop
    from dfsubmit.cli.output import Output
    from dfsubmit.cli.progress import Progress
    from dfsubmit.engine import Engine
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.scene import Scene

# The first looks come quickly, for apps of seconds; later ones spare the service.
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.25, 5.0, 1.3
# A list that fails this often in a row is no passing fault.
MOST_FAILURES = 5


@dataclass(kw_only=True)
class Waiting:
    """One wait. `timeout` None waits as long as it takes; zero looks once. `started` is of `time.monotonic`."""

    scene: Scene
    ledger: Ledger
    engine: Engine
    stop: Stop
    out: Output
    timeout: timedelta | None
    started: float
    _told: set[str] = field(default_factory=set)
    _failures: int = 0
    _widest: int = 0

    def run(self, names: Collection[str]) -> int:
        """Wait for the apps of `names`. Raises EngineError, InterruptError."""
        from dfsubmit.cli.progress import Progress
        from dfsubmit.render.terminal import width

        self._widest = max(map(width, names), default=0)
        pause = FIRST_PAUSE
        with Progress(self.out, "waiting for apps", total=len(names), counted=False) as progress:
            while True:
                rows = self._look(names, progress)
                code = wait_code(rows, asked=True) if rows is not None else WAIT_UNFINISHED
                if rows is not None and all(_ended(row) for row in rows):
                    return code
                if self._time_is_up():
                    looked_once = self.timeout is not None and not self.timeout.total_seconds()
                    return WAIT_UNFINISHED if looked_once else WAIT_TIMEOUT
                self._pause(pause)
                pause = min(LONGEST_PAUSE, pause * GROWTH)

    def _look(self, names: Collection[str], progress: Progress) -> list[Followed] | None:
        """Return how the apps stand; None when the engine could not be asked this time."""
        states = {
            item: state for item, state in self.ledger.states(self.scene.project_id).items() if item.name in names
        }
        try:
            remote = {app.id: app for app in self.engine.list_apps().apps}
        except EngineError:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                raise
            return None
        self._failures = 0
        rows = list(followed(states, remote))
        for row in rows:
            if _ended(row) and row.name not in self._told:
                self._told.add(row.name)
                self._tell(row, progress)
        return rows

    def _tell(self, row: Followed, progress: Progress) -> None:
        from dfsubmit.render.status import end_text

        # Counted first: the line below draws the count anew, and the next app may end an hour later.
        progress.advance(row.name)
        progress.line(end_text(row, palette=self.out.error_palette, widest=self._widest), ready=True)
        if failed(row) and row.state.app is not None:
            for line in tail_of(self.engine, row.state.app.id):
                progress.line(f"  | {line}")

    def _time_is_up(self) -> bool:
        return self.timeout is not None and time.monotonic() - self.started >= self.timeout.total_seconds()

    def _pause(self, seconds: float) -> None:
        from dfsubmit.compose import interruptible_sleep

        if self.timeout is not None:
            seconds = min(seconds, max(0.0, self.timeout.total_seconds() - (time.monotonic() - self.started)))
        interruptible_sleep(self.stop, seconds)
        if self.stop.requested:
            raise InterruptError("stopped waiting; the apps go on", signal_number=self.stop.signal_number)


def _ended(row: Followed) -> bool:
    """Tell whether waiting longer cannot change what is known: the app has ended, or is gone from the list."""
    return not row.state.is_open and (row.remote is None or row.remote.finished)
