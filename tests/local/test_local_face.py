"""The embedded service's answers, field for field, and the order in which it looks at a request."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dfsubmit.local.face import OPERATIONS
from dfsubmit.local.faults import Acceptance, Answer, Delivery, NoFaults, Operation, Point
from dfsubmit.local.settings import open_workspace_name
from dfsubmit.local.world import Event

from local_world import ACCOUNTS, DETAIL, KILL, LIST, NOON, OPEN, SUBMIT, WORKSPACES, World, body, decoded, make, signed  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world whose clock stands still and whose apps stay in their queue."""
    return make(tmp_path, pump=False, now=NOON)


def _gateway(code: str, message: str, details: str) -> dict[str, Any]:
    return {"error": {"errorCode": code, "message": message, "details": details}}


def _refused(message: str) -> dict[str, Any]:
    return {"success": False, "message": message}


MISSING = _gateway("200", "Authentication Failed", "Authentication information are missing.")
INVALID = _gateway("200", "Authentication Failed", "Invalid authentication information.")
NOT_FOUND = _gateway("300", "Not Found Exception", "URL not found.")
BAD = _refused("invalid request parameters")
UNKNOWN = _refused("no such element")

# Everything that is wrong below a line is wrong above it too, so each answer shows what was looked at first.
ORDER: list[tuple[str, str, dict[str, str], bytes, int, dict[str, Any]]] = [
    ("no key", "/api/v2/nothing", {"x-ncp-iam-access-key": "", "x-ncp-apigw-timestamp": "1"}, b"{", 401, MISSING),
    ("clock", "/api/v2/nothing", {"x-ncp-apigw-timestamp": "1"}, b"{", 401, INVALID),
    ("signature", "/api/v2/nothing", {"x-ncp-apigw-signature-v2": "AAAA"}, b"{", 401, INVALID),
    ("other key", "/api/v2/nothing", {"x-ncp-iam-access-key": "AKEXAMPLE"}, b"{", 401, INVALID),
    ("path", "/api/v2/nothing", {}, b"{", 404, NOT_FOUND),
    ("body", LIST, {}, b"{", 400, BAD),
    ("member", LIST, {}, b'{"search":{}}', 400, BAD),
    ("account", LIST, {}, b'{"search":{"accountId":"nobody"}}', 404, UNKNOWN),
]


@pytest.mark.parametrize("row", ORDER, ids=[row[0] for row in ORDER])
def test_a_request_is_looked_at_in_the_documented_order(
    world: World, row: tuple[str, str, dict[str, str], bytes, int, dict[str, Any]]
) -> None:
    _, target, wrong, content, status, wanted = row
    headers = {**signed(world.settings, target, now=NOON), **wrong}
    answer = world.face.answer("POST", target, headers, content, NOON)
    assert (answer.status, decoded(answer)) == (status, wanted)
    names = dict(answer.headers)
    assert names["Date"] == "Fri, 02 Jan 2026 03:04:05 GMT"
    assert ("x-ncp-trace-id" in names) == ("error" in wanted)


def test_a_body_is_looked_at_before_what_it_names(world: World) -> None:
    wrong = body(aiWorkspaceId="no-such-workspace", namePrefix="x")
    assert decoded(world.post(SUBMIT, wrong)) == BAD
    assert decoded(world.post(SUBMIT, wrong | {"namePrefix": "test"})) == UNKNOWN


@pytest.mark.parametrize("target", [DETAIL, KILL])
def test_an_unknown_app_is_no_such_element(world: World, target: str) -> None:
    answer = world.post(target, {"id": "nothing"})
    assert (answer.status, decoded(answer)) == (404, UNKNOWN)


@pytest.mark.parametrize("target", sorted(OPERATIONS))
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_another_path(world: World, target: str, method: str) -> None:
    headers = signed(world.settings, target, method=method, now=NOON)
    answer = world.face.answer(method, target, headers, b"{}", NOON)
    assert (answer.status, decoded(answer)) == (404, NOT_FOUND)


def test_the_query_is_part_of_what_is_signed(world: World) -> None:
    target = ACCOUNTS + "?page=1"
    right = world.face.answer("POST", target, signed(world.settings, target, now=NOON), b"", NOON)
    wrong = world.face.answer("POST", target, signed(world.settings, ACCOUNTS, now=NOON), b"", NOON)
    assert (right.status, wrong.status) == (200, 401)


@pytest.mark.parametrize(
    ("media_type", "status"),
    [("application/json", 200), ("Application/JSON; charset=utf-8", 200), ("", 400), ("application/xml", 400)],
)
def test_the_accounts_list_demands_a_json_media_type(world: World, media_type: str, status: int) -> None:
    world.headers = {"content-type": media_type}
    assert world.post(ACCOUNTS, {}).status == status


