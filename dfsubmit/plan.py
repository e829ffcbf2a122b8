"""The plan: what apply would do, as data. Pure.

Every change has an action, a reason and a place; explaining, saving and applying read the same values. What changes there
are is `planner`'s to say.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dfsubmit import plantoken
from dfsubmit.journal import AppRef, Item, ItemState, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dfsubmit.desired import Place
    from dfsubmit.diff import FieldChange
    from dfsubmit.engine import App


class Action(enum.Enum):
    """What a change would do, with the symbol that stands for it."""

    SUBMIT = "submit"
    UNCHANGED = "unchanged"
    UNRESOLVED = "unresolved"
    ORPHAN = "orphan"
    KILL = "kill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of the plan.

    `item` is what the ledger would speak of, and `version` how many entries it has for it: the change is stale once that
    has moved. `carry` is the item under an earlier name whose app this one takes over.
    """

    action: Action
    item: Item
    version: int
    reason: str
    generation: int = 1
    request: Mapping[str, Any] | None = None
    place: Place | None = None
    app: AppRef | None = None
    remote: App | None = None
    carry: Item | None = None
    fields: tuple[FieldChange, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the manifest's name."""
        return self.item.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All changes of one project, by name. `seen` says whether the engine was asked."""

    project: str
    changes: tuple[Change, ...]
    seen: bool

    def of(self, *actions: Action) -> tuple[Change, ...]:
        """Return the changes with one of `actions`."""
        return tuple(change for change in self.changes if change.action in actions)

    @property
    def token(self) -> str:
        """Return a word that names what would be done, change by change: equal tokens, equal effects. See `plantoken`."""
        return plantoken.written(map(self.mark, self.pending))

    @property
    def pending(self) -> tuple[Change, ...]:
        """Return the changes that do or settle something."""
        return self.of(Action.SUBMIT, Action.KILL, Action.UNRESOLVED)

    def mark(self, change: Change) -> str:
        """Return what stands for `change` in the token."""
        app = change.app and change.app.id
        return plantoken.mark(
            [self.project, change.action.value, change.item.key, change.item.fingerprint, change.version, app]
        )

    @property
    def has_changes(self) -> bool:
        """Tell whether applying the plan would do or settle anything."""
        return bool(self.pending)


def why_open(state: ItemState) -> str:
    """Return since when and because of whom an open item is open."""
    last = state.last
    if last is None:
        return "outcome unknown"
    who = f"{last.by.host} process {last.by.pid}"
    if state.state is State.IN_FLIGHT:
        return f"being submitted since {timestamp(last.at)} by {who}"
    said = f": {last.message}" if last.message else ""
    return f"outcome unknown since {timestamp(last.at)}{said}"


def timestamp(at: Any) -> str:
    """Return an aware datetime as RFC 3339 in UTC, to the second."""
    return str(at.strftime("%Y-%m-%dT%H:%M:%SZ"))
