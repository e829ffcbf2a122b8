"""The second half of some work in a second process, forked from this one, so that it goes on from all that is known here.

For work that keeps a processor busy; threads would only slow each other down. A process is started where there is a processor for
it and no thread that could hold a lock. It dies with an interrupt, quietly; what it finds out comes back whole or not at all.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def is_of_use() -> bool:
    """Tell whether a second process can be forked, and has a processor."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return False
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return processors > 1


def both(here: Callable[[], object], there: Callable[[], object]) -> Any:
    """Call `here` in this process and `there` in a forked one; return what `there` returned, or None if it failed.

    Raises what `here` raises, and OSError when no process can be made.
    """
    pipe, end = os.pipe()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    child, done, status = 0, False, 0
    try:
        try:
            child = os.fork()
            if child == 0:
                _work(there, end, blocked)
        finally:
            os.close(end)
            # An interrupt that came meanwhile strikes here, where the child is known and will be waited for.
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        here()
        with os.fdopen(os.dup(pipe), "rb") as reader:
            content = reader.read()
        done = True
    finally:
        os.close(pipe)
        if child:
            if not done:
                os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
    return pickle.loads(content) if status == 0 else None  # noqa: S301  # our own process wrote it


def _work(there: Callable[[], object], end: int, blocked: set[Any]) -> None:
    """Write what `there` returns to `end`, and end this process whatever happens."""
    try:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        content = pickle.dumps(there(), pickle.HIGHEST_PROTOCOL)
        with os.fdopen(end, "wb") as writer:
            writer.write(content)
    except BaseException:  # noqa: BLE001  # it is the other process that says what is wrong, by doing it all
        os._exit(1)
    os._exit(0)
