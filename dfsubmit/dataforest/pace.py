"""How fast requests go out: a limit shared by all threads, and the waits between the tries of one request.

`Pace` spreads requests evenly (generic cell rate algorithm) and holds everybody back when the service asks one of them to
wait. `persist` repeats a try with exponential backoff and full jitter, for as long as its caller allows. What is worth
repeating is decided elsewhere; clock, sleep and randomness come from outside.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

    from dfsubmit.dataforest.classify import Again

T = TypeVar("T")

# No rate limit of the service is documented; this is polite, and 1,000 submits take less than a minute.
POLITE_PER_SECOND = 20.0
BURST = 8
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 20.0


class Pace:
    """A limit of `per_second` requests, after a first burst. `monotonic` counts seconds. Safe for threads."""

    def __init__(self, *, per_second: float | None, monotonic: Callable[[], float]) -> None:
        self._interval = 1 / per_second if per_second else 0.0
        self._monotonic = monotonic
        self._lock = threading.Lock()
        # When the next request is due if requests come evenly; a burst may run ahead of it.
        self._due = float("-inf")
        self._closed_until = float("-inf")

    def claim(self) -> float:
        """Take the next slot and return the seconds until it comes, 0 for now."""
        now = self._monotonic()
        with self._lock:
            start = max(now, self._due - BURST * self._interval, self._closed_until)
            self._due = max(self._due, start) + self._interval
        return start - now

    def hold_back(self, seconds: float) -> None:
        """Let nobody send for `seconds` from now on."""
        until = self._monotonic() + seconds
        with self._lock:
            self._closed_until = max(self._closed_until, until)


def persist(
    attempt: Callable[[], T],
    *,
    again: Callable[[T], Again | None],
    may_wait: Callable[[int, float], bool],
    wait: Callable[[int, float, Again], bool],
    random: Callable[[], float],
) -> T:
    """Call `attempt` until `again` finds nothing to repeat or `may_wait` forbids it, and return the last result.

    `may_wait(tries, seconds)` is asked before each wait; `wait(tries, seconds, again)` carries it out and returns False to end
    here. The wait is drawn between nothing and a limit that doubles, or is what the service asked for and up to a second more.
    """
    first = attempt()
    if again(first) is None:
        return first
    # Most runs never get here, so the library's import is left until one does.
    import tenacity  # noqa: PLC0415

    pending = [first]
    stopped = False
    limit = tenacity.wait_exponential(multiplier=FIRST_BACKOFF, max=LONGEST_BACKOFF)

    def verdict(state: RetryCallState) -> Again | None:
        return again(state.outcome.result()) if state.outcome is not None else None

    def seconds(state: RetryCallState) -> float:
        found = verdict(state)
        if found is None or found.after is None:
            return random() * limit(state)
        return found.after + random() * min(1.0, limit(state))

    def stop(state: RetryCallState) -> bool:
        return stopped or not may_wait(state.attempt_number, state.upcoming_sleep)

    def pause(state: RetryCallState) -> None:
        nonlocal stopped
        found = verdict(state)
        if (
            state.outcome is not None
            and found is not None
            and not wait(state.attempt_number, state.upcoming_sleep, found)
        ):
            stopped = True
            pending.append(state.outcome.result())

    retrying = tenacity.Retrying(
        retry=lambda state: verdict(state) is not None,
        wait=seconds,
        stop=stop,
        before_sleep=pause,
        sleep=lambda _: None,
        retry_error_callback=lambda state: state.outcome.result() if state.outcome is not None else first,
    )
    return retrying(lambda: pending.pop() if pending else attempt())
