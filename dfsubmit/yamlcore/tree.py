"""Where everything is: a tree beside the data, of the same shape, that keeps the parser's own events.

Keeping events costs nothing while a file is read; lines and columns are worked out only for the few places that a finding
shows. A scalar's node is its event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Mark(Protocol):
    """A place, as the parser says it: `index` counts code points from the start of what it was given."""

    index: int


class Event(Protocol):
    """What is used of a parser's event.

    Only nodes have `anchor` and `ctag` (the tag, or None), only scalars `value` and `style`, only collections
    `flow_style`, only starts of documents `explicit`.
    """

    start_mark: Mark
    end_mark: Mark
    anchor: str | None
    ctag: object
    value: str
    style: str | None
    flow_style: bool | None
    explicit: bool


@dataclass(slots=True)
class MappingNode:
    """A mapping: the nodes of its values, and the events of its keys, by key."""

    start: Event
    end: Event
    values: dict[str, Node]
    keys: dict[str, Event]


@dataclass(slots=True)
class SequenceNode:
    """A sequence: the nodes of its values, in order."""

    start: Event
    end: Event
    values: list[Node]


@dataclass(slots=True)
class AliasNode:
    """A use of an anchor: `event` is the alias itself, `target` the node that it stands for."""

    event: Event
    target: Node


Node = Event | MappingNode | SequenceNode | AliasNode


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar as it is written: `raw` with its quotes, `style` plain, single, double, literal or folded."""

    raw: str
    style: str


class Kinds:
    """The classes of a parser's events and the one of its errors, which both parsers share."""

    def __init__(self, events: object, errors: type[Exception]) -> None:
        def named(name: str) -> type[Event]:
            kind: type[Event] = getattr(events, name)
            return kind

        self.errors = errors
        self.scalar = named("ScalarEvent")
        self.alias = named("AliasEvent")
        self.mapping = named("MappingStartEvent")
        self.mapping_end = named("MappingEndEvent")
        self.sequence_end = named("SequenceEndEvent")
        self.document = named("DocumentStartEvent")
        self.stream_end = named("StreamEndEvent")


# How a parser is started on a text: it gives the classes of its events, and a function that returns them one by one.
if TYPE_CHECKING:
    NextEvent = Callable[[], Event]
    Opener = Callable[[str], tuple[Kinds, NextEvent]]
