"""From what a person writes (`--ledger sqlite:PATH`, `memory:`) to a ledger. Opening touches nothing yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.errors import UsageError
from dfsubmit.ledger.memory import MemoryLedger
from dfsubmit.ledger.sqlite import SqliteLedger

if TYPE_CHECKING:
    from dfsubmit.ledger.verify import Auditable

KNOWN = "sqlite:PATH or memory:"


def open_ledger(spec: str, root: Path) -> Auditable:
    """Return the ledger that `spec` names; a relative PATH starts at `root`. Raises UsageError."""
    scheme, colon, rest = spec.partition(":")
    match scheme if colon else "":
        case "sqlite" if rest and "\0" not in rest:
            return SqliteLedger(root / Path(rest))
        case "memory" if not rest:
            return MemoryLedger()
    raise UsageError(f"'{spec}' names no ledger", tip=f"write {KNOWN}")
