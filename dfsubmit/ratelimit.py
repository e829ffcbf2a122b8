"""What GitHub's answers say of its rate limits: whether one is in the way, and how long. Pure.

GitHub answers 403 or 429 to who asks too often, and 403 to who may not ask at all, so the status tells nothing alone.
https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api says how the two are told apart: by
`Retry-After`, by `x-ratelimit-remaining: 0` with the second of `x-ratelimit-reset`, or by the message alone, after which
one waits for a minute at least, and longer each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.dataforest.retryafter import LONGEST_RETRY_AFTER, seconds_asked
from dfsubmit.dataforest.skew import parse_http_date

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIMITED = frozenset({403, 429})
# The second is how servers that a company runs itself said it for years.
_WORDS = ("rate limit", "abuse detection")
_UNSAID_SECONDS = 60.0
_LEAST_SECONDS = 1.0
_DIGITS = 12


def pauses(status: int, headers: Mapping[str, str], message: str, *, tries: int) -> tuple[float, ...]:
    """Return the seconds to wait before each of `tries` more requests; empty when no rate limit is in the way.

    `headers` has lower-case names, or takes any case, as that of httpx does.
    """
    if status not in _LIMITED:
        return ()
    named = seconds_asked(headers)
    if named is None and headers.get("x-ratelimit-remaining", "").strip() == "0":
        named = _until_reset(headers)
    if named is not None:
        return (min(max(named, _LEAST_SECONDS), LONGEST_RETRY_AFTER),) * tries
    if any(word in message.lower() for word in _WORDS):
        return tuple(_UNSAID_SECONDS * 2**number for number in range(tries))
    return ()


def _until_reset(headers: Mapping[str, str]) -> float:
    """Return the seconds until the limit is reset, by GitHub's own clock."""
    reset, now = _number(headers.get("x-ratelimit-reset", "").strip()), parse_http_date(headers.get("date", ""))
    # Both are cut off to whole seconds, so one more is needed to be behind it.
    return reset - now.timestamp() + 1 if reset is not None and now is not None else _UNSAID_SECONDS


def _number(text: str) -> float | None:
    return float(text[:_DIGITS]) if text.isascii() and text.isdigit() else None
