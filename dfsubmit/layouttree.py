"""The text of one document, taken apart by the tree of places: entries with what stands around them, and nothing lost.

Between two values of a document there are only blanks, line breaks, comments, dashes, colons, anchors and tags. So every comment
can be given to what it stands at: those on lines of their own to the entry below, those at the end of a line to the line,
and those below the last entry of a collection, set in as deep as it, to the end of the collection. What cannot be
taken apart so (explicit keys, properties on a line of their own) raises LayoutError, and nothing is done with it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dfsubmit.layoutcursor import BLANKS, BREAK, REST_OF_LINE, Cursor
from dfsubmit.layoutnodes import Block, Comment, Entry, LayoutError, Leaf, Whole, is_block
from dfsubmit.yamlcore.find import Map
from dfsubmit.yamlcore.tree import AliasNode, MappingNode, SequenceNode

if TYPE_CHECKING:
    from dfsubmit.document import Document
    from dfsubmit.yamlcore.tree import Event, Node

_PROPERTY = re.compile(r"[&!][^\s]*")
_BLOCK_HEAD = re.compile(r"[|>][-+0-9]*")
_MARKER = re.compile(r"---(?=[ \t\r\n]|\Z)")
_INDICATED = re.compile(r"[1-9]")


class Reader(Cursor):
    """Takes one document apart, from the first character of its content on."""

    def __init__(self, document: Document) -> None:
        super().__init__(document.text, document.region[1])
        self.map = Map(document.text, document.base, document.root)
        self.root = document.root

    def read(self, at: int, first: list[Comment]) -> Whole:
        """Return the document whose text goes on at `at`, behind the comments `first`. Raises LayoutError."""
        self.at = at
        if is_block(self.root):
            block = self._block(self.root, -1)
            block.entries[0].lead[:0] = first
            whole = Whole(value=block, lead=[], tail=[])
        else:
            lead = first + self.lead(self._start(self.root))
            whole = Whole(value=self._leaf(self.root, Entry(column=0, head="")), lead=lead, tail=[])
        whole.tail = self.lead(None)
        if self.at < self.end:
            raise LayoutError("something behind the end of the document", self.at)
        return whole

    def opening(self, at: int) -> tuple[list[Comment], bool, list[Comment], int]:
        """Read what comes before a document's content: comments, whether there is a `---`, and its own comment.

        Return also where to go on.
        """
        self.at = at
        above = self.lead(None)
        if not _MARKER.match(self.text, self.at):
            return [], False, [], at
        self.at += len("---")
        rest = REST_OF_LINE.match(self.text, self.at)
        comment = self.comment(rest).strip() if rest else ""
        return above, True, [Comment(column=0, text=comment)] if comment else [], self.at

    # Collections

    def _block(self, node: Node, owner: int) -> Block:
        if isinstance(node, MappingNode):
            return self._mapping(node)
        assert isinstance(node, SequenceNode)  # noqa: S101  # the only other block collection
        return self._sequence(node, owner)

    def _mapping(self, node: MappingNode) -> Block:
        entries: list[Entry] = []
        column = 0
        for key, event in node.keys.items():
            start, end = self._marks(event)
            lead = self.lead(start)
            column = self.column(start)
            raw = self.text[start:end].rstrip()
            if BREAK.search(raw):
                raise LayoutError("a key of several lines", start)
            colon = BLANKS.match(self.text, start + len(raw))
            self.at = colon.end() if colon else end
            if self.text[self.at : self.at + 1] != ":":
                raise LayoutError("a key without its colon", start)
            self.at += 1
            # Right behind an alias, a colon would become part of its name.
            head = f"{raw} :" if raw.startswith("*") else f"{raw}:"
            entry = Entry(column=column, head=head, key=key, lead=lead)
            _note(event, entry)
            self._value(node.values[key], entry)
            entries.append(entry)
        return Block(is_list=False, entries=entries, trailer=self.trailer(column))

    def _sequence(self, node: SequenceNode, owner: int) -> Block:
        entries: list[Entry] = []
        column = 0
        for value in node.values:
            lead = self.lead(None)
            if self.text[self.at : self.at + 1] != "-":
                raise LayoutError("an item without its dash", self.at)
            column = self.column(self.at)
            self.at += 1
            entry = Entry(column=column, head="-", lead=lead)
            self._value(value, entry)
            entries.append(entry)
        # Below dashes that stand right under their key, a comment is about what the key belongs to.
        return Block(is_list=True, entries=entries, trailer=self.trailer(column + (column == owner)))

    # Values

    def _value(self, node: Node, entry: Entry) -> None:
        """Read the value that follows the colon or the dash that was just read."""
        start = self._start(node)
        self._properties(entry, start)
        _note(node, entry)
        if is_block(node):
            rest = REST_OF_LINE.match(self.text, self.at)
            if rest is not None:
                entry.end = self.comment(rest)
            entry.value = self._block(node, entry.column)
            return
        below: list[Comment] = []
        rest = REST_OF_LINE.match(self.text, self.at)
        if rest is not None and self.map.extent(node)[1] > rest.end():
            entry.end = self.comment(rest)
            below = self.lead(start)
            if any(line.text for line in below):
                raise LayoutError("a comment between a key and its value", start)
        entry.value = self._leaf(node, entry, below=bool(entry.end) or (rest is not None and start > rest.end()))

    def _properties(self, entry: Entry, limit: int) -> None:
        """Read anchor and tag in front of `limit`."""
        found = []
        while True:
            blanks = BLANKS.match(self.text, self.at)
            at = blanks.end() if blanks else self.at
            match = _PROPERTY.match(self.text, at)
            if match is None or at >= limit:
                break
            found.append(match[0])
            self.at = match.end()
        entry.properties = " ".join(found)

    def _leaf(self, node: Node, entry: Entry, *, below: bool = False) -> Leaf | None:
        start, end = self.map.extent(node)
        if start == end:  # nothing is written; the parsers put that at different places
            self._end_of_line(entry)
            return None
        blanks = BLANKS.match(self.text, self.at)
        self.at = blanks.end() if blanks else self.at
        if self.at != start:
            raise LayoutError("properties on another line than their value", start)
        style = None if isinstance(node, MappingNode | SequenceNode | AliasNode) else node.style
        if style in {"|", ">"}:
            return self._block_text(entry, below=below)
        self.at = end
        kind = "flow" if isinstance(node, MappingNode | SequenceNode) else "text"
        leaf = Leaf(kind=kind, lines=BREAK.split(self.text[start:end]), below=below)
        rest = REST_OF_LINE.match(self.text, self.at)
        if rest is None:
            raise LayoutError("something behind a value", self.at)
        leaf.end = self.comment(rest)
        return leaf

    def _block_text(self, entry: Entry, *, below: bool) -> Leaf:
        """Read a literal or folded text: its head, and the lines that are set in deeper than what it belongs to."""
        if below:
            raise LayoutError("the head of a text on another line than its key", self.at)
        head = _BLOCK_HEAD.match(self.text, self.at)
        assert head is not None  # noqa: S101  # that is how such a text begins
        self.at = head.end()
        rest = REST_OF_LINE.match(self.text, self.at)
        if rest is None:
            raise LayoutError("something behind the head of a text", self.at)
        comment = self.comment(rest)
        digit = _INDICATED.search(head[0])
        indicated = int(digit[0]) if digit else 0
        indent = max(entry.column, 0) + indicated if indicated else 0
        lines: list[str] = []
        pending: list[str] = []
        at = self.next_line(self.at)
        while at < self.end:
            stop = BREAK.search(self.text, at, self.end)
            line = self.text[at : stop.start() if stop else self.end]
            inner = len(line) - len(line.lstrip(" "))
            bare = not line.strip(" ")
            if not bare and not indent:
                if inner <= entry.column:
                    break
                indent = inner
            if (not bare and inner < indent) or (bare and not stop):
                break
            empty = bare and (not indent or inner <= indent)
            pending.append("" if empty else line[indent:])
            if not empty or "+" in head[0]:
                lines += pending
                pending = []
                self.at = self.taken = stop.start() if stop else self.end
            at = stop.end() if stop else self.end
        return Leaf(kind="block", lines=[head[0], *lines], indent=indent, indicated=indicated, end=comment)

    def _end_of_line(self, entry: Entry) -> None:
        rest = REST_OF_LINE.match(self.text, self.at)
        if rest is None:
            raise LayoutError("something behind a key without a value", self.at)
        entry.end = self.comment(rest)

    # Places

    def _marks(self, event: Event | Node) -> tuple[int, int]:
        inner = event.event if isinstance(event, AliasNode) else event
        assert not isinstance(inner, MappingNode | SequenceNode)  # noqa: S101  # keys are scalars or aliases
        return inner.start_mark.index + self.map.base, inner.end_mark.index + self.map.base

    def _start(self, node: Node) -> int:
        """Return where a node's own content starts, properties not counted."""
        if isinstance(node, MappingNode) and is_block(node):
            return self._marks(next(iter(node.keys.values())))[0]
        return self.map.extent(node)[0]


def anchors(node: Node) -> list[str]:
    """Return the names of all anchors below `node`, as often as they are given."""
    entry = Entry(column=0, head="")
    _note(node, entry)
    return entry.anchors


def _note(node: Node | Event, entry: Entry) -> None:
    """Note the anchors and aliases of a value, those inside brackets too."""
    if isinstance(node, AliasNode):
        entry.aliases.add(node.event.anchor or "")
        return
    event = node.start if isinstance(node, MappingNode | SequenceNode) else node
    if not hasattr(event, "value") and not isinstance(node, MappingNode | SequenceNode):
        entry.aliases.add(event.anchor or "")
        return
    if event.anchor:
        entry.anchors.append(event.anchor)
    if isinstance(node, MappingNode):
        for key in node.keys.values():
            _note(key, entry)
        for child in node.values.values():
            _note(child, entry)
    elif isinstance(node, SequenceNode):
        for child in node.values:
            _note(child, entry)
