"""Builds the requests of the API and reads its answers into values. Pure: bytes and values in, values out.

Shapes are those of facts sheet, sections 5 to 7. Every operation is a POST with a JSON body, also the reads. A field that an
answer leaves out is empty, and one that nobody knows is passed over; but a list that cannot be read whole raises
EngineError, because "nothing there" is a conclusion that may start an app a second time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dfsubmit.dataforest.envelope import shown
from dfsubmit.engine import App, AppDetail, Container, Workspace
from dfsubmit.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SUBMIT = "aiapps/submit"
LIST_APPS = "aiapps/getList"
GET_APP = "aiapps/getDetail"
KILL_APP = "aiapps/kill"
LIST_WORKSPACES = "aiworkspaces/getList"
LIST_ACCOUNTS = "accounts/getList"
READ_LOG = "the log"
# The most of a log that one call returns.
LARGEST_LOG = 8 * 1024 * 1024

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CONTAINER_FIELDS = frozenset({"containerId", "component", "logUrl", "dockerImage", "cpuCount", "memoryMb", "status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request. `operation` is its path below the base URL; `hidden` are the secrets that its body holds.

    A `url` stands in place of the operation's own, and is got rather than posted to.
    """

    operation: str
    body: bytes = field(default=b"", repr=False)
    hidden: tuple[str, ...] = field(default=(), repr=False)
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """Return GET for a URL, POST for an operation."""
        return "GET" if self.url else "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A Data Forest account; a disabled one is visible, but these keys may not use it."""

    id: str
    name: str = ""
    disabled: bool = False


def submit_request(body: Mapping[str, Any]) -> Request:
    """Return the request that submits `body`, whose secrets are resolved. Raises ValueError when it is not JSON in UTF-8."""
    docker = body.get("docker")
    env = docker.get("env") if isinstance(docker, dict) else None
    values = env.values() if isinstance(env, dict) else ()
    hidden = tuple(value for value in values if isinstance(value, str))
    return Request(operation=SUBMIT, body=_encoded(body), hidden=hidden)


def list_request(operation: str, account_id: str) -> Request:
    """Return the request for what an account has: LIST_APPS or LIST_WORKSPACES."""
    return Request(operation=operation, body=_encoded({"search": {"accountId": account_id}}))


def id_request(operation: str, app_id: str) -> Request:
    """Return the request that concerns one app: GET_APP or KILL_APP."""
    return Request(operation=operation, body=_encoded({"id": app_id}))


def accounts_request() -> Request:
    """Return the request for the accounts that the keys can see; it has nothing to say but must be JSON."""
    return Request(operation=LIST_ACCOUNTS, body=b"{}")


def log_request(url: str, offset: int) -> Request:
    """Return the request for a piece of the log at `url`, from `offset` (bytes) on; below zero, for its last bytes."""
    if offset < 0:
        return Request(operation=READ_LOG, url=url, headers={"Range": f"bytes={offset}"})
    last = offset + LARGEST_LOG - 1
    return Request(operation=READ_LOG, url=url, headers={"Range": f"bytes={offset}-{last}"})


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def parse_time(value: Any) -> datetime | None:
    """Return the instant that a timestamp of the API names, in UTC; None for "not yet", which is written as the epoch.

    Seen are milliseconds with `+09:00` or `Z`, and seconds with `+09:00`. A time without a zone names no instant.
    """
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
        if instant is None or instant.tzinfo is None:
            return None
        instant = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None if instant == _EPOCH else instant


def parse_app(entry: Mapping[str, Any], *, app_id: str = "") -> App:
    """Return one app of an answer; `app_id` is what it was asked for by, should the answer not repeat it."""
    return App(
        id=_text(entry.get("id")) or app_id,
        name=_text(entry.get("name")),
        queue=_text(entry.get("queueName")),
        workspace=_text(entry.get("workspaceName")),
        state=_text(entry.get("state")),
        final_status=_text(entry.get("finalStatus")),
        started_at=parse_time(entry.get("startedAt")),
        finished_at=parse_time(entry.get("finishedAt")),
        yarn_id=_text(entry.get("appId")),
    )


def parse_apps(answer: Mapping[str, Any]) -> tuple[App, ...]:
    """Return the apps of a list. Raises EngineError when it cannot be read whole."""
    return tuple(parse_app(entry) for entry in _contents(answer, LIST_APPS))


def parse_workspaces(answer: Mapping[str, Any]) -> tuple[Workspace, ...]:
    """Return the workspaces of a list. Raises EngineError when it cannot be read whole."""
    entries = _contents(answer, LIST_WORKSPACES)
    return tuple(Workspace(id=_text(entry["id"]), name=_text(entry.get("name"))) for entry in entries)


