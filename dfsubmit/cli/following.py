"""What status, wait, logs and kill share: the apps that names stand for."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dfsubmit.errors import DfsubmitError, UsageError
from dfsubmit.follow import Followed, followed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dfsubmit.engine import App
    from dfsubmit.journal import Item, ItemState


class NotSubmittedError(DfsubmitError):
    """No app was ever submitted under a name that was asked for."""

    exit_code = 102


def rows_of(
    names: Sequence[str], states: Mapping[Item, ItemState], remote: Mapping[str, App], *, every: bool = False
) -> tuple[Followed, ...]:
    """Return the rows of `names` (globs are fine), all when there are none. Raises NotSubmittedError for a name without one."""
    rows = followed(states, remote, every=every)
    for name in names:
        if not any(fnmatchcase(row.name, name) for row in rows):
            raise NotSubmittedError(f"nothing was submitted as '{name}'", tip=_tip(name, rows))
    return tuple(row for row in rows if not names or any(fnmatchcase(row.name, name) for name in names))


def _tip(name: str, rows: Sequence[Followed]) -> str:
    from dfsubmit.suggest import closest

    meant = closest(name, [row.name for row in rows])
    return f"did you mean {meant}?" if meant else "`dfsubmit status` lists what was submitted"


def one_of(name: str, rows: Sequence[Followed]) -> Followed:
    """Return the one row that a verb for a single app is about. Raises UsageError."""
    if len(rows) != 1:
        raise UsageError(f"'{name}' stands for {len(rows)} apps", tip="name one")
    return rows[0]
