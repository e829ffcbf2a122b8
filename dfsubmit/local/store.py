"""The embedded world in one SQLite file, `<home>/world.db`, shared by every process that looks at it.

Every change of an app is one step of the table in `world`, made in one transaction that looks first: whoever is second
changes nothing and is told so. Values of env are never stored here, only whether there are any.

How the file is opened, made and written durably is `worldfile`'s affair. Reading creates nothing: a world that does not exist
yet is empty.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dfsubmit.local.approws import ROW, Active, NewApp, row_of
from dfsubmit.local.settings import LocalSettings
from dfsubmit.local.world import STEPS, TERMINAL, Event, Phase, Row
from dfsubmit.local.worldfile import WorldFile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

# Queues with someone waiting, found by one seek each, however long the queues are.
_WAITING_QUEUES = """
WITH RECURSIVE waiting (queue) AS (
    SELECT min(queue) FROM app WHERE phase = 'queued'
    UNION ALL
    SELECT (SELECT min(queue) FROM app WHERE phase = 'queued' AND queue > waiting.queue)
    FROM waiting WHERE waiting.queue IS NOT NULL
)
SELECT queue FROM waiting WHERE queue IS NOT NULL
"""

_BUSY = "SELECT count(*) FROM app WHERE phase IN ('claimed', 'staging', 'running') AND queue = ?"

_NEXT = "SELECT seq, id, attempts FROM app WHERE phase = 'queued' AND queue = ? AND lands_ms <= ? ORDER BY seq LIMIT ?"


@dataclass(slots=True, kw_only=True)
class _Addition:
    """Apps that one thread wants to add, and what came of it once that is `over`."""

    apps: Sequence[NewApp]
    settings: LocalSettings
    now_ms: int
    rows: list[Row] = field(default_factory=list)
    error: sqlite3.Error | OSError | None = None
    over: bool = False


class Store:
    """The file and what may be done with it. May be used by several threads at once."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._file = WorldFile(home)
        self._line: list[_Addition] = []
        self._line_lock = threading.Lock()

    @property
    def exists(self) -> bool:
        """Tell whether there is a world: something was submitted, and nobody removed it."""
        return self._file.exists

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        self._file.close()

    def add(self, apps: Sequence[NewApp], settings: LocalSettings, now_ms: int) -> list[Row]:
        """Queue `apps`, durably and together, and return them as they now are.

        What other threads of this process want to add meanwhile becomes durable in one step: a disk that takes its time is
        waited for once.
        """
        mine = _Addition(apps=apps, settings=settings, now_ms=now_ms)
        with self._line_lock:
            self._line.append(mine)
        with self._file.lock:
            if not mine.over:
                with self._line_lock:
                    line, self._line = self._line, []
                self._add_all(line)
        if mine.error is not None:
            raise mine.error
        return mine.rows

    def _add_all(self, line: list[_Addition]) -> None:
        """Add everything in `line`, or nothing of it."""
        try:
            with self._file.writing(create=True) as db:
                for addition in line:
                    self._remember(db, addition.settings, addition.now_ms)
                    addition.rows = [self._insert(db, app) for app in addition.apps]
        except BaseException as error:
            for addition in line:
                addition.error = (
                    error if isinstance(error, sqlite3.Error | OSError) else sqlite3.InterfaceError("stopped")
                )
            if not isinstance(error, sqlite3.Error | OSError):
                raise
        finally:
            for addition in line:
                addition.over = True

    def rows(self, now_ms: int) -> list[Row]:
        """Return all apps that have come into the world, oldest first."""
        found = self._file.read(f"SELECT {ROW} FROM app WHERE lands_ms <= ? ORDER BY seq", now_ms)  # noqa: S608  # constant
        return [row_of(values) for values in found]

    def find(self, app_id: str, now_ms: int) -> tuple[Row, dict[str, Any]] | None:
        """Return one app and what it was asked to do, or None."""
        query = f"SELECT {ROW}, spec FROM app WHERE id = ? AND lands_ms <= ?"  # noqa: S608  # constant
        for *values, spec in self._file.read(query, app_id, now_ms):
            return row_of(values), json.loads(spec)
        return None

    def workspaces(self) -> list[tuple[str, str]]:
        """Return the id and name of every workspace that an app was submitted to."""
        return [(key, name) for key, name in self._file.read("SELECT DISTINCT workspace_id, workspace_name FROM app")]

    def fact(self, name: str) -> str:
        """Return what is remembered under `name`, empty when nothing is."""
        return next((value for (value,) in self._file.read("SELECT value FROM fact WHERE name = ?", name)), "")

    def settings(self) -> LocalSettings:
        """Return the settings that the last submit came with."""
        return LocalSettings.from_json(self.home, self.fact("settings"))

    def active(self) -> list[Active]:
        """Return the apps that have a slot."""
        found = self._file.read(
            "SELECT id, phase, claim, claimed_ms, attempts, child, kill_wanted FROM app"
            " WHERE phase IN ('claimed', 'staging', 'running')"
        )
        return [
            Active(
                id=app_id,
                phase=Phase(phase),
                claim=claim,
                claimed_ms=claimed,
                attempts=attempts,
                child=child,
                kill_wanted=bool(kill),
            )
            for app_id, phase, claim, claimed, attempts, child, kill in found
        ]

    def env_left_over(self) -> list[str]:
        """Return the apps that ended with their env still on disk."""
        names = ", ".join(f"'{phase.value}'" for phase in TERMINAL)
        return [key for (key,) in self._file.read(f"SELECT id FROM app WHERE has_env = 1 AND phase IN ({names})")]  # noqa: S608  # constant

    def has_env(self, app_id: str) -> bool:
        """Tell whether the app came with env that is still on disk."""
        return bool(self._file.read("SELECT 1 FROM app WHERE id = ? AND has_env = 1", app_id))

    def with_env(self) -> set[str]:
        """Return the apps whose env is on disk."""
        return {key for (key,) in self._file.read("SELECT id FROM app WHERE has_env = 1")}

    def forget_env(self, app_id: str) -> None:
        """Record that the app's env is no longer on disk."""
        with self._file.writing() as db:
            db.execute("UPDATE app SET has_env = 0 WHERE id = ?", (app_id,))

    def has_room(self, queue: str, slots: int) -> bool:
        """Tell whether an app of `queue` could be claimed; a hint, to spare writing."""
        waiting = self._file.read("SELECT 1 FROM app WHERE phase = 'queued' AND queue = ? LIMIT 1", queue)
        return bool(waiting) and self._file.read(_BUSY, queue)[0][0] < slots

    def waiting_queues(self) -> list[str]:
        """Return the queues in which an app waits for a slot."""
        return [queue for (queue,) in self._file.read(_WAITING_QUEUES)]

    def claim(self, queue: str, slots: int, token: str, now_ms: int) -> list[tuple[str, int]]:
        """Give the free slots of `queue` to its oldest apps, in one transaction.

        Returns the id of each, and how often it has been claimed by now.
        """
        with self._file.writing() as db:
            free = slots - db.execute(_BUSY, (queue,)).fetchone()[0]
            found = db.execute(_NEXT, (queue, now_ms, max(free, 0))).fetchall()
            for seq, _, _ in found:
                db.execute(
                    "UPDATE app SET phase = ?, claim = ?, claimed_ms = ?, attempts = attempts + 1 WHERE seq = ?",
                    (STEPS[Phase.QUEUED, Event.CLAIM].value, token, now_ms, seq),
                )
            return [(app_id, attempts + 1) for _, app_id, attempts in found]

    def step(
        self,
        app_id: str,
        event: Event,
        now_ms: int,
        *,
        claim: str | None = None,
        child: str = "",
        before: Callable[[Phase], None] | None = None,
    ) -> Phase | None:
        """Let `event` happen to an app and return its new phase; None, and nothing changed, when it may not.

        With `claim`, it happens only while the app is held under that claim. An app whose end was asked for is killed
        by whatever would otherwise have ended it. `before` is called with the new phase just before anybody can see it, by
        the one caller whose step it is.
        """
        with self._file.writing() as db:
            found = db.execute("SELECT phase, claim, kill_wanted FROM app WHERE id = ?", (app_id,)).fetchone()
            if found is None or claim not in (None, found[1]):
                return None
            after = STEPS.get((Phase(found[0]), event))
            if after is None:
                return None
            if after in TERMINAL and found[2]:
                after = Phase.KILLED
            if before is not None:
                before(after)
            db.execute(
                "UPDATE app SET phase = :phase, modified_ms = :now, child = CASE :child WHEN '' THEN child ELSE :child END,"
                " claim = CASE :phase WHEN 'queued' THEN '' ELSE claim END,"
                " container_ms = CASE WHEN :contained AND container_ms = 0 THEN :now ELSE container_ms END,"
                " finished_ms = CASE WHEN :ended THEN max(:now, started_ms) ELSE finished_ms END WHERE id = :id",
                {
                    "id": app_id,
                    "phase": after.value,
                    "now": now_ms,
                    "child": child,
                    "contained": event in (Event.REGISTER, Event.DIE),
                    "ended": after in TERMINAL,
                },
            )
            return after

    def want_kill(self, app_id: str) -> None:
        """Ask the supervisor of a running app to end it."""
        with self._file.writing() as db:
            db.execute("UPDATE app SET kill_wanted = 1 WHERE id = ? AND phase = 'running'", (app_id,))

    def kill_wanted(self, app_id: str) -> bool:
        """Tell whether the end of a running app was asked for."""
        return bool(self._file.read("SELECT 1 FROM app WHERE id = ? AND kill_wanted = 1", app_id))

    def _insert(self, db: sqlite3.Connection, app: NewApp) -> Row:
        cursor = db.execute(
            "INSERT INTO app (id, name, queue, workspace_id, workspace_name, phase, started_ms, modified_ms, lands_ms,"
            " has_env, spec) VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?)",
            (
                app.id,
                app.name,
                app.queue,
                app.workspace_id,
                app.workspace_name,
                app.started_ms,
                app.started_ms,
                app.lands_ms,
                app.has_env,
                json.dumps(app.spec, ensure_ascii=False),
            ),
        )
        return Row(
            seq=cursor.lastrowid or 0,
            id=app.id,
            name=app.name,
            queue=app.queue,
            workspace_id=app.workspace_id,
            workspace_name=app.workspace_name,
            phase=Phase.QUEUED,
            started_ms=app.started_ms,
            finished_ms=0,
            modified_ms=app.started_ms,
            container_ms=0,
        )

    def _remember(self, db: sqlite3.Connection, settings: LocalSettings, now_ms: int) -> None:
        """Keep what a supervisor needs, so that the chain of apps goes on when nobody else is alive."""
        db.execute("INSERT OR IGNORE INTO fact VALUES ('began', ?)", (str(now_ms),))
        db.execute(
            "INSERT INTO fact VALUES ('settings', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
            " WHERE value <> excluded.value",
            (settings.to_json(),),
        )
