"""The HTTP face of the embedded Data Forest: (method, target, headers, body, now) → Answer.

It knows no sockets; `server` and `transport` bring requests here. Checks come in the order of the API facts: headers,
clock and signature (gateway, 401), path (gateway, 404), body (service, 400), ownership (service, 404). Choices where the
documents are silent: a method other than POST is an unknown path; the media type must be JSON, and may be left out except
for accounts/getList, which demands it; logs are read with GET and without a key, like links that a browser follows.
"""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from dfsubmit.local import bodies, logs, world
from dfsubmit.local.faults import Answer, NoFaults, Operation, Point
from dfsubmit.local.pump import Pump
from dfsubmit.local.service import Call, InsteadError, NoSuchElementError, Service
from dfsubmit.local.signature import refusal
from dfsubmit.local.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dfsubmit.local.faults import Faults
    from dfsubmit.local.settings import LocalSettings

# The largest request that the gateway lets through, in bytes.
MAX_BODY = 1 << 20

_JSON = ("Content-Type", "application/json;charset=UTF-8")
_LOGS = "/logs/"

OPERATIONS: Mapping[str, Operation] = {
    "/api/v2/aiapps/submit": Operation.SUBMIT,
    "/api/v2/aiapps/getList": Operation.LIST,
    "/api/v2/aiapps/getDetail": Operation.DETAIL,
    "/api/v2/aiapps/kill": Operation.KILL,
    "/api/v2/aiworkspaces/getList": Operation.WORKSPACES,
    "/api/v2/accounts/getList": Operation.ACCOUNTS,
}


class Face:
    """One embedded service. Called from several threads.

    `clock` and `rng` are its only sources of time and randomness. With `pump` False apps stay in their queue, which is
    what a simulation on a virtual clock wants.
    """

    def __init__(
        self,
        settings: LocalSettings,
        *,
        clock: Callable[[], datetime] | None = None,
        rng: random.Random | None = None,
        faults: Faults | None = None,
        pump: bool = True,
    ) -> None:
        self.settings = settings
        self.store = Store(settings.home)
        self._pump = Pump(self.store, settings) if pump else None
        self._clock = clock or _system_clock
        self._rng = rng or random.SystemRandom()
        self._faults: Faults = faults or NoFaults()
        self._service = Service(settings, store=self.store, rng=self._rng, faults=self._faults, pump=self)

    @property
    def account_id(self) -> str:
        """Return the id of the only account."""
        return self._service.account_id

    def close(self) -> None:
        """Let go of the world's file. Apps go on."""
        self.store.close()

    def turn(self, queue: str | None = None) -> None:
        """Settle apps whose supervisor died and start what has a free slot; in one queue, or in all.

        When that cannot be done now, the next turn does it: a submit that was accepted is answered as such.
        """
        if self._pump is not None:
            with contextlib.suppress(sqlite3.Error, OSError):
                self._pump.turn(queue)

    def settle(self) -> None:
        """Settle apps whose supervisor died, and start nothing."""
        if self._pump is not None:
            with contextlib.suppress(sqlite3.Error, OSError):
                self._pump.settle()

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, now: datetime | None = None
    ) -> Answer:
        """Return the answer to one request. Header names are lower case; `target` is as transmitted."""
        real = now or self._clock()
        shown = self._faults.clock(real)
        path = target.partition("?")[0]
        operation = _operation(method, path)
        answer = self._faults.meet(Point.BEFORE_AUTH, operation, shown)
        if answer is None and operation is Operation.LOG:
            answer = logs.answer(self.settings.home, path.removeprefix(_LOGS), headers.get("range", ""))
        if answer is None:
            answer = self._refusal(method, target, operation, headers, shown)
        if answer is None:
            base = f"http://{headers.get('host', 'localhost')}"
            call = Call(operation=operation, body=body, now=shown, real_ms=world.to_ms(real), base=base)
            answer = self._served(call, headers)
        return self._faults.deliver(operation, _dated(answer, shown), shown)

    def gateway_error(self, status: int, code: str, message: str, details: str) -> Answer:
        """Return an error in the gateway's envelope."""
        error = {"error": {"errorCode": code, "message": message, "details": details}}
        return _json_answer(status, error, ("x-ncp-trace-id", f"{self._rng.getrandbits(128):032x}"))

    def too_large(self) -> Answer:
        """Return the gateway's answer to a request that is too large."""
        answer = self.gateway_error(413, "430", "Request Entity Too Large", "The body is larger than 1 MiB.")
        return _dated(answer, self._faults.clock(self._clock()))

    def bad_request(self, details: str) -> Answer:
        """Return the gateway's answer to what is not a proper HTTP request."""
        answer = self.gateway_error(400, "100", "Bad Request Exception", details)
        return _dated(answer, self._faults.clock(self._clock()))

    def _refusal(
        self, method: str, target: str, operation: Operation, headers: Mapping[str, str], now: datetime
    ) -> Answer | None:
        """Return what the gateway answers in place of the service, or None."""
        details = refusal(
            method,
            target,
            headers,
            access_key=self.settings.access_key,
            secret_key=self.settings.secret_key,
            now_ms=world.to_ms(now),
        )
        if details is not None:
            return self.gateway_error(401, "200", "Authentication Failed", details)
        if operation in {Operation.OTHER, Operation.LOG}:
            return self.gateway_error(404, "300", "Not Found Exception", "URL not found.")
        return None

    def _served(self, call: Call, headers: Mapping[str, str]) -> Answer:
        try:
            _check_media_type(call.operation, headers)
            return _json_answer(200, self._service.perform(call))
        except bodies.InvalidRequestError as error:
            # The reason is ours, so it stays out of the documented body.
            return _failure(400, "invalid request parameters", ("x-dfsubmit-reason", str(error)))
        except NoSuchElementError:
            return _failure(404, "no such element")
        except InsteadError as instead:
            return instead.answer
        except (sqlite3.Error, OSError) as error:
            return _failure(500, f"unexpected error: {self.settings.home}: {error}")


def _operation(method: str, path: str) -> Operation:
    if method == "GET" and path.startswith(_LOGS):
        return Operation.LOG
    return OPERATIONS.get(path, Operation.OTHER) if method == "POST" else Operation.OTHER


def _check_media_type(operation: Operation, headers: Mapping[str, str]) -> None:
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != "application/json" and (given or operation is Operation.ACCOUNTS):
        raise bodies.InvalidRequestError("Content-Type must be application/json")


def _dated(answer: Answer, now: datetime) -> Answer:
    """Return `answer` with the date that the service takes it to be."""
    date = ("Date", format_datetime(now.astimezone(UTC), usegmt=True))
    return Answer(status=answer.status, headers=(date, *answer.headers), body=answer.body, delivery=answer.delivery)


def _json_answer(status: int, value: dict[str, Any], *headers: tuple[str, str]) -> Answer:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status=status, headers=(_JSON, *headers), body=body)


def _failure(status: int, message: str, *headers: tuple[str, str]) -> Answer:
    return _json_answer(status, {"success": False, "message": message}, *headers)


def _system_clock() -> datetime:
    return datetime.now(UTC)
