"""Named, seeded faults for the embedded service, so that a bad day can be rehearsed and repeated.

A fault is written `OPERATION:NAME[:PROBABILITY][:KEY=VALUE…]`, for instance `submit:lost-reply:0.2`,
`submit:late:seconds=5`, `list:lag:seconds=10`, `any:throttle:0.1:times=3`. OPERATION is submit, list, detail, kill, workspaces,
accounts, log or any. Without a probability it always strikes; `times=N` lets it strike at most N times, `skip=N` spares the
first N requests. The names stand in `NAMES`, with what each one does. At most one fault strikes a request: the first that
draws it, in the order given. The same seed and the same order of requests give the same faults.
"""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dfsubmit.errors import UsageError
from dfsubmit.local.faults import ONCE, Acceptance, Answer, Delivery, Operation, Point

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ANY = "any"
_JSON = ("Content-Type", "application/json;charset=UTF-8")
# Longer than any client waits that is not told otherwise.
_FOREVER = 3600.0
_HALF = 40
_LATE, _LAG, _SKEW = 3.0, 5.0, 1200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a named fault does. `seconds` is the default of its setting; `only` the operation that it is for."""

    does: str
    before: tuple[int, str, tuple[tuple[str, str], ...]] | None = None
    after: tuple[int, str, tuple[tuple[str, str], ...]] | None = None
    cut: int | None = None
    hang: bool = False
    seconds: float = 0.0
    only: str = ""


def _gateway(
    status: int, code: str, message: str, *headers: tuple[str, str]
) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    error = {"error": {"errorCode": code, "message": message, "details": "rehearsal"}}
    return status, json.dumps(error), (_JSON, *headers)


def _service(status: int, message: str) -> tuple[int, str, tuple[tuple[str, str], ...]]:
    return status, json.dumps({"success": False, "message": message}), (_JSON,)


_HTML = (502, "<html><body><h1>502 Bad Gateway</h1></body></html>", (("Content-Type", "text/html"),))
_GARBAGE = (200, '{"success": tru', (_JSON,))

NAMES: Mapping[str, Kind] = {
    # Before the service does anything.
    "reset": Kind(does="cuts the connection before the request is carried out", before=_HTML, cut=0),
    "hang": Kind(does="never answers, and does nothing", before=_HTML, hang=True),
    "throttle": Kind(does="429 of the gateway, without Retry-After", before=_gateway(429, "410", "Throttle Limited")),
    "throttle-wait": Kind(
        does="429 of the gateway, with Retry-After: 1",
        before=_gateway(429, "420", "Rate Limited", ("Retry-After", "1")),
    ),
    "quota": Kind(does="429 of the gateway, quota exceeded", before=_gateway(429, "400", "Quota Exceeded")),
    "gateway-500": Kind(does="500 of the gateway, nothing done", before=_gateway(500, "900", "Unexpected Error")),
    "gateway-503": Kind(does="503 of the gateway, nothing done", before=_gateway(503, "500", "Endpoint Error")),
    "gateway-504": Kind(does="504 of the gateway, nothing done", before=_gateway(504, "510", "Endpoint Timeout")),
    "service-500": Kind(does="500 of the service, nothing done", before=_service(500, "unexpected error")),
    "refuse": Kind(
        does="200 with success:false, nothing done", before=_service(200, "exceeded limit on resource quota")
    ),
    "html": Kind(does="an HTML page of some proxy, nothing done", before=_HTML),
    "garbage": Kind(does="200 with half a JSON text, nothing done", before=_GARBAGE),
    "forbidden": Kind(does="403 of the service, nothing done", before=_service(403, "not allowed to access")),
    # After the service has done it.
    "lost-reply": Kind(does="carries the request out, then cuts the connection", cut=0),
    "half-reply": Kind(does="carries the request out, then cuts its answer short", cut=_HALF),
    "hang-reply": Kind(does="carries the request out, and never answers", hang=True),
    "html-reply": Kind(does="carries the request out, and answers with an HTML page", after=_HTML),
    "garbage-reply": Kind(does="carries the request out, and answers with half a JSON text", after=_GARBAGE),
    "gateway-500-reply": Kind(
        does="carries the request out, and answers 500", after=_gateway(500, "900", "Unexpected Error")
    ),
    "gateway-503-reply": Kind(
        does="carries the request out, and answers 503", after=_gateway(503, "500", "Endpoint Error")
    ),
    "gateway-504-reply": Kind(
        does="carries the request out, and answers 504", after=_gateway(504, "510", "Endpoint Timeout")
    ),
    "service-500-reply": Kind(does="carries the request out, and answers 500", after=_service(500, "unexpected error")),
    "no-id": Kind(does="carries the request out, and answers without an id", after=(200, '{"success":true}', (_JSON,))),
    "late": Kind(
        does="cuts the connection; the request is carried out seconds later", cut=0, seconds=_LATE, only="submit"
    ),
    "twice": Kind(does="carries the submit out twice, and answers once", only="submit"),
    "twice-lost": Kind(does="carries the submit out twice, and cuts the connection", cut=0, only="submit"),
    # What a list shows.
    "lag": Kind(does="a list without the apps of the last seconds", seconds=_LAG, only="list"),
    "empty": Kind(does="a list without any app", only="list"),
    "short": Kind(does="a list without half of its apps", only="list"),
    # The service's clock, for every request.
    "clock-ahead": Kind(does="the service's clock is ahead", seconds=_SKEW, only=ANY),
    "clock-behind": Kind(does="the service's clock is behind", seconds=_SKEW, only=ANY),
}
_CLOCKS = {"clock-ahead": 1, "clock-behind": -1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault as it was asked for."""

    operation: str
    name: str
    probability: float = 1.0
    seconds: float = 0.0
    times: int | None = None
    skip: int = 0

    @property
    def kind(self) -> Kind:
        """Return what the fault does."""
        return NAMES[self.name]


