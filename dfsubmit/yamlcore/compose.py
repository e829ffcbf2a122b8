"""Events → plain data, the tree of places beside it, and a finding for whatever YAML allows and dfsubmit does not.

Refused, each with a finding: duplicate keys, keys that are not strings, merge keys, tags beyond the core schema, aliases
without an anchor or inside their own, and whatever exceeds a limit. Where the author's meaning is plain all the same (the
first of two keys, the text of a number used as a key) composing goes on with it, so that one fault gives one
finding; where it is not, the document is `lost`: its findings are all that is known of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dfsubmit.yamlcore.faults import bad_anchor, missing_blank, no_key, quoted, unknown_alias
from dfsubmit.yamlcore.layout import value_end
from dfsubmit.yamlcore.limits import MAX_DEPTH, MAX_EXPANDED, MAX_SCALAR
from dfsubmit.yamlcore.scalars import SPECIAL_STARTS, NumberTooLongError, resolve
from dfsubmit.yamlcore.tree import Alias, Branch

if TYPE_CHECKING:
    from collections.abc import Callable

    from dfsubmit.yamlcore.report import Report
    from dfsubmit.yamlcore.tree import Event, Node

_TAG = "tag:yaml.org,2002:"
_MERGE = "<<"
# Names of anchors as YAML 1.2 has them, behind a tag if there is one; libyaml 0.1 cuts them short.
_ANCHOR = re.compile(r"(?:!\S*(?:\s|#[^\r\n]*)*)?&([^\s,\[\]{}]+)")
_ALIAS = re.compile(r"\*([^\s,\[\]{}]+)")
_NAME = re.compile(r"[0-9A-Za-z_-]+")


class StopError(Exception):
    """This document cannot be read on; what is wrong has been reported."""


class Kinds:
    """The classes of a parser's events and the one of its errors, which both parsers share."""

    def __init__(self, events: Any, errors: type[Exception]) -> None:
        self.errors = errors
        self.scalar = events.ScalarEvent
        self.alias = events.AliasEvent
        self.mapping = events.MappingStartEvent
        self.mapping_end = events.MappingEndEvent
        self.sequence = events.SequenceStartEvent
        self.sequence_end = events.SequenceEndEvent
        self.document = events.DocumentStartEvent
        self.stream_end = events.StreamEndEvent


