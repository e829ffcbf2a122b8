"""The embedded Data Forest on a loopback port: HTTP/1.1 with keep-alive in front of `face`.

It moves bytes and decides nothing: requests are read whole and bounded, answers are sent in one piece, and what a fault
does to the delivery (late, cut) is carried out here. Only loopback addresses are served, and only callers who name one
in `Host`, so that no page in a browser can reach it under a name of its own. Prints nothing.
"""

from __future__ import annotations

import contextlib
import ipaddress
import signal
import socket
import struct
import threading
import time
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from dfsubmit.errors import EngineError, UsageError
from dfsubmit.local.face import MAX_BODY, Face

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from types import FrameType

    from dfsubmit.local.faults import Answer, Faults
    from dfsubmit.local.settings import LocalSettings

# Seconds after which a connection that says nothing is closed.
_IDLE = 60.0
# Seconds between looks at apps whose supervisor died, when nobody asks.
_TICK = 2.0


class EmulatorServer(ThreadingHTTPServer):
    """One embedded service and its socket. `url` is what a client takes as its base URL."""

    daemon_threads = True
    # A restart on the same port must not wait for connections of the last one.
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, face: Face, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Bind. `port` 0 takes a free one. Raises UsageError for a host that is not loopback, EngineError."""
        address = _loopback(host)
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.face = face
        self._next_tick = 0.0
        try:
            super().__init__((address, port), _Handler)
        except (OSError, OverflowError) as error:
            raise EngineError(
                f"cannot serve on {host} port {port}: {error}",
                tip="choose another port with --port, or 0 for a free one",
            ) from error

    @property
    def url(self) -> str:
        """Return the base URL."""
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    def server_bind(self) -> None:
        """Bind without asking the network for this host's name, as http.server would."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def service_actions(self) -> None:
        """Keep the queues moving when nobody asks for anything."""
        if time.monotonic() >= self._next_tick:
            self._next_tick = time.monotonic() + _TICK
            self.face.turn()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing about connections that broke: clients come and go."""

    def server_close(self) -> None:
        """Stop listening and let go of the world's file. Apps go on."""
        super().server_close()
        self.face.close()


def serve(
    settings: LocalSettings,
    *,
    port: int,
    host: str = "127.0.0.1",
    clock: Callable[[], datetime] | None = None,
    rng: random.Random | None = None,
    faults: Faults | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> int:
    """Serve until SIGINT or SIGTERM, and return the number of the signal.

    `on_ready` is called with the base URL once requests are taken. Call it from the main thread. Raises UsageError,
    EngineError.
    """
    face = Face(settings, clock=clock, rng=rng, faults=faults)
    with EmulatorServer(face, host=host, port=port) as server, _stopping(server) as stopped_by:
        if on_ready is not None:
            on_ready(server.url)
        server.serve_forever(poll_interval=0.2)
    return stopped_by[0]


@contextlib.contextmanager
def _stopping(server: EmulatorServer) -> Iterator[list[int]]:
    """Let SIGINT and SIGTERM stop `server`; the signal's number comes first in the list."""
    numbers: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        numbers.append(number)
        # `shutdown` waits for the loop that this very thread is in.
        threading.Thread(target=server.shutdown, daemon=True).start()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield numbers
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: EmulatorServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE

    def answer(self) -> None:
        """Answer one request, whatever its method."""
        body = self._body()
        if body is None:
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not _is_loopback_name(headers.get("host", "")):
            self._send(self.server.face.bad_request("the Host header must name this machine"))
            return
        self._send(self.server.face.answer(self.command, self.path, headers, body))

    def _body(self) -> bytes | None:
        """Return the whole body; None when the request was answered, or broke off, on the way."""
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self.close_connection = True
            self._send(self.server.face.bad_request("send the body with a Content-Length"))
            return None
        if len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY:
            self.close_connection = True
            self._send(self.server.face.too_large())
            return None
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            # Half a request is no request: nothing of it is carried out.
            self.close_connection = True
            return None
        return body

    def _send(self, answer: Answer) -> None:
        lines = [f"HTTP/1.1 {answer.status} {responses.get(answer.status, '')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        lines.append(f"Content-Length: {len(answer.body)}")
        if self.close_connection:
            lines.append("Connection: close")
        content = b"" if self.command == "HEAD" else answer.body
        message = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + content
        if answer.delivery.delay:
            time.sleep(answer.delivery.delay)
        self.wfile.write(message if answer.delivery.cut is None else message[: answer.delivery.cut])
        if answer.delivery.cut is not None:
            self._reset()

    def _reset(self) -> None:
        """Break the connection, so that the client sees a reset and not an end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server cannot read in the gateway's envelope."""
        _ = (code, explain)
        self.close_connection = True
        self._send(self.server.face.bad_request(message or "the request cannot be read"))

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


for _method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler.answer)


def _loopback(host: str) -> str:
    """Return the address to bind. Raises UsageError when it is not this machine alone."""
    address = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        safe = ipaddress.ip_address(address).is_loopback
    except ValueError:
        safe = False
    if not safe:
        raise UsageError(
            f"the emulator serves this machine only, and '{host}' is not a loopback address",
            tip="leave the host out, or use 127.0.0.1 or ::1",
        )
    return address


def _is_loopback_name(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