def parse_accounts(answer: Mapping[str, Any]) -> tuple[Account, ...]:
    """Return the accounts of a list. Raises EngineError when it cannot be read whole."""
    return tuple(
        Account(id=_text(entry["id"]), name=_text(entry.get("name")), disabled=entry.get("disabled") is True)
        for entry in _contents(answer, LIST_ACCOUNTS)
    )


def choose_account(accounts: Sequence[Account], wanted: str) -> str:
    """Return the id of the account that is `wanted` by id or else by name, or of the only one that these keys may use.

    Raises EngineError that lists the accounts when there is none, or no telling which.
    """
    usable = [account for account in accounts if not account.disabled]
    fitting = [one for one in accounts if one.id == wanted] or [one for one in accounts if one.name == wanted]
    chosen = fitting if wanted else usable
    if len(chosen) == 1 and not chosen[0].disabled:
        return chosen[0].id
    listed = ", ".join(f"{shown(account.name)} ({shown(account.id)})" for account in usable[:20]) or "none"
    if wanted and chosen and chosen[0].disabled:
        raise EngineError(f"these keys may not use the account {wanted!r}", tip=f"accounts they may use: {listed}")
    if wanted:
        raise EngineError(
            f"there is no account {wanted!r}",
            tip=f"accounts that these keys may use: {listed}; write one into the Project as spec.engine.account",
        )
    if not usable:
        raise EngineError(
            "these keys may use no Data Forest account", tip="create one in the console, or use other keys"
        )
    raise EngineError(
        f"these keys may use {len(usable)} accounts: {listed}",
        tip=f"write one into the Project as spec.engine.account, for instance `account: {shown(usable[0].name)}`",
    )


def parse_detail(answer: Mapping[str, Any], app_id: str) -> AppDetail:
    """Return one app with its containers. Raises EngineError when the answer is about another app, or about none."""
    _check_success(answer, GET_APP)
    named = _text(answer.get("id"))
    if named and named != app_id:
        raise _unreadable(GET_APP, "it is about another app")
    if not named and "state" not in answer:
        raise _unreadable(GET_APP, "it shows no app")
    return AppDetail(app=parse_app(answer, app_id=app_id), containers=_containers(answer.get("containers")))


def check_kill(answer: Mapping[str, Any]) -> None:
    """Raise EngineError unless the answer says that the kill was taken."""
    _check_success(answer, KILL_APP)
    if answer.get("success") is not True:
        raise _unreadable(KILL_APP, "it does not say whether the kill was taken")


def _containers(value: Any) -> tuple[Container, ...]:
    """Return the containers of a map by name, or of a list, or a single one: the documents do not agree."""
    if isinstance(value, dict) and _CONTAINER_FIELDS & value.keys():
        return (_container("", value),)
    entries = (
        value.items() if isinstance(value, dict) else [("", one) for one in value] if isinstance(value, list) else ()
    )
    return tuple(_container(name, entry) for name, entry in entries if isinstance(entry, dict))


def _container(name: str, entry: Mapping[str, Any]) -> Container:
    return Container(
        id=_text(entry.get("containerId")) or _text(name),
        component=_text(entry.get("component")),
        image=_text(entry.get("dockerImage")),
        cpu_count=_number(entry.get("cpuCount")),
        memory_mb=_number(entry.get("memoryMb")),
        log_url=_text(entry.get("logUrl") or entry.get("logurl")),
        status=_text(entry.get("status") or entry.get("Status")),
    )


def _contents(answer: Mapping[str, Any], operation: str) -> Sequence[Mapping[str, Any]]:
    """Return the entries of a list, each an object with an id, each id once."""
    _check_success(answer, operation)
    contents = answer.get("contents")
    if not isinstance(contents, list):
        raise _unreadable(operation, "it holds no list `contents`")
    total = _number(answer.get("total"))
    if total is not None and total > len(contents):
        raise _unreadable(operation, f"it shows {len(contents)} of {total} entries")
    entries: dict[str, Mapping[str, Any]] = {}
    for number, entry in enumerate(contents, start=1):
        if not isinstance(entry, dict) or not _text(entry.get("id")).strip():
            raise _unreadable(operation, f"entry {number} of {len(contents)} has no id")
        entries.setdefault(_text(entry["id"]), entry)
    return list(entries.values())


def _check_success(answer: Mapping[str, Any], operation: str) -> None:
    if answer.get("success", True) is not True:
        raise EngineError(f"{operation} failed: {shown(_text(answer.get('message'))) or 'no explanation'}")


def _unreadable(operation: str, why: str) -> EngineError:
    return EngineError(
        f"the answer to {operation} cannot be used: {why}", tip="try again; if it stays so, the service has changed"
    )


def _text(value: Any) -> str:
    """Return a string of the server as it is, except that halves of surrogate pairs, which no file can hold, become `?`."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len("999999999"):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
