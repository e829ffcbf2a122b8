"""Reads, kills and logs over real HTTP: what is repeated, what is found out by itself, and which error is which."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dfsubmit.dataforest import client as client_module
from dfsubmit.dataforest import wire
from dfsubmit.dataforest.client import READ_TRIES
from dfsubmit.engine import Container
from dfsubmit.errors import CredentialsError, EngineError, NoSuchAppError, NotOfferedError, UsageError

from dataforest_peer import (  # isort: skip
    ACCOUNTS,
    DETAIL,
    KEYS,
    KILL,
    LIST,
    ONE_ACCOUNT,
    WORKSPACES,
    Peer,
    Received,
    Reply,
    answer,
    gateway,
    service,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from dfsubmit.dataforest.client import DataForest

APPS = {"success": True, "contents": [{"id": "a", "name": "bert-cvbp-1zqz", "state": "RUNNING"}]}


def _by_target(**replies: Any) -> Callable[[Received], Reply]:
    """Answer each operation with its reply, or its replies in turn; the account is found."""
    left = {
        path: list(reply) if isinstance(reply, list) else [reply]
        for path, reply in {
            ACCOUNTS: replies.get("accounts", answer(ONE_ACCOUNT)),
            LIST: replies.get("apps", answer(APPS)),
            WORKSPACES: replies.get(
                "workspaces", answer({"success": True, "total": 1, "contents": [{"id": "w", "name": "ws"}]})
            ),
            DETAIL: replies.get("detail", answer({"success": True, "id": "a", "state": "RUNNING"})),
            KILL: replies.get("kill", answer({"success": True, "message": "success", "id": "a"})),
        }.items()
    }

    def script(request: Received) -> Reply:
        queue: list[Reply] = left[request.target]
        return queue.pop(0) if len(queue) > 1 else queue[0]

    return script


def test_the_account_is_looked_up_once_and_used_for_every_list() -> None:
    with Peer(_by_target()) as peer:
        client = peer.client()
        assert [app.id for app in client.list_apps().apps] == ["a"]
        assert [(one.id, one.name) for one in client.workspaces()] == [("w", "ws")]
        client.list_apps()
        client.close()
    assert peer.targets() == [ACCOUNTS, LIST, WORKSPACES, LIST]
    assert peer.received[0].body == b"{}"
    assert peer.received[1].json == {"search": {"accountId": ONE_ACCOUNT["contents"][0]["id"]}}  # type: ignore[index]  # a literal


@pytest.mark.parametrize("account", ["id2", "vision"])
def test_the_account_setting_is_an_id_or_a_name(account: str) -> None:
    two = {"success": True, "contents": [{"id": "id1", "name": "nlp"}, {"id": "id2", "name": "vision"}]}
    with Peer(_by_target(accounts=answer(two))) as peer:
        client = peer.client(account=account)
        client.list_apps()
        client.close()
    assert peer.received[1].json == {"search": {"accountId": "id2"}}


def test_several_accounts_without_a_setting_are_an_error_that_lists_them() -> None:
    two = {"success": True, "contents": [{"id": "id1", "name": "nlp"}, {"id": "id2", "name": "vision"}]}
    with Peer(_by_target(accounts=answer(two))) as peer:
        client = peer.client()
        with pytest.raises(EngineError, match=r"nlp \(id1\), vision \(id2\)") as caught:
            client.list_apps()
        client.close()
    assert "spec.engine.account" in caught.value.tip


def test_a_listing_carries_the_service_time_at_which_it_was_asked_for() -> None:
    ahead = timedelta(minutes=3)
    with Peer(_by_target(accounts=answer(ONE_ACCOUNT, skew=ahead), apps=answer(APPS, skew=ahead))) as peer:
        client = peer.client()
        before = datetime.now(UTC)
        listing = client.list_apps()
        after = datetime.now(UTC)
        client.close()
    slack = timedelta(seconds=2)
    assert before + ahead - slack <= listing.server_now <= after + ahead + slack


PASSING: dict[str, Reply] = {
    "500 of the service": answer(service("unexpected error"), 500),
    "503 of the gateway": answer(gateway("500"), 503),
    "504 of the gateway": answer(gateway("510"), 504),
    "502 in HTML": answer(b"<html>", 502),
    "throttled": answer(gateway("410"), 429),
    "throttled for a while": answer(gateway("420"), 429, headers={"Retry-After": "1"}),
    "reset": Reply(pieces=(), then="reset"),
    "closed": Reply(pieces=(), then="close"),
    "half an answer": Reply(pieces=(answer(APPS).pieces[0][:-5],), then="close"),
    "HTML": answer(b"<html>"),
    "garbage": answer(b"\x00\xff"),
}


@pytest.mark.parametrize("name", PASSING)
def test_passing_trouble_of_a_read_is_got_over(name: str) -> None:
    with Peer(_by_target(apps=[PASSING[name], PASSING[name], answer(APPS)])) as peer:
        client = peer.client()
        assert len(client.list_apps().apps) == 1
        client.close()
    assert peer.targets() == [ACCOUNTS, LIST, LIST, LIST]


@pytest.mark.parametrize("name", PASSING)
def test_trouble_that_does_not_pass_ends_in_an_error_and_never_in_an_empty_list(name: str) -> None:
    with Peer(_by_target(apps=PASSING[name])) as peer:
        client = peer.client()
        with pytest.raises(EngineError) as caught:
            client.list_apps()
        client.close()
    assert peer.targets().count(LIST) == READ_TRIES
    assert caught.value.tip


REFUSALS: list[tuple[str, Reply, type[EngineError], str]] = [
    (
        "apps",
        answer(gateway("300", "Not Found", "URL not found."), 404),
        NotOfferedError,
        "does not offer the AI apps API",
    ),
    ("apps", answer(service("no such element"), 404), NotOfferedError, "does not offer the AI apps API"),
    ("apps", answer(b"<html>", 404), EngineError, "as if it were no Data Forest"),
    ("apps", answer(service("not allowed to access"), 403), EngineError, "not allowed to access"),
    ("apps", answer(service("invalid request parameters"), 400), EngineError, "invalid request parameters"),
    ("apps", answer(gateway("210", "Permission Denied"), 401), CredentialsError, "no permission"),
    ("apps", answer(gateway("200", "Authentication Failed"), 401), CredentialsError, "keys are from test"),
    ("apps", answer(b"", 401), EngineError, "HTTP 401"),
    ("apps", answer(gateway("400", "Quota Exceeded"), 429), EngineError, "quota"),
    ("apps", answer(b"", 302, headers={"Location": "https://elsewhere.example/"}), EngineError, "HTTP 302"),
    ("apps", answer({"success": False, "message": "told"}), EngineError, "told"),
    ("apps", answer({"success": True}), EngineError, "no list"),
    ("accounts", answer(gateway("300"), 404), EngineError, "as if it were no Data Forest"),
    ("accounts", answer(service("no such element"), 404), EngineError, "as if it were no Data Forest"),
    ("workspaces", answer(gateway("300"), 404), NotOfferedError, "does not offer"),
    ("workspaces", answer(service("no such element"), 404), NotOfferedError, "does not offer"),
    ("detail", answer(service("no such element"), 404), NoSuchAppError, "no such app"),
    ("detail", answer(gateway("300"), 404), NotOfferedError, "does not offer"),
    ("detail", answer(b"not here", 404), EngineError, "as if it were no Data Forest"),
    ("kill", answer(service("no such element"), 404), NoSuchAppError, "no such app"),
    ("kill", answer(gateway("300"), 404), NotOfferedError, "does not offer"),
    ("kill", answer({"success": False, "message": "told"}), EngineError, "told"),
]
CALLS: dict[str, Callable[[DataForest], object]] = {
    "accounts": lambda client: client.list_apps(),
    "apps": lambda client: client.list_apps(),
    "workspaces": lambda client: client.workspaces(),
    "detail": lambda client: client.get("a"),
    "kill": lambda client: client.kill("a"),
}
PATHS = {"accounts": ACCOUNTS, "apps": LIST, "workspaces": WORKSPACES, "detail": DETAIL, "kill": KILL}


@pytest.mark.parametrize(
    ("operation", "reply", "error", "says"),
    REFUSALS,
    ids=[f"{operation} {says}" for operation, _, _, says in REFUSALS],
)
def test_refusals_are_told_apart_and_not_repeated(
    operation: str, reply: Reply, error: type[EngineError], says: str
) -> None:
    with Peer(_by_target(**{operation: reply})) as peer:
        client = peer.client()
        with pytest.raises(EngineError) as caught:
            CALLS[operation](client)
        client.close()
    assert type(caught.value) is error
    assert says in caught.value.message
    assert caught.value.tip or "told" in says
    assert peer.targets().count(PATHS[operation]) == 1


def test_a_detail_and_a_kill_go_through() -> None:
    with Peer(_by_target()) as peer:
        client = peer.client()
        assert client.get("a").app.state == "RUNNING"
        client.kill("a")
        client.close()
    assert [request.json for request in peer.received] == [{"id": "a"}, {"id": "a"}]


def test_an_answer_beyond_the_limit_is_an_error_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LARGEST_LIST", 2000)
    many = {"success": True, "contents": [{"id": f"id{number:04}"} for number in range(500)]}
    with Peer(_by_target(apps=answer(many))) as peer:
        client = peer.client()
        with pytest.raises(EngineError, match="larger than 2000 bytes"):
            client.list_apps()
        client.close()
    assert peer.targets().count(LIST) == 1


def test_ten_thousand_apps_are_read_in_one_list() -> None:
    many = {"success": True, "contents": [{"id": f"id{number}", "name": f"app-{number}"} for number in range(10_000)]}
    with Peer(_by_target(apps=answer(many))) as peer:
        client = peer.client()
        assert len(client.list_apps().apps) == 10_000
        client.close()


def test_the_clock_is_asked_for_once_and_a_refusal_tells_it_just_as_well() -> None:
    refused = answer(service("not allowed to access"), 403, skew=timedelta(hours=1))
    with Peer(_by_target(accounts=refused)) as peer:
        client = peer.client()
        for _ in range(3):
            assert client.server_now() - datetime.now(UTC) > timedelta(minutes=59)
        client.close()
    assert peer.targets() == [ACCOUNTS]


def test_a_clock_that_cannot_be_asked_for_is_an_error() -> None:
    with Peer(_by_target()) as peer:
        url = peer.url
        client = peer.client()
    with pytest.raises(EngineError, match="cannot be reached") as caught:
        client.server_now()
    assert url in caught.value.message
    assert "network" in caught.value.tip


def test_reads_end_early_when_the_program_is_stopping() -> None:
    with Peer(_by_target(apps=PASSING["reset"])) as peer:
        client = peer.client(sleep=lambda _: True)
        with pytest.raises(EngineError):
            client.list_apps()
        client.close()
    assert peer.targets() == [ACCOUNTS, LIST]


def test_a_base_url_in_clear_text_is_refused_unless_it_is_this_machine() -> None:
    with pytest.raises(UsageError, match="must be reached by https"):
        client_module.DataForest(base_url="http://df.apigw.ntruss.com", credentials=KEYS)


def test_it_describes_itself_by_its_url_or_as_it_was_told() -> None:
    assert (
        client_module.DataForest(base_url="https://example.com", credentials=KEYS).describe()
        == "https://example.com/api/v2"
    )
    client = client_module.DataForest(base_url="http://localhost", credentials=KEYS, description="local engine in x")
    assert client.describe() == "local engine in x"


LOG = b"epoch 1\nepoch 2\nepoch 3\n"


def _log(*, honours_range: bool) -> Callable[[Received], Reply]:
    def script(request: Received) -> Reply:
        start = int(request.headers["range"].removeprefix("bytes=").partition("-")[0])
        if start >= len(LOG):
            return answer(b"", 416)
        return answer(LOG[start:], 206) if honours_range else answer(LOG, 200)

    return script


@pytest.mark.parametrize("honours_range", [True, False])
def test_a_log_of_the_same_origin_is_read_from_an_offset_on(honours_range: bool) -> None:  # noqa: FBT001  # drawn
    with Peer(_log(honours_range=honours_range)) as peer:
        client = peer.client()
        container = Container(log_url=f"{peer.url}/logs/c1?x=1")
        assert client.read_log(container) == LOG
        assert client.read_log(container, offset=8) == LOG[8:]
        assert client.read_log(container, offset=len(LOG)) == b""
        client.close()
    assert {(request.method, request.target) for request in peer.received} == {("GET", "/logs/c1?x=1")}


def test_a_log_that_has_not_begun_is_empty_and_a_broken_one_an_error() -> None:
    with Peer(lambda request: answer(b"", 404 if "new" in request.target else 403)) as peer:
        client = peer.client()
        assert client.read_log(Container(log_url=f"{peer.url}/logs/new")) == b""
        with pytest.raises(EngineError, match="HTTP 403"):
            client.read_log(Container(log_url=f"{peer.url}/logs/locked"))
        client.close()


def test_a_piece_of_a_log_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LARGEST_LOG", 10)
    with Peer(_log(honours_range=False)) as peer:
        client = peer.client()
        container = Container(log_url=f"{peer.url}/logs/c1")
        pieces = [client.read_log(container, offset=offset) for offset in (0, 10, 20)]
        client.close()
    assert pieces == [LOG[:10], LOG[10:20], LOG[20:]]
    assert peer.received[1].headers["range"] == "bytes=10-19"


def test_a_log_elsewhere_is_none_and_nobody_is_asked() -> None:
    with Peer(_log(honours_range=True)) as peer:
        client = peer.client()
        for url in (
            "",
            "https://elsewhere.example/logs/c1",
            f"http://localhost:{peer.port}/x",
            f"http://127.0.0.1:{peer.port + 1}/",
        ):
            assert client.read_log(Container(log_url=url)) is None
        client.close()
    assert peer.received == []
