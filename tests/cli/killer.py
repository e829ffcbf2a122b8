"""Runs the program and kills it with SIGKILL before or after the n-th effect: killer.py N before|after ARGUMENT...

Effects are appends to the ledger and submits. The last line of standard output is how many there were, when it lived.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from dfsubmit.cli.boundary import run
from dfsubmit.dataforest.client import DataForest
from dfsubmit.ledger.sqlite import SqliteLedger

FATAL, AFTER = int(sys.argv[1]), sys.argv[2] == "after"
COUNT = [0]
LOCK = threading.Lock()


def mined(effect: Callable[..., Any]) -> Callable[..., Any]:
    def with_bomb(*args: Any, **kwargs: Any) -> Any:
        with LOCK:
            COUNT[0] += 1
            mine = COUNT[0]
        if mine == FATAL and not AFTER:
            os.kill(os.getpid(), signal.SIGKILL)
        result = effect(*args, **kwargs)
        if mine == FATAL:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return with_bomb


if __name__ == "__main__":
    SqliteLedger.append = mined(SqliteLedger.append)  # type: ignore[method-assign]  # the bomb
    DataForest.submit = mined(DataForest.submit)  # type: ignore[method-assign]  # the bomb
    code = run(sys.argv[3:])
    sys.stdout.write(f"{COUNT[0]}\n")
    sys.exit(code)
