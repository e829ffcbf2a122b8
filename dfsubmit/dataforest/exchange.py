"""One attempt: wait for its slot, sign, send, read a bounded answer, and say what came of it as a value.

A signature that is refused because of the clock is made once more by the service's. Nothing else is repeated here, nothing
is raised for what a network or a server does, and nothing is concluded: that is the work of `classify` and `reading`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from dfsubmit import __version__
from dfsubmit.dataforest import envelope
from dfsubmit.dataforest.classify import Answered, Attempt, Failed, Phase, is_signature_refused, is_throttled
from dfsubmit.dataforest.sign import signed_headers
from dfsubmit.transport import OpeningError, Outgoing, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from dfsubmit.dataforest.credentials import Credentials
    from dfsubmit.dataforest.endpoint import Endpoint
    from dfsubmit.dataforest.pace import Pace
    from dfsubmit.dataforest.skew import ServerClock
    from dfsubmit.dataforest.transports import Transports
    from dfsubmit.dataforest.wire import Request
    from dfsubmit.transport import Incoming

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # so that the size of an answer is the size that was read
    "Content-Type": "application/json",
    "User-Agent": f"dfsubmit/{__version__}",
}
# What may stand in a target as it is; a log's URL comes from a server and may hold anything.
_PLAIN = "%/?:@!$&'()*+,;=~-._"
_OK = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one attempt may take: seconds in all, bytes of its answer, and a last word before the first byte leaves.

    An answer that is longer counts as none, unless `cut`: then its beginning will do, and `skip` bytes of it are passed over
    where the service sends it whole.
    """

    seconds: float
    size: int
    may_send: Callable[[], bool] | None = None
    cut: bool = False
    skip: int = 0


class TooLargeError(Exception):
    """An answer beyond its limit."""


class Exchange:
    """The way to one service with one pair of keys. `rest` sleeps (seconds), and returns False when the program stops."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        credentials: Credentials,
        transports: Transports,
        pace: Pace,
        server_clock: ServerClock,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
        rest: Callable[[float], bool],
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._transports = transports
        self._pace = pace
        self._server_clock = server_clock
        self._clock = clock
        self._monotonic = monotonic
        self._rest = rest

    def attempt(self, request: Request, limits: Callable[[], Limits | None]) -> Attempt:
        """Send `request` once, and once more where only the clock was to blame.

        `limits` is asked right before each sending; None means that it is too late.
        """
        signed_with = self._server_clock.correction
        attempt = self._paced(request, limits)
        if is_signature_refused(attempt) and self._server_clock.correct(signed_with):
            return self._paced(request, limits)
        return attempt

    def _paced(self, request: Request, limits: Callable[[], Limits | None]) -> Attempt:
        delay = self._pace.claim()
        if delay > 0 and not self._rest(delay):
            return Failed(phase=Phase.OPENING, reason="stopped before it was sent", lasting=True)
        granted = limits()
        if granted is None:
            return Failed(phase=Phase.OPENING, reason="no time was left before the deadline", lasting=True)
        sent = self._monotonic()
        attempt = self._once(request, granted)
        if isinstance(attempt, Answered):
            self._pace.learn(sent=sent, throttled=is_throttled(attempt))
        return attempt

    def _once(self, request: Request, limits: Limits) -> Attempt:
        began = self._clock()
        try:
            answer = self._sent(self._signed(request, limits), limits)
        except OpeningError as error:
            return Failed(phase=Phase.OPENING, reason=_reason(error, request), lasting=error.lasting)
        except TooLargeError as error:
            return Failed(phase=Phase.EXCHANGE, reason=str(error), lasting=True)
        except Exception as error:  # noqa: BLE001  # whatever it is called, the request may have arrived
            return Failed(phase=Phase.EXCHANGE, reason=_reason(error, request))
        status, headers, body = answer
        self._server_clock.learn(headers.get("date", ""), sent=began)
        return Answered(status=status, headers=headers, body=body, began=began, hidden=request.hidden)

    def _signed(self, request: Request, limits: Limits) -> Outgoing:
        target = _target(request.url) if request.url else f"{self._endpoint.prefix}/{request.operation}"
        signed = signed_headers(
            method=request.method,
            target=target,
            at=self._clock() + self._server_clock.correction,
            credentials=self._credentials,
        )
        return Outgoing(
            method=request.method,
            origin=self._endpoint.origin,
            target=target,
            headers={**_HEADERS, **request.headers, **signed},
            body=request.body,
            seconds=limits.seconds,
            end=self._monotonic() + limits.seconds,
            may_send=limits.may_send,
        )

    def _sent(self, request: Outgoing, limits: Limits) -> tuple[int, Mapping[str, str], bytes]:
        answer = self._transports.mine().send(request)
        try:
            headers = answer.headers
            if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
                raise TooLargeError("the answer is compressed, which was not asked for")
            return answer.status, headers, _collect(answer, limits)
        finally:
            answer.close()


def _target(url: str) -> str:
    """Return the path and query of a URL of the service's origin, as they are signed and sent."""
    parts = urlsplit(url)
    return quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_PLAIN)


def _collect(answer: Incoming, limits: Limits) -> bytes:
    """Return the body of `answer`. Raises TooLargeError."""
    skip = limits.skip if answer.status == _OK else 0
    kept = bytearray()
    for chunk in answer.pieces():
        kept += chunk[skip:]
        skip = max(0, skip - len(chunk))
        if len(kept) > limits.size:
            if limits.cut:
                break
            raise TooLargeError(f"the answer is larger than {limits.size} bytes")
    return bytes(kept[: limits.size])


def _reason(error: Exception, request: Request) -> str:
    """Return what went wrong in a few words: the kind of error, and what was told of it."""
    if not isinstance(error, TransportError):
        # Other errors come from code, not from a network, and may quote what they were given.
        return f"the exchange failed ({type(error).__name__})"
    told = envelope.shown(str(error), request.hidden)
    return f"{error.kind} ({told})" if told else error.kind
