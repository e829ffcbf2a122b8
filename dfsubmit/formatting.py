"""A file of manifests → the same in canonical order and style, with every comment where it belongs and the data unchanged.

Order: the keys in the order of the models; maps with free keys (labels, env) keep theirs, and so does a mapping in which an
alias would come before its anchor. Style: two blanks a level, items of lists set in under their key, LF, no blanks at
the end of a line, at most one blank line in a row, `---` alone on its line. Values stay as they are written: quotes, brackets and
long texts. `layouttree` takes a text apart; this puts it together again and then proves its work: what is
loaded from the result, its fingerprints and its comments are those of the original, or the file is left alone with a
finding. Files that YAML cannot read are left alone too, and files without any manifest. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dfsubmit.diagnostics import Diagnostic, Severity, has_errors
from dfsubmit.document import load
from dfsubmit.fingerprint import fingerprint
from dfsubmit.judge import judge
from dfsubmit.judging.fields import Shape, child, fields_of, model_at, shape_of_model, step_into
from dfsubmit.layoutnodes import Block, Comment, Entry, LayoutError, Leaf, Whole
from dfsubmit.layouttree import Reader, anchors
from dfsubmit.manifest import KINDS, AiApp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dfsubmit.document import Document, Loaded

_STEP = 2
# Marks the lines of a text that keeps the blank lines behind it; no manifest has this character.
_KEPT = "\0"
_OURS = "dfsubmit/"
_END_MARKER = re.compile(r"^\.\.\.(?=[ \t\r\n]|\Z)", re.MULTILINE)
# Comments that other programs look for at the top of a file.
_MODELINE = re.compile(r"#\s*(?:yaml-language-server:|vim?:|-\*-|!|\$schema)")
# Nobody comments on these: what stands above one that comes first is about the document.
_HEADS = ("apiVersion", "kind")


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatted:
    """One file: its text as it is and as it should be, and why it is left alone. `ours` says that a manifest is in it."""

    path: str
    before: str
    after: str
    ours: bool
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def changed(self) -> bool:
        """Tell whether formatting changes anything."""
        return self.before != self.after


def format_file(content: bytes, path: str) -> Formatted:
    """Return the file `content`, which findings call `path`, in canonical form. Never raises."""
    loaded = load(content, path)
    alone = Formatted(path=path, before=loaded.text, after=loaded.text, ours=True, diagnostics=loaded.diagnostics)
    if has_errors(loaded.diagnostics):
        return alone
    if not any(_is_ours(document.data) for document in loaded.documents):
        return Formatted(path=path, before=loaded.text, after=loaded.text, ours=False)
    try:
        after = _format(loaded)
    except LayoutError as error:
        return _left(alone, loaded, f"the file is left as it is: {error.what} is not formatted", error.at)
    again = load(after.encode(), path)
    if not _is_same(loaded, again):
        return _left(alone, loaded, "the file is left as it is: in canonical form it would mean something else", 0)
    return Formatted(path=path, before=loaded.text, after=after, ours=True)


def _left(alone: Formatted, loaded: Loaded, message: str, at: int) -> Formatted:
    span = loaded.documents[0].source.span(at, at + 1)
    finding = Diagnostic(
        code="DF0013",
        message=message,
        path=alone.path,
        severity=Severity.WARNING,
        span=span,
        help="write this place in a simpler way, and format again",
    )
    return Formatted(path=alone.path, before=alone.before, after=alone.before, ours=True, diagnostics=(finding,))


def _is_ours(data: Any) -> bool:
    return isinstance(data, dict) and (str(data.get("apiVersion")).startswith(_OURS) or _kind(data) in KINDS)


def _kind(data: dict[str, Any]) -> str:
    kind = data.get("kind")
    return kind if isinstance(kind, str) else ""


# The proof


def _is_same(before: Loaded, after: Loaded) -> bool:
    """Tell whether two texts say the same: data, fingerprints, comments."""
    if has_errors(after.diagnostics) or len(before.documents) != len(after.documents):
        return False
    return all(
        _equal(one.data, other.data) and _comments(one) == _comments(other) and _fingerprint(one) == _fingerprint(other)
        for one, other in zip(before.documents, after.documents, strict=True)
    )


def _equal(one: Any, other: Any) -> bool:
    """Tell whether two values are the same, types included; NaN is itself."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_equal(*pair) for pair in zip(one, other, strict=True))
    return type(one) is type(other) and repr(one) == repr(other)