def parse_fault(text: str) -> Fault:
    """Return the fault that `text` names. Raises UsageError that says what can be written."""
    parts = text.strip().split(":")
    operation, name, *rest = [*parts, ""] if len(parts) == 1 else parts
    known = {one.value for one in Operation if one is not Operation.OTHER} | {ANY}
    if operation not in known:
        raise UsageError(
            f"'{text}' names no operation", tip=f"begin with one of {', '.join(sorted(known))}, and a colon"
        )
    if name not in NAMES:
        raise UsageError(f"'{text}' names no fault", tip=f"the faults are {', '.join(NAMES)}")
    if NAMES[name].only not in ("", operation):
        raise UsageError(f"'{text}': {name} is a fault of {NAMES[name].only}", tip=f"write {NAMES[name].only}:{name}")
    fault = Fault(operation=operation, name=name, seconds=NAMES[name].seconds)
    for part in rest:
        fault = _with(fault, part, text)
    return fault


def _with(fault: Fault, part: str, text: str) -> Fault:
    key, equals, value = part.partition("=")
    try:
        if not equals:
            probability = float(part)
            if 0 <= probability <= 1:
                return replace(fault, probability=probability)
        elif key == "seconds" and 0 <= float(value) <= _FOREVER:
            return replace(fault, seconds=float(value))
        elif key in ("times", "skip") and int(value) >= 0:
            return replace(fault, times=int(value)) if key == "times" else replace(fault, skip=int(value))
    except ValueError:
        pass
    raise UsageError(
        f"'{text}': '{part}' makes no sense", tip="write a probability from 0 to 1, or seconds=N, times=N or skip=N"
    )


