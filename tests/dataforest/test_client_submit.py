"""Submitting over real HTTP: what each fault of a network or a server comes to, what is repeated, and when it ends."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dfsubmit.dataforest.client import DataForest
from dfsubmit.dataforest.sign import SIGNATURE_HEADER, TIMESTAMP_HEADER, signature
from dfsubmit.engine import Accepted, NotSent, Rejected, Throttled, Unknown
from dfsubmit.errors import CredentialsError, DfsubmitError, NotOfferedError
from dfsubmit.transport import Outgoing, Whole

from dataforest_peer import (  # isort: skip
    ACCEPTED,
    ACCOUNTS,
    BODY,
    KEYS,
    ONE_ACCOUNT,
    SUBMIT,
    Peer,
    Received,
    Reply,
    answer,
    gateway,
    service,
    soon,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WHOLE = answer(ACCEPTED).pieces[0]


def _always(reply: Reply) -> Callable[[Received], Reply]:
    return _in_turn(reply)


def _in_turn(*replies: Reply, accounts: Reply | None = None) -> Callable[[Received], Reply]:
    """Answer submits with `replies` one after the other, and with the last one for ever; and who asks for the clock."""
    left = list(replies)
    clock = accounts or answer(ONE_ACCOUNT)

    def script(request: Received) -> Reply:
        if request.target == ACCOUNTS:
            return clock
        return left.pop(0) if len(left) > 1 else left[0]

    return script


def _submits(peer: Peer) -> list[Received]:
    return [request for request in peer.received if request.target == SUBMIT]


def test_an_accepted_submit_is_signed_and_carries_the_body_as_it_was_given() -> None:
    with Peer(_always(answer(ACCEPTED))) as peer:
        client = peer.client()
        outcome = client.submit(BODY, deadline=soon())
        client.close()
    assert isinstance(outcome, Accepted)
    assert outcome.app.id == ACCEPTED["id"]
    (request,) = _submits(peer)
    assert (request.method, request.target) == ("POST", SUBMIT)
    assert request.json == BODY
    assert request.headers["content-type"] == request.headers["accept"] == "application/json"
    assert "transfer-encoding" not in request.headers
    expected = signature(method="POST", target=SUBMIT, timestamp=request.headers[TIMESTAMP_HEADER], credentials=KEYS)
    assert request.headers[SIGNATURE_HEADER] == expected


# What the peer does with the one request, and what that is to the client. Not one of these may be repeated.
FAULTS: dict[str, tuple[Reply, type]] = {
    "reset before the answer": (Reply(pieces=(), then="reset"), Unknown),
    "closed before the answer": (Reply(pieces=(), then="close"), Unknown),
    "silence": (Reply(pieces=(), then="hang"), Unknown),
    "reset within the head": (Reply(pieces=(WHOLE[:30],), then="reset"), Unknown),
    "half a body, then closed": (Reply(pieces=(WHOLE[:-20],), then="close"), Unknown),
    "half a body, then reset": (Reply(pieces=(WHOLE[:-20],), then="reset"), Unknown),
    "half a body, then silence": (Reply(pieces=(WHOLE[:-20],), then="hang"), Unknown),
    "not HTTP": (Reply(pieces=(b"\x16\x03\x01 hello\r\n\r\n",), then="close"), Unknown),
    "an endless head": (Reply(pieces=(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000,), then="hang"), Unknown),
    "an answer that drips": (Reply(pieces=tuple(WHOLE[i : i + 1] for i in range(len(WHOLE))), gap=0.02), Unknown),
    "HTML": (answer(b"<html>Sign in</html>"), Unknown),
    "no body": (answer(b"", 204), Unknown),
    "200 without id": (answer({"success": True}), Unknown),
    "success:false in full": (answer(service("told")), Rejected),
    "success:false alone": (answer({"success": False}), Unknown),
    "an answer that is too large": (answer(b'{"success": true, "x": "' + b"x" * (1 << 20) + b'", "id": "x"}'), Unknown),
    "a compressed answer": (answer(ACCEPTED, headers={"Content-Encoding": "gzip"}), Unknown),
    "a redirect": (answer(b"", 307, headers={"Location": SUBMIT}), Unknown),
    "a switch of protocols": (
        Reply(pieces=(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",)),
        Unknown,
    ),
    "500 of the service": (answer(service("unexpected error"), 500), Unknown),
    "503 of the gateway": (answer(gateway("500"), 503), Unknown),
    "504 of the gateway": (answer(gateway("510"), 504), Unknown),
    "400 of the service": (answer(service("invalid request parameters"), 400), Rejected),
    "404 of the service": (answer(service("no such element"), 404), Rejected),
    "429, quota": (answer(gateway("400"), 429), Rejected),
    "429 of a stranger": (answer(b"slow down", 429, headers={"Retry-After": "1"}), Unknown),
    "accepted after 103": (Reply(pieces=(b"HTTP/1.1 103 Early\r\n\r\n" + WHOLE,)), Accepted),
    "accepted, then reset": (answer(ACCEPTED, then="reset"), Accepted),
    "accepted as text": (answer(ACCEPTED, headers={"Content-Type": "text/plain;charset=UTF-8"}), Accepted),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_of_the_answer_is_classified_and_never_sent_twice(name: str) -> None:
    reply, outcome = FAULTS[name]
    slow = reply.then == "hang" or reply.gap
    with Peer(_always(reply)) as peer:
        client = peer.client(timeout_seconds=0.8 if slow else 20)
        found = client.submit(BODY, deadline=soon())
        client.close()
    assert type(found) is outcome, found
    assert len(_submits(peer)) == 1


@pytest.mark.parametrize("clock_known", [True, False])
def test_a_connection_that_cannot_be_opened_is_not_sent(clock_known: bool) -> None:  # noqa: FBT001  # drawn
    with Peer(_always(answer(ACCEPTED))) as peer:
        client = peer.client(timeout_seconds=2, sleep=lambda _: True)
        if clock_known:
            client.server_now()
    outcome = client.submit(BODY, deadline=soon())
    assert isinstance(outcome, NotSent)
    assert "could not be opened" in outcome.message


@dataclass
class _World:
    """A clock that moves only when somebody sleeps, for waits of minutes."""

    wall: datetime = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.wall += timedelta(seconds=seconds)

    def settings(self, **more: Any) -> dict[str, Any]:
        return {
            "clock": lambda: self.wall,
            "monotonic": lambda: self.wall.timestamp(),  # noqa: PLW0108  # of the wall as it will be then
            "sleep": self.sleep,
            "random": lambda: 1.0,
            **more,
        }

    def answer(self, body: Any, status: int = 200, **headers: str) -> Reply:
        """Return an answer that is dated by the clock of this world when it began."""
        return answer(body, status, headers={"Date": "Sun, 01 Mar 2026 12:00:00 GMT", **headers})

    def in_turn(self, *replies: Reply) -> Callable[[Received], Reply]:
        return _in_turn(*replies, accounts=self.answer(ONE_ACCOUNT))


def test_opening_is_tried_again_until_an_attempt_would_have_too_little_time_before_the_deadline() -> None:
    world = _World()
    said: list[str] = []
    with Peer(_in_turn(answer(ACCEPTED), accounts=world.answer(ONE_ACCOUNT))) as peer:
        client = peer.client(**world.settings(on_retry=said.append, timeout_seconds=30))
        client.server_now()
    deadline = world.wall + timedelta(seconds=60)
    assert isinstance(client.submit(BODY, deadline=deadline), NotSent)
    assert world.slept == [0.5, 1, 2, 4, 8, 16]
    assert world.wall + timedelta(seconds=15) <= deadline
    assert len(said) == 6
    assert said[0].startswith("aiapps/submit: try 2 in 0.5 s; the connection could not be opened")


def test_throttling_is_obeyed_and_then_the_submit_goes_through() -> None:
    world = _World()
    script = world.in_turn(
        world.answer(gateway("410"), 429),
        world.answer(gateway(420), 429, **{"Retry-After": "7"}),
        world.answer(gateway("420"), 429, **{"Retry-After": "Sun, 01 Mar 2026 12:00:09 GMT"}),
        world.answer(ACCEPTED),
    )
    with Peer(script) as peer:
        client = peer.client(**world.settings())
        assert isinstance(client.submit(BODY, deadline=world.wall + timedelta(seconds=60)), Accepted)
        client.close()
    assert world.slept == [0.5, 8.0, 10.0]
    submits = _submits(peer)
    stamps = [request.headers[TIMESTAMP_HEADER] for request in submits]
    assert len({request.headers[SIGNATURE_HEADER] for request in submits}) == 4
    assert stamps == sorted(set(stamps))


def test_throttling_that_lasts_beyond_the_deadline_is_told_and_not_waited_for() -> None:
    world = _World()
    with Peer(world.in_turn(world.answer(gateway("410"), 429, **{"Retry-After": "3600"}))) as peer:
        client = peer.client(**world.settings())
        outcome = client.submit(BODY, deadline=world.wall + timedelta(seconds=60))
        client.close()
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after == 3600
    assert world.slept == []


def test_other_threads_wait_too_when_the_service_asks_one_of_them_to() -> None:
    world = _World()
    elsewhere: list[NotSent] = []

    def sleep(seconds: float) -> bool:
        """While the first thread waits, the second one wants to send, and is told to wait by the pace; then all ends."""
        world.slept.append(seconds)
        if len(world.slept) == 1:
            thread = threading.Thread(target=submit_elsewhere)
            thread.start()
            thread.join(10)
        return len(world.slept) == 2

    def submit_elsewhere() -> None:
        outcome = client.submit(BODY, deadline=world.wall + timedelta(seconds=200))
        assert isinstance(outcome, NotSent)
        elsewhere.append(outcome)

    with Peer(world.in_turn(world.answer(gateway("410"), 429, **{"Retry-After": "50"}))) as peer:
        client = peer.client(**world.settings(sleep=sleep))
        assert isinstance(client.submit(BODY, deadline=world.wall + timedelta(seconds=200)), Throttled)
        client.close()
    assert world.slept == [50.5, 50.5]
    assert [outcome.message for outcome in elsewhere] == ["stopped before it was sent"]
    assert len(_submits(peer)) == 1


def test_nothing_is_sent_when_too_little_time_is_left() -> None:
    with Peer(_always(answer(ACCEPTED))) as peer:
        client = peer.client(timeout_seconds=30)
        for seconds in (-5, 0, 10):
            outcome = client.submit(BODY, deadline=soon(seconds))
            assert isinstance(outcome, NotSent)
            assert "deadline" in outcome.message
        client.close()
    assert _submits(peer) == []


def test_the_deadline_is_kept_in_server_time() -> None:
    accounts = answer(ONE_ACCOUNT, skew=timedelta(minutes=2))
    with Peer(_in_turn(answer(ACCEPTED, skew=timedelta(minutes=2)), accounts=accounts)) as peer:
        client = peer.client(timeout_seconds=30)
        assert client.server_now() - datetime.now(UTC) > timedelta(seconds=118)
        assert isinstance(client.submit(BODY, deadline=soon(100)), NotSent)
        assert isinstance(client.submit(BODY, deadline=soon(180)), Accepted)
        client.close()
    assert len(_submits(peer)) == 1


def test_an_attempt_near_the_deadline_gets_the_time_that_is_left_and_no_more() -> None:
    world = _World()
    granted: list[float] = []

    class _Watching:
        def send(self, request: Outgoing) -> Whole:
            if request.target == SUBMIT:
                assert request.seconds is not None
                assert request.end is not None
                granted.extend([request.seconds, request.end - world.wall.timestamp()])
            body = ACCEPTED if request.target == SUBMIT else ONE_ACCOUNT
            return Whole(status=200, headers={}, body=json.dumps(body).encode())

        def close(self) -> None:
            """Nothing to let go of."""

    settings = world.settings(timeout_seconds=30, transport=_Watching())
    client = DataForest(base_url="http://localhost", credentials=KEYS, **settings)
    for seconds in (20, 300):
        assert isinstance(client.submit(BODY, deadline=world.wall + timedelta(seconds=seconds)), Accepted)
    assert granted == pytest.approx([20, 20, 30, 30])


def test_a_request_that_a_slow_resolver_held_back_is_not_sent_after_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = _World()
    resolve = socket.getaddrinfo

    def slow(*arguments: Any, **named: Any) -> Any:
        world.wall += timedelta(minutes=10)
        return resolve(*arguments, **named)

    closing = answer(
        ONE_ACCOUNT, headers={"Date": "Sun, 01 Mar 2026 12:00:00 GMT", "Connection": "close"}, then="close"
    )
    with Peer(_in_turn(world.answer(ACCEPTED), accounts=closing)) as peer:
        # The monotonic clock stands still, as it does while a laptop sleeps.
        client = peer.client(**world.settings(base_url=f"http://localhost:{peer.port}", monotonic=lambda: 0.0))
        client.server_now()
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        outcome = client.submit(BODY, deadline=world.wall + timedelta(seconds=60))
        client.close()
    assert isinstance(outcome, NotSent)
    assert _submits(peer) == []


def _gateway_with_clock(ahead: timedelta, *, keys_good: bool = True) -> Callable[[Received], Reply]:
    """Check the timestamp as the gateway does, by a clock that is `ahead` of ours."""

    def script(request: Received) -> Reply:
        now = datetime.now(UTC) + ahead
        signed = datetime.fromtimestamp(int(request.headers[TIMESTAMP_HEADER]) / 1000, UTC)
        if abs(now - signed) >= timedelta(minutes=5) or not keys_good:
            return answer(gateway("200", "Authentication Failed"), 401, skew=ahead)
        return answer(ACCEPTED if request.target == SUBMIT else ONE_ACCOUNT, skew=ahead)

    return script


@pytest.mark.parametrize("minutes", [20, -20, 60 * 24 * 400])
def test_a_clock_that_is_off_is_corrected_once_and_for_all(minutes: float) -> None:
    ahead = timedelta(minutes=minutes)
    with Peer(_gateway_with_clock(ahead)) as peer:
        client = peer.client()
        for _ in range(3):
            assert isinstance(client.submit(BODY, deadline=soon(60) + ahead), Accepted)
        client.close()
    assert peer.targets() == [ACCOUNTS, ACCOUNTS, SUBMIT, SUBMIT, SUBMIT]


def test_a_clock_that_is_set_while_the_program_runs_is_corrected_within_the_submit() -> None:
    world = _World()
    with Peer(_gateway_with_clock(timedelta(0))) as peer:
        world.wall = datetime.now(UTC)
        client = peer.client(**world.settings(monotonic=time.monotonic))
        client.server_now()
        world.wall -= timedelta(minutes=20)
        outcome = client.submit(BODY, deadline=soon(60))
        client.close()
    assert isinstance(outcome, Accepted)
    assert peer.targets() == [ACCOUNTS, SUBMIT, SUBMIT]


@pytest.mark.parametrize("minutes", [0, 4, 20])
def test_keys_that_are_wrong_are_an_error_after_one_correction_at_most(minutes: float) -> None:
    ahead = timedelta(minutes=minutes)
    with Peer(_gateway_with_clock(ahead, keys_good=False)) as peer:
        client = peer.client()
        with pytest.raises(CredentialsError) as caught:
            client.submit(BODY, deadline=soon(60) + ahead)
        client.close()
    # The first request, which asks for the clock, is repeated with the corrected one where that is off.
    assert peer.targets().count(ACCOUNTS) == (2 if minutes else 1)
    assert len(_submits(peer)) == 1
    assert "the gateway did not accept the keys" in caught.value.message
    assert "the keys are from test" in caught.value.message
    assert (f"clock is {minutes} min behind" in caught.value.message) == (minutes > 0)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(gateway("210"), 401), CredentialsError),
        (answer(gateway("300", "x", "URL not found."), 404), NotOfferedError),
    ],
)
def test_refusals_that_concern_every_request_are_raised(reply: Reply, error: type[DfsubmitError]) -> None:
    with Peer(_always(reply)) as peer:
        client = peer.client()
        with pytest.raises(error) as caught:
            client.submit(BODY, deadline=soon())
        client.close()
    assert caught.value.tip
    assert len(_submits(peer)) == 1


@pytest.mark.parametrize("value", ["\udcff", float("nan"), object()])
def test_a_body_that_cannot_be_written_is_not_sent_and_not_repeated_in_the_message(value: Any) -> None:
    with Peer(_always(answer(ACCEPTED))) as peer:
        client = peer.client()
        outcome = client.submit({"docker": {"env": {"TOKEN": value, "OTHER": "canary-value"}}}, deadline=soon())
        client.close()
    assert isinstance(outcome, NotSent)
    assert "canary-value" not in outcome.message
    assert _submits(peer) == []


def test_each_thread_has_one_connection_and_keeps_it() -> None:
    meet = threading.Barrier(4)

    with Peer(_always(answer(ACCEPTED))) as peer:
        client = peer.client()

        def work() -> list[Any]:
            meet.wait(5)
            return [client.submit(BODY, deadline=soon()) for _ in range(5)]

        with ThreadPoolExecutor(4) as pool:
            outcomes = [outcome for future in [pool.submit(work) for _ in range(4)] for outcome in future.result()]
        client.close()
    assert len(outcomes) == len(_submits(peer)) == 20
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert peer.connections == 4


def test_a_connection_that_the_server_closed_in_between_is_opened_anew() -> None:
    with Peer(_always(answer(ACCEPTED, headers={"Connection": "close"}, then="close"))) as peer:
        client = peer.client()
        for _ in range(3):
            assert isinstance(client.submit(BODY, deadline=soon()), Accepted)
        client.close()
    # The clock was asked for on the connection that the first submit then used.
    assert peer.connections == 3


CANARY = "hf_canary_0123456789"


def _echoes() -> Iterator[Reply]:
    echo = f'env {{"TOKEN": "{CANARY}"}} is bad'
    for status, body in [
        (200, service(echo)),
        (400, service(echo)),
        (400, {"message": echo}),
        (401, gateway("200", echo, CANARY)),
        (404, gateway("300", echo)),
        (429, gateway("400", echo)),
        (429, gateway("410", echo)),
        (500, service(echo)),
        (502, echo.encode()),
        (200, echo.encode()),
    ]:
        yield answer(body, status, headers={"X-Dfsubmit-Reason": echo, "X-Echo": CANARY})
    yield Reply(pieces=(f"HTTP/1.1 {CANARY}\r\n\r\n".encode(),), then="close")


@pytest.mark.parametrize("reply", list(_echoes()))
def test_a_canary_in_the_body_and_the_secret_key_show_nowhere(reply: Reply, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    said: list[str] = []
    body = {**BODY, "docker": {**BODY["docker"], "env": {"TOKEN": CANARY}}}
    with Peer(_always(reply)) as peer:
        client = peer.client(on_retry=said.append, sleep=lambda _: True)
        try:
            shown = repr(client.submit(body, deadline=soon()))
        except DfsubmitError as error:
            shown = f"{error!r} {error.message} {error.tip} {error.__cause__!r} {error.__context__!r}"
        shown += f"{client!r} {vars(client)!r} {said} {caplog.text}"
        client.close()
    assert json.dumps(CANARY) in _submits(peer)[0].body.decode()
    assert CANARY not in shown
    assert KEYS.secret_key not in shown
