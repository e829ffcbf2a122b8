"""What became of each change of a plan, and the words for it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfsubmit.engine import Accepted, NotSent, Rejected, Throttled, Unknown
from dfsubmit.engine import Outcome as Answer
from dfsubmit.journal import AppRef

if TYPE_CHECKING:
    from dfsubmit.plan import Change


class Result(enum.Enum):
    """What became of one change."""

    SUBMITTED = "submitted"
    ADOPTED = "adopted"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    NOT_SENT = "not-sent"
    UNRESOLVED = "unresolved"
    LOST_RACE = "lost-race"
    HELD = "held"
    KILLED = "killed"
    SKIPPED = "skipped"


FAILURES = frozenset({Result.REJECTED, Result.NOT_SENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The result of one change, with a message where there is something to say."""

    change: Change
    result: Result
    app: AppRef | None = None
    message: str = ""


def held_back(change: Change, hold: str) -> Done:
    """Return the result of a change that has to wait for another with the same hold."""
    message = f"waits for an unsettled submission with the same workspace and prefix ({hold})"
    return Done(change=change, result=Result.HELD, message=message)


def done_of(change: Change, answer: Answer) -> Done:
    """Return the result of a change whose submit was answered so."""
    match answer:
        case Accepted(app=app):
            return Done(change=change, result=Result.SUBMITTED, app=AppRef(id=app.id, name=app.name))
        case Rejected(message=message):
            return Done(change=change, result=Result.REJECTED, message=message)
        case NotSent(message=message) | Throttled(message=message):
            return Done(change=change, result=Result.NOT_SENT, message=message)
        case Unknown(message=message):
            return Done(change=change, result=Result.UNRESOLVED, message=message)
