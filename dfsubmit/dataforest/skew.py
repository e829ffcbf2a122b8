"""How far the service's clock is from ours, as learnt from `Date` headers.

A `Date` header is cut to whole seconds and was written somewhere between the sending of the request and the arrival of the
answer, so one answer bounds the offset to a stretch a little longer than a second; several answers narrow it to what they
have in common. When they have nothing in common a clock was set, and only the newest counts.
"""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_RESOLUTION = timedelta(seconds=1)
_NONE = timedelta(0)
# The gateway refuses a timestamp that is 5 minutes off (facts sheet, section 3); less than this is never the cause.
SIGNIFICANT = timedelta(seconds=60)
# A clock further off than this is no clock: such a date is a mistake of whoever wrote it.
_CREDIBLE = timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """What must be added to our clock to read the service's: somewhere between `low` and `high`."""

    low: timedelta
    high: timedelta

    @property
    def estimate(self) -> timedelta:
        """Return zero when our clock may be right, which it mostly is; else the middle."""
        return _NONE if self.low <= _NONE <= self.high else (self.low + self.high) / 2

    def narrowed(self, other: Offset) -> Offset:
        """Return what both allow, or `other` alone, the newer one, when that is nothing."""
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Offset(low=low, high=high) if low <= high else other


# For a service that sends no Date: there is nothing to learn, and our clock is as good as any.
AGREED = Offset(low=_NONE, high=_NONE)


@functools.lru_cache(maxsize=8)
def parse_http_date(text: str) -> datetime | None:
    """Return the instant of an HTTP date, None when it is none. The answers of one second have the same."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def learn(date_header: str, *, sent: datetime, received: datetime) -> Offset | None:
    """Return what one answer says, None when it has no readable date; `sent` and `received` by our clock."""
    date = parse_http_date(date_header)
    if date is None or abs(date - received) > _CREDIBLE:
        return None
    earliest, latest = min(sent, received), max(sent, received)
    return Offset(low=date - latest, high=date + _RESOLUTION - earliest)


class ServerClock:
    """The service's clock, seen through ours and through its answers. Safe for threads.

    Requests are signed by our own clock until the gateway refuses a signature and the clock turns out to be why.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._offset: Offset | None = None
        self._correction = _NONE

    @property
    def is_known(self) -> bool:
        """Tell whether any answer was seen."""
        return self._offset is not None

    @property
    def offset(self) -> Offset:
        """Return what is known, or that the clocks agree."""
        return self._offset or AGREED

    @property
    def correction(self) -> timedelta:
        """Return what is added to our clock when a request is signed."""
        return self._correction

    def at(self, ours: datetime) -> datetime:
        """Return what the service's clock shows, or showed, when ours shows `ours`."""
        return ours + self.offset.estimate

    def latest(self) -> datetime:
        """Return the latest that it can show now: who must not be late reckons with this."""
        return self._clock() + max(self.offset.high, self.offset.estimate)

    def learn(self, date_header: str, *, sent: datetime) -> None:
        """Take in the date of an answer that has just come to a request `sent` by our clock."""
        learnt = learn(date_header, sent=sent, received=self._clock())
        with self._lock:
            if learnt is not None:
                self._offset = learnt if self._offset is None else self._offset.narrowed(learnt)
            elif self._offset is None:
                self._offset = AGREED

    def correct(self, signed_with: timedelta) -> bool:
        """Sign with what was learnt from now on; False when a signature made with `signed_with` was not wrong by its time."""
        estimate = self.offset.estimate
        if abs(estimate - signed_with) < SIGNIFICANT:
            return False
        self._correction = estimate
        return True
