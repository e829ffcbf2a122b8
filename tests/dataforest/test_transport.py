"""The network's own rules: nothing leaves late or lingers, certificates are verified, proxies tunnel."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import httpcore
import httpx
import pytest

from dfsubmit.dataforest.client import DataForest
from dfsubmit.dataforest.exchange import OPENING_ERRORS
from dfsubmit.dataforest.transport import END, LARGEST_WAITING, MAY_SEND, BoundedTransport
from dfsubmit.engine import Accepted, NotSent, Unknown

from dataforest_peer import ACCEPTED, ACCOUNTS, BODY, KEYS, ONE_ACCOUNT, Peer, Received, Reply, answer, gateway, soon  # isort: skip

if TYPE_CHECKING:
    from pathlib import Path


def _accepting(request: Received) -> Reply:
    return answer(ONE_ACCOUNT if request.target == ACCOUNTS else ACCEPTED)


def test_the_first_byte_leaves_only_if_it_may() -> None:
    with Peer(_accepting) as peer:
        transport = BoundedTransport(tls=None, proxy="", monotonic=lambda: 0.0)
        for extensions in ({MAY_SEND: lambda: False}, {END: 0.0}, {END: -1.0}):
            with pytest.raises(httpx.ConnectTimeout):
                transport.handle_request(httpx.Request("POST", peer.url, content=b"{}", extensions=extensions))
        allowed = transport.handle_request(httpx.Request("POST", peer.url, content=b"{}", extensions={END: 9.0}))
        assert allowed.read()
        transport.close()
    assert len(peer.received) == 1


def test_a_request_on_a_kept_connection_is_held_back_as_well() -> None:
    with Peer(_accepting) as peer:
        transport = BoundedTransport(tls=None, proxy="", monotonic=lambda: 0.0)
        transport.handle_request(httpx.Request("POST", peer.url, content=b"{}")).read()
        late = httpx.Request("POST", peer.url, content=b"{}", extensions={MAY_SEND: lambda: False})
        with pytest.raises(httpx.ConnectTimeout):
            transport.handle_request(late)
        transport.close()
    assert len(peer.received) == 1


def test_when_it_becomes_too_late_within_a_long_request_the_fate_is_unknown() -> None:
    answers = iter([True, False])
    long = b"x" * (LARGEST_WAITING + 1)
    with Peer(_accepting) as peer:
        transport = BoundedTransport(tls=None, proxy="", monotonic=lambda: 0.0)
        parts = iter([long, long])
        headers = {"Content-Length": str(2 * len(long))}
        extensions = {MAY_SEND: lambda: next(answers)}
        with pytest.raises(httpx.WriteTimeout):
            transport.handle_request(
                httpx.Request("POST", peer.url, content=parts, headers=headers, extensions=extensions)
            )
        transport.close()
    assert all(len(request.body) < 2 * len(long) for request in peer.received)


def test_head_and_body_leave_together_and_only_once_an_answer_is_wanted() -> None:
    asked: list[int] = []
    with Peer(_accepting) as peer:
        transport = BoundedTransport(tls=None, proxy="", monotonic=lambda: 0.0)

        def may_send() -> bool:
            asked.append(len(peer.received))
            return True

        extensions = {MAY_SEND: may_send}
        for _ in range(3):
            transport.handle_request(httpx.Request("POST", peer.url, content=b"{}", extensions=extensions)).read()
        transport.close()
    assert asked == [0, 1, 2]
    assert [request.body for request in peer.received] == [b"{}"] * 3


def test_an_answer_is_not_waited_for_beyond_the_end_of_the_attempt() -> None:
    now = [0.0]

    def may_send() -> bool:
        now[0] = 100.0
        return True

    with Peer(_accepting) as peer:
        transport = BoundedTransport(tls=None, proxy="", monotonic=lambda: now[0])
        extensions = {END: 50.0, MAY_SEND: may_send, "timeout": {"read": 30.0}}
        with pytest.raises(httpx.ReadTimeout):
            transport.handle_request(httpx.Request("POST", peer.url, content=b"{}", extensions=extensions))
        transport.close()


def test_an_answer_that_can_still_be_read_after_an_error_of_writing_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    class _Broken(httpcore.MockStream):
        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            raise httpcore.WriteError(f"{len(buffer)} bytes not taken in {timeout} s")

    class _Backend(httpcore.MockBackend):
        def connect_tcp(self, *_: object, **__: object) -> httpcore.NetworkStream:
            return _Broken([answer(gateway("430"), 413).pieces[0]])

    monkeypatch.setattr(httpcore, "SyncBackend", lambda: _Backend([]))
    transport = BoundedTransport(tls=None, proxy="", monotonic=lambda: 0.0)
    response = transport.handle_request(httpx.Request("POST", "http://127.0.0.1", content=b"{}"))
    assert response.status_code == 413
    response.close()
    transport.close()


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


@pytest.mark.parametrize(
    ("reply", "error", "sent_nothing"),
    [
        (answer(b"", 403), httpx.ProxyError, True),
        (answer(b"", 407), httpx.ProxyError, True),
        (answer(b"", 502), httpx.ProxyError, True),
        # How far it came cannot be told from outside: careful is right here.
        (Reply(pieces=(), then="close"), httpx.RemoteProtocolError, False),
        (Reply(pieces=(), then="reset"), httpx.ReadError, False),
        (Reply(pieces=(), then="hang"), httpx.ReadTimeout, False),
    ],
)
def test_a_proxy_that_opens_no_tunnel(reply: Reply, error: type[Exception], sent_nothing: bool) -> None:  # noqa: FBT001  # a column
    with Peer(lambda _: reply) as peer:
        proxy = f"http://user:madeup@127.0.0.1:{peer.port}"
        transport = BoundedTransport(tls=httpx.create_ssl_context(), proxy=proxy, monotonic=time.monotonic)
        request = httpx.Request("POST", "https://127.0.0.1:9443", extensions={END: time.monotonic() + 0.8})
        with pytest.raises(error) as caught:
            transport.handle_request(request)
        transport.close()
    assert isinstance(caught.value, OPENING_ERRORS) is sent_nothing
    assert "madeup" not in str(caught.value)
    assert [request.method for request in peer.received] == ["CONNECT"]


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
    class _Given(httpx.BaseTransport):
        closed = False

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json=ACCEPTED, request=request)

        def close(self) -> None:
            self.closed = True

    given = _Given()
    client = DataForest(base_url="http://localhost", credentials=KEYS, transport=given)
    assert isinstance(client.submit(BODY, deadline=soon()), Accepted)
    client.close()
    assert given.closed


@pytest.mark.parametrize("error", [ValueError("canary-value"), RuntimeError(), KeyError("x"), httpx.ReadError("gone")])
def test_whatever_a_transport_raises_the_fate_is_unknown(error: Exception) -> None:
    class _Broken(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == ACCOUNTS:
                return httpx.Response(200, json=ONE_ACCOUNT, request=request)
            raise error

    client = DataForest(base_url="http://localhost", credentials=KEYS, transport=_Broken())
    outcome = client.submit(BODY, deadline=soon())
    assert isinstance(outcome, Unknown)
    assert "canary-value" not in outcome.message
