"""An httpx transport on httpcore in which an attempt has an absolute end.

httpx bounds each read and write by itself, so that an answer that drips never ends, and a name that resolves slowly lets a
request out long after it was wanted. Here every step gets what is left until the attempt's end, and the first byte leaves
only if the caller still wants it to. An attempt that is given up is cut with a reset, so that what the kernel has not sent yet
never arrives. One transport serves one thread. Redirects, cookies, .netrc and proxies from the environment do not exist here.

A connection is used again only when its last answer said unmistakably where it ended and nothing came after it, so that no
answer is ever taken for that of another request.

Rules for exceptions, on which `classify` stands: ConnectError, ConnectTimeout, PoolTimeout and ProxyError are raised
only while not a byte of the request has been handed to the network.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

# What a caller may put into a request's extensions beside httpx's `timeout`.
END = "dfsubmit.end"
MAY_SEND = "dfsubmit.may_send"

# More than so many bytes are not held back to be sent together.
LARGEST_WAITING = 64 * 1024
# To a socket, no time at all would mean not to wait but to try; less than nothing is an error.
SHORTEST_WAIT = 0.001
# A connection is left alone after this many idle seconds; most servers keep theirs longer.
IDLE_SECONDS = 5.0

_END_OF_HEAD = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_FRAMING = (b"content-length", b"transfer-encoding")

# Its debug log repeats what servers send, and servers repeat what they were sent, secrets included.
logging.getLogger("httpcore").setLevel(logging.WARNING)

# httpcore's errors have namesakes in httpx; the first that fits counts.
_NAMESAKES: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.ProxyError, httpx.ProxyError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
)


class BoundedTransport(httpx.BaseTransport):
    """Connections of one thread to one service; `proxy` is a URL or empty. `monotonic` counts seconds."""

    def __init__(self, *, tls: ssl.SSLContext | None, proxy: str, monotonic: Callable[[], float]) -> None:
        self._attempt = _Attempt(monotonic)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=1,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=_Backend(self._attempt),
            socket_options=_socket_options(),
            proxy=_proxy(proxy, tls) if proxy else None,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` and return its answer, whose body is yet to be read. Raises httpx.TransportError."""
        self._attempt.begin(end=request.extensions.get(END), may_send=request.extensions.get(MAY_SEND))
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        forwarded = httpcore.Request(
            method=request.method,
            url=url,
            headers=request.headers.raw,
            content=request.stream,
            extensions={"timeout": request.extensions.get("timeout", {})},
        )
        with _as_httpx():
            response = self._pool.handle_request(forwarded)
        return httpx.Response(
            status_code=response.status, headers=response.headers, stream=_Body(response, self._attempt, self._pool)
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    """The bytes of an answer as they come. At its end, the connection is kept only where it is certain that it is the end."""

    def __init__(self, response: httpcore.Response, attempt: _Attempt, pool: httpcore.ConnectionPool) -> None:
        self._response = response
        self._attempt = attempt
        self._pool = pool

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()
        if not self._attempt.received.ended_plainly():
            # The pool serves one thread, which has no other answer open.
            self._pool.close()


class _Received:
    """What an attempt has received, as far as it tells whether its answer has ended for certain.

    httpcore reads on from whatever came behind an answer, as if it belonged to the next one (httpcore 1.0, `http11.py`).
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self._count = 0
        self._last = b""

    def take(self, piece: bytes) -> None:
        self._count += len(piece)
        self._last = (self._last + piece)[-len(_LAST_CHUNK) :]
        if _END_OF_HEAD not in self._head:
            self._head += piece

    def ended_plainly(self) -> bool:
        """Tell whether one header alone says where the body ended, and not a byte came after that."""
        head, end, _ = bytes(self._head).partition(_END_OF_HEAD)
        lines = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
        framing = [(name.lower(), value.strip()) for name, _, value in lines if name.lower() in _FRAMING]
        if not end or len(framing) != 1:
            return False
        name, value = framing[0]
        if name == b"transfer-encoding":
            return value.lower() == b"chunked" and self._last == _LAST_CHUNK
        return value.isdigit() and self._count == len(head) + len(end) + int(value)


class _Attempt:
    """The limits of the attempt in hand; the streams of one transport share it."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._end: float | None = None
        self._may_send: Callable[[], bool] | None = None
        self._sent = False
        self.start_anew()

    def begin(self, *, end: float | None, may_send: Callable[[], bool] | None) -> None:
        self._end, self._may_send, self._sent = end, may_send, False
        self.start_anew()

    def start_anew(self) -> None:
        """Forget what was received: behind a handshake, what a proxy said of its tunnel is no part of the answer."""
        self.received = _Received()

    def left(self, timeout: float | None) -> float | None:
        """Return `timeout` or the seconds until the attempt's end, whichever is less, and never nothing at all."""
        if self._end is None:
            return timeout
        left = max(self._end - self._monotonic(), SHORTEST_WAIT)
        return left if timeout is None else min(left, timeout)

    def is_over(self) -> bool:
        return self._end is not None and self._monotonic() >= self._end

    def check_may_send(self) -> None:
        """Raise when no byte may leave any more; a connect error while none has."""
        if self.is_over() or not (self._may_send is None or self._may_send()):
            late = "it became too late to send"
            raise httpcore.WriteTimeout(late) if self._sent else httpcore.ConnectTimeout(late)
        self._sent = True


class _Backend(httpcore.NetworkBackend):
    """Opens connections whose every step ends with the attempt."""

    def __init__(self, attempt: _Attempt) -> None:
        self._attempt = attempt
        self._real = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        if self._attempt.is_over():
            raise httpcore.ConnectTimeout("no time was left to connect")
        stream = self._real.connect_tcp(
            host=host,
            port=port,
            timeout=self._attempt.left(timeout),
            local_address=local_address,
            socket_options=socket_options,
        )
        return _Stream(stream, self._attempt)


class _Stream(httpcore.NetworkStream):
    """A connection whose every step ends with the attempt.

    What is written waits until an answer is wanted, so that head and body of a request leave together or not at all.
    """

    def __init__(self, real: httpcore.NetworkStream, attempt: _Attempt) -> None:
        self._real = real
        self._attempt = attempt
        self._waiting = bytearray()
        self._write_timeout: float | None = None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # A peer may answer and close before it has read everything, so that an answer can follow an error of writing.
        with contextlib.suppress(httpcore.WriteError):
            self._flush()
        if self._attempt.is_over():
            raise httpcore.ReadTimeout("the answer took too long")
        piece = self._real.read(max_bytes, self._attempt.left(timeout))
        self._attempt.received.take(piece)
        return piece

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._write_timeout = timeout
        self._waiting += buffer
        if len(self._waiting) > LARGEST_WAITING:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        self._attempt.check_may_send()
        content, self._waiting = bytes(self._waiting), bytearray()
        self._real.write(content, self._attempt.left(self._write_timeout))

    def close(self) -> None:
        self._real.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        if self._attempt.is_over():
            raise httpcore.ConnectTimeout("no time was left for the TLS handshake")
        stream = self._real.start_tls(ssl_context, server_hostname, self._attempt.left(timeout))
        self._attempt.start_anew()
        return _Stream(stream, self._attempt)

    def get_extra_info(self, info: str) -> Any:
        return self._real.get_extra_info(info)


@contextlib.contextmanager
def _as_httpx() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        for theirs, ours in _NAMESAKES:
            if isinstance(error, theirs):
                raise ours(str(error)) from error
        raise


def _socket_options() -> list[httpcore.SOCKET_OPTION]:
    """Return options that cut a connection when it is closed, however this process ends, rather than send on."""
    return [(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))]


def _proxy(url: str, tls: ssl.SSLContext | None) -> httpcore.Proxy:
    read = httpx.Proxy(url)
    return httpcore.Proxy(
        url=httpcore.URL(
            scheme=read.url.raw_scheme, host=read.url.raw_host, port=read.url.port, target=read.url.raw_path
        ),
        auth=read.raw_auth,
        headers=read.headers.raw,
        ssl_context=tls if read.url.scheme == "https" else None,
    )