class Composer:
    """Composes one document. Make a new one for each: anchors end with their document."""

    def __init__(self, *, kinds: Kinds, next_event: Callable[[], Event], report: Report) -> None:
        self.kinds = kinds
        self.next_event = next_event
        self.report = report
        self.lost = False
        self.anchors: dict[str, tuple[Any, Node]] = {}
        self.open: dict[str, Event] = {}
        self.expanded = 0
        self.sizes: dict[int, int] = {}

    def compose(self) -> tuple[Any, Node]:
        """Return the data and the tree of the document whose start was the last event. Raises StopError."""
        return self._node(self.next_event(), 0)

    def _node(self, event: Event, depth: int) -> tuple[Any, Node]:
        kind = type(event)
        kinds = self.kinds
        if kind is kinds.alias:
            return self._alias(event)
        anchor = event.anchor
        if anchor:
            self._check_anchor(event, anchor)
            self.open[anchor] = event
        made: tuple[Any, Node]
        if kind is kinds.scalar:
            made = self._scalar(event), event
        elif depth >= MAX_DEPTH:
            self.report.event(
                "DF0123", f"this is nested deeper than {MAX_DEPTH} levels", event, advice="nest less deeply"
            )
            raise StopError
        elif kind is kinds.mapping:
            made = self._mapping(event, depth + 1)
        else:
            made = self._sequence(event, depth + 1)
        if anchor:
            self.open.pop(anchor, None)
            self.anchors[anchor] = made
        return made

    # Scalars

    def _scalar(self, event: Event) -> Any:
        value = event.value
        if len(value) > MAX_SCALAR:
            self.report.event(
                "DF0124",
                f"this text is longer than {MAX_SCALAR:,} characters",
                event,
                advice="keep long texts in a file of their own",
            )
            self.lost = True
            return ""
        if event.tag is not None:
            return self._tagged(event, event.tag)
        if event.style or (value and value[0] not in SPECIAL_STARTS):
            return value
        return self._resolve(event)

    def _resolve(self, event: Event) -> Any:
        try:
            return resolve(event.value)
        except NumberTooLongError:
            self.report.event("DF0125", "this number is too long", event, advice="put it in quotes if it is a text")
            self.lost = True
            return 0

    def _tagged(self, event: Event, tag: str) -> Any:
        """Return the value of a scalar with an explicit tag, as the core schema has it."""
        value = event.value
        name = tag.removeprefix(_TAG)
        if tag == "!" or name == "str":
            return value
        if name not in {"int", "float", "bool", "null"}:
            self._unknown_tag(event, tag)
            return value if event.style else self._resolve(event)
        try:
            plain = resolve(value)
        except NumberTooLongError:
            plain = value
        if name == "float" and type(plain) is int:
            return float(plain)
        if type(plain) is {"int": int, "float": float, "bool": bool, "null": type(None)}[name]:
            return plain
        self.report.event("DF0122", f"the tag !!{name} does not fit this value", event, advice="remove the tag")
        return value

    def _unknown_tag(self, event: Event, tag: str) -> None:
        shown = "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag
        self.report.event(
            "DF0121", f"the tag {shown} means nothing here", event, advice="remove the tag; values need none"
        )

    def _check_tag(self, event: Event, name: str) -> None:
        """Report the tag of a collection when it has one that is not its own kind's."""
        tag = event.tag
        if tag is None or tag in {"!", _TAG + name}:
            return
        if tag.startswith(_TAG) and tag.removeprefix(_TAG) in {"str", "int", "float", "bool", "null", "map", "seq"}:
            shown = tag.removeprefix(_TAG)
            self.report.event("DF0122", f"the tag !!{shown} does not fit this value", event, advice="remove the tag")
            return
        self._unknown_tag(event, tag)

    # Collections

    def _sequence(self, start: Event, depth: int) -> tuple[Any, Node]:
        self._check_tag(start, "seq")
        data: list[Any] = []
        children: list[Node] = []
        while True:
            event = self.next_event()
            if type(event) is self.kinds.sequence_end:
                return data, Branch(start, event, children)
            value, node = self._node(event, depth)
            data.append(value)
            children.append(node)

    def _mapping(self, start: Event, depth: int) -> tuple[Any, Node]:
        self._check_tag(start, "map")
        data: dict[str, Any] = {}
        children: dict[str, Node] = {}
        keys: dict[str, Event] = {}
        merged: list[tuple[Any, Node]] = []
        in_flow = start.flow_style
        while True:
            event = self.next_event()
            if type(event) is self.kinds.mapping_end:
                break
            key = self._key(event, depth)
            value, node = self._node(self.next_event(), depth)
            if key is None:
                continue
            if value is None and ":" in key and in_flow:
                self._check_blank(event, node)
            if key == _MERGE and type(event) is self.kinds.scalar and not event.style:
                self._merge_key(event)
                merged.append((value, node))
            elif key in data:
                self._duplicate(key, event, keys[key])
            else:
                data[key] = value
                children[key] = node
                keys[key] = event
        for value, node in merged:
            self._merge(data, children, keys, value, node)
        return data, Branch(start, event, children, keys)

    def _key(self, event: Event, depth: int) -> str | None:
        """Return the key, or None when it is no scalar; what is not a string is reported."""
        kind = type(event)
        if kind is not self.kinds.scalar and kind is not self.kinds.alias:
            self._complex_key(event)
            self._node(event, depth)
            return None
        value, node = self._node(event, depth)
        if type(value) is str:
            return value
        text = getattr(node, "value", None) if kind is self.kinds.scalar else None
        if text == "":
            start = event.start_mark.index + self.report.base
            colon = self.report.source.text.find(":", start, start + 2)
            self.report.fault(no_key(colon if colon >= 0 else start))
            self.lost = True
            return None
        if text is None:
            self.report.event("DF0117", "this alias stands for a key that is not a text", event)
            self.lost = True
            return None
        what = {bool: "a boolean", int: "a number", float: "a number"}.get(type(value), "null")
        self.report.event(
            "DF0117",
            f"this key is {what}, but a key must be a text",
            event,
            advice=f'quote it: "{text}"',
        )
        return str(text)

    def _complex_key(self, event: Event) -> None:
        source = self.report.source
        start = event.start_mark.index + self.report.base
        advice = "write the key as one word"
        if source.text[start - 1 : start + 1] == "{{":
            # A template's braces are a mapping in a mapping.
            start -= 1
            advice = f"quote the text: {quoted(source.text[start : value_end(source, start)])}"
        self.report.add("DF0117", "a key must be a text, not a list or a mapping", start, start + 1, advice=advice)
        self.lost = True

    def _check_blank(self, key: Event, node: Any) -> None:
        """Report `{a:1}`, which means the key "a:1" with no value, and is never meant."""
        if key.style or type(node) is not self.kinds.scalar or node.start_mark.index != node.end_mark.index:
            return
        start, end = self.report.extent(key)
        at = self.report.source.text.find(":", start, end)
        if at >= 0:
            self.report.fault(missing_blank(at))
            self.lost = True

    def _duplicate(self, key: str, event: Event, first: Event) -> None:
        self.report.event(
            "DF0116",
            f'the key "{key}" is here a second time',
            event,
            advice="remove one of the two",
            related=("the first is here", first),
        )

    # Anchors and merge keys

    def _check_anchor(self, event: Event, name: str) -> None:
        """Refuse the names that libyaml refuses or cuts short, whichever parser it is."""
        text = self.report.source.text
        start = event.start_mark.index + self.report.base
        found = _ANCHOR.match(text, start)
        if not _NAME.fullmatch(found.group(1) if found else name):
            self.report.fault(bad_anchor(self.report.source, text.find("&", start)))
            raise StopError

    def _alias(self, event: Event) -> tuple[Any, Node]:
        name = event.anchor or ""
        if name in self.open:
            self.report.event(
                "DF0119",
                f"*{name} stands inside the value that it repeats",
                event,
                advice="an alias cannot contain itself; write the value out",
                related=("the anchor is here", self.open[name]),
            )
            raise StopError
        start, end = self.report.extent(event)
        found = _ALIAS.match(self.report.source.text, start)
        if name not in self.anchors or (found and found.group(1) != name):
            self.report.fault(unknown_alias(self.report.source, start, found.end() if found else end))
            self.lost = True
            return None, event
        value, node = self.anchors[name]
        self.expanded += self._size(value)
        if self.expanded > MAX_EXPANDED:
            self.report.event(
                "DF0126",
                f"the aliases up to here write out to more than {MAX_EXPANDED:,} characters",
                event,
                advice="use fewer aliases of large values",
            )
            raise StopError
        return value, Alias(event, node)

    def _size(self, value: Any) -> int:
        """Return how many values and characters `value` has when its aliases are written out."""
        if isinstance(value, str):
            return len(value) + 1
        if not isinstance(value, (dict, list)):
            return 1
        known = self.sizes.get(id(value))
        if known is None:
            if isinstance(value, dict):
                known = 1 + sum(len(key) + 1 + self._size(child) for key, child in value.items())
            else:
                known = 1 + sum(map(self._size, value))
            # Containers live as long as the composer, so that an id stays one container's.
            self.sizes[id(value)] = known
        return known

    def _merge_key(self, event: Event) -> None:
        self.report.event(
            "DF0120",
            "the merge key << is not part of YAML 1.2",
            event,
            advice='write the merged keys out here; for a key that is really named so, quote it: "<<"',
        )

    def _merge(
        self, data: dict[str, Any], children: dict[str, Node], keys: dict[str, Event], value: Any, node: Node
    ) -> None:
        """Do what the author meant by a merge key, so that its finding stays the only one."""
        node = node.target if isinstance(node, Alias) else node
        if isinstance(value, list) and isinstance(node, Branch) and node.keys is None:
            for item, child in zip(value, node.children, strict=True):
                self._merge(data, children, keys, item, child)
        elif isinstance(value, dict) and isinstance(node, Branch) and isinstance(node.children, dict) and node.keys:
            for key in value.keys() - data.keys():
                data[key] = value[key]
                children[key] = node.children[key]
                keys[key] = node.keys[key]
