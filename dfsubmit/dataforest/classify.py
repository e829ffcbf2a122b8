"""What one attempt proves: the fate of a submit, and whether a read is worth another try. Pure.

A submit is not idempotent, so an answer counts only as far as it proves something. The table, first fit:

attempt                                        outcome    because
connection never opened (see `Phase.OPENING`)  NotSent    not a byte of the request left this machine
failed later: reset, timeout, half an answer   Unknown    the request may have arrived, whatever the error is called
2xx, success true, an id                       Accepted   the documented answer
2xx, service envelope, no id                   Rejected   an explicit refusal in full
2xx, anything else                             Unknown    no id to hold on to, or it contradicts itself
400 403 404, service envelope, no id           Rejected   documented refusals; the service decided
400 + 100, 413 + 430 (gateway envelope)        Rejected   the gateway did not pass it on
401 + 200, 401 + 210, 404 + 300 (gateway)      Rejected   the same; they concern every request (`refusal`)
429 + 400 (gateway)                            Rejected   the quota is used up: not passed on, and soon no better
429 + 410, 429 + 420 (gateway)                 Throttled  turned away before the service saw it
4xx, anything else                             Unknown    whoever wrote it is not known, so not what happened behind it
5xx, whatever the body                         Unknown    503/500 and 504/510 say that the service was asked already
1xx, 3xx, other                                Unknown    no documented answer; a redirect may follow a success

A status counts together with the gateway's code only in these pairs.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dfsubmit.dataforest import envelope
from dfsubmit.dataforest.retryafter import seconds_asked
from dfsubmit.dataforest.wire import parse_app
from dfsubmit.engine import Accepted, NotSent, Outcome, Rejected, Throttled, Unknown
from dfsubmit.errors import CredentialsError, EngineError, NotOfferedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

LONGEST_ID = 256
# In which the embedded service says more than the documented bodies can.
REASON_HEADER = "x-dfsubmit-reason"


class Phase(enum.Enum):
    """How far an attempt came before it failed.

    OPENING ends when the first byte may have been handed to the network: name resolution, TCP, a proxy's refusal to open
    a tunnel, and the TLS handshake lie before it (no early data is ever sent). EXCHANGE is everything after.
    """

    OPENING = "opening"
    EXCHANGE = "exchange"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """An attempt that brought no whole answer. `lasting` says that another try cannot end otherwise."""

    phase: Phase
    reason: str
    lasting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A whole answer. Header names are lower case; `hidden` are the secrets that no message may repeat."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    began: datetime | None = None
    hidden: tuple[str, ...] = field(default=(), repr=False)


Attempt = Failed | Answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """A try that is worth repeating, and why; `after` in seconds, where the server said so."""

    reason: str
    after: float | None = None


# Refusals of the gateway, by status and code: the request was not passed on (facts sheet, section 10.2).
_TURNED_AWAY: Mapping[tuple[int, int], str] = {
    (400, 100): "the gateway found the request malformed",
    (401, 200): "the gateway did not accept the keys",
    (401, 210): "the keys have no permission for this API",
    (404, 300): "the gateway knows no such path",
    (413, 430): "the gateway found the request too large",
    (429, 400): "the quota of the gateway is used up; it will not be free again soon",
}
_TOO_MANY, _SERVER_ERROR = 429, 500
_THROTTLED = frozenset({(_TOO_MANY, 410), (_TOO_MANY, 420)})
_SERVICE_REFUSALS = frozenset({400, 403, 404})
_SIGNATURE_REFUSED = (401, 200)
_NOT_PERMITTED = (401, 210)
_NO_SUCH_PATH = (404, 300)


def classify(attempt: Attempt) -> Outcome:
    """Return what one attempt to submit proves; see the table above."""
    if isinstance(attempt, Failed):
        return NotSent(message=attempt.reason) if attempt.phase is Phase.OPENING else Unknown(message=attempt.reason)
    answer = envelope.parse(attempt.body)
    if answer is not None and _is_success(attempt.status) and _started(answer):
        return Accepted(app=parse_app(answer))
    refusal = envelope.service_error(answer)
    pair = _pair(attempt, answer)
    message = describe(attempt, answer)
    if _is_success(attempt.status):
        return Rejected(message=message) if refusal is not None else Unknown(message=message)
    if pair in _THROTTLED:
        return Throttled(message=message, retry_after=retry_after(attempt))
    if pair in _TURNED_AWAY or (refusal is not None and attempt.status in _SERVICE_REFUSALS):
        return Rejected(message=message)
    return Unknown(message=message)


def _is_success(status: int) -> bool:
    return status // 100 == 2  # noqa: PLR2004  # the class of status that means success


def _started(answer: Mapping[str, Any]) -> bool:
    """Tell whether the answer says without contradiction that an app started, and names it."""
    named = answer.get("id")
    usable = isinstance(named, str) and 0 < len(named) <= LONGEST_ID and named.isprintable() and bool(named.strip())
    return usable and answer.get("success") is True and "error" not in answer


def _pair(attempt: Answered, answer: Mapping[str, Any] | None) -> tuple[int, int] | None:
    error = envelope.gateway_error(answer)
    return (attempt.status, error.code) if error is not None else None


def describe(attempt: Answered, answer: Mapping[str, Any] | None) -> str:
    """Return one line about an answer, for a message."""
    pair = _pair(attempt, answer)
    text = envelope.shown(envelope.said(answer, attempt.body), attempt.hidden)
    meaning = _TURNED_AWAY.get(pair) if pair is not None else None
    code = f" code {pair[1]}" if pair is not None else ""
    reason = envelope.shown(attempt.headers.get(REASON_HEADER, ""), attempt.hidden)
    wait = retry_after(attempt)
    more = (f" ({reason})" if reason else "") + (f"; it asks to wait {wait:.0f} s" if wait is not None else "")
    return f"{f'{meaning}: ' if meaning else ''}HTTP {attempt.status}{code}, {text}{more}"


def retry_after(attempt: Answered) -> float | None:
    """Return the seconds that the answer asks to wait, None when it does not say; at most a day."""
    return seconds_asked(attempt.headers)


def is_signature_refused(attempt: Attempt) -> bool:
    """Tell whether the gateway did not accept the signature, which a wrong clock is one cause of."""
    if not isinstance(attempt, Answered) or attempt.status != _SIGNATURE_REFUSED[0]:
        return False
    return _pair(attempt, envelope.parse(attempt.body)) == _SIGNATURE_REFUSED


def is_throttled(attempt: Answered) -> bool:
    """Tell whether the answer says that requests come too fast, whoever wrote it; a quota that is used up says another thing."""
    return attempt.status == _TOO_MANY and _pair(attempt, envelope.parse(attempt.body)) not in _TURNED_AWAY


def refusal(attempt: Attempt) -> EngineError | None:
    """Return the error for a refusal that concerns every request alike and proves that nothing started."""
    if not isinstance(attempt, Answered) or attempt.status not in {_SIGNATURE_REFUSED[0], _NO_SUCH_PATH[0]}:
        return None
    answer = envelope.parse(attempt.body)
    pair = _pair(attempt, answer)
    if pair == _SIGNATURE_REFUSED:
        return CredentialsError(describe(attempt, answer), tip="check the access key and the secret key")
    if pair == _NOT_PERMITTED:
        tip = "subscribe to Data Forest with this account, or give the sub account its permissions"
        return CredentialsError(describe(attempt, answer), tip=tip)
    if pair == _NO_SUCH_PATH:
        return not_offered(attempt, answer)
    return None


def not_offered(attempt: Answered, answer: Mapping[str, Any] | None) -> NotOfferedError:
    """Return the error for an API that answers as if it did not exist."""
    return NotOfferedError(
        f"the service does not offer the AI apps API here ({describe(attempt, answer)})",
        tip="check the base URL and ask NAVER Cloud whether the API is still offered to your account; "
        "the local engine needs no account",
    )


def submit_again(attempt: Attempt) -> Again | None:
    """Return why a submit may be sent once more without a look at the server: it never left, or was throttled."""
    if attempt.lasting if isinstance(attempt, Failed) else attempt.status != _TOO_MANY:
        return None
    match classify(attempt):
        case NotSent(message=message):
            return Again(reason=message)
        case Throttled(message=message, retry_after=after):
            return Again(reason=message, after=after)
        case _:
            return None


def read_again(attempt: Attempt, *, wants_json: bool = True) -> Again | None:
    """Return why a read, or a kill, is worth another try: it does no harm twice, so any passing trouble will do."""
    if isinstance(attempt, Failed):
        return None if attempt.lasting else Again(reason=attempt.reason)
    answer = envelope.parse(attempt.body)
    passing = attempt.status >= _SERVER_ERROR or is_throttled(attempt)
    unreadable = wants_json and answer is None and _is_success(attempt.status)
    if passing or unreadable:
        return Again(reason=describe(attempt, answer), after=retry_after(attempt))
    return None
