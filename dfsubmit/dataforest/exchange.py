"""One attempt: wait for its slot, sign, send, read a bounded answer, and say what came of it as a value.

A signature that is refused because of the clock is made once more by the service's. Nothing else is repeated here, nothing
is raised for what a network or a server does, and nothing is concluded: that is the work of `classify` and `reading`.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import httpx

from dfsubmit import __version__
from dfsubmit.dataforest import envelope
from dfsubmit.dataforest.classify import Answered, Attempt, Failed, Phase, is_signature_refused
from dfsubmit.dataforest.sign import signed_headers
from dfsubmit.dataforest.transport import END, MAY_SEND, Transports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from dfsubmit.dataforest.credentials import Credentials
    from dfsubmit.dataforest.endpoint import Endpoint
    from dfsubmit.dataforest.pace import Pace
    from dfsubmit.dataforest.skew import ServerClock
    from dfsubmit.dataforest.wire import Request

# An attempt as a whole has the time that its limits give; the phases that are short by nature end earlier.
CONNECT_SECONDS = 10.0
WRITE_SECONDS = 10.0
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # so that the size of an answer is the size that was read
    "Content-Type": "application/json",
    "User-Agent": f"dfsubmit/{__version__}",
}
# Errors that come up only before the first byte (see `transport`). All others, known or not, may come up later.
OPENING_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


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
        # Parsing a URL costs as much as all else that is done for a request; there are half a dozen of them.
        self._urls: dict[str, httpx.URL] = {}

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
        return self._once(request, granted)

    def _once(self, request: Request, limits: Limits) -> Attempt:
        began = self._clock()
        try:
            answer = self._sent(self._signed(request, limits), limits)
        except OPENING_ERRORS as error:
            return Failed(phase=Phase.OPENING, reason=_reason(error, request), lasting=_is_lasting(error))
        except TooLargeError as error:
            return Failed(phase=Phase.EXCHANGE, reason=str(error), lasting=True)
        except Exception as error:  # noqa: BLE001  # whatever it is called, the request may have arrived
            return Failed(phase=Phase.EXCHANGE, reason=_reason(error, request))
        status, headers, body = answer
        self._server_clock.learn(headers.get("date", ""), sent=began)
        return Answered(status=status, headers=headers, body=body, began=began, hidden=request.hidden)

    def _signed(self, request: Request, limits: Limits) -> httpx.Request:
        url = self._urls.get(request.operation) if not request.url else httpx.URL(request.url)
        if url is None:
            url = self._urls[request.operation] = httpx.URL(self._endpoint.url(request.operation))
        signed = signed_headers(
            method=request.method,
            target=url.raw_path.decode("ascii"),
            at=self._clock() + self._server_clock.correction,
            credentials=self._credentials,
        )
        total = limits.seconds
        timeout = {
            "connect": min(CONNECT_SECONDS, total),
            "write": min(WRITE_SECONDS, total),
            "read": total,
            "pool": total,
        }
        return httpx.Request(
            request.method,
            url,
            headers={**_HEADERS, **request.headers, **signed},
            content=request.body,
            extensions={"timeout": timeout, END: self._monotonic() + total, MAY_SEND: limits.may_send},
        )

    def _sent(self, request: httpx.Request, limits: Limits) -> tuple[int, dict[str, str], bytes]:
        response = self._transports.mine().handle_request(request)
        try:
            headers = {name.lower(): value for name, value in response.headers.items()}
            if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
                raise TooLargeError("the answer is compressed, which was not asked for")
            return response.status_code, headers, _collect(response, limits)
        finally:
            response.close()


def _collect(response: httpx.Response, limits: Limits) -> bytes:
    """Return the body of `response`. Raises TooLargeError."""
    skip = limits.skip if response.status_code == httpx.codes.OK else 0
    kept = bytearray()
    for chunk in cast("Iterable[bytes]", response.stream):
        kept += chunk[skip:]
        skip = max(0, skip - len(chunk))
        if len(kept) > limits.size:
            if limits.cut:
                break
            raise TooLargeError(f"the answer is larger than {limits.size} bytes")
    return bytes(kept[: limits.size])


def _reason(error: Exception, request: Request) -> str:
    """Return what went wrong in a few words: the kind of error, and what the system said of it."""
    kind = _KINDS.get(type(error).__name__, "the exchange failed")
    # Errors of other kinds than httpx's come from code, not from a network, and may quote what they were given.
    told = envelope.shown(str(error), request.hidden) if isinstance(error, httpx.HTTPError) else type(error).__name__
    return f"{kind} ({told})" if told else kind


_KINDS = {
    "ConnectError": "the connection could not be opened",
    "ConnectTimeout": "the connection could not be opened in time",
    "PoolTimeout": "no connection was free in time",
    "ProxyError": "the proxy refused to connect",
    "UnsupportedProtocol": "the address cannot be used",
    "WriteTimeout": "the request could not be sent in time",
    "WriteError": "the connection broke while the request was sent",
    "ReadTimeout": "no whole answer came in time",
    "ReadError": "the connection broke before the answer was complete",
    "RemoteProtocolError": "the answer was broken off or is not HTTP",
}


def _is_lasting(error: BaseException | None) -> bool:
    """Tell whether the certificate was refused, or the address cannot be used, which no other try will change."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError | httpx.UnsupportedProtocol):
            return True
        error = error.__cause__ or error.__context__
    return False
