"""What the embedded service does behind its gateway: one method an operation, body in, answer's members out.

The gateway (`face`) has checked the signature and the path. Here come body, ownership, and the change of the world, with
the points at which `faults` may step in. Choices where the documents are silent: killing an app that has ended succeeds
and changes nothing; without configured workspaces every well-formed id is one.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from dfsubmit.local import bodies, world
from dfsubmit.local.approws import NewApp
from dfsubmit.local.envfile import EnvFiles
from dfsubmit.local.faults import Operation, Point
from dfsubmit.local.settings import open_workspace_name, workspace_names

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from dfsubmit.local.faults import Answer, Faults
    from dfsubmit.local.settings import LocalSettings
    from dfsubmit.local.store import Store

_WELL_FORMED = re.compile(r"[0-9A-Za-z]{1,22}")


class NoSuchElementError(Exception):
    """An id that belongs to nothing here."""


class InsteadError(Exception):
    """A fault answers in place of the service."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that passed the gateway.

    `now` is what the service takes the time to be and shows; `real_ms` is the clock that slots and supervisors go by,
    in milliseconds since 1970. They differ only by a fault. `base` is the URL that the caller reached us at.
    """

    operation: Operation
    body: bytes
    now: datetime
    real_ms: int
    base: str

    @property
    def now_ms(self) -> int:
        """Return `now` in milliseconds since 1970."""
        return world.to_ms(self.now)


class Turns(Protocol):
    """What makes apps move; see `pump`."""

    def turn(self, queue: str | None = None) -> None:
        """Settle what died and start what has a free slot, in one queue or in all."""

    def settle(self) -> None:
        """Settle what died, and start nothing."""


class Service:
    """The operations on one world. Called from several threads."""

    def __init__(
        self,
        settings: LocalSettings,
        *,
        store: Store,
        rng: random.Random,
        faults: Faults,
        pump: Turns,
    ) -> None:
        self.account_id = world.account_id(settings.home.name)
        self._settings = settings
        self._store = store
        self._rng = rng
        self._faults = faults
        self._pump = pump
        self._names = workspace_names(settings.workspaces)
        self._env = EnvFiles(settings.home)
        self._methods: Mapping[Operation, Callable[[Call], dict[str, Any]]] = {
            Operation.SUBMIT: self._submit,
            Operation.LIST: self._list,
            Operation.DETAIL: self._detail,
            Operation.KILL: self._kill,
            Operation.WORKSPACES: self._workspaces,
            Operation.ACCOUNTS: self._accounts,
        }

    def perform(self, call: Call) -> dict[str, Any]:
        """Do what is asked and return the answer's members.

        Raises bodies.InvalidRequestError, NoSuchElementError, InsteadError, and what SQLite and the file system raise.
        """
        return self._methods[call.operation](call)

    def _submit(self, call: Call) -> dict[str, Any]:
        request = bodies.parse_submit(call.body)
        workspace = self._workspace_name(request.workspace_id)
        self._meet(Point.BEFORE_ACCEPT, call)
        acceptance = self._faults.acceptance(call.now)
        late_ms = round(acceptance.late * 1000)
        apps = [
            NewApp(
                id=world.new_id(self._rng),
                name=world.new_name(request.name_prefix, self._rng),
                queue=request.queue,
                workspace_id=request.workspace_id,
                workspace_name=workspace,
                started_ms=call.now_ms + late_ms,
                lands_ms=call.real_ms + late_ms if late_ms else 0,
                spec=self._spec(request),
                has_env=bool(request.env),
            )
            for _ in range(acceptance.copies)
        ]
        # Env first, because an app that is in the queue may start at once. If this process dies in between, the file
        # belongs to no app and is swept away.
        try:
            for app in apps:
                if request.env:
                    self._env.keep(app.id, request.env)
            rows = self._store.add(apps, self._settings, call.real_ms)
        except (sqlite3.Error, OSError):
            for app in apps:
                self._env.remove(app.id)
            raise
        self._pump.turn(request.queue)
        self._meet(Point.AFTER_ACCEPT, call)
        return world.submit_answer(rows[0])

    def _spec(self, request: world.Submission) -> dict[str, Any]:
        """Return what a supervisor needs to run the app, without its env."""
        folder = self._settings.workspaces.get(request.workspace_id)
        return {
            "inputs": [{"hdfs": item.hdfs, "path": item.path} for item in request.inputs],
            "outputs": [
                {"hdfs": item.hdfs, "path": item.path, "overwrite": item.overwrite} for item in request.outputs
            ],
            "image": request.image,
            "command": request.command,
            "args": request.args,
            "cpuCount": request.cpu_count,
            "memoryMb": request.memory_mb,
            "workspace": "" if folder is None else str(folder),
            "hdfs": str(self._settings.hdfs),
            "runtime": self._settings.runtime,
        }

    def _list(self, call: Call) -> dict[str, Any]:
        self._check_account(bodies.parse_search(call.body))
        self._meet(Point.BEFORE_ACCEPT, call)
        self._pump.turn()
        began = self._began(call)
        items = [world.list_item(row, began) for row in self._store.rows(call.real_ms)]
        self._meet(Point.AFTER_ACCEPT, call)
        return {"success": True, "contents": list(self._faults.rows(items, call.now))}

    def _detail(self, call: Call) -> dict[str, Any]:
        app_id = bodies.parse_id(call.body)
        self._meet(Point.BEFORE_ACCEPT, call)
        self._pump.turn()
        row, spec = self._find(app_id, call)
        self._meet(Point.AFTER_ACCEPT, call)
        return world.detail_answer(row, spec, now_ms=call.now_ms, world_ms=self._began(call), base=call.base)

    def _kill(self, call: Call) -> dict[str, Any]:
        app_id = bodies.parse_id(call.body)
        # An app whose supervisor died has failed; it is too late to kill it.
        self._pump.settle()
        row, _ = self._find(app_id, call)
        self._meet(Point.BEFORE_ACCEPT, call)
        # What waits is ended here and now; what runs, also since a moment ago, by its supervisor.
        if row.phase not in world.WAITING or self._store.step(app_id, world.Event.KILL, call.real_ms) is None:
            self._store.want_kill(app_id)
        # The slot is filled by the supervisor that had it, as it ends. Were it filled here, killing a long queue from its
        # head would start every app of it.
        self._meet(Point.AFTER_ACCEPT, call)
        return {"success": True, "message": "success", "id": app_id}

    def _workspaces(self, call: Call) -> dict[str, Any]:
        self._check_account(bodies.parse_search(call.body))
        self._meet(Point.BEFORE_ACCEPT, call)
        names = self._names or dict(self._store.workspaces())
        contents = [world.workspace_item(key, name, self._began(call)) for key, name in sorted(names.items())]
        self._meet(Point.AFTER_ACCEPT, call)
        return {"success": True, "total": len(contents), "contents": contents}

    def _accounts(self, call: Call) -> dict[str, Any]:
        bodies.parse(call.body, may_be_empty=True)
        self._meet(Point.BEFORE_ACCEPT, call)
        contents = [world.account_item(self.account_id, self._began(call))]
        self._meet(Point.AFTER_ACCEPT, call)
        return {"success": True, "total": len(contents), "contents": contents}

    def _workspace_name(self, workspace_id: str) -> str:
        if workspace_id in self._names:
            return self._names[workspace_id]
        if self._names or not _WELL_FORMED.fullmatch(workspace_id):
            raise NoSuchElementError
        return open_workspace_name(workspace_id)

    def _began(self, call: Call) -> int:
        """Return when this world began; now, as long as nothing was submitted to it."""
        return int(self._store.fact("began") or call.now_ms)

    def _find(self, app_id: str, call: Call) -> tuple[world.Row, dict[str, Any]]:
        found = self._store.find(app_id, call.real_ms)
        if found is None:
            raise NoSuchElementError
        return found

    def _check_account(self, account: str) -> None:
        if account != self.account_id:
            raise NoSuchElementError

    def _meet(self, point: Point, call: Call) -> None:
        answer = self._faults.meet(point, call.operation, call.now)
        if answer is not None:
            raise InsteadError(answer)
