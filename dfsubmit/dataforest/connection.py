"""One connection to a service: opened, through a proxy and TLS where they are, and every wait on it bounded.

All that can go wrong while it is opened is an OpeningError: nothing of a request was sent. TLS sends no early data, and a
proxy that refuses a tunnel saw only the host's name.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import select
import socket
import ssl
import struct
from base64 import b64encode
from typing import TYPE_CHECKING, Protocol, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

import certifi

from dfsubmit.transport import BrokenError, OpeningError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dfsubmit.transport import Outgoing

# An attempt as a whole has its own bound; these phases are short by nature and end earlier.
CONNECT_SECONDS = 10.0
WRITE_SECONDS = 10.0
# To a socket, no time at all would mean not to wait but to try; less than nothing is an error.
SHORTEST_WAIT = 0.001
_PORTS = {"http": 80, "https": 443}
_RECORD = 16 * 1024
# Answers that are followed by another one to the same request; after 101 no HTTP is spoken any more.
_ON_THE_WAY = frozenset(range(100, 200)) - {101}

T = TypeVar("T")


class Stream(Protocol):
    """What a socket, a TLS socket and TLS through TLS have in common."""

    def settimeout(self, value: float | None, /) -> None:
        """Bound each wait to come, in seconds."""

    def recv_into(self, buffer: bytearray | memoryview, /) -> int:
        """Read into `buffer` and return how much, 0 at the end. Raises OSError."""

    def send(self, data: bytes | memoryview, /) -> int:
        """Hand over what can be, and return how much. Raises OSError."""

    def fileno(self) -> int:
        """Return the system's number for it."""

    def close(self) -> None:
        """Let go of it."""


class Attempt:
    """The bounds of the attempt in hand. `monotonic` counts seconds."""

    def __init__(self, request: Outgoing, monotonic: Callable[[], float]) -> None:
        self._request = request
        self._monotonic = monotonic

    def left(self, most: float | None = None) -> float | None:
        """Return the seconds that a step may take, `most` at most; never nothing at all."""
        bounds = [bound for bound in (most, self._request.seconds) if bound is not None]
        if self._request.end is not None:
            bounds.append(self._request.end - self._monotonic())
        return max(min(bounds), SHORTEST_WAIT) if bounds else None

    def is_over(self) -> bool:
        """Tell whether the end has come."""
        return self._request.end is not None and self._monotonic() >= self._request.end

    def may_begin(self) -> bool:
        """Tell whether the first byte may leave."""
        return not self.is_over() and (self._request.may_send is None or self._request.may_send())


class Connection:
    """An open connection, with the bounds of the attempt that it serves now."""

    def __init__(self, stream: Stream, attempt: Attempt) -> None:
        self._stream = stream
        self.attempt = attempt
        self._raw = _Raw(self)
        self._reader = _Reader(self._raw)

    def send(self, message: bytes) -> None:
        """Send a request. Raises OpeningError while nothing of it has left, BrokenError afterwards.

        Where the peer stops taking it, nothing is raised: it may have answered before it had read everything.
        """
        if not self.attempt.may_begin():
            raise OpeningError("the connection could not be opened in time", "it became too late to send")
        left = memoryview(message)
        try:
            while left:
                if self.attempt.is_over():
                    raise TimeoutError("it became too late to send")  # noqa: TRY301  # joins the socket's own
                self._stream.settimeout(self.attempt.left(WRITE_SECONDS))
                left = left[self._stream.send(left) :]
        except TimeoutError as error:
            raise BrokenError("the request could not be sent in time", str(error)) from error
        except OSError:
            return

    def makefile(self, _mode: str = "rb") -> io.BufferedReader:
        """Return what the answer is read from; the same for every answer, so that nothing is lost between two."""
        return self._reader

    def read_head(self, method: str) -> http.client.HTTPResponse:
        """Return the answer to a request by `method`, its body yet to be read. Raises BrokenError."""
        while True:
            response = http.client.HTTPResponse(self, method=method)  # type: ignore[arg-type]  # needs `makefile` alone
            with reading():
                response.begin()
            # To `http.client`, the end of the connection is as good as that of the head, and any line as good as a header.
            last_line = self._reader.last_line
            if last_line.strip() or not last_line or response.headers.defects:
                raise BrokenError("the answer was broken off or is not HTTP", "its head cannot be read")
            if response.status not in _ON_THE_WAY:
                return response

    def read_into(self, buffer: memoryview) -> int:
        """Read what has come, as a raw stream does. Raises OSError."""
        if self.attempt.is_over():
            raise TimeoutError("the answer took too long")
        self._stream.settimeout(self.attempt.left())
        return self._stream.recv_into(buffer)

    def is_quiet(self) -> bool:
        """Tell whether nothing has come that nobody asked for, not even the end."""
        pending = self._stream.pending() if isinstance(self._stream, ssl.SSLSocket | _Inner) else 0
        return not (self._buffered() or pending or _is_readable(self._stream.fileno()))

    def _buffered(self) -> bool:
        self._raw.paused = True
        try:
            return bool(self._reader.peek(1))
        finally:
            self._raw.paused = False

    def close(self) -> None:
        """Cut the connection."""
        self._stream.close()


