"""The classification of a submit's attempts: a test per row, and the law that stands above the table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dfsubmit.dataforest.classify import (
    Answered,
    Failed,
    Phase,
    classify,
    read_again,
    refusal,
    retry_after,
    submit_again,
)
from dfsubmit.engine import Accepted, NotSent, Rejected, Throttled, Unknown
from dfsubmit.errors import CredentialsError, NotOfferedError

from dataforest_peer import ACCEPTED, gateway, service  # isort: skip


def _answered(status: int, body: Any = b"", **headers: str) -> Answered:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answered(status=status, headers=named, body=content)


HTML = b"<html><body>502 Bad Gateway</body></html>"
REFUSED = service("invalid request parameters")

ROWS: list[tuple[Answered | Failed, type]] = [
    # no answer
    (Failed(phase=Phase.OPENING, reason="refused"), NotSent),
    (Failed(phase=Phase.EXCHANGE, reason="reset"), Unknown),
    # 2xx
    (_answered(200, ACCEPTED), Accepted),
    (_answered(201, ACCEPTED), Accepted),
    (_answered(200, {"success": True, "id": "x"}), Accepted),
    (_answered(200, {**ACCEPTED, "message": None, "new": []}), Accepted),
    (
        _answered(200, b"\xef\xbb\xbf" + json.dumps(ACCEPTED).encode(), content_type="text/plain;charset=UTF-8"),
        Accepted,
    ),
    (_answered(200, {**ACCEPTED, "id": ""}), Unknown),
    (_answered(200, {**ACCEPTED, "id": " "}), Unknown),
    (_answered(200, {**ACCEPTED, "id": 5}), Unknown),
    (_answered(200, {**ACCEPTED, "id": None}), Unknown),
    (_answered(200, {**ACCEPTED, "id": "a\x1bb"}), Unknown),
    (_answered(200, {**ACCEPTED, "id": "\ud800"}), Unknown),
    (_answered(200, {**ACCEPTED, "id": "x" * 1000}), Unknown),
    (_answered(200, {"success": True}), Unknown),
    (_answered(200, {"id": "x"}), Unknown),
    (_answered(200, {"success": "true", "id": "x"}), Unknown),
    (_answered(200, {"success": 1, "id": "x"}), Unknown),
    (_answered(200, {**ACCEPTED, "error": {"errorCode": "900"}}), Unknown),
    (_answered(200, b'{"success": false, "success": true, "id": "x"}'), Unknown),
    (_answered(200, json.dumps(ACCEPTED).encode()[:-1]), Unknown),
    (_answered(200, [ACCEPTED]), Unknown),
    (_answered(200, HTML), Unknown),
    (_answered(200), Unknown),
    (_answered(204), Unknown),
    (_answered(200, REFUSED), Rejected),
    (_answered(200, {**REFUSED, "id": "x"}), Unknown),
    (_answered(200, {"success": False}), Unknown),
    (_answered(200, gateway("410")), Unknown),
    # service envelope
    (_answered(400, REFUSED), Rejected),
    (_answered(400, service("exceeded limit on resource quota")), Rejected),
    (_answered(403, service("not allowed to access")), Rejected),
    (_answered(404, service("no such element")), Rejected),
    (_answered(400, {**REFUSED, "id": "x"}), Unknown),
    (_answered(401, REFUSED), Unknown),
    (_answered(408, REFUSED), Unknown),
    (_answered(409, REFUSED), Unknown),
    (_answered(429, REFUSED), Unknown),
    (_answered(500, service("unexpected error")), Unknown),
    # gateway envelope
    (_answered(400, gateway("100")), Rejected),
    (_answered(401, gateway("200")), Rejected),
    (_answered(401, gateway(200)), Rejected),
    (_answered(401, gateway("210")), Rejected),
    (_answered(404, gateway("300")), Rejected),
    (_answered(413, gateway("430")), Rejected),
    (_answered(429, gateway("400")), Rejected),
    (_answered(429, gateway("410")), Throttled),
    (_answered(429, gateway(420)), Throttled),
    (_answered(429, gateway("999")), Unknown),
    (_answered(400, gateway("410")), Unknown),
    (_answered(403, gateway("210")), Unknown),
    (_answered(503, gateway("500")), Unknown),
    (_answered(504, gateway("510")), Unknown),
    (_answered(500, gateway("900")), Unknown),
    (_answered(503, gateway("410")), Unknown),
    # other 4xx
    (_answered(400, HTML), Unknown),
    (_answered(401), Unknown),
    (_answered(403, HTML), Unknown),
    (_answered(404, HTML), Unknown),
    (_answered(407, HTML), Unknown),
    (_answered(429, b"Too Many Requests", retry_after="3"), Unknown),
    (_answered(400, {"responseError": {"returnCode": "1", "returnMessage": "told"}}), Unknown),
    (_answered(400, {"errorCode": "100", "message": "told"}), Unknown),
    (_answered(400, {"code": 100, "msg": "told"}), Unknown),
    (_answered(400, {"timestamp": 1, "status": 400, "error": "Bad Request", "message": "told"}), Unknown),
    # the rest
    (_answered(502, HTML), Unknown),
    (_answered(503, ACCEPTED), Unknown),
    (_answered(500, REFUSED), Unknown),
    (_answered(301, ACCEPTED), Unknown),
    (_answered(307), Unknown),
    (_answered(101), Unknown),
    (_answered(199, ACCEPTED), Unknown),
    (_answered(600, REFUSED), Unknown),
    (_answered(0, ACCEPTED), Unknown),
]


@pytest.mark.parametrize(("attempt", "outcome"), ROWS, ids=lambda value: getattr(value, "__name__", ""))
def test_each_row_of_the_table(attempt: Answered | Failed, outcome: type) -> None:
    assert type(classify(attempt)) is outcome


STATUSES = st.sampled_from(
    [200, 200, 201, 204, 301, 400, 401, 403, 404, 408, 413, 429, 429, 500, 502, 503, 504]
) | st.integers(0, 999)
CODES = st.sampled_from([100, 200, 210, 300, 400, 410, 420, 430, 500, 510, 900]).flatmap(
    lambda code: st.sampled_from([code, str(code)])
)
LOOSE: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["success", "message", "id", "error", "errorCode", "name"]),
    st.sampled_from([True, False, None, 0, 1, "", "x", "true", {}, []])
    | st.builds(lambda code: {"errorCode": code}, CODES),
)
BODIES = st.one_of(
    st.sampled_from([ACCEPTED, REFUSED]),
    st.builds(gateway, CODES, st.text(max_size=5)),
    st.builds(lambda extra: {**ACCEPTED, **extra}, LOOSE),
    st.builds(lambda extra: {**REFUSED, **extra}, LOOSE),
    LOOSE,
    st.sampled_from([[], [ACCEPTED], "text", None, 5]),
).map(lambda body: json.dumps(body).encode()) | st.binary(max_size=30)
NOT_PASSED_ON = {(400, 100), (401, 200), (401, 210), (404, 300), (413, 430), (429, 400)}


def _proof(status: int, body: bytes) -> type:
    """Return what an answer proves; written apart from the code, as one condition for each proof."""
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    told = told if isinstance(told, dict) else {}
    app_id, success, error = told.get("id"), told.get("success"), told.get("error")
    code = error.get("errorCode") if isinstance(error, dict) else None
    readable = isinstance(code, int | str) and not isinstance(code, bool) and "success" not in told
    pair = (status, int(str(code))) if readable and str(code).isdigit() else None
    clear = "error" not in told
    proofs = {
        Accepted: clear and 200 <= status <= 299 and success is True and isinstance(app_id, str) and bool(app_id),
        Rejected: pair in NOT_PASSED_ON
        or (
            clear
            and (200 <= status <= 299 or status in {400, 403, 404})
            and success is False
            and isinstance(told.get("message"), str)
            and not app_id
        ),
        Throttled: pair in {(429, 410), (429, 420)},
    }
    proved = [outcome for outcome, holds in proofs.items() if holds]
    assert len(proved) <= 1
    return proved[0] if proved else Unknown


@settings(max_examples=300, deadline=None)
@given(status=STATUSES, body=BODIES)
@example(status=503, body=json.dumps(gateway("410")).encode())
def test_whatever_is_not_proved_is_unknown(status: int, body: bytes) -> None:
    outcome = classify(_answered(status, body))
    assert type(outcome) is _proof(status, body)
    if isinstance(outcome, Accepted):
        assert outcome.app.id == json.loads(body)["id"]


@settings(max_examples=60, deadline=None)
@given(
    status=st.sampled_from([200, 400, 401, 404, 429]),
    whole=st.sampled_from([ACCEPTED, REFUSED, gateway("200"), gateway("410"), gateway("300")]),
    share=st.floats(0, 1, exclude_max=True),
)
def test_no_part_of_an_answer_proves_anything(status: int, whole: dict[str, Any], share: float) -> None:
    body = json.dumps(whole).encode()
    assert isinstance(classify(_answered(status, body[: int(len(body) * share)])), Unknown)


@pytest.mark.parametrize("status", range(500, 600))
def test_no_5xx_proves_anything(status: int) -> None:
    for body in (ACCEPTED, REFUSED, gateway("200"), gateway("410")):
        assert isinstance(classify(_answered(status, body)), Unknown)


def test_an_accepted_app_is_read_with_what_the_answer_says() -> None:
    outcome = classify(_answered(200, ACCEPTED))
    assert isinstance(outcome, Accepted)
    app = outcome.app
    assert (app.id, app.name, app.queue, app.state) == (ACCEPTED["id"], "bert-cvbp-1zqz", "gpu", "ACCEPTED")
    assert app.finished_at is None


NOON = "Sun, 01 Mar 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": " 0 "}, 0.0),
        ({"retry_after": "9" * 400}, 86_400.0),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "1.5"}, None),
        ({"retry_after": "soon"}, None),
        ({"retry_after": "\u0667"}, None),
        ({"retry_after": "Sun, 01 Mar 2026 12:00:30 GMT", "date": NOON}, 30.0),
        ({"retry_after": "Sun, 01 Mar 2026 11:00:00 GMT", "date": NOON}, 0.0),
        ({"retry_after": "Sun, 01 Mar 2099 11:00:00 GMT", "date": NOON}, 86_400.0),
        ({"retry_after": "Sun, 01 Mar 2026 12:00:30 GMT"}, None),
    ],
)
def test_retry_after_is_read_in_seconds_or_against_the_answers_own_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    attempt = _answered(429, gateway("410"), **headers)
    assert retry_after(attempt) == seconds
    outcome = classify(attempt)
    assert isinstance(outcome, Throttled)
    assert outcome.retry_after == seconds
    assert (f"it asks to wait {seconds:.0f} s" if seconds is not None else "HTTP 429 code 410") in outcome.message


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (_answered(401, gateway("200")), CredentialsError),
        (_answered(401, gateway("210")), CredentialsError),
        (_answered(404, gateway("300")), NotOfferedError),
    ],
)
def test_a_refusal_that_concerns_every_request_is_an_error_that_proves_nothing_started(
    attempt: Answered, error: type[Exception]
) -> None:
    assert type(refusal(attempt)) is error
    assert isinstance(classify(attempt), Rejected)


def test_every_other_row_is_no_such_error() -> None:
    concerning_all = [
        attempt
        for attempt, _ in ROWS
        if isinstance(attempt, Answered)
        and attempt.status in {401, 404}
        and any(f'"errorCode": {code}' in attempt.body.decode() for code in ('"200"', "200", '"210"', '"300"'))
    ]
    assert len(concerning_all) == 4
    assert [attempt for attempt, _ in ROWS if refusal(attempt) is not None] == concerning_all


def test_a_submit_is_repeated_only_when_it_was_not_sent_or_throttled() -> None:
    for attempt, outcome in ROWS:
        assert (submit_again(attempt) is not None) == (outcome in {NotSent, Throttled})
    assert submit_again(Failed(phase=Phase.OPENING, reason="certificate", lasting=True)) is None


@pytest.mark.parametrize(
    ("attempt", "again"),
    [
        (Failed(phase=Phase.OPENING, reason="refused"), True),
        (Failed(phase=Phase.EXCHANGE, reason="reset"), True),
        (Failed(phase=Phase.EXCHANGE, reason="too large", lasting=True), False),
        (_answered(200, {"success": True}), False),
        (_answered(200, HTML), True),
        (_answered(500, service("unexpected error")), True),
        (_answered(503, gateway("500")), True),
        (_answered(502, HTML), True),
        (_answered(429, gateway("410")), True),
        (_answered(429, gateway("400")), False),
        (_answered(429, HTML), True),
        (_answered(400, REFUSED), False),
        (_answered(401, gateway("200")), False),
        (_answered(404, service("no such element")), False),
        (_answered(301), False),
    ],
)
def test_a_read_is_repeated_after_passing_trouble(attempt: Answered | Failed, again: bool) -> None:  # noqa: FBT001  # a column
    assert (read_again(attempt) is not None) is again


def test_a_log_need_not_be_json() -> None:
    assert read_again(_answered(200, b"epoch 1"), wants_json=False) is None


def test_no_message_repeats_a_secret_of_the_request() -> None:
    secret = "hf_canary_madeup"
    for status in (200, 400, 401, 429, 500):
        for body in (service(f"bad {secret}"), gateway("410", f"bad {secret}", secret), gateway("200", secret)):
            attempt = Answered(status=status, headers={}, body=json.dumps(body).encode(), hidden=(secret,))
            assert secret not in repr(attempt)
            assert secret not in repr(classify(attempt))
            assert secret not in str(refusal(attempt))
            assert secret not in repr(read_again(attempt))


def test_the_embedded_services_reason_is_shown() -> None:
    outcome = classify(_answered(400, REFUSED, x_dfsubmit_reason="namePrefix must have 2 to 8 characters"))
    assert isinstance(outcome, Rejected)
    assert outcome.message.endswith("(namePrefix must have 2 to 8 characters)")
