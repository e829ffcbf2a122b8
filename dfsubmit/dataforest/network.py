"""The real network: HTTP/1.1 over kept connections in which an attempt has an absolute end.

HTTP libraries bound each read and write by itself, so that an answer that drips never ends, and a name that resolves slowly lets
a request out long after it was wanted. Here every step gets what is left until the attempt's end, and the first byte leaves
only if the caller still wants it to. An attempt that is given up is cut with a reset, so that what the kernel has not sent yet
never arrives. One transport serves one thread. Redirects, cookies, .netrc and proxies from the environment do not exist here.

Answers are read by `http.client`. OpeningError is raised only while not a byte of the request has been handed to the
network, which `classify` stands on. A connection is used again only when its last answer said unmistakably where it ended and
nothing came after it, so that no answer is ever taken for that of another request.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dfsubmit.dataforest.connection import Attempt, Connection, connect, reading
from dfsubmit.transport import BrokenError, OpeningError

if TYPE_CHECKING:
    import http.client
    import ssl
    from collections.abc import Callable, Iterator, Mapping

    from dfsubmit.transport import Outgoing

# A connection is left alone after this many idle seconds; most servers keep theirs longer.
IDLE_SECONDS = 5.0
_PIECE = 64 * 1024


class NetworkTransport:
    """Connections of one thread to one service; `proxy` is a URL or empty. `monotonic` counts seconds."""

    def __init__(
        self, *, tls: ssl.SSLContext | None, proxy: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._tls = tls
        self._proxy = proxy
        self._monotonic = monotonic
        self._kept: Connection | None = None
        self._kept_for = ""
        self._idle_since = 0.0

    def send(self, request: Outgoing) -> Answer:
        """Send `request` and return its answer, whose body is yet to be read. Raises OpeningError, BrokenError."""
        attempt = Attempt(request, self._monotonic)
        message = _message(request)
        connection = self._connection(request.origin, attempt)
        try:
            connection.send(message)
            answer = Answer(connection, request.method, self._keep)
        except BaseException:
            connection.close()
            raise
        self._kept_for = request.origin
        return answer

    def close(self) -> None:
        """Let go of the connection."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _connection(self, origin: str, attempt: Attempt) -> Connection:
        """Return the connection that was kept, if it is still good, else a new one."""
        kept, self._kept = self._kept, None
        if kept is not None:
            fresh = self._monotonic() - self._idle_since < IDLE_SECONDS
            if fresh and origin == self._kept_for and kept.is_quiet():
                kept.attempt = attempt
                return kept
            kept.close()
        return connect(origin, attempt, tls=self._tls, proxy=self._proxy)

    def _keep(self, connection: Connection) -> None:
        self.close()
        self._kept, self._idle_since = connection, self._monotonic()


class Answer:
    """An answer of the network, as `transport.Incoming` describes. `keep` takes its connection when it can serve again."""

    def __init__(self, connection: Connection, method: str, keep: Callable[[Connection], None]) -> None:
        """Read status and headers. Raises BrokenError."""
        self._connection = connection
        self._keep = keep
        self._response = connection.read_head(method)

    @property
    def status(self) -> int:
        """Return the status code."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers, their names in lower case."""
        return {name.lower(): value for name, value in self._response.headers.items()}

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it comes. Raises BrokenError."""
        with reading():
            while piece := self._response.read(_PIECE):
                yield piece
        if self._response.length:
            raise BrokenError("the answer was broken off or is not HTTP", f"{self._response.length} bytes are missing")

    def close(self) -> None:
        """Let go of the answer, and keep its connection for another where that is safe."""
        reusable = self._response.isclosed() and not self._response.will_close and _is_plainly_framed(self._response)
        if reusable:
            self._keep(self._connection)
        else:
            self._connection.close()


def _is_plainly_framed(response: http.client.HTTPResponse) -> bool:
    """Tell whether one header alone says where the body ended."""
    lengths = response.headers.get_all("content-length", [])
    codings = response.headers.get_all("transfer-encoding", [])
    return len(lengths) + len(codings) == 1 and (response.chunked or all(map(str.isdecimal, lengths)))


def _message(request: Outgoing) -> bytes:
    """Return head and body in one piece. Raises OpeningError for what does not fit into a head."""
    headers = {"Host": urlsplit(request.origin).netloc, "Content-Length": str(len(request.body)), **request.headers}
    lines = [f"{request.method} {request.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if not all(line.isprintable() for line in lines) or " " in request.target:
        raise OpeningError("the request cannot be sent", "a header or the path holds a control character", lasting=True)
    try:
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body
    except UnicodeEncodeError:
        raise OpeningError("the request cannot be sent", "a header is not Latin-1", lasting=True) from None