def _comments(document: Document) -> list[str]:
    return sorted(text.rstrip() for _, _, text in document.comments())


def _fingerprint(document: Document) -> str:
    """Return the fingerprint of a valid app, and nothing for anything else."""
    model = judge(document)
    return fingerprint(model.request(), model.metadata.generation) if isinstance(model, AiApp) else ""


# Putting together


def _format(loaded: Loaded) -> str:
    """Return the canonical text. Raises LayoutError."""
    end = _END_MARKER.search(loaded.text)
    if end:
        raise LayoutError("a document that ends with `...`", end.start())
    lines: list[str] = []
    for number, document in enumerate(loaded.documents):
        if document.index != number:
            raise LayoutError("an empty document", 0)
        reader = Reader(document)
        start = document.region[0] + (number == 0 and loaded.text.startswith("\ufeff"))
        above, marked, first, start = reader.opening(start)
        whole = reader.read(start, first)
        lines += _trimmed(_comment_lines(above, 0))
        lines += ["---"] if marked else []
        lines += _document_lines(whole, document)
    return "\n".join(_settled(lines)) + "\n"


def _settled(lines: list[str]) -> list[str]:
    """Return `lines` without the marks, and without blank lines that would become part of a text that keeps them."""
    settled: list[str] = []
    kept = False
    for line in lines:
        if line or not kept:
            kept = line.endswith(_KEPT)
            settled.append(line.removesuffix(_KEPT))
    return settled


def _document_lines(whole: Whole, document: Document) -> list[str]:
    tail = _comment_lines(whole.tail, 0)
    while tail and not tail[-1]:
        tail.pop()
    if not isinstance(whole.value, Block):
        lead = _comment_lines(whole.lead, 0)
        value = _leaf_lines(whole.value, "", 0, 0) if whole.value else []
        return [*_without_first_blanks(lead), *value, *tail]
    first = whole.value.entries[0]
    head, first.lead = _split_head(first)
    shape = None
    if _is_ours(document.data) and (model := KINDS.get(_kind(document.data))) is not None:
        shape = shape_of_model(model)
    named = anchors(document.root)
    # Where an anchor is given twice, order decides what an alias means.
    order = _Order(keep=len(set(named)) < len(named))
    lines = order.block_lines(whole.value, 0, shape, document.data)
    return [*_without_first_blanks(_comment_lines(head, 0)), *lines, *tail]


def _split_head(first: Entry) -> tuple[list[Comment], list[Comment]]:
    """Return what of the comments above the first key is about the document, and what about the key."""
    lead = first.lead
    cut = len(lead) if first.key in _HEADS else 0
    for number, line in enumerate(lead, 1):
        if not line.text or _MODELINE.match(line.text):
            cut = max(cut, number)
    return lead[:cut], lead[cut:]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """Writes collections; with `keep`, keys stay in the order in which they are."""

    keep: bool

    def block_lines(self, block: Block, indent: int, shape: Shape | None, data: Any) -> list[str]:
        """Return the lines of a collection whose keys or dashes stand at column `indent`."""
        lead, lines = self._parts(block, indent, shape, data)
        return [*lead, *lines]

    def _parts(self, block: Block, indent: int, shape: Shape | None, data: Any) -> tuple[list[str], list[str]]:
        """Return the comments above the first entry, and all other lines."""
        entries = block.entries if block.is_list or self.keep else _ordered(block.entries, shape, data)
        # Items of a list are told apart by their place in the data, which is that in the text.
        steps: Iterable[str | int] = range(len(entries)) if block.is_list else [entry.key for entry in entries]
        first: list[str] = []
        lines: list[str] = []
        for number, (entry, step) in enumerate(zip(entries, steps, strict=True)):
            inner = None if shape is None else child(shape, step, data)
            lead, body = self._entry_parts(entry, indent, inner, step_into(data, step))
            if number == 0:
                first, lines = _without_first_blanks(lead), body
            else:
                lines += [*lead, *body]
        return first, lines + _comment_lines(block.trailer, indent)

    def _entry_parts(self, entry: Entry, indent: int, shape: Shape | None, data: Any) -> tuple[list[str], list[str]]:
        """Return the lines above an entry, and its own."""
        lead = _comment_lines(entry.lead, indent)
        head = " " * indent + " ".join(filter(None, (entry.head, entry.properties)))
        value = entry.value
        if isinstance(value, Leaf):
            return lead, _leaf_lines(value, head, indent, indent - entry.column, end=entry.end)
        if value is None:
            return lead, [head + entry.end]
        if not _begins_on_line(entry):
            return lead, [head + entry.end, *self.block_lines(value, indent + _STEP, shape, data)]
        above, inner = self._parts(value, indent + _STEP, shape, data)
        # What is commented on the first key of an item stands above the dash.
        above = [line and " " * indent + line.lstrip(" ") for line in above]
        return _collapsed([*lead, *above]), [f"{head} {inner[0][indent + _STEP :]}", *inner[1:]]


