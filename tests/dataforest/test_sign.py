"""Signatures: the published vectors, and an official package as an oracle."""

from __future__ import annotations

import base64
import hashlib
import hmac
import warnings
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.dataforest.credentials import Credentials
from dfsubmit.dataforest.sign import (
    ACCESS_KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    signature,
    signed_headers,
)

with warnings.catch_warnings():
    # The generated package has string literals that newer Pythons warn about; only while it is compiled.
    warnings.filterwarnings("ignore", category=SyntaxWarning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    from ncloud_vserver.api_client import ApiClient  # type: ignore[import-untyped]  # generated, has no types

LONG = Credentials(access_key="AKIDEXAMPLE000000001", secret_key="SKEXAMPLEexample0123456789abcdefABCDEF01")
IAM = Credentials(access_key="ncp_iam_FAKEACCESSKEY01", secret_key="ncp_iam_FAKESECRETKEY0123456789")
PUBLIC = Credentials(access_key="AK_TEST", secret_key="SK_TEST")


@pytest.mark.parametrize(
    ("method", "target", "timestamp", "credentials", "expected"),
    [
        pytest.param(
            "POST",
            "/api/v2/aiapps/submit",
            "1700000000000",
            LONG,
            "2r9Pr6ZR3watTqKippkzfaIJr/TgG9Fuk5NkZEFZ0aY=",
            id="A",
        ),
        pytest.param(
            "POST",
            "/api/v2/aiapps/getDetail",
            "1658898041497",
            IAM,
            "GjsNol2d16L60Hr9ROflroPFBiAVjrbn2ntEIIOW3LA=",
            id="B",
        ),
        pytest.param(
            "GET",
            "/api/v2/aiapps/getList?page=1&size=20",
            "1658898041497",
            IAM,
            "Y05JiDse5I+2Adx9K+Z9NFRSbMJSNlN9lUPRr4tT79c=",
            id="C",
        ),
        pytest.param(
            "POST",
            "/vserver/v2/createServerInstances?regionCode=KR",
            "1700000000000",
            PUBLIC,
            "xBcE26XFU55BMjppdPT7ZY3oDrqoOedfPyAn3Cq4lUw=",
            id="D",
        ),
    ],
)
def test_the_published_vectors_come_out(
    method: str, target: str, timestamp: str, credentials: Credentials, expected: str
) -> None:
    assert signature(method=method, target=target, timestamp=timestamp, credentials=credentials) == expected


PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)


@settings(max_examples=100, deadline=None)
@given(
    access=st.text(PRINTABLE, min_size=1, max_size=40),
    secret=st.text(st.characters(min_codepoint=0x21, exclude_categories=("C", "Z")), min_size=1, max_size=60),
    path=st.from_regex(r"/[a-zA-Z/]{1,30}", fullmatch=True),
    query=st.lists(st.tuples(st.text("abcxyz", min_size=1), st.text("012", min_size=1)), max_size=3),
    milliseconds=st.integers(min_value=0, max_value=4_000_000_000_000),
)
def test_the_official_package_signs_alike(
    access: str, secret: str, path: str, query: list[tuple[str, str]], milliseconds: int
) -> None:
    host = "https://df.apigw.ntruss.com/api/v2"
    stranger = SimpleNamespace(configuration=SimpleNamespace(host=host, access_key=access, secret_key=secret))
    expected = ApiClient.make_signature(stranger, "POST", path, query, str(milliseconds)).decode()
    target = "/api/v2" + path + ("?" + "&".join(f"{name}={value}" for name, value in query) if query else "")
    ours = signature(
        method="POST",
        target=target,
        timestamp=str(milliseconds),
        credentials=Credentials(access_key=access, secret_key=secret),
    )
    assert ours == expected


def test_the_timestamp_that_is_sent_is_the_one_that_was_signed_in_milliseconds() -> None:
    at = datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)
    headers = signed_headers(method="POST", target="/api/v2/aiapps/submit", at=at, credentials=LONG)
    assert headers[TIMESTAMP_HEADER] == "1700000000123"
    assert headers[ACCESS_KEY_HEADER] == LONG.access_key
    text = f"POST /api/v2/aiapps/submit\n1700000000123\n{LONG.access_key}"
    digest = hmac.new(LONG.secret_key.encode(), text.encode(), hashlib.sha256).digest()
    assert headers[SIGNATURE_HEADER] == base64.b64encode(digest).decode()
