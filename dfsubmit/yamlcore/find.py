"""Path → place: where in the text a key or a value stands, how a scalar is written, and where comments are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dfsubmit.yamlcore.tree import Alias, Branch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.yamlcore.source import Source
    from dfsubmit.yamlcore.tree import Node

_STYLES = {"'": "single", '"': "double", "|": "literal", ">": "folded"}
# An anchor or a tag in front of a value, with what separates it from the value.
_PROPERTY = re.compile(r"[&!]\S*(?:[ \t]+|[ \t]*(?:#[^\r\n]*)?[\r\n]\s*|\Z)")
_COMMENT = re.compile(r"(?:^|(?<=[ \t\r\n]))#[^\r\n]*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*[ \t]+(#[^\r\n]*)")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar as it is written: `raw` with its quotes, `style` plain, single, double, literal or folded."""

    raw: str
    style: str


def offsets(text: str, base: int, root: Node, path: tuple[str | int, ...], *, key: bool) -> tuple[int, int]:
    """Return where the value or key at `path` stands, or its nearest parent's key, or the first key."""
    node = root
    best = _first_key(root)
    for position, step in enumerate(path):
        inner = node.target if isinstance(node, Alias) else node
        child, name = _child(inner, step)
        if child is None:
            return _extent(text, base, best)
        node, best = child, name if name is not None else child
        if position == len(path) - 1 and not key:
            best = node
    if not path and not key:
        best = root
    return _extent(text, base, best)


def scalar(text: str, base: int, root: Node, path: tuple[str | int, ...]) -> Scalar | None:
    """Return how the scalar at `path` is written; None when there is no scalar of its own."""
    node: Any = root
    for step in path:
        inner = node.target if isinstance(node, Alias) else node
        node, _ = _child(inner, step)
        if node is None:
            return None
    if isinstance(node, Branch | Alias):
        return None
    start, end = _extent(text, base, node)
    return Scalar(text[start:end], _STYLES.get(node.style or "", "plain"))


def comments(source: Source, base: int, root: Node, region: tuple[int, int]) -> tuple[tuple[int, int, str], ...]:
    """Return the comments of a document: what follows a `#` outside its scalars."""
    text = source.text
    found: list[tuple[int, int, str]] = []
    at = region[0]
    for node in sorted(_scalars(root), key=lambda event: event.start_mark.index):
        start, end = _extent(text, base, node)
        _add_comments(source, _COMMENT.finditer(text, at, max(start, at)), 0, found)
        if node.style in {"|", ">"}:
            header = _BLOCK_HEADER.match(text, start)
            _add_comments(source, iter([header] if header else []), 1, found)
        at = max(end, at)
    _add_comments(source, _COMMENT.finditer(text, at, region[1]), 0, found)
    return tuple(found)


def _add_comments(
    source: Source, matches: Iterator[re.Match[str]], group: int, found: list[tuple[int, int, str]]
) -> None:
    for match in matches:
        found.append((*source.place(match.start(group)), match.group(group)))


def _scalars(node: Node) -> Iterator[Any]:
    """Yield the events of all scalars, keys included; what an alias stands for comes once, at its anchor."""
    if isinstance(node, Branch):
        if node.keys is not None:
            yield from node.keys.values()
        for child in node.children.values() if isinstance(node.children, dict) else node.children:
            yield from _scalars(child)
    elif not isinstance(node, Alias) and hasattr(node, "value"):
        yield node


def _child(node: Node, step: str | int) -> tuple[Any, Any]:
    """Return the child of `node` and its key's event; (None, None) when there is no such child."""
    if isinstance(node, Branch):
        children = node.children
        if isinstance(children, dict):
            if step in children and node.keys is not None:
                return children[step], node.keys[step]
        elif isinstance(step, int) and -1 < step < len(children):
            return children[step], None
    return None, None


def _first_key(node: Node) -> Any:
    if isinstance(node, Branch) and node.keys:
        return next(iter(node.keys.values()))
    return node


def _extent(text: str, base: int, node: Any) -> tuple[int, int]:
    """Return the characters of a node, without its anchor and tag and without the blanks behind it."""
    if isinstance(node, Branch):
        start, end = _branch_extent(text, base, node)
    else:
        event = node.event if isinstance(node, Alias) else node
        start, end = event.start_mark.index + base, event.end_mark.index + base
    while end > start and text[end - 1].isspace():
        end -= 1
    bare = start
    while text[bare : bare + 1] in {"&", "!"} and (match := _PROPERTY.match(text, bare, end)):
        bare = match.end()
    if bare < end:
        start = bare
    if start == end:
        while start and text[start - 1] in " \t":
            start -= 1
        end = start
    return start, end


def _branch_extent(text: str, base: int, node: Branch) -> tuple[int, int]:
    start, end = node.start.start_mark.index + base, node.end.end_mark.index + base
    last: Any = node
    # A block collection's end lies where the next thing starts; its last value says where it really ends.
    while isinstance(last, Branch) and last.start.flow_style is False and last.children:  # type: ignore[attr-defined]  # only collections have it
        last = list(last.children.values())[-1] if isinstance(last.children, dict) else last.children[-1]
    if last is not node:
        end = _extent(text, base, last)[1]
    return start, end
