"""Base URLs, what belongs to them, and proxies."""

from __future__ import annotations

import pytest

from dfsubmit.dataforest.endpoint import DEFAULT_BASE_URL, parse_base_url, proxy_for
from dfsubmit.errors import UsageError


@pytest.mark.parametrize(
    ("text", "base_url"),
    [
        (DEFAULT_BASE_URL, "https://df.apigw.ntruss.com/api/v2"),
        ("https://df.apigw.ntruss.com", "https://df.apigw.ntruss.com/api/v2"),
        ("https://df.apigw.ntruss.com/", "https://df.apigw.ntruss.com/api/v2"),
        (" HTTPS://DF.APIGW.NTRUSS.COM:443/api/v2/ ", "https://df.apigw.ntruss.com/api/v2"),
        ("https://example.com:8443/other/v3", "https://example.com:8443/other/v3"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/api/v2"),
        ("http://127.8.9.10", "http://127.8.9.10/api/v2"),
        ("http://localhost", "http://localhost/api/v2"),
        ("http://[::1]:8080", "http://[::1]:8080/api/v2"),
    ],
)
def test_base_urls_that_are_allowed(text: str, base_url: str) -> None:
    assert parse_base_url(text).base_url == base_url


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("http://df.apigw.ntruss.com", "must be reached by https"),
        ("http://10.0.0.1", "must be reached by https"),
        ("http://127.0.0.1.example.com", "must be reached by https"),
        ("http://localhost.example.com", "must be reached by https"),
        ("df.apigw.ntruss.com", "must begin with https://"),
        ("ftp://df.apigw.ntruss.com", "must begin with https://"),
        ("", "must begin with https://"),
        ("https://", "names no host"),
        ("https://exa mple.com", "names no host"),
        ("https://example.com:99999", "is not a URL"),
        ("https://[::1", "is not a URL"),
        ("https://user:made-up-password@example.com", "user name or password"),
        ("https://example.com/api?x=1", "query or a fragment"),
        ("https://example.com/api#x", "query or a fragment"),
        ("https://example.com/a b", "characters that no API path has"),
        ("https://example.com//api", "characters that no API path has"),
    ],
)
def test_base_urls_that_are_refused_say_why_and_never_repeat_a_password(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_base_url(text)
    assert why in caught.value.message
    assert "made-up-password" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("https://example.com/logs/1", True),
        ("https://EXAMPLE.com:443/logs/1?x=1", True),
        ("http://example.com/logs/1", False),
        ("https://example.com:444/logs/1", False),
        ("https://example.com.evil.example/logs/1", False),
        ("https://user@example.com/logs/1", False),
        ("https://example.com:bad/logs", False),
        ("//example.com/logs", False),
        ("/logs/1", False),
        ("", False),
        ("https://example.com/\n", False),
    ],
)
def test_the_same_origin_is_scheme_host_and_port(url: str, same: bool) -> None:  # noqa: FBT001  # a column of the table
    assert parse_base_url("https://example.com").is_origin_of(url) is same


REMOTE = parse_base_url("https://df.apigw.ntruss.com")


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, "http://proxy.example:3128"),
        ({"https_proxy": "http://lower.example", "HTTPS_PROXY": "http://upper.example"}, "http://lower.example"),
        ({"ALL_PROXY": "proxy.example:3128"}, "http://proxy.example:3128"),
        ({"HTTPS_PROXY": "https://one.example", "ALL_PROXY": "http://two.example"}, "https://one.example"),
        ({"HTTP_PROXY": "http://proxy.example"}, ""),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "localhost, .ntruss.com"}, ""),
        ({"HTTPS_PROXY": "http://proxy.example", "no_proxy": "*"}, ""),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "*.apigw.ntruss.com"}, ""),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "df.apigw.ntruss.com:443"}, ""),
        ({"HTTPS_PROXY": "http://proxy.example", "NO_PROXY": "russ.com,,"}, "http://proxy.example"),
    ],
)
def test_the_proxy_is_what_the_environment_says(environ: dict[str, str], proxy: str) -> None:
    assert proxy_for(REMOTE, environ) == proxy


def test_loopback_is_never_reached_through_a_proxy() -> None:
    for url in ("http://127.0.0.1:8080", "https://localhost", "http://[::1]"):
        assert proxy_for(parse_base_url(url), {"HTTPS_PROXY": "http://proxy.example"}) == ""


@pytest.mark.parametrize(
    "proxy", ["socks5://user:made-up-password@proxy.example", "http://", "http://proxy.example:bad"]
)
def test_a_proxy_that_cannot_be_used_is_an_error_that_does_not_repeat_it(proxy: str) -> None:
    with pytest.raises(UsageError) as caught:
        proxy_for(REMOTE, {"HTTPS_PROXY": proxy})
    assert "made-up-password" not in caught.value.message + caught.value.tip
