"""The gateway's own check of signatures, against the vectors that were computed with four other programs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.local.signature import INVALID, MISSING, refusal, signature

KEY = ("ncp_iam_FAKEACCESSKEY01", "ncp_iam_FAKESECRETKEY0123456789")
TARGET = "/api/v2/aiapps/submit"
NOW = 1_700_000_000_000


VECTORS = {
    "A": (
        "2r9Pr6ZR3watTqKippkzfaIJr/TgG9Fuk5NkZEFZ0aY=",
        ("POST", TARGET, "1700000000000", "AKIDEXAMPLE000000001", "SKEXAMPLEexample0123456789abcdefABCDEF01"),
    ),
    "B": (
        "GjsNol2d16L60Hr9ROflroPFBiAVjrbn2ntEIIOW3LA=",
        ("POST", "/api/v2/aiapps/getDetail", "1658898041497", *KEY),
    ),
    "C": (
        "Y05JiDse5I+2Adx9K+Z9NFRSbMJSNlN9lUPRr4tT79c=",
        ("GET", "/api/v2/aiapps/getList?page=1&size=20", "1658898041497", *KEY),
    ),
    "D": (
        "xBcE26XFU55BMjppdPT7ZY3oDrqoOedfPyAn3Cq4lUw=",
        ("POST", "/vserver/v2/createServerInstances?regionCode=KR", "1700000000000", "AK_TEST", "SK_TEST"),
    ),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_published_vector_is_reproduced(name: str) -> None:
    wanted, signed = VECTORS[name]
    assert signature(*signed) == wanted


def _headers(**changes: str) -> dict[str, str]:
    stamp = changes.pop("stamp", str(NOW))
    right = {
        "x-ncp-apigw-timestamp": stamp,
        "x-ncp-iam-access-key": KEY[0],
        "x-ncp-apigw-signature-v2": signature("POST", TARGET, stamp, *KEY),
    }
    return right | {name.replace("_", "-"): value for name, value in changes.items()}


def _refused(headers: dict[str, str], *, target: str = TARGET, method: str = "POST") -> str | None:
    return refusal(method, target, headers, access_key=KEY[0], secret_key=KEY[1], now_ms=NOW)


def test_a_right_request_is_let_through() -> None:
    assert _refused(_headers()) is None


@pytest.mark.parametrize("name", ["x-ncp-apigw-timestamp", "x-ncp-iam-access-key", "x-ncp-apigw-signature-v2"])
def test_a_header_that_is_missing_or_empty_has_its_own_words(name: str) -> None:
    headers = _headers()
    assert _refused(headers | {name: ""}) == MISSING
    del headers[name]
    assert _refused(headers) == MISSING


@pytest.mark.parametrize(
    ("off_ms", "wanted"), [(299_999, None), (-299_999, None), (300_000, INVALID), (-300_000, INVALID)]
)
def test_a_clock_may_be_off_by_less_than_five_minutes(off_ms: int, wanted: str | None) -> None:
    assert _refused(_headers(stamp=str(NOW + off_ms))) == wanted


@pytest.mark.parametrize("stamp", ["now", "-1700000000000", "1.7e12", "\u0661\u0667" + 11 * "\u0660", "9" * 5000])
def test_a_timestamp_that_is_no_number_is_refused(stamp: str) -> None:
    assert _refused(_headers(stamp=stamp)) == INVALID


@given(st.sampled_from(["method", "target", "key", "signature"]), st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_changing_anything_that_was_signed_is_noticed(what: str, text: str) -> None:
    headers = _headers()
    if what == "key":
        headers["x-ncp-iam-access-key"] += text
    if what == "signature":
        headers["x-ncp-apigw-signature-v2"] += text
    target = TARGET + text if what == "target" else TARGET
    method = "POST" + text if what == "method" else "POST"
    assert _refused(headers, target=target, method=method) == (INVALID if text else None)