def test_other_operations_take_a_missing_media_type_for_json(world: World) -> None:
    world.headers = {"content-type": ""}
    assert world.post(SUBMIT, body()).status == 200
    world.headers = {"content-type": "text/plain"}
    assert world.post(SUBMIT, body()).status == 400


def test_a_refused_body_is_explained_in_a_header_of_our_own(world: World) -> None:
    answer = world.post(SUBMIT, body(queueName=""))
    assert dict(answer.headers)["x-dfsubmit-reason"] == "queueName must not be empty"


def test_a_submit_is_answered_as_documented(world: World) -> None:
    answer = world.post(SUBMIT, body())
    assert answer.status == 200
    assert dict(answer.headers)["Content-Type"] == "application/json;charset=UTF-8"
    made = decoded(answer)
    assert list(made) == [
        "success",
        "id",
        "accountName",
        "name",
        "queueName",
        "startedAt",
        "finishedAt",
        "elapsedMillis",
        "state",
        "finalStatus",
    ]
    assert made | {"id": "", "name": ""} == {
        "success": True,
        "id": "",
        "accountName": "local",
        "name": "",
        "queueName": "gpu",
        "startedAt": "2026-01-02T12:04:05.678+09:00",
        "finishedAt": "1970-01-01T09:00:00+09:00",
        "elapsedMillis": 0,
        "state": "ACCEPTED",
        "finalStatus": "UNDEFINED",
    }


def test_a_seeded_world_repeats_itself(tmp_path: Path) -> None:
    first, second = (make(tmp_path / name, pump=False, now=NOON).post(SUBMIT, body()) for name in ("a", "b"))
    assert first == second


def test_a_list_shows_each_app_as_documented_and_has_no_total(world: World) -> None:
    app_id = world.submit()
    answer = world.ask(LIST, {"search": {"accountId": world.face.account_id}})
    assert list(answer) == ["success", "contents"]
    (item,) = answer["contents"]
    assert item.pop("name").startswith("test-")
    assert item == {
        "id": app_id,
        "accountName": "local",
        "queueName": "gpu",
        "workspaceName": open_workspace_name(OPEN),
        "state": "ACCEPTED",
        "finalStatus": "UNDEFINED",
        "startedAt": "2026-01-02T12:04:05.678+09:00",
        "finishedAt": "1970-01-01T09:00:00+09:00",
        "modifiedAt": "2026-01-02T12:04:05.678+09:00",
        "disabled": False,
    }


def test_a_waiting_app_has_neither_containers_nor_a_yarn_id(world: World) -> None:
    detail = world.detail(world.submit())
    assert "containers" not in detail
    assert "appId" not in detail
    assert detail["elapsedMillis"] == 0


def _run(world: World, app_id: str, *events: Event) -> None:
    for event in events:
        assert world.face.store.step(app_id, event, 0) is not None


def test_a_running_app_shows_its_container_and_yarn_id(world: World) -> None:
    app_id = world.submit(resource={"cpuCount": 3, "memoryMb": 2048})
    assert world.face.store.claim("gpu", 1, "token", 0)
    later = round((NOON.timestamp() + 1) * 1000)
    for event in (Event.REGISTER, Event.BEGIN):
        world.face.store.step(app_id, event, later)
    world.headers = {"host": "127.0.0.1:8080"}
    world.now = NOON + timedelta(seconds=5)
    detail = world.detail(app_id)
    container = f"container_{app_id}_000001"
    assert detail["appId"] == "application_1767323045678_0001"
    assert (detail["state"], detail["elapsedMillis"]) == ("RUNNING", 5000)
    assert detail["containers"] == {
        container: {
            "containerId": container,
            "component": "app",
            "createdAt": "2026-01-02T12:04:06.678+09:00",
            "logUrl": f"http://127.0.0.1:8080/logs/{container}",
            "cpuCount": 3,
            "dockerImage": "example:1",
            "memoryMb": 2048,
            "status": "RUNNING",
        }
    }
    assert world.apps()[0]["appId"] == detail["appId"]


def test_nothing_of_a_request_but_the_documented_members_is_ever_shown(world: World) -> None:
    docker = {"image": "example:1", "command": "canary-command", "args": "canary-args", "env": {"A": "canary-env"}}
    app_id = world.submit(docker=docker)
    shown = json.dumps([world.apps(), world.detail(app_id)])
    assert "canary" not in shown


