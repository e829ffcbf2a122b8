"""A local Data Forest for tests, talked to through its face with requests that are signed here."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from dfsubmit.local.face import Face
from dfsubmit.local.settings import LocalSettings
from dfsubmit.local.signature import signature

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dfsubmit.local.faults import Answer, Faults

_T = TypeVar("_T")

SUBMIT = "/api/v2/aiapps/submit"
LIST = "/api/v2/aiapps/getList"
DETAIL = "/api/v2/aiapps/getDetail"
KILL = "/api/v2/aiapps/kill"
WORKSPACES = "/api/v2/aiworkspaces/getList"
ACCOUNTS = "/api/v2/accounts/getList"

# A workspace that the worlds of these tests have no folder for.
OPEN = "WorkspaceExample000001"
NOON = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
# Seconds for what takes a fraction of one on an idle machine.
PATIENCE = 60.0


def body(command: str = "true", **changes: Any) -> dict[str, Any]:
    """Return a submit body that runs `command`; `changes` replace its top-level members."""
    return {
        "aiWorkspaceId": OPEN,
        "namePrefix": "test",
        "queueName": "gpu",
        "data": {"input": [], "output": []},
        "docker": {"image": "example:1", "command": command},
        "resource": {"cpuCount": 1, "gpuCount": 1, "gpuModel": "V100", "memoryMb": 1024},
        **changes,
    }


def signed(
    settings: LocalSettings, target: str, *, method: str = "POST", now: datetime | None = None, **changes: str
) -> dict[str, str]:
    """Return the headers of a right request; `changes` replace one by its name with underscores."""
    stamp = str(round((now or datetime.now(UTC)).timestamp() * 1000))
    headers = {
        "host": "localhost",
        "content-type": "application/json",
        "x-ncp-apigw-timestamp": stamp,
        "x-ncp-iam-access-key": settings.access_key,
        "x-ncp-apigw-signature-v2": signature(method, target, stamp, settings.access_key, settings.secret_key),
    }
    return headers | {name.replace("_", "-"): value for name, value in changes.items()}


def until(look: Callable[[], _T], *, seconds: float = PATIENCE) -> _T:
    """Return what `look` returns as soon as that is true; fail when it never is."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"still {seen!r}"
        time.sleep(0.03)
    return seen


@dataclass(kw_only=True)
class World:
    """One local Data Forest."""

    settings: LocalSettings
    face: Face
    now: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def __del__(self) -> None:
        """Close the world's file: Python 3.13 and later complain of a database that is not."""
        self.face.close()

    def post(self, target: str, value: object) -> Answer:
        """Send a right request with `value` as its JSON body."""
        headers = {**signed(self.settings, target, now=self.now), **self.headers}
        return self.face.answer("POST", target, headers, json.dumps(value).encode(), self.now)

    def ask(self, target: str, value: object) -> dict[str, Any]:
        """Send a right request and return the answer, which must be a success."""
        answer = self.post(target, value)
        assert answer.status == 200, answer.body
        return decoded(answer)

    def submit(self, command: str = "true", **changes: Any) -> str:
        """Submit an app and return its id."""
        return str(self.ask(SUBMIT, body(command, **changes))["id"])

    def apps(self) -> list[dict[str, Any]]:
        """Return the list of all apps."""
        contents: list[dict[str, Any]] = self.ask(LIST, {"search": {"accountId": self.face.account_id}})["contents"]
        return contents

    def detail(self, app_id: str) -> dict[str, Any]:
        """Return one app."""
        return self.ask(DETAIL, {"id": app_id})

    def kill(self, app_id: str) -> dict[str, Any]:
        """Kill an app."""
        return self.ask(KILL, {"id": app_id})

    def state(self, app_id: str) -> str:
        """Return `state/finalStatus` of an app."""
        detail = self.detail(app_id)
        return f"{detail['state']}/{detail['finalStatus']}"

    def end(self, app_id: str) -> str:
        """Wait until an app has ended and return `state/finalStatus`."""
        return until(lambda: None if self.state(app_id).endswith("UNDEFINED") else self.state(app_id)) or ""

    def runs(self, app_id: str) -> bool:
        """Tell whether an app runs."""
        return self.state(app_id) == "RUNNING/UNDEFINED"

    def log(self, app_id: str) -> str:
        """Return an app's log as its container's link gives it."""
        (container,) = self.detail(app_id)["containers"].values()
        target = str(container["logUrl"]).removeprefix("http://localhost")
        answer = self.face.answer("GET", target, {"host": "localhost"}, b"")
        assert answer.status == 200
        return answer.body.decode()

    def query(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        """Look into, or change, the world's file behind its back."""
        with closing(sqlite3.connect(self.settings.home / "world.db", timeout=10, isolation_level=None)) as db:
            return db.execute(text, values).fetchall()


def decoded(answer: Answer) -> dict[str, Any]:
    """Return an answer's JSON."""
    value: dict[str, Any] = json.loads(answer.body)
    return value


def make(
    folder: Path,
    *,
    faults: Faults | None = None,
    pump: bool = True,
    now: datetime | None = None,
    **changes: Any,
) -> World:
    """Return a new world in `folder`; `changes` go into its settings, `now` stops its clock."""
    settings = LocalSettings(**{"home": folder / "local", "hdfs": folder / "hdfs", **changes})
    face = Face(settings, rng=random.Random(7) if now else None, faults=faults, pump=pump)
    return World(settings=settings, face=face, now=now)


linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


def supervisors(app_id: str) -> list[int]:
    """Return the processes that supervise an app."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                if words[1:3] == [b"-m", b"dfsubmit.local.runner"] and app_id.encode() in words:
                    found.append(int(folder.name))
    return found
