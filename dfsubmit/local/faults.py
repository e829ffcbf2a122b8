"""Where faults enter the embedded service: the points of an operation, and what may happen there.

`face` asks a `Faults` object at each point; `NoFaults`, the default, changes nothing. An answer can also say how its
bytes travel (`Delivery`): late, in part, or not at all. The HTTP server and the in-process transport carry that out,
so that a fault means the same on both roads.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Point(enum.Enum):
    """A moment in the life of one request at which something may go wrong."""

    BEFORE_AUTH = "before-auth"
    BEFORE_ACCEPT = "before-accept"
    AFTER_ACCEPT = "after-accept"


class Operation(enum.Enum):
    """What a request asks for, by the names that faults are given."""

    SUBMIT = "submit"
    LIST = "list"
    DETAIL = "detail"
    KILL = "kill"
    WORKSPACES = "workspaces"
    ACCOUNTS = "accounts"
    LOG = "log"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How an answer travels: after `delay` seconds, and cut off after `cut` bytes (headers included) when not None."""

    delay: float = 0.0
    cut: int | None = None


WHOLE = Delivery()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delivery: Delivery = WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """How often a submit is accepted, and how many seconds later each app comes into the world."""

    copies: int = 1
    late: float = 0.0


ONCE = Acceptance()


class Faults(Protocol):
    """What may go wrong. Called from several threads."""

    def clock(self, now: datetime) -> datetime:
        """Return what the service takes the time to be."""

    def meet(self, point: Point, operation: Operation, now: datetime) -> Answer | None:
        """Return an answer to give at `point` in place of going on, or None."""

    def acceptance(self, now: datetime) -> Acceptance:
        """Return how the submit at hand is accepted."""

    def rows(self, rows: Sequence[dict[str, Any]], now: datetime) -> Sequence[dict[str, Any]]:
        """Return the apps that a list shows."""

    def deliver(self, operation: Operation, answer: Answer, now: datetime) -> Answer:
        """Return what leaves the service in place of `answer`."""


class NoFaults:
    """Nothing goes wrong."""

    def clock(self, now: datetime) -> datetime:
        """Return `now`."""
        return now

    def meet(self, point: Point, operation: Operation, now: datetime) -> Answer | None:
        """Go on."""
        _ = (self, point, operation, now)
        return None

    def acceptance(self, now: datetime) -> Acceptance:
        """Accept once, at once."""
        _ = (self, now)
        return ONCE

    def rows(self, rows: Sequence[dict[str, Any]], now: datetime) -> Sequence[dict[str, Any]]:
        """Show all apps."""
        _ = (self, now)
        return rows

    def deliver(self, operation: Operation, answer: Answer, now: datetime) -> Answer:
        """Deliver the answer as it is."""
        _ = (self, operation, now)
        return answer
