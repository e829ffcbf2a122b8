"""Ctrl-C and SIGTERM as a request to end in good order."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from dfsubmit.applier import Stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.cli.output import Output


@contextlib.contextmanager
def stop_on_signals(out: Output, *, sends: bool = False) -> Iterator[Stop]:
    """Turn SIGINT and SIGTERM into a stop request; a second one ends the process at once, as the intents allow.

    `sends` says that the run submits, so that there is something to finish.
    """
    stop = Stop()

    def handle(number: int, _: object) -> None:
        if stop.requested:
            os._exit(128 + number)
        stop.signal_number = number
        finishing = ": what is in flight is finished and recorded, nothing new is sent" if sends else ""
        out.say_in_handler(f"stopping{finishing} (once more to quit at once)")

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
