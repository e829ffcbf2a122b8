"""How long an answer asks to wait, by its `Retry-After`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.dataforest.skew import parse_http_date

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_RETRY_AFTER = 86_400.0
# More digits than this are no time that anyone waits.
_DIGITS = 9


def seconds_asked(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `headers`, whose names are in lower case, ask to wait; None when they do not say. At most a day.

    A date is compared with the answer's own, so that no clock of ours takes part.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value[:_DIGITS]), LONGEST_RETRY_AFTER)
    until, now = parse_http_date(value), parse_http_date(headers.get("date", ""))
    if until is None or now is None:
        return None
    return min(max((until - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)
