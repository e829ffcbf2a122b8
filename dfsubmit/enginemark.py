"""Which service a ledger speaks of: what was submitted on a laptop was not submitted to the real service. Pure.

Every intent carries the mark of its engine. A ledger belongs to one: a run for another is refused, because it would find
everything submitted already and send nothing. All addresses of this machine are the embedded engine, served or not.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dfsubmit.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dfsubmit.journal import ItemState

LOCAL = "local"
# Items without an intent, adopted by hand, do not tell.
_LOOKED_AT = 100
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def engine_mark(base_url: str) -> str:
    """Return the mark of the service at `base_url`; an empty URL is the engine in this process."""
    host = urlsplit(base_url).hostname or ""
    return LOCAL if not host or host in _LOOPBACK else host


def check_engine(states: Iterable[ItemState], mark: str) -> None:
    """Raise LedgerError when the items were submitted to another service than the one with `mark`.

    One that says where it went speaks for all, because this very check keeps them together.
    """
    for state in islice(states, _LOOKED_AT):
        other = state.intent.engine if state.intent is not None else ""
        if not other:
            continue
        if other == mark:
            return
        raise LedgerError(
            f"this ledger records what was submitted to {_named(other)}, and this run is for {_named(mark)}",
            tip="give each its own ledger: --ledger sqlite:PATH, or the Project's engine and ledger together",
        )


def _named(mark: str) -> str:
    return "the local engine" if mark == LOCAL else mark
