"""What may befall a submit or a list, in words that the embedded service and the simulated one both understand.

A `Weather` says what befalls the request at hand. `Rendering` makes the embedded service do it, over its fault points and its
own HTTP; `simulated` does it directly. `test_simulated` holds the two together.
"""

from __future__ import annotations

import enum
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from dfsubmit.local.faults import Acceptance, Answer, Delivery, NoFaults, Operation, Point


class Said(enum.Enum):
    """What the sender learns."""

    YES = "accepted"
    NO = "refused"
    NOTHING = "no word that proves anything"
    NOT_NOW = "throttled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What befalls one submit: how many apps start, whether later, and what is said. `hangs`: the sender waits in vain."""

    said: Said
    copies: int = 1
    late: bool = False
    hangs: bool = False


FATES: Mapping[str, Fate] = {
    "well": Fate(said=Said.YES),
    "reset before": Fate(said=Said.NOTHING, copies=0),
    "reset after": Fate(said=Said.NOTHING),
    "hang before": Fate(said=Said.NOTHING, copies=0, hangs=True),
    "hang after": Fate(said=Said.NOTHING, hangs=True),
    "half an answer": Fate(said=Said.NOTHING),
    "garbage": Fate(said=Said.NOTHING),
    "no id": Fate(said=Said.NOTHING),
    "html before": Fate(said=Said.NOTHING, copies=0),
    "gateway 503 before": Fate(said=Said.NOTHING, copies=0),
    "gateway 504 after": Fate(said=Said.NOTHING),
    "service 500 before": Fate(said=Said.NOTHING, copies=0),
    "service 500 after": Fate(said=Said.NOTHING),
    "late": Fate(said=Said.NOTHING, late=True),
    "late hang": Fate(said=Said.NOTHING, late=True, hangs=True),
    "refused": Fate(said=Said.NO, copies=0),
    "success false": Fate(said=Said.NO, copies=0),
    "quota": Fate(said=Said.NO, copies=0),
    "throttled": Fate(said=Said.NOT_NOW, copies=0),
    "twice": Fate(said=Said.YES, copies=2),
    "twice, no word": Fate(said=Said.NOTHING, copies=2),
}
TWICE = frozenset(name for name, fate in FATES.items() if fate.copies > 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a list shows: not what started less than `lag` ago, nor what stands at the places `hidden`; or it fails."""

    lag: timedelta = timedelta(0)
    hidden: frozenset[int] = frozenset()
    empty: bool = False
    fails: bool = False

    def shows(self, place: int, started: datetime, now: datetime) -> bool:
        """Tell whether the list shows the app at `place`, counted from the oldest."""
        return not self.empty and place not in self.hidden and started + self.lag <= now


CLEAR = Sight()


class Weather(Protocol):
    """What befalls the request at hand. `late` is how much later an app starts whose request was cut, in seconds."""

    late: float

    def submit(self) -> str:
        """Return the fate of the submit at hand, a name of FATES."""

    def list(self) -> Sight:
        """Return what the list at hand shows."""


@dataclass
class Forecast:
    """A weather that is known before: what befalls the next submits and lists, and good weather after that."""

    submits: deque[str] = field(default_factory=deque)
    lists: deque[Sight] = field(default_factory=deque)
    late: float = 5.0

    def submit(self) -> str:
        return self.submits.popleft() if self.submits else "well"

    def list(self) -> Sight:
        return self.lists.popleft() if self.lists else CLEAR


_JSON = (("Content-Type", "application/json"),)


def _gateway(status: int, code: str) -> Answer:
    error = {"error": {"errorCode": code, "message": "made up", "details": ""}}
    return Answer(status=status, headers=_JSON, body=json.dumps(error).encode())


def _service(status: int) -> Answer:
    return Answer(status=status, headers=_JSON, body=b'{"success": false, "message": "made up"}')


# In place of the service's answer, before anything was accepted, or after it.
_INSTEAD: Mapping[str, Answer] = {
    "html before": Answer(status=502, headers=(("Content-Type", "text/html"),), body=b"<html>Bad Gateway</html>"),
    "gateway 503 before": _gateway(503, "500"),
    "service 500 before": _service(500),
    "refused": _service(400),
    "success false": _service(200),
    "quota": _gateway(429, "400"),
    "throttled": _gateway(429, "410"),
}
_AFTER: Mapping[str, Answer] = {
    "garbage": Answer(status=200, headers=_JSON, body=b'{"success": tru'),
    "no id": Answer(status=200, headers=_JSON, body=b'{"success": true}'),
    "gateway 504 after": _gateway(504, "510"),
    "service 500 after": _service(500),
}
_CUT = Delivery(cut=0)
_HALF = Delivery(cut=60)
_HANG = Delivery(delay=1e6)


class Rendering(NoFaults):
    """The faults of the embedded service that make it do what a weather says."""

    def __init__(self, weather: Weather) -> None:
        self.weather = weather
        self._name = "well"
        self._sight = CLEAR

    def meet(self, point: Point, operation: Operation, now: datetime) -> Answer | None:
        _ = now
        if operation is Operation.LIST:
            return self._meet_list(point)
        if operation is not Operation.SUBMIT:
            return None
        if point is Point.BEFORE_AUTH:
            self._name = self.weather.submit()
        if point is Point.BEFORE_ACCEPT and FATES[self._name].copies == 0:
            return _INSTEAD.get(self._name, _service(500))
        return _AFTER.get(self._name) if point is Point.AFTER_ACCEPT else None

    def _meet_list(self, point: Point) -> Answer | None:
        # The client asks up to five times; a list that fails, fails each time.
        if point is Point.BEFORE_AUTH and not self._sight.fails:
            self._sight = self.weather.list()
        return _gateway(503, "500") if self._sight.fails else None

    def list_is_over(self) -> None:
        """Forget that the list fails: what comes next is another one."""
        self._sight = CLEAR

    def acceptance(self, now: datetime) -> Acceptance:
        _ = now
        fate = FATES[self._name]
        return Acceptance(copies=fate.copies, late=self.weather.late if fate.late else 0.0)

    def rows(self, rows: Sequence[dict[str, Any]], now: datetime) -> Sequence[dict[str, Any]]:
        sight = self._sight
        return [
            row for place, row in enumerate(rows) if sight.shows(place, datetime.fromisoformat(row["startedAt"]), now)
        ]

    def deliver(self, operation: Operation, answer: Answer, now: datetime) -> Answer:
        _ = now
        if operation is not Operation.SUBMIT:
            return answer
        fate = FATES[self._name]
        if fate.hangs:
            return replace(answer, delivery=_HANG)
        if self._name == "half an answer":
            return replace(answer, delivery=_HALF)
        silent = fate.said is Said.NOTHING and self._name not in {**_INSTEAD, **_AFTER}
        return replace(answer, delivery=_CUT) if silent else answer
