"""The client against the embedded service, which shares no code with it: in one process, and over real HTTP."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dfsubmit.dataforest.client import DataForest
from dfsubmit.dataforest.credentials import Credentials
from dfsubmit.engine import Accepted, App, NotSent, Rejected, Throttled, Unknown, Workspace
from dfsubmit.errors import CredentialsError, EngineError, NoSuchAppError
from dfsubmit.local.face import Face
from dfsubmit.local.faults import Acceptance, Answer, Delivery, NoFaults, Operation, Point
from dfsubmit.local.server import EmulatorServer
from dfsubmit.local.settings import LocalSettings
from dfsubmit.local.transport import BASE_URL, LocalTransport

from dataforest_peer import BODY, soon  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dfsubmit.local.faults import Faults


@dataclass(frozen=True, kw_only=True)
class _Scene:
    """One embedded service and a road to it."""

    settings: LocalSettings
    over_http: bool

    @contextmanager
    def client(self, *, faults: Faults | None = None, pump: bool = False, **more: Any) -> Iterator[DataForest]:
        keys = Credentials(access_key=self.settings.access_key, secret_key=self.settings.secret_key)
        named = {"credentials": keys, "sleep": lambda _: None, "timeout_seconds": 5, **more}
        if not self.over_http:
            client = DataForest(
                base_url=BASE_URL, transport=LocalTransport(self.settings, faults=faults, pump=pump), **named
            )
            yield client
            client.close()
            return
        with EmulatorServer(Face(self.settings, faults=faults, pump=pump)) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            client = DataForest(base_url=server.url, **named)
            try:
                yield client
            finally:
                client.close()
                server.shutdown()
                thread.join(5)


@pytest.fixture(params=[False, True], ids=["in process", "over HTTP"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> _Scene:
    workspace = tmp_path / "ws"
    workspace.mkdir()
    (tmp_path / "hdfs").mkdir()
    settings = LocalSettings(
        home=tmp_path / "home", hdfs=tmp_path / "hdfs", workspaces={str(BODY["aiWorkspaceId"]): workspace}
    )
    return _Scene(settings=settings, over_http=request.param)


def _until(client: DataForest, app_id: str, state: Callable[[App], bool]) -> App:
    end = time.monotonic() + 20
    while not state(app := client.get(app_id).app):
        assert time.monotonic() < end, app
        time.sleep(0.05)
    return app


def _body(command: str = "true", **env: str) -> dict[str, Any]:
    return {**BODY, "docker": {**BODY["docker"], "command": command, "env": env}}


def test_an_app_is_submitted_listed_shown_and_its_log_read(scene: _Scene) -> None:
    with scene.client(pump=True) as client:
        before = client.server_now()
        outcome = client.submit(_body('sh -c "echo token is $TOKEN"', TOKEN="made-up"), deadline=soon())
        assert isinstance(outcome, Accepted)
        (listed,) = client.list_apps().apps
        assert (listed.id, listed.name, listed.queue, listed.workspace) == (
            outcome.app.id,
            outcome.app.name,
            "gpu",
            "ws",
        )
        assert listed.name.startswith("bert-")
        assert listed.started_at is not None
        assert abs(listed.started_at - before) < timedelta(seconds=20)
        assert client.workspaces() == (Workspace(id=str(BODY["aiWorkspaceId"]), name="ws"),)
        done = _until(client, outcome.app.id, lambda app: app.finished)
        assert done.succeeded
        assert done.finished_at is not None
        (container,) = client.get(outcome.app.id).containers
        assert (container.image, container.cpu_count, container.memory_mb) == (BODY["docker"]["image"], 1, 15360)
        log = client.read_log(container)
        assert log is not None
        assert log.startswith(b"token is made-up\n")
        assert client.read_log(container, offset=len(log)) == b""
        assert client.read_log(container, offset=6) == log[6:]


def test_a_running_app_is_killed_and_an_unknown_one_is_not_there(scene: _Scene) -> None:
    with scene.client(pump=True) as client:
        outcome = client.submit(_body("sleep 60"), deadline=soon())
        assert isinstance(outcome, Accepted)
        _until(client, outcome.app.id, lambda app: app.state == "RUNNING")
        client.kill(outcome.app.id)
        assert _until(client, outcome.app.id, lambda app: app.finished).killed
        for call in (client.get, client.kill):
            with pytest.raises(NoSuchAppError):
                call("noSuchApp")


@pytest.mark.parametrize(
    ("change", "says"),
    [({"namePrefix": "x"}, "invalid request parameters"), ({"aiWorkspaceId": "unknown"}, "no such element")],
)
def test_what_the_service_refuses_is_rejected_with_its_words(scene: _Scene, change: dict[str, Any], says: str) -> None:
    with scene.client() as client:
        outcome = client.submit({**BODY, **change}, deadline=soon())
        assert isinstance(outcome, Rejected)
        assert says in outcome.message
        assert client.list_apps().apps == ()


def test_wrong_keys_are_told_as_such(scene: _Scene) -> None:
    keys = Credentials(access_key=scene.settings.access_key, secret_key="not-the-secret", source="a test")
    with scene.client(credentials=keys) as client:
        with pytest.raises(CredentialsError, match="the keys are from a test"):
            client.list_apps()
        with pytest.raises(CredentialsError):
            client.submit(BODY, deadline=soon())


class _Skewed(NoFaults):
    """A service whose clock is 20 minutes ahead."""

    def clock(self, now: datetime) -> datetime:
        return now + timedelta(minutes=20)


def test_a_clock_that_is_20_minutes_off_is_learnt_and_changes_nothing_else(scene: _Scene) -> None:
    with scene.client(faults=_Skewed()) as client:
        assert abs(client.server_now() - datetime.now(UTC) - timedelta(minutes=20)) < timedelta(seconds=10)
        outcome = client.submit(BODY, deadline=client.server_now() + timedelta(seconds=60))
        assert isinstance(outcome, Accepted)
        listing = client.list_apps()
        assert [app.id for app in listing.apps] == [outcome.app.id]
        assert abs(listing.server_now - client.server_now()) < timedelta(seconds=10)


@dataclass(kw_only=True)
class _Once(NoFaults):
    """One thing goes wrong at the first submit: at `point` it is answered so, or its answer is cut after some bytes."""

    point: Point | None = None
    answer: Answer | None = None
    cut: int | None = None
    acceptances: Acceptance | None = None
    used: bool = False

    def meet(self, point: Point, operation: Operation, now: datetime) -> Answer | None:
        _ = now
        if self.used or operation is not Operation.SUBMIT or point is not self.point:
            return None
        self.used = True
        return self.answer

    def acceptance(self, now: datetime) -> Acceptance:
        return self.acceptances or super().acceptance(now)

    def deliver(self, operation: Operation, answer: Answer, now: datetime) -> Answer:
        _ = now
        if self.used or operation is not Operation.SUBMIT or self.cut is None:
            return answer
        self.used = True
        return replace(answer, delivery=Delivery(cut=self.cut))


def _error(status: int, body: str, *headers: tuple[str, str]) -> Answer:
    return Answer(status=status, headers=headers, body=body.encode())


THROTTLED = '{"error":{"errorCode":"410","message":"Throttle Limited"}}'
ENDPOINT = '{"error":{"errorCode":"510","message":"Endpoint Timeout"}}'
FAULTS: dict[str, tuple[_Once, type, int]] = {
    "the answer is lost after acceptance": (_Once(cut=0), Unknown, 1),
    "half an answer after acceptance": (_Once(cut=120), Unknown, 1),
    "504 of the gateway after acceptance": (_Once(point=Point.AFTER_ACCEPT, answer=_error(504, ENDPOINT)), Unknown, 1),
    "504 of the gateway before acceptance": (
        _Once(point=Point.BEFORE_ACCEPT, answer=_error(504, ENDPOINT)),
        Unknown,
        0,
    ),
    "HTML after acceptance": (_Once(point=Point.AFTER_ACCEPT, answer=_error(200, "<html>")), Unknown, 1),
    "200 without id after acceptance": (
        _Once(point=Point.AFTER_ACCEPT, answer=_error(200, '{"success":true}')),
        Unknown,
        1,
    ),
    "throttled once": (
        _Once(point=Point.BEFORE_AUTH, answer=_error(429, THROTTLED, ("Retry-After", "1"))),
        Accepted,
        1,
    ),
    "accepted twice by the service": (_Once(acceptances=Acceptance(copies=2)), Accepted, 2),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_client_never_knows_more_than_is_true_and_never_sends_twice(scene: _Scene, name: str) -> None:
    fault, outcome, apps = FAULTS[name]
    with scene.client(faults=replace(fault)) as client:
        found = client.submit(BODY, deadline=soon())
        assert type(found) is outcome, found
        assert len(client.list_apps().apps) == apps


class _Closed(NoFaults):
    """Everybody is turned away until further notice."""

    def meet(self, point: Point, operation: Operation, now: datetime) -> Answer | None:
        _ = now
        early = point is Point.BEFORE_AUTH and operation is Operation.SUBMIT
        return _error(429, THROTTLED, ("Retry-After", "900")) if early else None


def test_a_service_that_turns_everybody_away_starts_nothing(scene: _Scene) -> None:
    with scene.client(faults=_Closed()) as client:
        assert isinstance(client.submit(BODY, deadline=soon()), Throttled)
        assert client.list_apps().apps == ()


class _ShortOfRows(NoFaults):
    """A list that cannot be read."""

    def deliver(self, operation: Operation, answer: Answer, now: datetime) -> Answer:
        _ = now
        return replace(answer, body=answer.body[:-3]) if operation is Operation.LIST else answer


def test_a_list_that_cannot_be_read_is_an_error_and_never_empty(scene: _Scene) -> None:
    with scene.client(faults=_ShortOfRows()) as client, pytest.raises(EngineError):
        client.list_apps()


def test_nothing_reaches_the_service_when_there_is_no_time(scene: _Scene) -> None:
    with scene.client() as client:
        assert isinstance(client.submit(BODY, deadline=soon(1)), NotSent)
        assert client.list_apps().apps == ()
