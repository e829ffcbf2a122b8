"""Events → plain data, the tree of places beside it, and a finding for whatever YAML allows and dfsubmit does not.

Refused, each with a finding: duplicate keys, keys that are not strings, merge keys, tags beyond the core schema, aliases
without an anchor or inside their own, and whatever exceeds a limit. Where the author's meaning is plain all the same (the
first of two keys, the text of a number used as a key) composing goes on with it, so that one fault gives one
finding; where it is not, the document is `lost`: its findings are all that is known of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dfsubmit.yamlcore.layout import text_end
from dfsubmit.yamlcore.limits import MAX_DEPTH, MAX_EXPANDED, MAX_SCALAR
from dfsubmit.yamlcore.scalars import SPECIAL_STARTS, NumberTooLongError, resolve
from dfsubmit.yamlcore.tags import misfit, tagged, unknown
from dfsubmit.yamlcore.tree import AliasNode, MappingNode, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.yamlcore.report import Report
    from dfsubmit.yamlcore.tree import Event, Kinds, NextEvent, Node
    from dfsubmit.yamlcore.wording import Fault

_MERGE = "<<"
# Names of anchors as YAML 1.2 has them, behind a tag if there is one; libyaml 0.1 cuts them short.
_ANCHOR = re.compile(r"(?:!\S*(?:\s|#[^\r\n]*)*)?&([^\s,\[\]{}]+)")
_ALIAS = re.compile(r"\*([^\s,\[\]{}]+)")
_NAME = re.compile(r"[0-9A-Za-z_-]+")
_KEY_TYPES = {bool: "a boolean", int: "a number", float: "a number"}


class StopError(Exception):
    """This document cannot be read on; what is wrong has been reported."""


class Composer:
    """Composes one document. Make a new one for each: anchors end with their document."""

    def __init__(self, *, kinds: Kinds, next_event: NextEvent, report: Report) -> None:
        self.kinds = kinds
        self.next_event = next_event
        self.report = report
        self.lost = False
        self.anchors: dict[str, tuple[Any, Node]] = {}
        self.open: dict[str, Event] = {}
        self.repeated: set[str] = set()
        # Keys at the root that stand there again, with the first of each.
        self.again: list[tuple[str, Event, Event]] = []
        self.root_keys: dict[str, Event] = {}
        self.expanded = 0
        self.sizes: dict[int, int] = {}

    def compose(self) -> tuple[Any, Node]:
        """Return the data and the tree of the document whose start was the last event. Raises StopError."""
        try:
            made = self._node(self.next_event(), 0)
        finally:
            self._report_again()
        return made

    def _node(self, event: Event, depth: int) -> tuple[Any, Node]:
        kind = type(event)
        if kind is self.kinds.alias:
            return self._alias(event)
        anchor = event.anchor
        if anchor:
            self._check_anchor(event, anchor)
            self.open[anchor] = event
        made: tuple[Any, Node]
        if kind is self.kinds.scalar:
            made = self._scalar(event), event
        elif depth >= MAX_DEPTH:
            self.report.event(
                "DF0123", f"this is nested deeper than {MAX_DEPTH} levels", event, advice="nest less deeply"
            )
            raise StopError
        elif kind is self.kinds.mapping:
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
            message = f"this text is longer than {MAX_SCALAR:,} characters"
            self.report.event("DF0124", message, event, advice="keep long texts in a file of their own")
            self.lost = True
            return ""
        if event.ctag is not None:
            return self._tagged(event)
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

    def _tagged(self, event: Event) -> Any:
        """Return the value of a scalar with an explicit tag; one that means nothing is reported and passed over."""
        tag = str(event.ctag)
        known, value = tagged(tag, event.value)
        if not known:
            self.report.event(*unknown(tag), event, advice=self._tag_advice(tag, event))
            return event.value if event.style else self._resolve(event)
        if value is misfit:
            self._misfit(event, tag)
            return event.value
        return value

    def _tag_advice(self, tag: str, event: Event) -> str:
        """Return what to do about a tag that means nothing; a text may only begin like one."""
        from dfsubmit.yamlcore.wording import quoted  # noqa: PLC0415  # only faults need words

        source, start = self.report.source, event.start_mark.index + self.report.base
        text = source.text[start : text_end(source, start)]
        is_text = tag.startswith("!") and " " in text and not event.style
        return f"remove the tag, or quote the text: {quoted(text)}" if is_text else "remove the tag; values need none"

    def _misfit(self, event: Event, tag: str) -> None:
        self.lost = True
        name = tag.rpartition(":")[2]
        self.report.event("DF0122", f"the tag !!{name} does not fit this value", event, advice="remove the tag")

    def _check_tag(self, event: Event, own: str) -> None:
        """Report the tag of a collection when it is not that of its own kind."""
        tag = str(event.ctag)
        known, value = tagged(tag, None)
        if not known:
            self.report.event(*unknown(tag), event, advice="remove the tag; values need none")
            # What was to be made of the collection is anyone's guess.
            self.lost = True
        elif value is misfit and not tag.endswith(own):
            self._misfit(event, tag)

    # Collections

    def _sequence(self, start: Event, depth: int) -> tuple[Any, Node]:
        if start.ctag is not None:
            self._check_tag(start, ":seq")
        next_event, end = self.next_event, self.kinds.sequence_end
        data: list[Any] = []
        nodes: list[Node] = []
        most = self.report.values_left
        while type(event := next_event()) is not end:
            value, node = self._node(event, depth)
            data.append(value)
            nodes.append(node)
            if len(nodes) > most:
                break
        self.report.count(len(nodes), event)
        return data, SequenceNode(start, event, nodes)

    def _mapping(self, start: Event, depth: int) -> tuple[Any, Node]:
        if start.ctag is not None:
            self._check_tag(start, ":map")
        next_event, end, scalar = self.next_event, self.kinds.mapping_end, self.kinds.scalar
        data: dict[str, Any] = {}
        nodes: dict[str, Node] = {}
        keys: dict[str, Event] = {}
        made = MappingNode(start, start, nodes, keys)
        merged: list[tuple[Any, Node]] = []
        most = self.report.values_left
        while type(event := next_event()) is not end:
            key = self._key(event, depth)
            # Most values are plain texts, and a call for each would be felt.
            follower = next_event()
            if type(follower) is scalar and follower.anchor is None:
                value: Any = self._scalar(follower)
                node: Node = follower
            else:
                value, node = self._node(follower, depth)
            if key is None:
                continue
            if key == _MERGE and self._set_merge_aside(event, merged, (value, node)):
                continue
            if key in data:
                self._set_aside(key, event, made, data, (value, node), at_root=depth == 1)
                continue
            if value is None and start.flow_style and ":" in key:
                self._check_blank(event, node)
            data[key] = value
            nodes[key] = node
            keys[key] = event
            if len(keys) > most:
                break
        self.report.count(len(keys), event)
        made.end = event
        for value, node in merged:
            self._merge(data, made, value, node)
        return data, made

    def _key(self, event: Event, depth: int) -> str | None:
        """Return the key, or None when nothing can be made of it; what is not a string is reported."""
        if type(event) is self.kinds.scalar:
            value = self._scalar(event) if event.anchor is None else self._node(event, depth)[0]
            return value if type(value) is str else self._odd_key(event, value)
        value, _ = self._node(event, depth)
        if type(event) is not self.kinds.alias:
            self.report.fault(self._complex_key(event.start_mark.index + self.report.base))
        elif isinstance(value, str):
            return value
        elif not self.lost:
            self.report.event(
                "DF0117", "this alias stands for a key that is not a text", event, advice="write the key out"
            )
        self.lost = True
        return None

    def _complex_key(self, start: int) -> Fault:
        """Return the fault of a list or a mapping that is used as a key; a template's braces are a mapping in a mapping."""
        from dfsubmit.yamlcore.wording import complex_key  # noqa: PLC0415  # only faults need words

        source = self.report.source
        if source.text[start - 1 : start + 1] == "{{":
            from dfsubmit.yamlcore.foreign import template  # noqa: PLC0415  # only who has such a fault pays for its patterns

            return template(source, start - 1, text_end(source, start - 1))
        return complex_key(start)

    def _odd_key(self, event: Event, value: Any) -> str | None:
        """Report a key that is a number, a boolean or null, and return its text."""
        from dfsubmit.yamlcore.wording import no_key  # noqa: PLC0415  # only faults need words

        text = event.value
        if not text:
            start = event.start_mark.index + self.report.base
            # The parsers differ in where they put a key that is not there: in front of the colon or behind it.
            behind = start > 0 and self.report.source.text[start - 1] == ":"
            self.report.fault(no_key(start - 1 if behind else start))
            raise StopError
        message = f"this key is {_KEY_TYPES.get(type(value), 'null')}, but a key must be a text"
        self.report.event("DF0117", message, event, advice=f'quote it: "{text}"')
        return text

    def _check_blank(self, key: Event, node: Any) -> None:
        """Report `{a:1}`, which means the key "a:1" with no value, and is never meant."""
        from dfsubmit.yamlcore.wording import missing_blank  # noqa: PLC0415  # only faults need words

        if key.style or type(node) is not self.kinds.scalar or node.start_mark.index != node.end_mark.index:
            return
        start, end = self.report.extent(key)
        at = self.report.source.text.find(":", start, end)
        if at >= 0:
            self.report.fault(missing_blank(at))
            raise StopError

    def _set_merge_aside(self, event: Event, merged: list[tuple[Any, Node]], made: tuple[Any, Node]) -> bool:
        """Report a merge key; return False when it is none, but a text that looks like one."""
        if type(event) is not self.kinds.scalar or event.style:
            return False
        if type(made[1]) is self.kinds.alias:
            # That its alias is unknown is no second fault: it goes away with the key.
            self.report.findings.pop()
        advice = 'write the merged keys out here; for a key that is really named so, quote it: "<<"'
        self.report.event("DF0120", "the merge key << is not part of YAML 1.2", event, advice=advice)
        merged.append(made)
        return True

    def _set_aside(
        self,
        key: str,
        event: Event,
        mapping: MappingNode,
        data: dict[str, Any],
        made: tuple[Any, Node],
        *,
        at_root: bool,
    ) -> None:
        """Report a duplicate key, or keep it for `_report_again`. The first value counts, unless it is the poorer mapping."""
        first = mapping.keys[key]
        value, node = made
        if isinstance(value, dict) and isinstance(data[key], dict) and len(value) > len(data[key]):
            data[key], mapping.values[key] = value, node
        if at_root:
            self.again.append((key, event, first))
            self.root_keys = mapping.keys
        else:
            self._report_duplicate(key, event, first)

    def _report_duplicate(self, key: str, event: Event, first: Event) -> None:
        related = ("the first is here", first)
        self.report.event(
            "DF0116", f'the key "{key}" is here a second time', event, advice="remove one of the two", related=related
        )

    def _report_again(self) -> None:
        """Report the keys that the root has twice: as one finding where they begin another manifest. Raises FullError."""
        again, self.again = self.again, []
        if {"apiVersion", "kind"} <= {key for key, _, _ in again}:
            from dfsubmit.yamlcore.wording import no_separator  # noqa: PLC0415  # only faults need words

            _, event, first = again[0]
            begins, _ = self.report.extent(first)
            self.report.fault(no_separator(self.report.source, *self.report.extent(event), "manifest", begins))
            return
        if again and all(key.startswith("+") for key in self.root_keys):
            return  # a patch, which the judge says once for all lines
        for key, event, first in again:
            self._report_duplicate(key, event, first)

    # Anchors and merge keys

    def _check_anchor(self, event: Event, name: str) -> None:
        """Refuse the names that libyaml refuses or cuts short, whichever parser it is."""
        from dfsubmit.yamlcore.wording import bad_anchor  # noqa: PLC0415  # only faults need words

        text = self.report.source.text
        start = event.start_mark.index + self.report.base
        found = _ANCHOR.match(text, start)
        if not _NAME.fullmatch(found.group(1) if found else name):
            self.report.fault(bad_anchor(self.report.source, text.find("&", start)))
            raise StopError

    def _alias(self, event: Event) -> tuple[Any, Node]:
        from dfsubmit.yamlcore.wording import unknown_alias  # noqa: PLC0415  # only faults need words

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
            if found and not _NAME.fullmatch(found.group(1)):
                raise StopError
            self.lost = True
            return None, event
        self.repeated.add(name)
        value, node = self.anchors[name]
        self.expanded += self._size(value)
        if self.expanded > MAX_EXPANDED:
            message = f"the aliases up to here write out to more than {MAX_EXPANDED:,} characters"
            self.report.event("DF0126", message, event, advice="use fewer aliases of large values")
            raise StopError
        return value, AliasNode(event, node)

    def _size(self, value: Any) -> int:
        """Return how many values and characters `value` has when its aliases are written out."""
        if isinstance(value, str):
            return len(value) + 1
        if not isinstance(value, dict | list):
            return 1
        known = self.sizes.get(id(value))
        if known is None:
            children = list(value.values()) if isinstance(value, dict) else value
            known = 1 + sum(map(self._size, children)) + (sum(map(len, value)) if isinstance(value, dict) else 0)
            # Anchored containers live as long as the composer, so that an id stays one container's.
            self.sizes[id(value)] = known
        return known

    def unused(self) -> Iterator[tuple[str, int]]:
        """Yield name and offset of every anchor that nothing repeats: most are texts that were meant to begin with `&`."""
        text, base = self.report.source.text, self.report.base
        for name, (_, node) in self.anchors.items():
            if name not in self.repeated:
                event: Any = node.event if isinstance(node, AliasNode) else getattr(node, "start", node)
                yield name, text.find(f"&{name}", event.start_mark.index + base)

    def _merge(self, data: dict[str, Any], made: MappingNode, value: Any, node: Node) -> None:
        """Do what the author meant by a merge key, so that its finding stays the only one."""
        while isinstance(node, AliasNode):
            node = node.target
        if isinstance(node, SequenceNode):
            for item, child in zip(value, node.values, strict=True):
                self._merge(data, made, item, child)
        elif isinstance(node, MappingNode):
            for key in value:
                if key not in data:
                    data[key] = value[key]
                    made.values[key] = node.values[key]
                    made.keys[key] = node.keys[key]
