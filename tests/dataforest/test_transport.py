"""The network's own rules: nothing leaves late or lingers, certificates are verified, proxies tunnel."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from dfsubmit.dataforest.client import DataForest
from dfsubmit.dataforest.network import NetworkTransport, tls_context
from dfsubmit.engine import Accepted, NotSent, Unknown
from dfsubmit.transport import BrokenError, OpeningError, Outgoing, TransportError, Whole

from dataforest_peer import ACCEPTED, ACCOUNTS, BODY, KEYS, ONE_ACCOUNT, Peer, Received, Reply, answer, gateway, soon  # isort: skip

if TYPE_CHECKING:
    from pathlib import Path

    from dfsubmit.transport import Incoming


def _accepting(request: Received) -> Reply:
    return answer(ONE_ACCOUNT if request.target == ACCOUNTS else ACCEPTED)


def _post(peer: Peer, **bounds: Any) -> Outgoing:
    return Outgoing(**{"method": "POST", "origin": peer.url, "target": "/", "body": b"{}", **bounds})


def _read(answer: Incoming) -> bytes:
    try:
        return b"".join(answer.pieces())
    finally:
        answer.close()


def test_the_first_byte_leaves_only_if_it_may() -> None:
    with Peer(_accepting) as peer:
        transport = NetworkTransport(tls=None, proxy="", monotonic=lambda: 0.0)
        bounds: list[dict[str, Any]] = [{"may_send": lambda: False}, {"end": 0.0}, {"end": -1.0}]
        for bound in bounds:
            with pytest.raises(OpeningError, match=r"too late|no time"):
                transport.send(_post(peer, **bound))
        assert _read(transport.send(_post(peer, end=9.0)))
        transport.close()
    assert len(peer.received) == 1


def test_a_request_on_a_kept_connection_is_held_back_as_well() -> None:
    with Peer(_accepting) as peer:
        transport = NetworkTransport(tls=None, proxy="", monotonic=lambda: 0.0)
        _read(transport.send(_post(peer)))
        with pytest.raises(OpeningError):
            transport.send(_post(peer, may_send=lambda: False))
        transport.close()
    assert len(peer.received) == 1


def test_when_it_becomes_too_late_within_a_long_request_the_fate_is_unknown() -> None:
    """The end comes while the buffers are full of a request that nobody reads."""
    now = [0.0]

    def may_send() -> bool:
        now[0] = 8.8
        return True

    with socket.create_server(("127.0.0.1", 0)) as listener:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        transport = NetworkTransport(tls=None, proxy="", monotonic=lambda: now[0])
        long = Outgoing(method="POST", origin=origin, target="/", body=b"x" * 50_000_000, end=9.0, may_send=may_send)
        with pytest.raises(BrokenError) as caught:
            transport.send(long)
        transport.close()
    assert caught.value.kind == "the request could not be sent in time"


def test_head_and_body_leave_together_and_only_once_it_is_allowed() -> None:
    asked: list[int] = []
    with Peer(_accepting) as peer:
        transport = NetworkTransport(tls=None, proxy="", monotonic=lambda: 0.0)

        def may_send() -> bool:
            asked.append(len(peer.received))
            return True

        for _ in range(3):
            _read(transport.send(_post(peer, may_send=may_send)))
        transport.close()
    assert asked == [0, 1, 2]
    assert [request.body for request in peer.received] == [b"{}"] * 3
    assert peer.connections == 1


def test_an_answer_is_not_waited_for_beyond_the_end_of_the_attempt() -> None:
    now = [0.0]

    def may_send() -> bool:
        now[0] = 49.9
        return True

    with Peer(lambda _: Reply(pieces=(), then="hang")) as peer:
        transport = NetworkTransport(tls=None, proxy="", monotonic=lambda: now[0])
        with pytest.raises(BrokenError) as caught:
            transport.send(_post(peer, end=50.0, seconds=30.0, may_send=may_send))
        transport.close()
    assert caught.value.kind == "no whole answer came in time"


def test_an_answer_that_comes_before_the_request_was_read_is_heard() -> None:
    """A gateway refuses what is too large from its head alone, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(100)
                connection.sendall(answer(gateway("430"), 413).pieces[0])
                # Not closed at once, which would be a reset that takes the answer away.
                connection.shutdown(socket.SHUT_RDWR)
                time.sleep(0.3)

        thread = threading.Thread(target=refuse)
        thread.start()
        transport = NetworkTransport(tls=None, proxy="")
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        heard = transport.send(Outgoing(method="POST", origin=origin, target="/", body=b"x" * 50_000_000, seconds=10))
        assert heard.status == 413
        heard.close()
        transport.close()
        thread.join()


