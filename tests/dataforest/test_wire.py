"""Requests as bytes, and answers as values."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.dataforest import wire
from dfsubmit.engine import Container
from dfsubmit.errors import EngineError

KST = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2022-08-01T11:08:33.086+09:00", datetime(2022, 8, 1, 2, 8, 33, 86000, tzinfo=UTC)),
        ("2025-02-20T09:32:55+09:00", datetime(2025, 2, 20, 0, 32, 55, tzinfo=UTC)),
        ("2022-08-01T02:08:33.086Z", datetime(2022, 8, 1, 2, 8, 33, 86000, tzinfo=UTC)),
        ("1970-01-01T09:00:00+09:00", None),
        ("1970-01-01T09:00:00.000+09:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:01Z", datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
        ("2022-08-01T11:08:33", None),
        ("0001-01-01T00:00:00+09:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1659319713086, None),
    ],
)
def test_times_are_read_in_all_documented_forms_and_the_epoch_means_not_yet(
    text: Any, instant: datetime | None
) -> None:
    assert wire.parse_time(text) == instant


@settings(max_examples=100, deadline=None)
@given(st.datetimes(min_value=datetime(1971, 1, 1), timezones=st.sampled_from([UTC, KST])))  # noqa: DTZ001  # zones are drawn
def test_any_instant_survives_being_written_and_read(instant: datetime) -> None:
    assert wire.parse_time(instant.isoformat()) == instant


def test_the_bodies_are_the_documented_ones() -> None:
    assert wire.accounts_request().body == b"{}"
    assert json.loads(wire.list_request(wire.LIST_APPS, "acc").body) == {"search": {"accountId": "acc"}}
    assert json.loads(wire.id_request(wire.KILL_APP, "x").body) == {"id": "x"}
    assert wire.submit_request({"docker": {"env": {"A": "값"}}}).body == '{"docker":{"env":{"A":"값"}}}'.encode()


@pytest.mark.parametrize("value", ["\udc80", float("nan"), {1, 2}])
def test_a_body_that_json_in_utf8_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        wire.submit_request({"docker": {"env": {"A": value}}})


def test_a_request_shows_neither_its_body_nor_its_secrets() -> None:
    request = wire.submit_request({"docker": {"env": {"TOKEN": "canary-value"}}})
    assert request.hidden == ("canary-value",)
    assert "canary-value" not in repr(request)


ENTRY = {
    "id": "6ZKSGoSJMMwctK257nxgiL",
    "appId": "application_1659319713086_0035",
    "name": "bert-cvbp-1zqz",
    "accountName": "nlp",
    "queueName": "gpu",
    "workspaceName": "workspace",
    "state": "RUNNING",
    "finalStatus": "UNDEFINED",
    "startedAt": "2022-08-01T11:08:33.086+09:00",
    "finishedAt": "1970-01-01T09:00:00+09:00",
    "disabled": False,
    "somethingNew": {"a": 1},
}


def test_an_entry_of_a_list_is_read() -> None:
    (app,) = wire.parse_apps({"success": True, "contents": [ENTRY]})
    assert (app.id, app.name, app.queue, app.workspace) == (ENTRY["id"], "bert-cvbp-1zqz", "gpu", "workspace")
    assert (app.state, app.final_status, app.yarn_id) == ("RUNNING", "UNDEFINED", "application_1659319713086_0035")
    assert app.started_at == datetime(2022, 8, 1, 11, 8, 33, 86000, tzinfo=KST)
    assert app.finished_at is None


def test_fields_that_are_left_out_or_of_another_type_are_empty_and_unknown_states_stay_as_they_are() -> None:
    apps = wire.parse_apps({"contents": [{"id": "a"}, {"id": "b", "state": "RESTING", "name": 5, "startedAt": {}}]})
    assert [(app.id, app.name, app.state, app.started_at) for app in apps] == [
        ("a", "", "", None),
        ("b", "", "RESTING", None),
    ]
    assert not apps[1].finished


def test_halves_of_surrogate_pairs_become_question_marks() -> None:
    (app,) = wire.parse_apps(json.loads(r'{"contents": [{"id": "a", "name": "\ud800x", "state": "\ud55c"}]}'))
    assert (app.name, app.state) == ("?x", "한")


def test_an_id_that_is_listed_twice_is_one_app() -> None:
    assert len(wire.parse_apps({"contents": [ENTRY, {**ENTRY, "state": "FINISHED"}]})) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({}, "no list `contents`"),
        ({"success": True}, "no list `contents`"),
        ({"success": True, "contents": None}, "no list `contents`"),
        ({"success": True, "contents": {}}, "no list `contents`"),
        ({"success": False, "contents": []}, "failed"),
        ({"success": "true", "contents": []}, "failed"),
        ({"success": None, "contents": []}, "failed"),
        ({"success": True, "contents": [ENTRY, {"name": "x"}]}, "entry 2 of 2 has no id"),
        ({"success": True, "contents": [{"id": ""}]}, "entry 1 of 1 has no id"),
        ({"success": True, "contents": [{"id": 5}]}, "entry 1 of 1 has no id"),
        ({"success": True, "contents": [None]}, "entry 1 of 1 has no id"),
        ({"success": True, "contents": [ENTRY], "total": 2}, "shows 1 of 2"),
        ({"success": True, "contents": [], "total": "7"}, "shows 0 of 7"),
    ],
)
@pytest.mark.parametrize("reader", [wire.parse_apps, wire.parse_workspaces, wire.parse_accounts])
def test_a_list_that_cannot_be_read_whole_is_an_error_and_never_a_shorter_list(
    reader: Any, answer: dict[str, Any], why: str
) -> None:
    with pytest.raises(EngineError, match=why):
        reader(answer)


def test_an_empty_list_is_empty_with_and_without_a_total() -> None:
    assert wire.parse_apps({"success": True, "contents": []}) == ()
    assert wire.parse_apps({"success": True, "contents": [], "total": 0}) == ()


def test_a_failed_answer_tells_what_the_server_said_in_one_bounded_line() -> None:
    with pytest.raises(EngineError) as caught:
        wire.parse_apps({"success": False, "message": "no\x1b[2J\n" + "x" * 5000})
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400


CONTAINER = {
    "containerId": "c1",
    "component": "app",
    "dockerImage": "i:1",
    "cpuCount": 4,
    "memoryMb": "15360",
    "logUrl": "u",
    "status": "s",
}
READ = Container(id="c1", component="app", image="i:1", cpu_count=4, memory_mb=15360, log_url="u", status="s")


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ({"key": CONTAINER}, (READ,)),
        ([CONTAINER], (READ,)),
        (CONTAINER, (READ,)),
        ({"key": {"logurl": "u", "Status": "s"}}, (Container(id="key", log_url="u", status="s"),)),
        ({"key": {"cpuCount": True, "memoryMb": "many"}}, (Container(id="key"),)),
        ({"a": None, "b": "x"}, ()),
        ({}, ()),
        (None, ()),
        ("none", ()),
    ],
)
def test_containers_are_read_as_a_map_a_list_or_one(containers: Any, expected: tuple[Container, ...]) -> None:
    detail = wire.parse_detail({"success": True, "id": "a", "state": "RUNNING", "containers": containers}, "a")
    assert detail.containers == expected


def test_a_detail_without_an_id_is_about_the_app_that_was_asked_for() -> None:
    assert wire.parse_detail({"success": True, "state": "RUNNING"}, "asked").app.id == "asked"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"success": True, "id": "other", "state": "RUNNING"}, "about another app"),
        ({"success": True}, "shows no app"),
        ({}, "shows no app"),
        ({"success": False, "message": "told"}, "told"),
    ],
)
def test_a_detail_of_another_app_or_of_none_is_an_error(answer: dict[str, Any], why: str) -> None:
    with pytest.raises(EngineError, match=why):
        wire.parse_detail(answer, "asked")


@pytest.mark.parametrize("answer", [{"success": False}, {}, {"id": "x"}, {"success": "true"}])
def test_a_kill_counts_only_when_the_answer_says_so(answer: dict[str, Any]) -> None:
    with pytest.raises(EngineError):
        wire.check_kill(answer)


ACCOUNTS = (
    wire.Account(id="id1", name="nlp"),
    wire.Account(id="id2", name="vision"),
    wire.Account(id="id3", name="locked", disabled=True),
    wire.Account(id="nlp", name="odd"),
)


@pytest.mark.parametrize(("wanted", "found"), [("id1", "id1"), ("vision", "id2"), ("nlp", "nlp"), ("odd", "nlp")])
def test_an_account_is_chosen_by_id_and_else_by_name(wanted: str, found: str) -> None:
    assert wire.choose_account(ACCOUNTS, wanted) == found


def test_the_only_account_that_may_be_used_is_found_by_itself() -> None:
    assert wire.choose_account((ACCOUNTS[0], ACCOUNTS[2]), "") == "id1"


@pytest.mark.parametrize(
    ("accounts", "wanted", "says"),
    [
        (ACCOUNTS[:2], "", ("2 accounts: nlp (id1), vision (id2)", "spec.engine.account")),
        (ACCOUNTS[:2], "speech", ("no account 'speech'", "nlp (id1), vision (id2)", "spec.engine.account")),
        (ACCOUNTS, "locked", ("may not use the account 'locked'", "nlp (id1)")),
        ((), "", ("no Data Forest account",)),
        (ACCOUNTS[2:3], "", ("no Data Forest account",)),
    ],
)
def test_where_there_is_no_telling_the_error_lists_the_accounts_and_the_setting(
    accounts: tuple[wire.Account, ...], wanted: str, says: tuple[str, ...]
) -> None:
    with pytest.raises(EngineError) as caught:
        wire.choose_account(accounts, wanted)
    for text in says:
        assert text in f"{caught.value.message} {caught.value.tip}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "state", "contents", "containers", "success", "total"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(["success", "contents", "total", "id", "state", "containers"]), JSON))
def test_any_json_is_read_or_refused_with_an_engine_error(answer: dict[str, Any]) -> None:
    for reader in (wire.parse_apps, wire.parse_workspaces, wire.parse_accounts, wire.check_kill):
        with contextlib.suppress(EngineError):
            reader(answer)
    with contextlib.suppress(EngineError):
        assert wire.parse_detail(answer, "asked").app.id == "asked"


def test_a_negative_offset_asks_for_the_end_of_a_log() -> None:
    assert wire.log_request("http://localhost/logs/a", -4096).headers["Range"] == "bytes=-4096"
