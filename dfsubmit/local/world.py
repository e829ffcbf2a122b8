"""The embedded Data Forest as values: apps, their life as a table, their names and ids, and how they are shown.

Pure: clock and randomness come in as parameters, nothing is read or written. `store` keeps these values, `bodies`
reads requests, `face` answers them. Answers follow the API facts field for field; what no document says is marked
as a choice.

    queued ──claim──▶ claimed ──register──▶ staging ──begin──▶ running ──succeed/fail──▶ finished
      ▲                 │                      │                  └─────die──▶ failed
      └─────release─────┴──────────────────────┘          kill, from anywhere ──▶ killed

Queued, claimed and staging apps show as ACCEPTED. An app may be released, which means started again, only before
`begin`, because only then it is certain that its command has not run.
"""

from __future__ import annotations

import enum
import functools
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_SIZE = 22
_TAIL = "0123456789abcdefghijklmnopqrstuvwxyz"
_KST = timezone(timedelta(hours=9))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# "Not finished" is epoch 0 in Korea, without milliseconds, as the documents print it.
NOT_FINISHED = "1970-01-01T09:00:00+09:00"
ACCOUNT_NAME = "local"


class Phase(enum.Enum):
    """Where an app is in its life; finer than the states that the API shows."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    STAGING = "staging"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    UNSUCCESSFUL = "unsuccessful"
    FAILED = "failed"
    KILLED = "killed"


class Event(enum.Enum):
    """What may happen to an app."""

    CLAIM = "claim"
    RELEASE = "release"
    REGISTER = "register"
    BEGIN = "begin"
    SUCCEED = "succeed"
    FAIL = "fail"
    DIE = "die"
    KILL = "kill"


STEPS: Mapping[tuple[Phase, Event], Phase] = {
    (Phase.QUEUED, Event.CLAIM): Phase.CLAIMED,
    (Phase.QUEUED, Event.KILL): Phase.KILLED,
    (Phase.CLAIMED, Event.RELEASE): Phase.QUEUED,
    (Phase.CLAIMED, Event.REGISTER): Phase.STAGING,
    (Phase.CLAIMED, Event.DIE): Phase.FAILED,
    (Phase.CLAIMED, Event.KILL): Phase.KILLED,
    (Phase.STAGING, Event.RELEASE): Phase.QUEUED,
    (Phase.STAGING, Event.BEGIN): Phase.RUNNING,
    (Phase.STAGING, Event.FAIL): Phase.UNSUCCESSFUL,
    (Phase.STAGING, Event.DIE): Phase.FAILED,
    (Phase.STAGING, Event.KILL): Phase.KILLED,
    (Phase.RUNNING, Event.SUCCEED): Phase.SUCCEEDED,
    (Phase.RUNNING, Event.FAIL): Phase.UNSUCCESSFUL,
    (Phase.RUNNING, Event.DIE): Phase.FAILED,
    (Phase.RUNNING, Event.KILL): Phase.KILLED,
}

# What the API shows for each phase: YARN's state and final status (API facts, section 9).
SHOWN: Mapping[Phase, tuple[str, str]] = {
    Phase.QUEUED: ("ACCEPTED", "UNDEFINED"),
    Phase.CLAIMED: ("ACCEPTED", "UNDEFINED"),
    Phase.STAGING: ("ACCEPTED", "UNDEFINED"),
    Phase.RUNNING: ("RUNNING", "UNDEFINED"),
    Phase.SUCCEEDED: ("FINISHED", "SUCCEEDED"),
    Phase.UNSUCCESSFUL: ("FINISHED", "FAILED"),
    Phase.FAILED: ("FAILED", "FAILED"),
    Phase.KILLED: ("KILLED", "KILLED"),
}

WAITING = frozenset({Phase.QUEUED, Phase.CLAIMED, Phase.STAGING})
TERMINAL = frozenset({Phase.SUCCEEDED, Phase.UNSUCCESSFUL, Phase.FAILED, Phase.KILLED})


class CannotRunError(Exception):
    """An app cannot be run as it was asked for; the text says why, for the app's log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Something to copy between HDFS and an app's folder, in either direction."""

    hdfs: str
    path: str
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submit request that was found right. Ports, GPU count and model are checked, and mean nothing here."""

    workspace_id: str
    name_prefix: str
    queue: str
    inputs: tuple[Transfer, ...]
    outputs: tuple[Transfer, ...]
    image: str
    command: str
    args: str
    # Values may be secrets: never stored with the rest, never shown.
    env: Mapping[str, str]
    cpu_count: int
    memory_mb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One app as the list shows it. Times are milliseconds since 1970; `finished_ms` and `container_ms` 0 mean never."""

    seq: int
    id: str
    name: str
    queue: str
    workspace_id: str
    workspace_name: str
    phase: Phase
    started_ms: int
    finished_ms: int
    modified_ms: int
    container_ms: int


def ended_as(phase: Phase) -> str:
    """Return the words for an app's end that its log closes with."""
    return f"ended as {'/'.join(SHOWN[phase])}"