def test_without_workspaces_every_well_formed_id_is_one_and_is_listed_once_used(world: World) -> None:
    search = {"search": {"accountId": world.face.account_id}}
    assert world.ask(WORKSPACES, search) == {"success": True, "total": 0, "contents": []}
    world.submit()
    world.submit(aiWorkspaceId="zz")
    (first, second) = world.ask(WORKSPACES, search)["contents"]
    assert (first["id"], second["id"]) == (OPEN, "zz")
    assert first["name"] == world.apps()[0]["workspaceName"]
    assert decoded(world.post(SUBMIT, body(aiWorkspaceId="not-base62"))) == UNKNOWN


def test_configured_workspaces_are_the_only_ones(tmp_path: Path) -> None:
    world = make(tmp_path, pump=False, now=NOON, workspaces={"WsExample": tmp_path / "My Models"})
    answer = world.ask(WORKSPACES, {"search": {"accountId": world.face.account_id}})
    assert answer == {
        "success": True,
        "total": 1,
        "contents": [
            {
                "id": "WsExample",
                "name": "my-models",
                "accountName": "local",
                "description": "",
                "imageVersion": "local",
                "createdAt": "2026-01-02T12:04:05.678+09:00",
                "modifiedAt": "2026-01-02T12:04:05.678+09:00",
                "disabled": False,
            }
        ],
    }
    assert decoded(world.post(SUBMIT, body())) == UNKNOWN
    world.submit(aiWorkspaceId="WsExample")
    assert world.apps()[0]["workspaceName"] == "my-models"


def test_there_is_one_account(world: World) -> None:
    assert world.ask(ACCOUNTS, {}) == {
        "success": True,
        "total": 1,
        "contents": [
            {
                "id": world.face.account_id,
                "name": "local",
                "principal": "local@KR.DF.NAVERNCP.COM",
                "status": "RUNNING",
                "createdAt": "2026-01-02T12:04:05+09:00",
                "disabled": False,
            }
        ],
    }


def test_looking_creates_nothing(world: World) -> None:
    world.ask(ACCOUNTS, {})
    assert world.apps() == []
    world.post(DETAIL, {"id": "A"})
    world.post(KILL, {"id": "A"})
    assert not world.settings.home.exists()


def test_the_home_is_its_owner_s_alone(world: World) -> None:
    world.submit()
    assert world.settings.home.stat().st_mode & 0o777 == 0o700


def test_a_queued_app_is_killed_at_once(world: World) -> None:
    app_id = world.submit()
    assert world.kill(app_id) == {"success": True, "message": "success", "id": app_id}
    assert world.state(app_id) == "KILLED/KILLED"
    assert world.apps()[0]["finishedAt"] != "1970-01-01T09:00:00+09:00"


def test_killing_what_has_ended_succeeds_and_changes_nothing(world: World) -> None:
    app_id = world.submit()
    world.kill(app_id)
    before = world.query("SELECT * FROM app")
    world.now = NOON + timedelta(minutes=1)
    assert world.kill(app_id)["success"] is True
    assert world.query("SELECT * FROM app") == before


@pytest.mark.parametrize("events", [(), (Event.REGISTER,)], ids=["claimed", "staging"])
def test_an_app_whose_command_has_not_begun_is_killed_at_once(world: World, events: tuple[Event, ...]) -> None:
    app_id = world.submit()
    world.face.store.claim("gpu", 1, "token", 0)
    _run(world, app_id, *events)
    world.kill(app_id)
    assert world.state(app_id) == "KILLED/KILLED"
    assert world.face.store.step(app_id, Event.BEGIN, 0) is None


def test_a_file_that_cannot_be_used_is_an_unexpected_error_that_says_why(world: World) -> None:
    world.settings.home.write_text("in the way")
    answer = world.post(SUBMIT, body(docker={"image": "x", "command": "y", "env": {"A": "1"}}))
    assert answer.status == 500
    made = decoded(answer)
    assert made["success"] is False
    assert made["message"].startswith(f"unexpected error: {world.settings.home}: ")


def test_a_world_of_a_newer_version_is_left_alone(world: World) -> None:
    world.submit()
    world.face.close()
    world.query("PRAGMA user_version = 99")
    answer = world.post(SUBMIT, body())
    assert answer.status == 500
    assert b"newer dfsubmit" in answer.body


class OneFault(NoFaults):
    """Answers in place of the service at one point of one operation, and remembers where it was asked."""

    def __init__(self, point: Point | None = None, operation: Operation | None = None) -> None:
        self.wanted = (point, operation)
        self.met: list[tuple[Point, Operation]] = []

    def meet(self, point: Point, operation: Operation, now: datetime) -> Answer | None:
        assert now == NOON
        self.met.append((point, operation))
        return Answer(status=503, headers=(), body=b"fault") if (point, operation) == self.wanted else None


