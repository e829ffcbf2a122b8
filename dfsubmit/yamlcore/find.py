"""Path → place: where in the text a key or a value stands, how a scalar is written, and where comments are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dfsubmit.yamlcore.tree import AliasNode, MappingNode, Scalar, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.yamlcore.source import Source
    from dfsubmit.yamlcore.tree import Event, Node

_STYLES = {"'": "single", '"': "double", "|": "literal", ">": "folded"}
# An anchor or a tag in front of a value, with what separates it from the value.
_PROPERTY = re.compile(r"[&!]\S*(?:[ \t\r\n]|(?<=[ \t\r\n])#[^\r\n]*)*")
# A line that ends with a comment behind nothing, a colon or a dash.
_TRAILING = re.compile(r"([ \t]*|[^\r\n]*?[:?-][ \t]+)#[^\r\n]*")
_COMMENT = re.compile(r"(?<![^ \t\r\n\ufeff])#[^\r\n]*")
_BLOCK_HEAD = re.compile(r"[|>][-+0-9]*[ \t]+(#[^\r\n]*)")


class Map:
    """The tree of one document and the text that it lies over; `base` is where the parser's offsets start."""

    __slots__ = ("base", "root", "text")

    def __init__(self, text: str, base: int, root: Node) -> None:
        self.text = text
        self.base = base
        self.root = root

    def offsets(self, path: tuple[str | int, ...], *, key: bool) -> tuple[int, int]:
        """Return where the value or key at `path` stands.

        What does not exist is shown at the key of its nearest parent; the root is shown at its first key, and an entry of a
        list, which has no key either, as a whole.
        """
        node, name = self.root, _first_key(self.root)
        for step in path:
            child, child_name = _child(node, step)
            if child is None:
                return self.extent(name)
            node, name = child, child if child_name is None else child_name
        return self.extent(name if key else node)

    def scalar(self, path: tuple[str | int, ...]) -> Scalar | None:
        """Return how the scalar at `path` is written; None when there is no scalar of its own."""
        node: Node | None = self.root
        for step in path:
            node = None if node is None else _child(node, step)[0]
        if node is None or isinstance(node, MappingNode | SequenceNode | AliasNode) or not hasattr(node, "value"):
            return None
        start, end = self.extent(node)
        return Scalar(self.text[start:end], _STYLES.get(node.style or "", "plain"))

    def comments(self, source: Source, start: int, end: int) -> tuple[tuple[int, int, str], ...]:
        """Return the comments between `start` and `end`: what follows a `#` outside the scalars."""
        found: list[re.Match[str]] = []
        at, group = start, 0
        heads: set[int] = set()
        for event in sorted(_scalars(self.root), key=_index):
            first, last = self.extent(event)
            found += _COMMENT.finditer(self.text, at, max(first, at))
            if event.style in {"|", ">"} and (head := _BLOCK_HEAD.match(self.text, first)):
                heads.add(len(found))
                found.append(head)
            at = max(last, at)
        found += _COMMENT.finditer(self.text, at, end)
        comments = []
        for number, match in enumerate(found):
            group = 1 if number in heads else 0
            comments.append((*source.place(match.start(group)), match.group(group)))
        return tuple(comments)

    def extent(self, node: Node) -> tuple[int, int]:
        """Return the characters of a node, without its anchor and tag and without the blanks behind it."""
        if isinstance(node, MappingNode | SequenceNode):
            start = node.start.start_mark.index + self.base
            end = self._end(node)
        else:
            event = node.event if isinstance(node, AliasNode) else node
            start, end = event.start_mark.index + self.base, event.end_mark.index + self.base
        text = self.text
        while end > start and text[end - 1] in " \t\r\n":
            end -= 1
        bare = start
        while text[bare : bare + 1] in {"&", "!"} and (match := _PROPERTY.match(text, bare, end)):
            bare = match.end()
        if bare < end:
            start = bare
        if start == end:
            start = end = self._behind_indicator(start)
        return start, end

    def _behind_indicator(self, at: int) -> int:
        """Return where the colon or dash ends that nothing follows until `at`; the parsers put nothing at different places."""
        text = self.text
        while True:
            while at and text[at - 1] in " \t\r\n":
                at -= 1
            if not at or text[at - 1] in ":?-,[{":
                return at
            start = at
            while start and text[start - 1] not in "\r\n":
                start -= 1
            comment = _TRAILING.match(text, start, at)
            if comment is None:
                return at
            at = comment.end(1)

    def _end(self, node: Node) -> int:
        """Return where a collection ends; a block collection's own mark lies where the next thing starts."""
        last = node
        while isinstance(last, MappingNode | SequenceNode) and not last.start.flow_style and last.values:
            last = list(last.values.values())[-1] if isinstance(last, MappingNode) else last.values[-1]
        if isinstance(last, MappingNode | SequenceNode):
            return last.end.end_mark.index + self.base
        return self.extent(last)[1]


def _index(event: Event) -> int:
    return event.start_mark.index


def _child(node: Node, step: str | int) -> tuple[Node | None, Node | None]:
    """Return the child of `node` and its key's event; None for what there is not."""
    while isinstance(node, AliasNode):
        node = node.target
    if isinstance(node, MappingNode) and isinstance(step, str) and step in node.values:
        return node.values[step], node.keys[step]
    if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.values):
        return node.values[step], None
    return None, None


def _first_key(node: Node) -> Node:
    return next(iter(node.keys.values())) if isinstance(node, MappingNode) and node.keys else node


def _scalars(node: Node) -> Iterator[Event]:
    """Yield the events of all scalars, keys included; what an alias stands for comes once, at its anchor."""
    if isinstance(node, MappingNode):
        yield from (key for key in node.keys.values() if hasattr(key, "value"))
        for child in node.values.values():
            yield from _scalars(child)
    elif isinstance(node, SequenceNode):
        for child in node.values:
            yield from _scalars(child)
    elif not isinstance(node, AliasNode) and hasattr(node, "value"):
        yield node