class _Raw(io.RawIOBase):
    """The bytes of a connection; while `paused`, none are asked for."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection
        self.paused = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # what a BufferedReader hands in
        return None if self.paused else self._connection.read_into(buffer)


class _Reader(io.BufferedReader):
    """A reader that outlives the answers, each of which `http.client` closes, and remembers the line that it read last."""

    last_line = b""

    def readline(self, size: int | None = -1, /) -> bytes:
        self.last_line = super().readline(size)
        return self.last_line

    def close(self) -> None:
        """Stay open."""


class _Inner:
    """TLS through a connection that is TLS itself, to a proxy; Python's own sockets cannot be stacked."""

    def __init__(self, outer: ssl.SSLSocket, context: ssl.SSLContext, name: str) -> None:
        self._outer = outer
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._inner = context.wrap_bio(self._came, self._goes, server_hostname=name)
        self._carried(self._inner.do_handshake)

    def settimeout(self, value: float | None, /) -> None:
        self._outer.settimeout(value)

    def recv_into(self, buffer: bytearray | memoryview, /) -> int:
        try:
            data = self._carried(lambda: self._inner.read(len(buffer)))
        except ssl.SSLZeroReturnError:
            return 0
        buffer[: len(data)] = data
        return len(data)

    def send(self, data: bytes | memoryview, /) -> int:
        return self._carried(lambda: self._inner.write(data))

    def pending(self) -> int:
        return self._inner.pending() + self._came.pending + self._outer.pending()

    def fileno(self) -> int:
        return self._outer.fileno()

    def close(self) -> None:
        self._outer.close()

    def _carried(self, step: Callable[[], T]) -> T:
        """Return what `step` of the inner TLS returns, carrying records in and out of the outer one as it wants them."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                came = self._outer.recv(_RECORD)
                if came:
                    self._came.write(came)
                else:
                    self._came.write_eof()
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if self._goes.pending:
            self._outer.sendall(self._goes.read())


def connect(origin: str, attempt: Attempt, *, tls: ssl.SSLContext | None, proxy: str) -> Connection:
    """Return a connection to `origin`. Raises OpeningError; BrokenError when a proxy breaks off instead of answering."""
    target, via = urlsplit(origin), urlsplit(proxy or origin)
    stream: Stream = _opened(via, attempt)
    try:
        if via.scheme == "https":
            stream = _encrypted(stream, via, attempt, tls)
        if proxy:
            _ask_for_tunnel(stream, target, via, attempt)
            if target.scheme == "https":
                stream = _encrypted(stream, target, attempt, tls)
    except BaseException:
        stream.close()
        raise
    return Connection(stream, attempt)


def tls_context() -> ssl.SSLContext:
    """Return what verifies servers: against the roots that SSL_CERT_FILE or SSL_CERT_DIR names, else certifi's."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file:
        context = ssl.create_default_context(cafile=file)
    elif folder:
        context = ssl.create_default_context(capath=folder)
    else:
        context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


def _opened(place: SplitResult, attempt: Attempt) -> socket.socket:
    if attempt.is_over():
        raise OpeningError("the connection could not be opened in time", "no time was left to connect")
    with _opening():
        address = (place.hostname or "", place.port or _PORTS[place.scheme])
        stream = socket.create_connection(address, timeout=attempt.left(CONNECT_SECONDS))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Cuts the connection when it is closed, however this process ends, rather than send on.
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return stream


def _encrypted(stream: Stream, place: SplitResult, attempt: Attempt, tls: ssl.SSLContext | None) -> Stream:
    if attempt.is_over():
        raise OpeningError("the connection could not be opened in time", "no time was left for the TLS handshake")
    context, name = tls or tls_context(), place.hostname or ""
    stream.settimeout(attempt.left(CONNECT_SECONDS))
    with _opening():
        if isinstance(stream, ssl.SSLSocket):
            return _Inner(stream, context, name)
        assert isinstance(stream, socket.socket)  # noqa: S101  # there are no others
        return context.wrap_socket(stream, server_hostname=name)


@contextlib.contextmanager
def _opening() -> Iterator[None]:
    """Turn what opening a connection raises into OpeningError; a name that is none shows as ValueError."""
    try:
        yield
    except TimeoutError as error:
        raise OpeningError("the connection could not be opened in time", str(error)) from error
    except ssl.SSLCertVerificationError as error:
        raise OpeningError("the connection could not be opened", str(error), lasting=True) from error
    except (OSError, ValueError) as error:
        raise OpeningError("the connection could not be opened", str(error)) from error


def _ask_for_tunnel(stream: Stream, target: SplitResult, proxy: SplitResult, attempt: Attempt) -> None:
    """Let `proxy` open a tunnel to `target`. Raises OpeningError, BrokenError."""
    name = f"[{target.hostname}]" if ":" in (target.hostname or "") else target.hostname
    place = f"{name}:{target.port or _PORTS[target.scheme]}"
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
    if proxy.username is not None or proxy.password is not None:
        pair = f"{unquote(proxy.username or '')}:{unquote(proxy.password or '')}".encode()
        lines.append(f"Proxy-Authorization: Basic {b64encode(pair).decode('ascii')}")
    connection = Connection(stream, attempt)
    connection.send("\r\n".join([*lines, "", ""]).encode("ascii"))
    response = connection.read_head("CONNECT")
    if response.status // 100 != 2 or not connection.is_quiet():  # noqa: PLR2004  # the class of success
        raise OpeningError("the proxy refused to connect", f"{response.status} {response.reason}")


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Turn what reading an answer raises into BrokenError; some malformed numbers show as ValueError."""
    try:
        yield
    except TimeoutError as error:
        raise BrokenError("no whole answer came in time", str(error)) from error
    except OSError as error:
        raise BrokenError("the connection broke before the answer was complete", str(error)) from error
    except (http.client.HTTPException, ValueError) as error:
        # The texts of some of these repeat bytes of the answer.
        raise BrokenError("the answer was broken off or is not HTTP", type(error).__name__) from error


def _is_readable(number: int) -> bool:
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))