REQUESTS: dict[Operation, tuple[str, dict[str, Any]]] = {
    Operation.SUBMIT: (SUBMIT, body()),
    Operation.LIST: (LIST, {"search": {"accountId": "TeFJejKJbMI7UF5Xpz63KE"}}),
    Operation.DETAIL: (DETAIL, {}),
    Operation.KILL: (KILL, {}),
    Operation.WORKSPACES: (WORKSPACES, {"search": {"accountId": "TeFJejKJbMI7UF5Xpz63KE"}}),
    Operation.ACCOUNTS: (ACCOUNTS, {}),
}


@pytest.mark.parametrize("point", Point)
@pytest.mark.parametrize("operation", REQUESTS)
def test_a_fault_can_step_in_at_every_point_of_every_operation(
    tmp_path: Path, operation: Operation, point: Point
) -> None:
    fault = OneFault(point, operation)
    world = make(tmp_path, pump=False, now=NOON, faults=fault)
    app_id = world.submit() if operation is not Operation.SUBMIT else ""
    target, value = REQUESTS[operation]
    answer = world.post(target, value or {"id": app_id})
    assert (answer.status, answer.body) == (503, b"fault")
    assert [met for met in fault.met if met[1] is operation] == [
        (passed, operation) for passed in list(Point)[: list(Point).index(point) + 1]
    ]
    fault.wanted = (None, None)
    done = point is Point.AFTER_ACCEPT
    if operation is Operation.SUBMIT:
        assert len(world.apps()) == done
    if operation is Operation.KILL:
        assert world.state(app_id) == ("KILLED/KILLED" if done else "ACCEPTED/UNDEFINED")


class Twisted(NoFaults):
    """A clock that is off, apps accepted twice and late, a list that shows one less, a cut answer."""

    def __init__(self, acceptance: Acceptance) -> None:
        self.twist = acceptance

    def clock(self, now: datetime) -> datetime:
        return now + timedelta(minutes=20)

    def acceptance(self, now: datetime) -> Acceptance:
        assert now == NOON + timedelta(minutes=20)
        return self.twist

    def rows(self, rows: Sequence[dict[str, Any]], now: datetime) -> Sequence[dict[str, Any]]:
        assert now > NOON
        return rows[1:]

    def deliver(self, operation: Operation, answer: Answer, now: datetime) -> Answer:
        assert now > NOON
        return replace(answer, delivery=Delivery(cut=3)) if operation is Operation.SUBMIT else answer


def _right_for(world: World, target: str) -> None:
    """Sign in the service's own, wrong, time."""
    world.headers = signed(world.settings, target, now=NOON + timedelta(minutes=20))


def test_a_wrong_clock_refuses_who_has_the_right_one(tmp_path: Path) -> None:
    world = make(tmp_path, pump=False, now=NOON, faults=Twisted(Acceptance()))
    answer = world.post(ACCOUNTS, {})
    assert (answer.status, decoded(answer)) == (401, INVALID)
    assert dict(answer.headers)["Date"] == "Fri, 02 Jan 2026 03:24:05 GMT"


def test_a_submit_can_be_accepted_twice_and_its_answer_cut(tmp_path: Path) -> None:
    world = make(tmp_path, pump=False, now=NOON, faults=Twisted(Acceptance(copies=2)))
    _right_for(world, SUBMIT)
    answer = world.post(SUBMIT, body())
    assert answer.delivery.cut == 3
    assert decoded(answer)["startedAt"] == "2026-01-02T12:24:05.678+09:00"
    assert world.query("SELECT count(*) FROM app") == [(2,)]
    _right_for(world, LIST)
    assert len(world.apps()) == 1


def test_a_late_app_is_nowhere_until_it_lands(tmp_path: Path) -> None:
    world = make(tmp_path, pump=False, now=NOON, faults=Twisted(Acceptance(copies=2, late=7.0)))
    _right_for(world, SUBMIT)
    app_id = decoded(world.post(SUBMIT, body()))["id"]
    for seconds, seen in ((6.9, 0), (7.0, 1)):
        world.now = NOON + timedelta(seconds=seconds)
        _right_for(world, LIST)
        assert len(world.apps()) == seen
        _right_for(world, DETAIL)
        assert world.post(DETAIL, {"id": app_id}).status == (200 if seen else 404)
        landed = world.face.store.claim("gpu", 2, "token", round(world.now.timestamp() * 1000))
        assert len(landed) == 2 * seen
