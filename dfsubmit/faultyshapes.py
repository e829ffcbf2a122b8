"""A faster road for manifests with a fault that many have: written like one that was examined before, other values aside.

A program, or a line that was copied, makes the same mistake in every file. `FaultyShapes.learn` turns a file with findings into a
pattern; a file that fits it has the same findings, at the same lines and columns.

Rules that keep the answers equal to those of the long road (`examining.examine`):

- a value varies only in a slot (`slots`): what it is says nothing about any other value, and it ends its line, so that all places
  keep their line and column;
- the lines of a finding, and of the places beside it, are the same to the letter. Only where the fault is a
  value, that value may be another one: then it is judged anew, in the document that was read before;
- advice is given to valid documents alone, and looks at images: there, the image is the same too;
- a shape is only used once a second text, with other values in every slot, was examined and had just the findings it gives;
- in doubt the answer is None, and the file takes the long road.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dfsubmit.diagnostics import Diagnostic, Edit, Related
from dfsubmit.document import with_value
from dfsubmit.examining import Examined
from dfsubmit.judge import judge_plainly
from dfsubmit.kinds import is_app
from dfsubmit.shapes import Shape
from dfsubmit.silence import WORD
from dfsubmit.slots import (
    LONGEST,
    comment_slots,
    faulty_slot,
    is_simple,
    line_slots,
    may_leak,
    meant,
    pattern_of,
    value_slots,
    varied,
)
from dfsubmit.sources import SourceFile
from dfsubmit.traces import glimpse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dfsubmit.diagnostics import Span
    from dfsubmit.document import Document
    from dfsubmit.slots import Slot
    from dfsubmit.traces import Glimpse

# A set with more shapes than this has other troubles than one mistake that was copied.
_MOST_SHAPES = 24
_MOST_SIGNATURES = 1_000
# Making a shape takes longer than examining ten files, whether it comes out right or not.
_MOST_TRIES = 2 * _MOST_SHAPES
_MARKER = re.compile(r"^(?:---|\.\.\.|%)", re.MULTILINE)
_IMAGE = ("spec", "docker", "image")
# Where there is room for a name and a secret.
_LONG = (("spec", "docker", "args"), _IMAGE)


class Likewise(NamedTuple):
    """What there is to say about a file, and the app in it if there is one."""

    examined: Examined
    app: Glimpse | None


class _Fault:
    """The value at fault: where it stands in the document that was learnt from, and what is found when it is another one."""

    def __init__(self, document: Document, slot: Slot, number: int) -> None:
        self.start, self.end, self._path, self._allowed = slot
        self.number = number
        self._document = document
        self._value = document.text[self.start : self.end]

    def findings(self, value: str) -> tuple[Diagnostic, ...] | None:
        """Return the findings of the document with `value` in place of the value at fault; None when there is none."""
        document = with_value(self._document, self._path, value, meant(value, self._allowed))
        # Nothing in the document was a secret, and neither is what varies.
        judged = judge_plainly(document, leaks=())
        return judged if isinstance(judged, tuple) else None

    def growth(self, value: str) -> int:
        """Return how much longer `value` is than the value that was learnt from, in characters."""
        return len(value) - len(self._value)

    def is_same(self, value: str) -> bool:
        """Tell whether `value` is the value that was learnt from."""
        return value == self._value


class _FaultyShape:
    """One pattern, and the findings of what it accepts."""

    def __init__(self, examined: Examined, slots: list[Slot], at_fault: Slot | None) -> None:
        text = examined.text
        slots = sorted(slots if at_fault is None else [*slots, at_fault])
        self.slots = slots
        self.pattern = pattern_of(text, slots)
        # What stands around a finding is in few other files, and looked for before the pattern is tried.
        self._telling = max(_around(text, slots, examined.diagnostics), key=len)
        # The shape of the file that came after one of this shape: files are often written in turns.
        self.next: _FaultyShape | None = None
        self._findings = examined.diagnostics
        self._ends = [end for _, end, _, _ in slots]
        self._fault = None if at_fault is None else _Fault(examined.documents[0], at_fault, slots.index(at_fault))
        self._long = [number for number, slot in enumerate(slots) if slot[2] in _LONG or slot == at_fault]
        model = examined.manifests[0].model if examined.manifests else None
        self._app = Shape(examined.manifests[0].document, slots, model) if is_app(model) else None

    def read(self, text: str, path: str) -> Likewise | None:
        """Return what there is to say about the file at `path` with this text; None when it is not sure."""
        if self._telling not in text or (match := self.pattern.fullmatch(text)) is None:
            return None
        values = match.groups()
        if may_leak(values, *(values[number] for number in self._long)):
            return None
        known = self._known(values)
        if known is None:
            return None
        findings = tuple(self._finding(one, match, path) for one in known)
        app = self._app.picked(values)[2] if self._app is not None else None
        return Likewise(Examined(path=path, text=text, diagnostics=findings), app)

    def _known(self, values: tuple[str, ...]) -> tuple[Diagnostic, ...] | None:
        """Return the findings as they are in the text that was learnt from, but for the value at fault."""
        if self._fault is None or self._fault.is_same(values[self._fault.number]):
            return self._findings
        return self._fault.findings(values[self._fault.number])

    def _finding(self, known: Diagnostic, match: re.Match[str], path: str) -> Diagnostic:
        """Return a finding as that of another file."""
        return Diagnostic(
            code=known.code,
            message=known.message,
            path=path,
            severity=known.severity,
            span=known.span,
            help=known.help,
            related=tuple(Related(message=one.message, path=path, span=one.span) for one in known.related),
            edits=tuple(self._edit(one, match) for one in known.edits),
        )

    def _edit(self, known: Edit, match: re.Match[str]) -> Edit:
        """Return an edit, whose place is counted in characters, where it is in the text that was matched."""
        start, end = self._place(known.start, match), self._place(known.end, match)
        return Edit(start=start, end=end, text=known.text, safe=known.safe)

    def _place(self, at: int, match: re.Match[str]) -> int:
        if self._fault is not None and at > self._fault.start:
            at -= self._fault.growth(match[self._fault.number + 1])
        before = sum(end <= at for end in self._ends)
        return at + (match.end(before) - self._ends[before - 1] if before else 0)


class FaultyShapes:
    """The faulty shapes of one run. `examine` is the long road."""

    def __init__(self, examine: Callable[[SourceFile], Examined]) -> None:
        self._examine = examine
        self._shapes: list[_FaultyShape] = []
        self._last: _FaultyShape | None = None
        self._seen: set[object] = set()
        self._tries = 0

    def read(self, source: SourceFile) -> Likewise | None:
        """Return what there is to say about `source`; None when that is not sure."""
        content = source.content
        if not self._shapes or len(content) > LONGEST or not content.isascii():
            return None
        text = content.decode("ascii")
        if WORD in text:
            return None
        expected = None if self._last is None else self._last.next
        if expected is not None and (likewise := self._fits(expected, text, source.path)) is not None:
            return likewise
        for shape in self._shapes:
            if shape is not expected and (likewise := self._fits(shape, text, source.path)) is not None:
                return likewise
        return None

    def _fits(self, shape: _FaultyShape, text: str, path: str) -> Likewise | None:
        """Return what `shape` says of a file; when it says anything, expect it in the same place again."""
        likewise = shape.read(text, path)
        if likewise is not None:
            if self._last is not None:
                self._last.next = shape
            self._last = shape
        return likewise

    def learn(self, source: SourceFile, examined: Examined) -> None:
        """Learn from a file that was examined and has findings, if another one had the same."""
        if len(self._shapes) >= _MOST_SHAPES or self._tries >= _MOST_TRIES or not _is_of_use(source, examined):
            return
        at_fault = _at_fault(examined)
        signature = tuple(_signature(one, at_fault) for one in examined.diagnostics)
        if signature not in self._seen:
            if len(self._seen) < _MOST_SIGNATURES:
                self._seen.add(signature)
            return
        self._tries += 1
        slots = _slots(examined)
        if not slots:
            return
        shape = _FaultyShape(examined, slots, at_fault)
        if shape.read(examined.text, source.path) == _likewise(examined) and self._holds(shape, examined.text):
            self._shapes.insert(0, shape)

    def _holds(self, shape: _FaultyShape, text: str) -> bool:
        """Tell whether `shape` is right about a text with other values in its slots."""
        changed = varied(text, shape.slots)
        return shape.read(changed, "") == _likewise(self._examine(SourceFile(path="", content=changed.encode())))


def _is_of_use(source: SourceFile, examined: Examined) -> bool:
    """Tell whether a file is one of those that a shape can be made of."""
    if examined.silence is not None or not examined.text or len(examined.manifests) > 1:
        return False
    if not all(_is_plain(one) for one in examined.diagnostics) or not is_simple(source.content, examined.text):
        return False
    model = examined.manifests[0].model if examined.manifests else None
    return model is None or (is_app(model) and not model.metadata.moved)


def _is_plain(finding: Diagnostic) -> bool:
    """Tell whether a finding is of this file alone, and hides nothing."""
    here = all(one.path == finding.path for one in finding.related)
    return finding.span is not None and not finding.masked and here


def _likewise(examined: Examined) -> Likewise | None:
    """Return what a shape should say of a file that was examined; None when it should say nothing."""
    models = [manifest.model for manifest in examined.manifests]
    apps = [glimpse(model) for model in models if is_app(model)]
    if examined.silence is not None or not examined.text or len(models) > 1 or len(apps) < len(models):
        return None
    plain = Examined(path=examined.path, text=examined.text, diagnostics=examined.diagnostics)
    return Likewise(plain, apps[0] if apps else None)


def _at_fault(examined: Examined) -> Slot | None:
    """Return the value that is at fault, if the one finding is about a value on a line of its own."""
    if examined.manifests or len(examined.documents) != 1 or len(examined.diagnostics) != 1:
        return None
    finding = examined.diagnostics[0]
    if finding.span is None or finding.related:
        return None
    return faulty_slot(examined.documents[0], finding.span)


def _signature(finding: Diagnostic, at_fault: Slot | None) -> tuple[object, ...]:
    """Return what two findings have in common that are the same in two files; where a value is at fault, it may differ."""
    if at_fault is None or finding.span is None:
        return finding.code, finding.span, finding.message
    return finding.code, finding.span.line, finding.span.column


def _slots(examined: Examined) -> list[Slot]:
    """Return where values may vary; nothing when that cannot be told."""
    if len(examined.documents) == 1:
        document = examined.documents[0]
        found = [*value_slots(document), *comment_slots(document)]
    elif not examined.documents and not _MARKER.search(examined.text):
        found = list(line_slots(examined.text))
    else:
        return []
    lines = _lines(examined.diagnostics)
    text = examined.text
    edits = [(edit.start, edit.end) for one in examined.diagnostics for edit in one.edits]
    return [
        slot
        for slot in sorted(found)
        if not (slot[2] == _IMAGE and examined.manifests)
        and text.count("\n", 0, slot[0]) + 1 not in lines
        and not any(start <= slot[1] and slot[0] <= end for start, end in edits)
    ]


def _lines(findings: Iterable[Diagnostic]) -> set[int]:
    """Return the lines that the findings speak of."""
    spans = [span for one in findings for span in (one.span, *(place.span for place in one.related))]
    return {line for span in spans if span is not None for line in _lines_of(span)}


def _lines_of(span: Span) -> range:
    return range(span.line, span.end_line + 1)


def _around(text: str, slots: list[Slot], findings: Iterable[Diagnostic]) -> list[str]:
    """Return what stands between the slots on both sides of each finding."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    edges = [0, *(edge for start, end, _, _ in slots for edge in (start, end)), len(text)]
    parts = []
    for line in sorted(_lines(findings)):
        at = starts[min(line, len(starts)) - 1]
        low = max(edge for edge in edges[::2] if edge <= at)
        parts.append(text[low : edges[edges.index(low) + 1]])
    return list(dict.fromkeys(parts))
