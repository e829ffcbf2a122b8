"""Where everything is: a tree beside the data, of the same shape, that keeps the parser's own events.

Keeping events costs nothing while a file is read; lines and columns are worked out only for the few places that a finding
shows. A scalar's node is its event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


class Mark(Protocol):
    """A place, as the parser says it: `index` counts code points from the start of what it was given."""

    index: int


class Event(Protocol):
    """What is used of a parser's event. Only scalars have `value` and `style`, only collections `flow_style`."""

    start_mark: Mark
    end_mark: Mark
    anchor: str | None
    tag: str | None
    value: str
    style: str | None
    flow_style: bool | None


@dataclass(slots=True)
class Branch:
    """A mapping or a sequence. `children` are nodes by key, or in order; `keys` are the nodes of the keys."""

    start: Event
    end: Event
    children: Mapping[str, Node] | Sequence[Node]
    keys: Mapping[str, Event] | None = None


@dataclass(slots=True)
class Alias:
    """A use of an anchor: `event` is the alias itself, `target` the node that it stands for."""

    event: Event
    target: Node


Node = Event | Branch | Alias
