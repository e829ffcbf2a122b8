"""A server on 127.0.0.1 that answers as a test tells it to, down to single bytes, resets and silence.

`Peer(script)` calls `script` with each request and does what the `Reply` says. It remembers the requests. Everything ends
with the `with` block: open connections are cut, threads joined.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Self

from dfsubmit.dataforest.client import DataForest
from dfsubmit.dataforest.credentials import Credentials

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

KEYS = Credentials(
    access_key="AKIDEXAMPLE000000001", secret_key="SKEXAMPLEexample0123456789abcdefABCDEF01", source="test"
)
# As long as any HTTP date, so that the length of a message stays what it was.
NOW = b"<now>".ljust(29, b".")
SUBMIT = "/api/v2/aiapps/submit"
LIST = "/api/v2/aiapps/getList"
DETAIL = "/api/v2/aiapps/getDetail"
KILL = "/api/v2/aiapps/kill"
ACCOUNTS = "/api/v2/accounts/getList"
WORKSPACES = "/api/v2/aiworkspaces/getList"

ACCEPTED = {
    "success": True,
    "id": "6ZKSGoSJMMwctK257nxgiL",
    "accountName": "nlp",
    "name": "bert-cvbp-1zqz",
    "queueName": "gpu",
    "startedAt": "2022-08-01T11:08:33.086+09:00",
    "finishedAt": "1970-01-01T09:00:00.000+09:00",
    "elapsedMillis": 0,
    "state": "ACCEPTED",
    "finalStatus": "UNDEFINED",
}
ONE_ACCOUNT = {"success": True, "total": 1, "contents": [{"id": "accountExample00000001", "name": "nlp"}]}


def gateway(code: str | int, message: str = "", details: str = "") -> dict[str, Any]:
    """Return an error in the gateway's envelope."""
    return {"error": {"errorCode": code, "message": message, "details": details}}


def service(message: str) -> dict[str, Any]:
    """Return an error in the service's envelope."""
    return {"success": False, "message": message}


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What to do with one request: send `pieces`, `gap` seconds apart, then keep, close, reset, hang, listen, or start tls.

    Whoever listens notes whatever bytes come, and says nothing more.

    NOW in a piece becomes the date at which it is sent, plus `skew`: replies are often made long before they are used.
    """

    pieces: tuple[bytes, ...]
    then: str = "keep"
    gap: float = 0.0
    skew: timedelta = timedelta(0)


def answer(
    body: Any,
    status: int = 200,
    *,
    headers: dict[str, str] | None = None,
    skew: timedelta = timedelta(0),
    then: str = "keep",
) -> Reply:
    """Return a whole answer: `body` as JSON, or the bytes that it is; dated now plus `skew`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {
        "Date": NOW.decode(),
        "Content-Type": "application/json;charset=UTF-8",
        "Content-Length": str(len(content)),
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return Reply(pieces=(f"HTTP/1.1 {status} Answer\r\n{head}\r\n".encode() + content,), then=then, skew=skew)


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Peer:
    """See the module's text. With `tls`, connections are encrypted; with `later_tls`, a reply can begin encryption."""

    script: Callable[[Received], Reply]
    tls: ssl.SSLContext | None = None
    later_tls: ssl.SSLContext | None = None
    received: list[Received] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    connections: int = 0

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        # A listener that is only closed would leave `accept` waiting.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(5)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def client(self, **settings: Any) -> DataForest:
        """Return a client of this peer that does not really sleep, unless it is told to."""
        return DataForest(**{"base_url": self.url, "credentials": KEYS, "sleep": lambda _: None, **settings})

    def targets(self) -> list[str]:
        return [request.target for request in self.received]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._over.is_set():
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError, ValueError):
                if self.tls is not None:
                    connection = self._encrypted(connection, self.tls)
                while (then := self._converse(connection)) == "tls" and self.later_tls is not None:
                    connection = self._encrypted(connection, self.later_tls)
                if then == "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        finally:
            # Also what the other side reset, and what was accepted while everything else was being closed.
            connection.close()

    def _encrypted(self, connection: socket.socket, context: ssl.SSLContext) -> socket.socket:
        encrypted = context.wrap_socket(connection, server_side=True)
        self._open.append(encrypted)
        return encrypted

    def _converse(self, connection: socket.socket) -> str:
        """Answer requests until a reply says otherwise, and return what it says."""
        with connection.makefile("rb", buffering=0) as stream:
            while (request := _read(stream)) is not None:
                self.received.append(request)
                reply = self.script(request)
                for number, piece in enumerate(reply.pieces):
                    if number and self._over.wait(reply.gap):
                        return "close"
                    date = format_datetime(datetime.now(UTC) + reply.skew, usegmt=True).encode()
                    connection.sendall(piece.replace(NOW, date))
                if reply.then == "hang":
                    self._over.wait()
                while reply.then == "listen" and (piece := stream.read(65_536)):
                    self.heard += piece
                if reply.then != "keep":
                    return reply.then
        return "close"


def _read(stream: Any) -> Received | None:
    first = stream.readline().decode("latin-1").split()
    if len(first) < 3:
        return None
    headers: dict[str, str] = {}
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    size = int(headers.get("content-length", 0))
    body = b""
    while len(body) < size and (piece := stream.read(size - len(body))):
        body += piece
    return Received(method=first[0], target=first[1], headers=headers, body=body)


BODY: dict[str, Any] = {
    "aiWorkspaceId": "6ZKSGoSJMMwctK257nxgiL",
    "namePrefix": "bert",
    "queueName": "gpu",
    "data": {"input": [], "output": []},
    "docker": {"image": "pytorch/pytorch:2.3.1", "command": "python train.py", "env": {}},
    "resource": {"cpuCount": 1, "gpuCount": 1, "gpuModel": "V100", "memoryMb": 15360},
}


def soon(seconds: float = 60) -> datetime:
    """Return a deadline that is `seconds` away."""
    return datetime.now(UTC) + timedelta(seconds=seconds)
