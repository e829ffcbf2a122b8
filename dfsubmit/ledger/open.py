"""From what a person writes (`--ledger sqlite:PATH`, `git:REMOTE`, `memory:`) to a ledger. Opening touches nothing yet."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.errors import UsageError
from dfsubmit.ledger.gitlayout import DEFAULT_REF
from dfsubmit.ledger.memory import MemoryLedger
from dfsubmit.ledger.sqlite import SqliteLedger

if TYPE_CHECKING:
    from collections.abc import Callable

    from dfsubmit.ledger.verify import Auditable

KNOWN = "sqlite:PATH, git:REMOTE or memory:"

# What git itself refuses in a ref is left to git; this keeps options and refspecs out.
_REF = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_-]*([./][0-9A-Za-z_-]+)*")
_REMOTE = re.compile(r"[^\s\x00-\x1f\x7f-][^\s\x00-\x1f\x7f]*")


def git_place(text: str) -> tuple[str, str] | None:
    """Return (remote, ref) for `REMOTE` or `REMOTE#REF`; None when it cannot be one."""
    remote, hash_sign, ref = text.partition("#")
    ref = ref if hash_sign else DEFAULT_REF
    return (remote, ref) if _REMOTE.fullmatch(remote) and _REF.fullmatch(ref) else None


def open_ledger(spec: str, root: Path, *, last_seen: Callable[[str], None] | None = None) -> Auditable:
    """Return the ledger that `spec` names. Raises UsageError.

    A relative PATH starts at `root`, and REMOTE is one of the git repository in which `root` lies. `last_seen`: see `GitLedger`.
    """
    scheme, colon, rest = spec.partition(":")
    match scheme if colon else "":
        case "sqlite" if rest and "\0" not in rest:
            return SqliteLedger(root / Path(rest))
        case "git" if (found := git_place(rest)) is not None:
            from dfsubmit.ledger.git import GitLedger  # noqa: PLC0415  # it brings subprocess and more, which others need not

            return GitLedger(root, *found, last_seen=last_seen)
        case "memory" if not rest:
            return MemoryLedger()
    raise UsageError(f"'{spec}' names no ledger", tip=f"write {KNOWN}")
