"""Waits for a git host that is away for a moment, whether the ledger is to be read or appended to.

Whoever has begun to work with a host wants to finish: what is to be recorded may be an app that was started, and known to
nobody else. A host that did not answer at all yet is another matter: its address may be wrong, and that is said at once.
What does not pass by itself (no permission, no such repository, a hook that refuses) is no `HostUnreachableError`, and is
never waited for.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from dfsubmit.ledger.gitwords import HostUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

# How long a host may be away, and the pause between two looks at it.
OUTAGE_SECONDS, OUTAGE_PAUSE = 60.0, 2.0

_Result = TypeVar("_Result")


class Outages:
    """How one handle of a ledger meets outages of its host."""

    def __init__(self, patience: float) -> None:
        """Take for how many seconds anything is waited for at most."""
        self._patience = patience
        self._begun = False

    def met(self) -> None:
        """Note that the host has answered, or may have got something from us: from now on it is waited for."""
        self._begun = True

    def through(self, action: Callable[[], _Result]) -> _Result:
        """Return what `action` does, once the host is there. Raises LedgerError; HostUnreachableError when it stays away."""
        start = time.monotonic()
        end = start + min(OUTAGE_SECONDS, self._patience)
        while True:
            try:
                return action()
            except HostUnreachableError as error:
                if not self._begun:
                    raise
                if time.monotonic() > end:
                    waited = f"{time.monotonic() - start:.0f} s"
                    raise HostUnreachableError(
                        f"{error.message}; it was waited for, for {waited}", tip=error.tip
                    ) from error
                time.sleep(OUTAGE_PAUSE)
