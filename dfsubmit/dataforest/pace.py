"""How fast requests go out: a limit shared by all threads, learnt from the service, and the waits between tries of one request.

No limit of the service is documented, so `Pace` begins with none: what bounds a run is how many requests it has open. An
answer that says "too fast" sets one, seven tenths of what went out in the second before, and spreads requests evenly from
then on (generic cell rate algorithm). Each later one lowers it again, but a burst of them only once; every answer that
says nothing of the kind raises it a little (additive increase, multiplicative decrease, as in TCP). A service that asks to
wait holds everybody back for as long.

`persist` repeats a try with exponential backoff and full jitter, for as long as its caller allows. What is worth repeating
is decided elsewhere; clock, sleep and randomness come from outside.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenacity import RetryCallState

    from dfsubmit.dataforest.classify import Again

T = TypeVar("T")

# Requests that may run ahead of a limit that is known beforehand when nobody has sent for a while; of one that was learnt, none.
BURST = 8
# A limit is never lower than this, in requests a second: a service that wants less says how long to wait.
SLOWEST = 0.5
DECREASE = 0.7
# By how much a limit that is used in full rises in a second, in requests a second; at most by this part with one answer.
INCREASE = 2.0
MOST_INCREASE = 0.1
# Under a limit, no more is open than what goes out in so many seconds: more would only wait with their intents written.
OPEN_SECONDS = 2.0
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 20.0
_WINDOW = 1.0


class Pace:
    """What all threads of one client keep to. `monotonic` counts seconds. Safe for threads.

    `per_second` is a limit that is known beforehand, and never exceeded; None for none.
    """

    def __init__(self, *, per_second: float | None, monotonic: Callable[[], float]) -> None:
        self._most = per_second
        self._burst = BURST if per_second else 0
        self._limit = per_second
        self._monotonic = monotonic
        self._lock = threading.Lock()
        # When the next request is due if requests come evenly; a burst may run ahead of it.
        self._due = float("-inf")
        self._closed_until = float("-inf")
        self._lowered_at = float("-inf")
        self._starts: deque[float] = deque(maxlen=4096)

    @property
    def limit(self) -> float | None:
        """Return the requests a second that go out at most; None while no limit is known."""
        return self._limit

    def claim(self) -> float:
        """Take the next slot and return the seconds until it comes, 0 for now."""
        now = self._monotonic()
        with self._lock:
            interval = 1 / self._limit if self._limit else 0.0
            start = max(now, self._due - self._burst * interval, self._closed_until)
            self._due = max(self._due, start) + interval
            self._starts.append(start)
        return start - now

    def hold_back(self, seconds: float) -> None:
        """Let nobody send for `seconds` from now on."""
        until = self._monotonic() + seconds
        with self._lock:
            self._closed_until = max(self._closed_until, until)

    def learn(self, *, sent: float, throttled: bool) -> None:
        """Take in whether the answer to a request that was `sent` then (by `monotonic`) said that it came too fast.

        What was sent before the limit was last lowered says nothing about the limit that holds now.
        """
        with self._lock:
            if throttled and sent >= self._lowered_at:
                self._lower()
            elif not throttled and self._limit is not None:
                raised = self._limit + min(INCREASE / self._limit, MOST_INCREASE * self._limit)
                self._limit = raised if self._most is None else min(raised, self._most)

    def room(self, most: int) -> int:
        """Return how many requests are worth having open at once: all that are wanted, or as many as soon go out."""
        limit = self._limit
        return most if limit is None else max(1, min(most, math.ceil(limit * OPEN_SECONDS)))

    def _lower(self) -> None:
        now = self._monotonic()
        while self._starts and self._starts[0] < now - _WINDOW:
            self._starts.popleft()
        went_out = sum(start <= now for start in self._starts) / _WINDOW
        if self._limit is None:
            # So early in a run, a handful says little about how many a second there would have been.
            held = max(went_out, float(BURST))
        else:
            # A limit that was not used in full was not what was too fast.
            held = self._limit if went_out > DECREASE * self._limit - 1 else went_out
        self._limit = max(held * DECREASE, SLOWEST)
        self._lowered_at = now
        # Evenly from here on: what was allowed ahead was allowed under another limit.
        self._due = now + (1 + self._burst) / self._limit


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