def to_ms(moment: datetime) -> int:
    """Return an aware datetime as milliseconds since 1970, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def kst(moment_ms: int) -> str:
    """Return a time as the API writes it: Korean time with milliseconds."""
    second, rest = divmod(moment_ms, 1000)
    return f"{_kst_second(second)}.{rest:03d}+09:00"


@functools.cache
def _kst_second(second: int) -> str:
    """Return the second's date and time; a long list has few of them."""
    return datetime.fromtimestamp(second, _KST).strftime("%Y-%m-%dT%H:%M:%S")


def account_id(home_name: str) -> str:
    """Return the id of the only account, which follows from the name of the engine's folder."""
    number = int.from_bytes(hashlib.sha256(b"dfsubmit local account\n" + home_name.encode()).digest())
    return "".join(BASE62[number // 62**place % 62] for place in range(ID_SIZE))


def new_id(rng: random.Random) -> str:
    """Return an id as the service makes them: 22 characters of base62."""
    return "".join(rng.choices(BASE62, k=ID_SIZE))


def new_name(prefix: str, rng: random.Random) -> str:
    """Return `<prefix>-xxxx-xxxx`."""
    return f"{prefix}-{''.join(rng.choices(_TAIL, k=4))}-{''.join(rng.choices(_TAIL, k=4))}"


def container_id(app_id: str) -> str:
    """Return the id of an app's only container. A choice: it cannot be guessed, because logs are read without a key."""
    return f"container_{app_id}_000001"


def submit_answer(row: Row) -> dict[str, Any]:
    """Return the answer to a submit. It has no `appId`, as documented."""
    state, final = SHOWN[row.phase]
    return {
        "success": True,
        "id": row.id,
        "accountName": ACCOUNT_NAME,
        "name": row.name,
        "queueName": row.queue,
        "startedAt": kst(row.started_ms),
        "finishedAt": _finished(row),
        "elapsedMillis": 0,
        "state": state,
        "finalStatus": final,
    }


def list_item(row: Row, world_ms: int) -> dict[str, Any]:
    """Return an app as getList shows it; `world_ms` is when this world began, which is part of a YARN id."""
    state, final = SHOWN[row.phase]
    item: dict[str, Any] = {"id": row.id}
    if row.container_ms:
        item["appId"] = yarn_id(row, world_ms)
    item |= {
        "name": row.name,
        "accountName": ACCOUNT_NAME,
        "queueName": row.queue,
        "workspaceName": row.workspace_name,
        "state": state,
        "finalStatus": final,
        "startedAt": kst(row.started_ms),
        "finishedAt": _finished(row),
        "modifiedAt": kst(row.modified_ms),
        "disabled": False,
    }
    return item


def detail_answer(row: Row, spec: Mapping[str, Any], *, now_ms: int, world_ms: int, base: str) -> dict[str, Any]:
    """Return the answer to getDetail. `containers` is a map by container id (a choice), there once the app runs."""
    state, final = SHOWN[row.phase]
    answer: dict[str, Any] = {"success": True, "accountName": ACCOUNT_NAME, "id": row.id}
    if row.container_ms:
        answer["appId"] = yarn_id(row, world_ms)
    answer |= {
        "name": row.name,
        "queueName": row.queue,
        "startedAt": kst(row.started_ms),
        "finishedAt": _finished(row),
        "elapsedMillis": max(0, (row.finished_ms or now_ms) - row.started_ms),
        "state": state,
        "finalStatus": final,
    }
    if row.container_ms and row.phase not in WAITING:
        container = container_id(row.id)
        answer["containers"] = {
            container: {
                "containerId": container,
                "component": "app",
                "createdAt": kst(row.container_ms),
                "logUrl": f"{base}/logs/{container}",
                "cpuCount": spec["cpuCount"],
                "dockerImage": spec["image"],
                "memoryMb": spec["memoryMb"],
                "status": "RUNNING" if row.phase is Phase.RUNNING else final,
            }
        }
    return answer


def yarn_id(row: Row, world_ms: int) -> str:
    """Return the YARN application id: `application_<ms>_<4 digits or more>`."""
    return f"application_{world_ms}_{row.seq:04d}"


def _finished(row: Row) -> str:
    return kst(row.finished_ms) if row.finished_ms else NOT_FINISHED


def workspace_item(workspace_id: str, name: str, began_ms: int) -> dict[str, Any]:
    """Return a workspace as aiworkspaces/getList shows it."""
    return {
        "id": workspace_id,
        "name": name,
        "accountName": ACCOUNT_NAME,
        "description": "",
        "imageVersion": "local",
        "createdAt": kst(began_ms),
        "modifiedAt": kst(began_ms),
        "disabled": False,
    }


def account_item(account: str, began_ms: int) -> dict[str, Any]:
    """Return the account as accounts/getList shows it; its sample has no milliseconds."""
    return {
        "id": account,
        "name": ACCOUNT_NAME,
        "principal": f"{ACCOUNT_NAME}@KR.DF.NAVERNCP.COM",
        "status": "RUNNING",
        "createdAt": datetime.fromtimestamp(began_ms // 1000, _KST).isoformat(),
        "disabled": False,
    }
