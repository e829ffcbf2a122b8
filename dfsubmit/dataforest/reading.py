"""Turns the attempt of a read, or of a kill, into the answer's object or into the right error. Pure.

A 404 means one of two things, and the envelope alone does not tell which; the operation does:

operation                        envelope          means
aiapps/*, aiworkspaces/*         gateway 300       the API is not offered: NotOfferedError
aiapps/getList, aiworkspaces/*   service           the same: the account was looked up just before, so it is the path
aiapps/getDetail, aiapps/kill    service           no such app: NoSuchAppError (an API that is gone may answer so too)
accounts/getList                 either            this is no Data Forest at all: EngineError about the base URL
any                              none or another   a stranger in between answered: EngineError
aiapps/submit                    see `classify`    gateway 300: NotOfferedError; service: Rejected, workspace unknown
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dfsubmit.dataforest import envelope, wire
from dfsubmit.dataforest.classify import Answered, Attempt, Failed, Phase, describe, not_offered, refusal
from dfsubmit.errors import EngineError, NoSuchAppError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ONE_APP = frozenset({wire.GET_APP, wire.KILL_APP})
_NOT_FOUND = 404
_FORBIDDEN = 403
_THROTTLED = 429
_LOG_PIECE = frozenset({200, 206})
# 416: the log ends before the piece that was asked for.
_LOG_NOT_THERE = frozenset({404, 416})


def read(attempt: Attempt, operation: str, *, where: str) -> dict[str, Any]:
    """Return the object that a whole answer with status 2xx holds; `where` is the service, for messages.

    Raises EngineError, CredentialsError, NotOfferedError and NoSuchAppError for everything else.
    """
    if isinstance(attempt, Failed):
        raise _failure(attempt, operation, where)
    answer = envelope.parse(attempt.body)
    if attempt.status // 100 == 2 and answer is not None:  # noqa: PLR2004  # the class of status that means success
        return answer
    raise _refusal(attempt, answer, operation, where)


def _failure(attempt: Failed, operation: str, where: str) -> EngineError:
    if attempt.phase is Phase.OPENING:
        return EngineError(
            f"{where} cannot be reached: {attempt.reason}", tip="check the network, the base URL and HTTPS_PROXY"
        )
    return EngineError(f"{where} gave no whole answer to {operation}: {attempt.reason}", tip="try again")


def _refusal(attempt: Answered, answer: Mapping[str, Any] | None, operation: str, where: str) -> EngineError:
    if attempt.status == _NOT_FOUND:
        return _not_found(attempt, answer, operation, where)
    concerns_all = refusal(attempt)
    if concerns_all is not None:
        return concerns_all
    return EngineError(f"{where} refused {operation}: {describe(attempt, answer)}", tip=_tip(attempt.status))


def _not_found(attempt: Answered, answer: Mapping[str, Any] | None, operation: str, where: str) -> EngineError:
    by_service = envelope.service_error(answer) is not None
    by_gateway = refusal(attempt) is not None
    told = describe(attempt, answer)
    if by_service and operation in _ONE_APP:
        return NoSuchAppError(f"{where} knows no such app ({told})", tip="dfsubmit status lists the apps it knows")
    if operation != wire.LIST_ACCOUNTS and (by_service or by_gateway):
        return not_offered(attempt, answer)
    return EngineError(f"{where} answers {operation} as if it were no Data Forest: {told}", tip="check the base URL")


def _tip(status: int) -> str:
    if status == _FORBIDDEN:
        return "the keys lack a permission; ask whoever manages the sub account"
    if status == _THROTTLED:
        return "the service asks for fewer requests; wait a while, or lower --parallelism"
    if status // 100 == 3:  # noqa: PLR2004  # the class of status that redirects
        return "redirects are not followed; put the service's own address into the base URL"
    if status // 100 == 5:  # noqa: PLR2004  # the class of status that blames the server
        return "the service has trouble; try again later"
    return "check the base URL and whatever stands between here and the service"


def read_log(attempt: Attempt, *, where: str) -> bytes:
    """Return the piece of a log that came; none where the log ends before it, or has not begun. Raises EngineError."""
    if isinstance(attempt, Answered):
        if attempt.status in _LOG_PIECE:
            return attempt.body
        if attempt.status in _LOG_NOT_THERE:
            return b""
    read(attempt, wire.READ_LOG, where=where)
    raise EngineError(f"{where} gave something else than the log", tip="open the log's URL in a browser")