_HEAD = b"HTTP/1.1 200 Answer\r\n"


@pytest.mark.parametrize(
    ("pieces", "used_again"),
    [
        ((_HEAD + b"Content-Length: 2\r\n\r\n{}",), True),
        ((_HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",), True),
        # Where one answer ends and another begins is not certain: what comes next could be taken for an answer.
        ((_HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",), False),
        ((_HEAD + b"Content-Length: 2\r\n\r\n{}" + _HEAD + b"Content-Length: 4\r\n\r\nlate",), False),
        ((_HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}",), False),
    ],
)
def test_a_connection_is_used_again_only_where_its_answer_has_ended_for_certain(
    pieces: tuple[bytes, ...],
    used_again: bool,  # noqa: FBT001  # a column
) -> None:
    with Peer(lambda _: Reply(pieces=pieces)) as peer:
        transport = NetworkTransport(tls=None, proxy="")
        bodies = [_read(transport.send(_post(peer, seconds=5.0))) for _ in range(2)]
        transport.close()
    assert bodies == [b"{}"] * 2
    assert peer.connections == (1 if used_again else 2)


@pytest.mark.parametrize("framing", [b"Content-Length: 2\r\nContent-Length: 5", b"Content-Length: +2"])
def test_an_answer_of_two_lengths_or_of_none_that_can_be_read_is_broken(framing: bytes) -> None:
    with Peer(lambda _: Reply(pieces=(_HEAD + framing + b"\r\n\r\n{}",))) as peer:
        transport = NetworkTransport(tls=None, proxy="")
        for _ in range(2):
            with pytest.raises(BrokenError, match="Content-Length"):
                _read(transport.send(_post(peer, seconds=5.0)))
        transport.close()
    assert peer.connections == 2


def test_a_word_that_comes_unasked_between_two_requests_is_no_answer() -> None:
    first = answer(ONE_ACCOUNT)
    stray = answer({"success": True, "id": "strayExample0000000001"}).pieces[0]
    with Peer(lambda _: Reply(pieces=(*first.pieces, stray), gap=0.2)) as peer:
        transport = NetworkTransport(tls=None, proxy="")
        before = _read(transport.send(_post(peer, seconds=5.0)))
        time.sleep(0.5)
        after = _read(transport.send(_post(peer, seconds=5.0)))
        transport.close()
    assert before == after
    assert peer.connections == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(pieces=(_HEAD + b"Content-Length: 9\r\n\r\n{}",), then="close"),
        Reply(pieces=(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\n{}",), then="close"),
        Reply(pieces=(_HEAD + b"Content-Length: 9\r\n\r\n{}",), then="reset"),
        Reply(pieces=(_HEAD + b"Content-Le",), then="close"),
        Reply(pieces=(_HEAD + b"Content-Length: 2\r\n",), then="close"),
        Reply(pieces=(_HEAD + b"no header\r\nContent-Length: 2\r\n\r\n{}",), then="close"),
        Reply(pieces=(b"HTTP/1.1 ",), then="close"),
        Reply(pieces=(b"SSH-2.0-made-up\r\n",), then="close"),
        Reply(pieces=(_HEAD + b"".join(b"X-%d: y\r\n" % number for number in range(200)) + b"\r\n",)),
        Reply(pieces=(_HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n",)),
        Reply(pieces=(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",), then="close"),
    ],
)
def test_half_an_answer_or_none_is_broken(reply: Reply) -> None:
    with Peer(lambda _: reply) as peer:
        transport = NetworkTransport(tls=None, proxy="")
        with pytest.raises(BrokenError):
            _read(transport.send(_post(peer, seconds=5.0)))
        transport.close()


@pytest.mark.parametrize("value", ["two\r\nlines", "\x00", "한국"])
def test_a_header_that_could_change_the_request_is_not_sent(value: str) -> None:
    with Peer(_accepting) as peer:
        transport = NetworkTransport(tls=None, proxy="")
        with pytest.raises(OpeningError) as caught:
            transport.send(_post(peer, headers={"X-Made-Up": value}))
        transport.close()
    assert caught.value.lasting
    assert peer.received == []


def test_what_is_given_up_is_cut_and_what_has_not_left_never_arrives() -> None:
    """A peer that does not read fills the buffers; the rest of the request waits in our kernel."""
    got: list[int] = []
    ended: list[str] = []
    given_up = threading.Event()
    body = {**BODY, "docker": {**BODY["docker"], "args": "x" * 30_000_000}}
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                given_up.wait(10)
                try:
                    while piece := connection.recv(1 << 20):
                        got.append(len(piece))
                    ended.append("end")
                except ConnectionResetError:
                    ended.append("reset")

        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        client = DataForest(base_url=f"http://127.0.0.1:{port}", credentials=KEYS, timeout_seconds=0.8)
        client._server_clock.learn("", sent=soon())  # noqa: SLF001  # this peer cannot be asked for its clock
        outcome = client.submit(body, deadline=soon())
        given_up.set()
        thread.join(10)
        client.close()
    assert isinstance(outcome, Unknown)
    assert ended == ["reset"]
    assert sum(got) < 30_000_000


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate with its key for 127.0.0.1, signed by nobody."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command makes the certificate")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    key = path.with_name("key.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=made-up", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused_before_a_byte_is_sent_and_not_tried_again(
    server_tls: ssl.SSLContext,
) -> None:
    with Peer(_accepting, tls=server_tls) as peer:
        client = peer.client()
        outcome = client.submit(BODY, deadline=soon())
        client.close()
    assert isinstance(outcome, NotSent)
    assert "certificate verify failed" in outcome.message.lower()
    assert peer.received == []
    assert peer.connections == 1


def test_a_certificate_that_the_environment_vouches_for_is_accepted(
    server_tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Peer(_accepting, tls=server_tls) as peer:
        client = peer.client()
        for _ in range(2):
            assert isinstance(client.submit(BODY, deadline=soon()), Accepted)
        client.close()
    assert peer.connections == 1


def test_a_peer_that_speaks_no_tls_was_sent_nothing() -> None:
    with Peer(_accepting) as peer:
        client = DataForest(
            base_url=f"https://127.0.0.1:{peer.port}", credentials=KEYS, sleep=lambda _: True, timeout_seconds=0.8
        )
        assert isinstance(client.submit(BODY, deadline=soon()), NotSent)
        client.close()
    assert all(request.method != "POST" for request in peer.received)


def test_a_proxy_is_asked_for_a_tunnel_and_sees_nothing_of_the_request(
    server_tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    def script(request: Received) -> Reply:
        if request.method == "CONNECT":
            return Reply(pieces=(b"HTTP/1.1 200 Connected\r\n\r\n",), then="tls")
        return _accepting(request)

    with Peer(script, later_tls=server_tls) as peer:
        proxy = f"http://user:madeup@127.0.0.1:{peer.port}"
        client = DataForest(base_url="https://127.0.0.1:9443", credentials=KEYS, proxy=proxy)
        for _ in range(2):
            assert isinstance(client.submit(BODY, deadline=soon()), Accepted)
        client.close()
    connect, *posts = peer.received
    assert (connect.method, connect.target) == ("CONNECT", "127.0.0.1:9443")
    assert connect.headers["proxy-authorization"].startswith("Basic ")
    assert not any(name.startswith("x-ncp-") for name in connect.headers)
    assert [post.method for post in posts] == ["POST"] * 3
    assert all("proxy-authorization" not in post.headers for post in posts)


class _EncryptedProxy:
    """A proxy that is reached by TLS and passes on what comes through its tunnel, as it is."""

    def __init__(self, tls: ssl.SSLContext, to: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.asked = b""
        self._threads = [threading.Thread(target=self._serve, args=(tls, to))]
        self._threads[0].start()

    def _serve(self, tls: ssl.SSLContext, to: int) -> None:
        plain, _ = self._listener.accept()
        with tls.wrap_socket(plain, server_side=True) as near, socket.create_connection(("127.0.0.1", to)) as far:
            while b"\r\n\r\n" not in self.asked:
                self.asked += near.recv(1000)
            near.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            back = threading.Thread(target=self._carry, args=(far, near))
            back.start()
            self._carry(near, far)
            back.join()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(10_000):
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._threads[0].join(10)
        self._listener.close()


def test_a_proxy_that_is_reached_by_tls_carries_tls(
    server_tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Peer(_accepting, tls=server_tls) as peer:
        proxy = _EncryptedProxy(server_tls, peer.port)
        client = DataForest(
            base_url=f"https://127.0.0.1:{peer.port}", credentials=KEYS, proxy=f"https://127.0.0.1:{proxy.port}"
        )
        outcomes = [client.submit({**BODY, "x": "y" * 100_000}, deadline=soon()) for _ in range(3)]
        client.close()
        proxy.close()
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert proxy.asked.startswith(f"CONNECT 127.0.0.1:{peer.port} HTTP/1.1\r\n".encode())
    assert (peer.connections, len(peer.received)) == (1, 4)


@pytest.mark.parametrize(
    ("reply", "error", "kind"),
    [
        (answer(b"", 403), OpeningError, "the proxy refused to connect"),
        (answer(b"", 407), OpeningError, "the proxy refused to connect"),
        (answer(b"", 502), OpeningError, "the proxy refused to connect"),
        # Careful is right here.
        (Reply(pieces=(), then="close"), BrokenError, "the answer was broken off or is not HTTP"),
        (Reply(pieces=(), then="reset"), BrokenError, "the connection broke before the answer was complete"),
        (Reply(pieces=(), then="hang"), BrokenError, "no whole answer came in time"),
    ],
)
def test_a_proxy_that_opens_no_tunnel(reply: Reply, error: type[TransportError], kind: str) -> None:
    with Peer(lambda _: reply) as peer:
        proxy = f"http://user:madeup@127.0.0.1:{peer.port}"
        transport = NetworkTransport(tls=tls_context(), proxy=proxy)
        request = Outgoing(method="POST", origin="https://127.0.0.1:9443", target="/", end=time.monotonic() + 0.8)
        with pytest.raises(error) as caught:
            transport.send(request)
        transport.close()
    assert caught.value.kind == kind
    assert "madeup" not in f"{caught.value.kind} {caught.value}"
    assert [request.method for request in peer.received] == ["CONNECT"]


def test_a_proxy_that_says_yes_and_leads_nowhere_has_seen_a_handshake_and_nothing_of_the_request() -> None:
    with Peer(lambda _: Reply(pieces=(b"HTTP/1.1 200 Connected\r\n\r\nmore",), then="listen")) as peer:
        transport = NetworkTransport(tls=tls_context(), proxy=f"http://127.0.0.1:{peer.port}")
        request = Outgoing(method="POST", origin="https://127.0.0.1:9443", target="/", end=time.monotonic() + 0.8)
        with pytest.raises(OpeningError) as caught:
            transport.send(request)
        transport.close()
    assert caught.value.kind == "the connection could not be opened in time"
    assert [request.method for request in peer.received] == ["CONNECT"]
    handshake = b"\x16\x03"
    assert peer.heard.startswith(handshake)
    assert b"POST" not in peer.heard


def test_no_variable_of_the_environment_sends_loopback_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(_accepting) as peer, Peer(_accepting) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        client = peer.client()
        assert isinstance(client.submit(BODY, deadline=soon()), Accepted)
        client.close()
    assert len(peer.received) == 2
    assert proxy.connections == 0


def test_a_given_transport_is_used_and_closed() -> None:
    class _Given:
        closed = False

        def send(self, _: Outgoing) -> Whole:
            return Whole(status=200, headers={}, body=json.dumps(ACCEPTED).encode())

        def close(self) -> None:
            self.closed = True

    given = _Given()
    client = DataForest(base_url="http://localhost", credentials=KEYS, transport=given)
    assert isinstance(client.submit(BODY, deadline=soon()), Accepted)
    client.close()
    assert given.closed


@pytest.mark.parametrize(
    "error", [ValueError("canary-value"), RuntimeError(), KeyError("x"), BrokenError("gone"), OSError("canary-value")]
)
def test_whatever_a_transport_raises_the_fate_is_unknown(error: Exception) -> None:
    class _Broken:
        def send(self, request: Outgoing) -> Whole:
            if request.target == ACCOUNTS:
                return Whole(status=200, headers={}, body=json.dumps(ONE_ACCOUNT).encode())
            raise error

        def close(self) -> None:
            """Nothing to let go of."""

    client = DataForest(base_url="http://localhost", credentials=KEYS, transport=_Broken())
    outcome = client.submit(BODY, deadline=soon())
    assert isinstance(outcome, Unknown)
    assert "canary-value" not in outcome.message
