"""What the submitted apps are doing: the ledger's items beside the engine's list.

`status`, `wait`, `logs` and `kill` speak of manifests' names; this finds the app that each name became. A name has one
app for each fingerprint it was submitted with; what people mean is the newest, unless they ask for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfsubmit.errors import EngineError
from dfsubmit.journal import Event, Item, ItemState, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dfsubmit.engine import App, Engine

# How much of a log's end is fetched for a glance, in bytes, and shown, in lines.
TAIL_BYTES = 4096
TAIL_LINES = 4
# Logs of more failed apps than this are not fetched for one overview.
TAILS_AT_MOST = 10

WAIT_DONE, WAIT_FAILED, WAIT_UNFINISHED, WAIT_MISSING, WAIT_KILLED, WAIT_TIMEOUT = 0, 100, 101, 102, 103, 124


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One submitted item, with its app as the engine shows it; `remote` is None where the engine does not list it."""

    item: Item
    state: ItemState
    remote: App | None = None

    @property
    def name(self) -> str:
        """Return the manifest's name."""
        return self.item.name


def followed(
    states: Mapping[Item, ItemState], remote: Mapping[str, App], *, every: bool = False
) -> tuple[Followed, ...]:
    """Return the items that something is known of, by name; `every` also gives earlier submissions of a name."""
    rows = [
        Followed(item=item, state=state, remote=remote.get(state.app.id) if state.app else None)
        for item, state in states.items()
        if state.state is not State.NONE
    ]
    # A renamed app stands in the ledger under both names; people mean the new one.
    by_time = sorted(
        (row for row in rows if row.state.app and _took_over(row.state)), key=lambda row: _last_at(row.state)
    )
    moved = {row.state.app.id: row.item for row in by_time if row.state.app}
    rows = [row for row in rows if row.state.app is None or moved.get(row.state.app.id, row.item) == row.item]
    rows.sort(key=lambda row: (row.name, _when(row.state), row.item.fingerprint))
    if every:
        return tuple(rows)
    return tuple({row.name: row for row in rows}.values())


def _last_at(state: ItemState) -> str:
    return state.last.at.isoformat() if state.last else ""


def _took_over(state: ItemState) -> bool:
    return state.last is not None and state.last.event is Event.MOVED


def _when(state: ItemState) -> str:
    at = state.submitted_at or (state.last.at if state.last else None)
    return at.isoformat() if at else ""


def wait_code(rows: Sequence[Followed], *, asked: bool) -> int:
    """Return the exit code that tells how `rows` stand, the worst first; `asked` says that the engine was listed.

    100 an app failed, 103 killed, 102 gone from the list or never submitted, 101 not finished, 0 all ended well.
    """
    codes = [_code(row, asked=asked) for row in rows]
    worst_first = (WAIT_FAILED, WAIT_KILLED, WAIT_MISSING, WAIT_UNFINISHED)
    return next((code for code in worst_first if code in codes), WAIT_DONE)


def _code(row: Followed, *, asked: bool) -> int:
    if row.state.is_open or not asked:
        return WAIT_UNFINISHED
    if row.remote is None:
        return WAIT_MISSING
    if not row.remote.finished:
        return WAIT_UNFINISHED
    if row.remote.succeeded:
        return WAIT_DONE
    return WAIT_KILLED if row.remote.killed else WAIT_FAILED


def failed(row: Followed) -> bool:
    """Tell whether the app ended badly by itself."""
    return row.remote is not None and row.remote.finished and not row.remote.succeeded and not row.remote.killed


def tail_of(engine: Engine, app_id: str, *, lines: int = TAIL_LINES) -> tuple[str, ...]:
    """Return the last lines of an app's log; none where there is no log or it cannot be fetched here."""
    try:
        for container in engine.get(app_id).containers:
            content = engine.read_log(container, offset=-TAIL_BYTES)
            if content:
                return tuple(content.decode("utf-8", errors="replace").splitlines()[-lines:])
    except EngineError:
        return ()
    return ()


def tails_of(engine: Engine, apps: Sequence[App]) -> dict[str, tuple[str, ...]]:
    """Return the ends of the logs of those of `apps` that failed, the first ten of them."""
    bad = [app for app in apps if app.finished and not app.succeeded and not app.killed]
    return {app.id: tail_of(engine, app.id) for app in bad[:TAILS_AT_MOST]}
