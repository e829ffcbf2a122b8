"""The parts of a manifest as they are written: entries, values, comments and blank lines between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dfsubmit.yamlcore.tree import MappingNode, SequenceNode

if TYPE_CHECKING:
    from dfsubmit.yamlcore.tree import Node


class LayoutError(Exception):
    """The text has a form that is not taken apart; says which, for a person."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.what = what
        self.at = at


@dataclass(slots=True)
class Comment:
    """A comment on a line of its own, or a blank line where `text` is empty; `column` counts from 0."""

    column: int
    text: str


@dataclass(slots=True)
class Leaf:
    """A scalar, an alias or a collection in brackets: its lines as they are written.

    `kind` is `flow`, `block` (a literal or folded text: its head, then its lines with `indent` columns taken away) or `text`.
    """

    kind: str
    lines: list[str]
    below: bool = False
    indent: int = 0
    indicated: int = 0
    end: str = ""


@dataclass(slots=True)
class Entry:
    """One key of a mapping or one item of a list, with all that belongs to it.

    `head` is the key with its colon or the dash, then properties; `end` the comment behind it, with the blanks before it.
    """

    column: int
    head: str
    key: str = ""
    lead: list[Comment] = field(default_factory=list)
    properties: str = ""
    end: str = ""
    value: Leaf | Block | None = None
    anchors: list[str] = field(default_factory=list)
    aliases: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Block:
    """A mapping or a list in block style; `trailer` is what stands behind its last entry."""

    is_list: bool
    entries: list[Entry]
    trailer: list[Comment]


@dataclass(slots=True)
class Whole:
    """A document: its value, and for one that is no block collection what stands in front of it; `tail` is what is left."""

    value: Block | Leaf | None
    lead: list[Comment]
    tail: list[Comment]


def is_block(node: Node) -> bool:
    """Tell whether a node is a collection that is written over lines, without brackets."""
    return isinstance(node, MappingNode | SequenceNode) and not node.start.flow_style
