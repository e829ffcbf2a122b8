"""The real network, as a `Transport`: httpx on `bounded`, its requests and answers as our values, its errors in our words.

What httpx raises before a byte of a request was handed to the network becomes OpeningError; everything else is BrokenError. One
transport serves one thread.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from typing import TYPE_CHECKING, cast

import httpx

from dfsubmit.dataforest.bounded import END, MAY_SEND, BoundedTransport
from dfsubmit.transport import BrokenError, OpeningError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dfsubmit.transport import Outgoing

# An attempt as a whole has its own bound; these phases are short by nature and end earlier.
CONNECT_SECONDS = 10.0
WRITE_SECONDS = 10.0
# Errors that come up only before the first byte (see `bounded`). All others, known or not, may come up later.
_OPENING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
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


class NetworkTransport:
    """Connections of one thread to one service; `proxy` is a URL or empty. `monotonic` counts seconds."""

    def __init__(
        self, *, tls: ssl.SSLContext | None, proxy: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._bounded = BoundedTransport(tls=tls, proxy=proxy, monotonic=monotonic)
        # Parsing a URL costs as much as all else that is done for a request; there are half a dozen of them.
        self._urls: dict[tuple[str, str], httpx.URL] = {}

    def send(self, request: Outgoing) -> Answer:
        """Send `request` and return its answer, whose body is yet to be read. Raises OpeningError, BrokenError."""
        _check_head(request)
        place = (request.origin, request.target)
        url = self._urls.get(place)
        if url is None:
            url = self._urls[place] = httpx.URL(request.origin).copy_with(raw_path=request.target.encode("ascii"))
        prepared = httpx.Request(
            request.method,
            url,
            headers=dict(request.headers),
            content=request.body,
            extensions={"timeout": _timeout(request.seconds), END: request.end, MAY_SEND: request.may_send},
        )
        with _told():
            return Answer(self._bounded.handle_request(prepared))

    def close(self) -> None:
        """Let go of the connection."""
        self._bounded.close()


class Answer:
    """An answer of the network, as `transport.Incoming` describes."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    @property
    def status(self) -> int:
        """Return the status code."""
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers, their names in lower case."""
        return {name.lower(): value for name, value in self._response.headers.items()}

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it comes. Raises BrokenError."""
        with _told():
            yield from cast("Iterable[bytes]", self._response.stream)

    def close(self) -> None:
        """Let go of the answer, and keep its connection for another where that is safe."""
        self._response.close()


def tls_context() -> ssl.SSLContext:
    """Return what verifies servers: against the roots that SSL_CERT_FILE or SSL_CERT_DIR names, else certifi's."""
    return httpx.create_ssl_context()


def _check_head(request: Outgoing) -> None:
    """Raise OpeningError for what does not fit into a head, and could change the request."""
    lines = [request.target, *(f"{name}: {value}" for name, value in request.headers.items())]
    if not all(line.isprintable() and line.isascii() for line in lines) or " " in request.target:
        raise OpeningError("the request cannot be sent", "a header or the path holds an odd character", lasting=True)


def _timeout(seconds: float | None) -> dict[str, float | None]:
    """Return the bounds of each phase, as httpx takes them."""
    short = {"connect": CONNECT_SECONDS, "write": WRITE_SECONDS}
    bounds: dict[str, float | None] = dict.fromkeys(("read", "pool"), seconds)
    return bounds | {name: bound if seconds is None else min(bound, seconds) for name, bound in short.items()}


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn what httpx raises into our errors."""
    try:
        yield
    except httpx.HTTPError as error:
        kind = _KINDS.get(type(error).__name__, "the exchange failed")
        if isinstance(error, _OPENING):
            raise OpeningError(kind, str(error), lasting=_is_lasting(error)) from error
        raise BrokenError(kind, str(error)) from error


def _is_lasting(error: BaseException | None) -> bool:
    """Tell whether the certificate was refused, or the address cannot be used, which no other try will change."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError | httpx.UnsupportedProtocol):
            return True
        error = error.__cause__ or error.__context__
    return False
