"""The embedded service over real HTTP: connections, bounds, ranges of logs, who may ask, and how it stops."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dfsubmit.errors import EngineError, UsageError
from dfsubmit.local.face import MAX_BODY
from dfsubmit.local.faults import Answer, Delivery, NoFaults, Operation
from dfsubmit.local.logs import MAX_CHUNK, log_path
from dfsubmit.local.server import EmulatorServer

from local_world import ACCOUNTS, DETAIL, SUBMIT, World, body, make, signed  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

SERVE = """
import sys
from pathlib import Path
from dfsubmit.local.server import serve
from dfsubmit.local.settings import LocalSettings
home = Path(sys.argv[1])
print(serve(LocalSettings(home=home, hdfs=home), port=0, on_ready=lambda url: print(url, flush=True)))
"""


class Odd(NoFaults):
    """Delivers every answer as it was told."""

    def __init__(self) -> None:
        self.delivery = Delivery()

    def deliver(self, operation: Operation, answer: Answer, now: datetime) -> Answer:
        _ = (operation, now)
        return replace(answer, delivery=self.delivery)


class Served:
    """A world behind a port."""

    def __init__(self, world: World, server: EmulatorServer, odd: Odd) -> None:
        self.world = world
        self.server = server
        self.odd = odd
        self.connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)

    def send(self, method: str, target: str, content: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Send a request on the one connection and return status, headers and body."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, target, content, given)
        answer = self.connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def post(self, target: str, value: object) -> dict[str, Any]:
        """Send a right request and return the answer's JSON."""
        headers = signed(self.world.settings, target)
        del headers["host"]
        _, _, content = self.send("POST", target, json.dumps(value).encode(), **headers)
        made: dict[str, Any] = json.loads(content)
        return made

    def raw(self, content: bytes, *, ends: bool = True) -> bytes:
        """Send bytes on a connection of their own and return all that comes back."""
        with socket.create_connection(
            self.connection.sock.getpeername() if self.connection.sock else self._address()
        ) as s:
            s.settimeout(10)
            s.sendall(content)
            if ends:
                s.shutdown(socket.SHUT_WR)
            received = b""
            while part := s.recv(65536):
                received += part
            return received

    def _address(self) -> tuple[str, int]:
        return "127.0.0.1", self.server.server_address[1]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Return a world behind a port, whose apps stay in their queue."""
    odd = Odd()
    world = make(tmp_path, pump=False, faults=odd)
    with EmulatorServer(world.face) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        made = Served(world, server, odd)
        yield made
        made.connection.close()
        server.shutdown()
        thread.join()


def test_requests_share_a_connection(served: Served) -> None:
    app_id = served.post(SUBMIT, body())["id"]
    first = served.connection.sock
    assert served.post(DETAIL, {"id": app_id})["state"] == "ACCEPTED"
    assert served.send("GET", "/nothing")[0] == 401
    assert served.connection.sock is first


def test_a_body_on_a_refused_request_does_not_leak_into_the_next(served: Served) -> None:
    assert served.send("POST", "/nothing", b'{"x": 1}')[0] == 401
    assert served.post(ACCOUNTS, {})["success"] is True


def test_every_answer_has_a_date(served: Served) -> None:
    assert served.send("GET", "/nothing")[1]["date"].endswith(" GMT")


def test_the_log_link_leads_back_to_the_port_that_was_asked(served: Served) -> None:
    app_id = served.post(SUBMIT, body())["id"]
    store = served.world.face.store
    store.claim("gpu", 1, "token", 1)
    served.world.query("UPDATE app SET phase = 'running', container_ms = 1")
    (container,) = served.post(DETAIL, {"id": app_id})["containers"].values()
    assert container["logUrl"].startswith(f"{served.server.url}/logs/container_{app_id}")


LOG = b"".join(b"%07d\n" % number for number in range(MAX_CHUNK // 8 + 10))


@pytest.fixture
def link(served: Served) -> str:
    """Return the target of a log somewhat larger than one answer may be."""
    path = log_path(served.world.settings.home, "A" * 22)
    path.parent.mkdir(parents=True)
    path.write_bytes(LOG)
    return f"/logs/container_{'A' * 22}_000001"


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-", 0, MAX_CHUNK),
        ("bytes=5-", 5, MAX_CHUNK + 5),
        (f"bytes={len(LOG) - 3}-", len(LOG) - 3, len(LOG)),
        ("bytes=10-19", 10, 20),
        (f"bytes={len(LOG) - 2}-{10**17}", len(LOG) - 2, len(LOG)),
        ("bytes=-7", len(LOG) - 7, len(LOG)),
        (f"bytes=-{10**17}", 0, MAX_CHUNK),
    ],
)
def test_a_range_of_a_log_is_answered_up_to_a_bound(
    served: Served, link: str, wanted: str, start: int, end: int
) -> None:
    status, headers, content = served.send("GET", link, Range=wanted)
    assert status == 206
    assert headers["content-range"] == f"bytes {start}-{end - 1}/{len(LOG)}"
    assert content == LOG[start:end]


@pytest.mark.parametrize("wanted", [f"bytes={len(LOG)}-", f"bytes={10**17}-", "bytes=-0"])
def test_a_range_behind_the_end_is_not_satisfiable(served: Served, link: str, wanted: str) -> None:
    status, headers, content = served.send("GET", link, Range=wanted)
    assert (status, content) == (416, b"")
    assert headers["content-range"] == f"bytes */{len(LOG)}"


@pytest.mark.parametrize("wanted", ["", "bytes=-", "bytes=5-2", "bytes=1-2,5-6", "lines=1-", "bytes=x-"])
def test_what_is_no_range_gets_the_log_from_its_start_with_a_note_on_how_to_read_on(
    served: Served, link: str, wanted: str
) -> None:
    status, _, content = served.send("GET", link, Range=wanted)
    assert status == 200
    assert content.startswith(LOG[:MAX_CHUNK])
    assert content[MAX_CHUNK:] == (
        f"\n[the log has {len(LOG)} bytes; read on with the header 'Range: bytes={MAX_CHUNK}-']\n".encode()
    )


@pytest.mark.parametrize(
    "name", ["container_x_000001", "../world.db", f"container_{'B' * 22}_000001", f"container_{'A' * 22}_000001/x"]
)
def test_a_log_that_is_not_there_is_not_found(served: Served, link: str, name: str) -> None:
    assert link
    assert served.send("GET", f"/logs/{name}")[0] == 404


def test_a_request_that_is_too_large_is_refused_unread(served: Served) -> None:
    head = f"POST {SUBMIT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n"
    answer = served.raw(head.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"errorCode":"430"' in answer
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    "head",
    [
        "POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        "GARBAGE\r\n\r\n",
        "BREW /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /x HTTP/9.9\r\n\r\n",
        "POST /" + 70_000 * "x" + " HTTP/1.1\r\n\r\n",
        "POST /x HTTP/1.1\r\n" + 200 * "A: b\r\n" + "\r\n",
    ],
    ids=["chunked", "negative", "no number", "garbage", "method", "version", "long line", "many headers"],
)
def test_what_is_no_proper_request_is_a_bad_request_of_the_gateway(served: Served, head: str) -> None:
    answer = served.raw(head.encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"errorCode":"100"' in answer


def test_half_a_request_is_not_carried_out(served: Served) -> None:
    content = json.dumps(body()).encode()
    headers = signed(served.world.settings, SUBMIT)
    lines = [f"POST {SUBMIT} HTTP/1.1", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "\r\n".join([*lines, "", ""]).encode()
    assert served.raw(head + content[:-1]) == b""
    assert served.world.apps() == []
    assert served.raw(head + content).startswith(b"HTTP/1.1 200 OK")
    assert len(served.world.apps()) == 1


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "", "10.0.0.1"])
def test_a_page_that_reaches_us_under_another_name_is_turned_away(served: Served, host: str) -> None:
    assert served.raw(f"GET /logs/x HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:9", "127.1.2.3", "[::1]", "[::1]:80"])
def test_every_name_of_this_machine_is_served(served: Served, host: str) -> None:
    assert served.raw(f"GET /logs/x HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("cut", [0, 30])
def test_an_answer_is_cut_where_a_fault_says_and_the_connection_reset(served: Served, cut: int) -> None:
    served.odd.delivery = Delivery(cut=cut)
    received = b""
    reset = False
    with socket.create_connection(("127.0.0.1", served.server.server_address[1]), timeout=10) as client:
        client.sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            while part := client.recv(65536):
                received += part
        except ConnectionResetError:
            reset = True
    assert reset
    # A reset may overtake what was sent before it.
    assert len(received) <= cut


def test_an_answer_comes_late_where_a_fault_says(served: Served) -> None:
    served.odd.delivery = Delivery(delay=60.0)
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", served.server.server_address[1], timeout=0.3)
    ) as slow:
        slow.request("GET", "/nothing")
        with pytest.raises(TimeoutError):
            slow.getresponse()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", ""])  # noqa: S104  # refused, and that is the test
def test_only_this_machine_is_served(tmp_path: Path, host: str) -> None:
    with pytest.raises(UsageError, match="not a loopback address"):
        EmulatorServer(make(tmp_path).face, host=host)


def test_a_port_that_is_taken_is_said(served: Served) -> None:
    port = served.server.server_address[1]
    with pytest.raises(EngineError, match=f"cannot serve on 127.0.0.1 port {port}: "):
        EmulatorServer(served.world.face, port=port)


def test_the_url_of_the_other_loopback_address_has_brackets(tmp_path: Path) -> None:
    try:
        server = EmulatorServer(make(tmp_path).face, host="::1")
    except EngineError:
        pytest.skip("this machine has no IPv6")
    with server:
        assert server.url == f"http://[::1]:{server.server_address[1]}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_in_order_and_it_printed_nothing_itself(tmp_path: Path, number: signal.Signals) -> None:
    emulator = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path / "local")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert emulator.stdout is not None
    url = emulator.stdout.readline().strip()
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request("GET", "/nothing")
    assert connection.getresponse().status == 401
    emulator.send_signal(number)
    out, err = emulator.communicate(timeout=20)
    connection.close()
    assert (emulator.returncode, out, err) == (0, f"{int(number)}\n", "")
