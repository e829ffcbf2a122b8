"""Bodies of answers: what is read, what is not, and what of them may be shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.dataforest.envelope import LONGEST_TEXT, gateway_error, parse, said, service_error, shown


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'  {"a": 1}\r\n', {"a": 1}),
        ('{"a": "한"}'.encode(), {"a": "한"}),
        (b"", None),
        (b"null", None),
        (b"[]", None),
        (b'"text"', None),
        (b'{"a": 1', None),
        (b'{"a": 1} trailing', None),
        (b'{"a": 1, "a": 2}', None),
        (b'{"b": {"a": 1, "a": 2}}', None),
        (b'{"a": NaN}', None),
        (b'{"a": "\xff"}', None),
        ('{"a": 1}'.encode("utf-16"), None),
        (b"[" * 100_000, None),
        (b'{"a":' * 100_000, None),
        (b'{"a": ' + b"9" * 5000 + b"}", None),
        (b"<html><body>Sign in</body></html>", None),
    ],
)
def test_only_one_unambiguous_json_object_is_read(body: bytes, read: dict[str, Any] | None) -> None:
    assert parse(body) == read


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_body_makes_the_reader_stumble(body: bytes) -> None:
    answer = parse(body)
    assert answer is None or isinstance(answer, dict)
    assert len(shown(said(answer, body))) <= LONGEST_TEXT


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("210", 210),
        (210, 210),
        (" 210 ", 210),
        (None, None),
        (True, None),
        ("", None),
        ("٢١٠", None),
        ([], None),
        ("9" * 9, None),
    ],
)
def test_a_gateway_code_comes_as_number_or_string(code: Any, expected: int | None) -> None:
    found = gateway_error({"error": {"errorCode": code, "message": "m", "details": "d", "new": 1}})
    assert (found.code if found else None) == expected


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        {"error": "text"},
        {"error": {}},
        {"error": {"errorCode": 1}, "success": True},
        {"errorCode": 1, "message": "m"},
    ],
)
def test_what_is_not_the_gateways_envelope_alone_is_none(answer: dict[str, Any] | None) -> None:
    assert gateway_error(answer) is None


@pytest.mark.parametrize(
    ("answer", "is_error"),
    [
        ({"success": False, "message": "m"}, True),
        ({"success": False, "message": "", "new": 1}, True),
        ({"success": False, "message": "m", "id": ""}, True),
        ({"success": False, "message": "m", "id": "x"}, False),
        ({"success": False, "message": "m", "error": {}}, False),
        ({"success": False}, False),
        ({"success": False, "message": None}, False),
        ({"success": "false", "message": "m"}, False),
        ({"success": 0, "message": "m"}, False),
        ({"success": True, "message": "m"}, False),
        ({"message": "m"}, False),
        (None, False),
    ],
)
def test_the_services_envelope_is_both_fields_and_no_id(answer: dict[str, Any] | None, is_error: bool) -> None:  # noqa: FBT001  # a column
    assert (service_error(answer) is not None) is is_error


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"error": {"errorCode": "200", "message": "Failed", "details": "Invalid."}}, "Failed: Invalid."),
        ({"success": False, "message": "no such element"}, "no such element"),
        ({"responseError": {"returnCode": "1", "returnMessage": "told"}}, "told"),
        ({"errorCode": "1", "message": "told"}, "told"),
        ({"code": 1, "msg": "told"}, "told"),
        ({"timestamp": 1, "status": 400, "error": "Bad Request", "message": "told"}, "told: Bad Request"),
        ({"error": {"message": 5}}, "no explanation"),
        ({}, "no explanation"),
    ],
)
def test_every_envelope_known_in_this_field_is_understood_for_messages(answer: dict[str, Any], text: str) -> None:
    assert said(answer, b"") == text


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "an empty answer"),
        (b" \n", "an empty answer"),
        (b"\n<!DOCTYPE html><title>x", "an HTML page"),
        (b"<HTML>", "an HTML page"),
        (b"<?xml?>", "an answer that is not a JSON object"),
        (b"oops", "an answer that is not a JSON object"),
    ],
)
def test_a_body_without_json_is_named_by_its_kind_and_not_repeated(body: bytes, kind: str) -> None:
    assert said(None, body) == kind


def test_text_of_the_server_is_one_printable_line_of_bounded_length() -> None:
    assert shown("a\x1b[31m\r\nb\u202ec\u2028d\x00") == "a [31m b c d"
    assert len(shown("x" * 10_000)) == LONGEST_TEXT
    assert shown("x" * 10_000).endswith("…")


@pytest.mark.parametrize(
    "secret", ["hf_madeup1234", 'with "quotes" and \\', "two\nlines", "한국어비밀", "tab\there", "x" * 2000]
)
def test_secrets_are_blotted_out_as_they_are_and_as_json_writes_them(secret: str) -> None:
    for quoted in (secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
        text = shown(f"bad value {quoted} in env", [secret, "no"])
        assert "***" in text
        assert secret not in text
        assert secret.split(maxsplit=1)[0][:40] not in text


def test_values_too_short_to_be_secrets_stay() -> None:
    assert shown("epochs must be 3", ["3", "", "   "]) == "epochs must be 3"