def parse_scenario(text: str, path: str) -> tuple[list[Fault], int | None]:
    """Return the faults of the scenario file `path`, one a line, and its `seed=N`; `#` begins a comment.

    Raises UsageError that names the line.
    """
    faults, seed = [], None
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].strip()
        if words.startswith("seed=") and words.removeprefix("seed=").isdecimal():
            seed = int(words.removeprefix("seed="))
        elif words:
            try:
                faults.append(parse_fault(words))
            except UsageError as error:
                raise UsageError(f"{path}:{number}: {error.message}", tip=error.tip) from error
    return faults, seed


class Rehearsal:
    """A `Faults` that strikes as it was told; safe for several threads."""

    def __init__(self, faults: Sequence[Fault], *, seed: int = 0) -> None:
        self._faults = tuple(faults)
        self._rng = random.Random(seed)  # noqa: S311  # repeatable on purpose
        self._lock = threading.Lock()
        self._seen = [0] * len(self._faults)
        self._struck = [0] * len(self._faults)
        self._now = threading.local()
        self._clock = sum(_CLOCKS[fault.name] * fault.seconds for fault in self._faults if fault.name in _CLOCKS)

    @property
    def struck(self) -> dict[str, int]:
        """Return how often each fault has struck, by how it was written."""
        with self._lock:
            return {f"{one.operation}:{one.name}": count for one, count in zip(self._faults, self._struck, strict=True)}

    def clock(self, now: datetime) -> datetime:
        """Return the service's clock."""
        return now + timedelta(seconds=self._clock)

    def meet(self, point: Point, operation: Operation, now: datetime) -> Answer | None:
        """Draw the request's fault when it comes in, and answer in the service's place where the fault says so."""
        _ = now
        if point is Point.BEFORE_AUTH:
            self._now.fault = self._draw(operation)
        fault = self._current()
        if fault is None:
            return None
        if point is Point.BEFORE_ACCEPT and fault.kind.before is not None:
            return _answer(fault.kind.before)
        if point is Point.AFTER_ACCEPT and fault.kind.after is not None:
            return _answer(fault.kind.after)
        return None

    def acceptance(self, now: datetime) -> Acceptance:
        """Return how the submit at hand is accepted."""
        _ = now
        fault = self._current()
        if fault is None:
            return ONCE
        return Acceptance(
            copies=2 if fault.name.startswith("twice") else 1, late=fault.seconds if fault.name == "late" else 0
        )

    def rows(self, rows: Sequence[dict[str, Any]], now: datetime) -> Sequence[dict[str, Any]]:
        """Return the apps that the list at hand shows."""
        fault = self._current()
        match fault.name if fault else "":
            case "empty":
                return []
            case "short":
                return rows[: len(rows) // 2]
            case "lag" if fault is not None:
                newest = now - timedelta(seconds=fault.seconds)
                return [row for row in rows if datetime.fromisoformat(row["startedAt"]) <= newest]
        return rows

    def deliver(self, operation: Operation, answer: Answer, now: datetime) -> Answer:
        """Return the answer as it travels."""
        _ = (operation, now)
        fault = self._current()
        self._now.fault = None
        if fault is None or (fault.kind.cut is None and not fault.kind.hang):
            return answer
        return replace(answer, delivery=Delivery(delay=_FOREVER if fault.kind.hang else 0.0, cut=fault.kind.cut))

    def _current(self) -> Fault | None:
        fault: Fault | None = getattr(self._now, "fault", None)
        return fault

    def _draw(self, operation: Operation) -> Fault | None:
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.name in _CLOCKS or fault.operation not in (operation.value, ANY):
                    continue
                self._seen[index] += 1
                spent = fault.times is not None and self._struck[index] >= fault.times
                if spent or self._seen[index] <= fault.skip or self._rng.random() >= fault.probability:
                    continue
                self._struck[index] += 1
                return fault
        return None


def _answer(parts: tuple[int, str, tuple[tuple[str, str], ...]]) -> Answer:
    status, body, headers = parts
    return Answer(status=status, headers=headers, body=body.encode())