def _begins_on_line(entry: Entry) -> bool:
    """Tell whether the collection in `entry` begins on its line: in a list, unless something stands behind the dash."""
    return entry.head == "-" and not entry.properties and not entry.end


def _ordered(entries: list[Entry], shape: Shape | None, data: Any) -> list[Entry]:
    """Return the keys of a mapping in the order of its model; unknown ones last; as they are where that cannot be."""
    if shape is None or not shape.models or not isinstance(data, dict):
        return entries
    places = {name: number for number, name in enumerate(fields_of(model_at(shape, data)))}
    wanted = sorted(entries, key=lambda entry: places.get(entry.key, len(places)))
    given = {anchor: number for number, entry in enumerate(wanted) for anchor in entry.anchors}
    if any(given.get(alias, 0) > number for number, entry in enumerate(wanted) for alias in entry.aliases):
        return entries
    return wanted


def _leaf_lines(leaf: Leaf, head: str, indent: int, shift: int, *, end: str = "") -> list[str]:
    """Return the lines of a value with its key or dash in front; `shift` is how far the key moves to the right."""
    first, *more = leaf.lines
    if leaf.kind == "block":
        pad = " " * (indent + (leaf.indicated or _STEP))
        mark = _KEPT if "+" in first else ""
        return [f"{head} {first}{leaf.end}{mark}", *((pad + line if line else "") + mark for line in more)]
    lines = [_end_trimmed(first)]
    for line in more:
        bare = line.lstrip(" \t")
        column = len(line) - len(bare) + shift if leaf.kind == "flow" else indent + _STEP
        lines.append(_end_trimmed(" " * max(column, indent) + bare) if bare else "")
    lines[-1] += leaf.end
    if leaf.below:
        return [head + end, " " * (indent + _STEP) + lines[0], *lines[1:]]
    return [f"{head} {lines[0]}" if head else lines[0], *lines[1:]]


def _end_trimmed(line: str) -> str:
    """Return `line` without blanks at its end, unless a backslash makes one count."""
    trimmed = line.rstrip(" \t")
    return line if trimmed.endswith("\\") else trimmed


# Comments and blank lines


def _comment_lines(comments: list[Comment], indent: int) -> list[str]:
    return _collapsed([" " * indent + comment.text if comment.text else "" for comment in comments])


def _collapsed(lines: list[str]) -> list[str]:
    """Return `lines` with at most one blank one in a row."""
    return [line for number, line in enumerate(lines) if line or number == 0 or lines[number - 1]]


def _without_first_blanks(lines: list[str]) -> list[str]:
    return lines[1:] if lines and not lines[0] else lines


def _trimmed(lines: list[str]) -> list[str]:
    lines = _without_first_blanks(lines)
    return lines[:-1] if lines and not lines[-1] else lines
