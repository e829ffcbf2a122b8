"""A text → its documents and findings. A document that cannot be read does not take the others with it.

A line that starts with `---` always starts a document, whatever came before. So when a parser gives up, or a limit is
reached, the fault is reported and reading goes on at the next such line, with a new parser; offsets stay those of the whole text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dfsubmit.diagnostics import has_errors
from dfsubmit.yamlcore.compose import Composer, StopError
from dfsubmit.yamlcore.conflicts import HINT, set_conflicts_aside
from dfsubmit.yamlcore.layout import content_before
from dfsubmit.yamlcore.limits import MAX_RESTARTS
from dfsubmit.yamlcore.screen import restore, screen, with_word_colons
from dfsubmit.yamlcore.source import BOM

if TYPE_CHECKING:
    from dfsubmit.yamlcore.refusal import Refusal
    from dfsubmit.yamlcore.report import Report
    from dfsubmit.yamlcore.tree import Event, Kinds, NextEvent, Node, Opener


_MARKER = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_END = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
# How much of a line says what directive it is, in characters.
_LONGEST_DIRECTIVE = 80
# Refusals that libyaml 0.1 may owe to a colon inside a word.
_INNER = re.compile(r"found unexpected ':'|parsing a flow")
# Refusals that may come from a quote that was closed too late.
_AFTER_VALUE = re.compile(r"expected key|block end|document start|'-' indicator|',' or")


@dataclass(slots=True, kw_only=True)
class Composed:
    """One document: `base` is where its parser's offsets start, `start:end` are the characters that belong to it."""

    index: int
    data: Any
    root: Node
    base: int
    start: int
    end: int


class ParserError(Exception):
    """A parser's refusal, whichever parser it was."""

    def __init__(self, *, problem: str, at: int, context: str = "", context_at: int | None = None) -> None:
        from dfsubmit.yamlcore.refusal import Refusal  # noqa: PLC0415  # only faults need words

        super().__init__(problem)
        self.refusal = Refusal(context=context, context_at=context_at, problem=problem, at=at)

    @classmethod
    def of(cls, error: Any) -> ParserError:
        """Return the refusal that a parser's own error is."""
        at = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        context = getattr(error, "context_mark", None)
        return cls(
            problem=getattr(error, "problem", None) or "",
            at=at.index if at else 0,
            context=getattr(error, "context", None) or "",
            context_at=context.index if context else None,
        )


class Stream:
    """Reads one text, once."""

    def __init__(self, report: Report, opener: Opener) -> None:
        self.report = report
        self.opener = opener
        self.text = report.source.text
        self.forbidden: list[int] = []
        # Where the text has a space in place of a character that only looks like one.
        self.settled: list[int] = []
        self.colons_replaced = False
        self.documents: list[Composed] = []
        # Anchors that nothing repeats: name and offset of each.
        self.unused: list[tuple[str, int]] = []
        # Of the document that is being read: its number, whether it has begun, where it starts, where to look for the next one.
        self.index = 0
        self.inside = False
        self.start = 0
        self.after = 0

    def read(self) -> None:
        """Read everything; what is found stands in `documents` and in the report. Raises FullError."""
        self.text, self.forbidden = screen(self.report)
        if HINT in self.text:
            self.text, conflicts = set_conflicts_aside(self.report, self.text)
            self.forbidden = sorted([*self.forbidden, *conflicts])
        if not self.text.isascii():
            self._settle_lookalikes()
        position: int | None = 1 if self.text.startswith(BOM) else 0
        for _ in range(MAX_RESTARTS):
            if position is None:
                break
            position = self._segment(position)
        else:
            self.report.add("DF0012", "the file has more problems than are shown", position or 0, position or 0)
        if not self.index and not self.report.findings:
            self.report.add(
                "DF0010", "there is no document in this file", 0, 0, advice="write a manifest, or remove the file"
            )
        if self.unused and not has_errors(self.report.findings):
            from dfsubmit.yamlcore.wording import unused_anchor  # noqa: PLC0415  # only faults need words

            # An alias that is lost may be the one that was meant.
            for name, at in self.unused:
                self.report.fault(unused_anchor(self.report.source, at, name))
        self.documents = [made for made in self.documents if not _any_in(self.forbidden, made.start, made.end)]

    def _settle_lookalikes(self) -> None:
        """Put spaces where characters only look like them. Raises FullError."""
        from dfsubmit.yamlcore.lookalikes import settle_lookalikes  # noqa: PLC0415  # most texts are ASCII

        self.text, self.settled = settle_lookalikes(self.report, self.text, self.opener)

    def _segment(self, position: int) -> int | None:
        """Read from `position` on; return where to go on after a fault, or None at the end of the text."""
        before = len(self.documents), len(self.report.findings), self.index
        try:
            self._documents(position)
        except StopError:
            pass
        except ParserError as error:
            if _INNER.search(_words(error.refusal)) and self._replace_word_colons():
                del self.documents[before[0] :], self.report.findings[before[1] :]
                self.index = before[2]
                return position
            resumed = self._refused(error.refusal, position)
            if resumed is not None:
                return resumed
        else:
            return None
        self.index += 1
        marker = _MARKER.search(self.text, max(self.after, position + 1))
        self._end_last(marker.start() if marker else len(self.text))
        return marker.start() if marker else None

    def _replace_word_colons(self) -> bool:
        """Put stand-ins into the whole text, once; tell whether that changed anything."""
        changed = None if self.colons_replaced else with_word_colons(self.text)
        self.colons_replaced = True
        if changed is None:
            return False
        self.text = changed
        return True

    def _documents(self, base: int) -> None:
        """Compose the documents from `base` on. Raises ParserError, StopError, FullError."""
        self.report.base = self.start = self.after = base
        self.inside = False
        kinds, next_event = self.opener(self.text[base:])
        if self.text is not self.report.source.text:
            next_event = _restoring(next_event)
        try:
            while type(event := next_event()) is not kinds.stream_end:
                if type(event) is kinds.document:
                    self._document(event, kinds, next_event, base)
        except kinds.errors as error:
            raise ParserError.of(error) from error

    def _document(self, event: Event, kinds: Kinds, next_event: NextEvent, base: int) -> None:
        """Compose the document that starts with `event`."""
        self._begin(event, base)
        composer = Composer(kinds=kinds, next_event=next_event, report=self.report)
        data, root = composer.compose()
        if composer.anchors:
            self.unused += composer.unused()
        if type(root) is kinds.scalar and self._is_empty(root):
            self._report_empty()
        elif not composer.lost:
            self.documents.append(
                Composed(index=self.index, data=data, root=root, base=base, start=self.start, end=len(self.text))
            )
        self.index += 1
        self.inside = False

    def _begin(self, event: Any, base: int) -> None:
        """Note where a document starts, and refuse the directives in front of it."""
        start = event.start_mark.index + base
        self._end_last(start)
        self.inside = True
        self.start = start if self.index else 0
        self.after = start
        if event.explicit:
            self.after = event.end_mark.index + base
            self._check_directives(self.report.source.line_start(self.after - 1))

    def _check_directives(self, marker: int) -> None:
        """Refuse the directives above the line of a `---` that say something else than YAML 1.2."""
        source = self.report.source
        while marker > self.report.base:
            marker = source.line_start(marker - 1)
            if self.text[marker] not in "%# \t\r\n":
                return
            from dfsubmit.yamlcore.wording import directive, is_foreign_directive  # noqa: PLC0415  # only faults need words

            if is_foreign_directive(self.text[marker : marker + _LONGEST_DIRECTIVE]):
                self.report.fault(directive(source, marker))

    def _end_last(self, offset: int) -> None:
        if self.documents:
            self.documents[-1].end = min(self.documents[-1].end, offset)

    def _refused(self, refusal: Refusal, base: int) -> int | None:
        """Report a refusal; return where to go on at once, or None to go on at the next document."""
        from dfsubmit.yamlcore.faults import explain  # noqa: PLC0415  # only faults need words
        from dfsubmit.yamlcore.refusal import Refusal  # noqa: PLC0415  # as above

        source = self.report.source
        at = refusal.at + base
        last = self.documents[-1] if self.documents else None
        if re.search(r"\bexpected", refusal.problem) and self.text.startswith("...", at) and _END.match(self.text, at):
            # An end without a document; libyaml 0.1 wants one.
            return source.line_end(at)
        if "document start" in refusal.problem:
            above = content_before(source, source.line_start(at))
            if above is not None and above[1].startswith("...") and at > base:
                # libyaml 0.1 wants `---` here, YAML 1.2 does not.
                self._end_last(at)
                return at
        if last is not None and not self.inside and not _END.search(self.text, self.after, at + 1):
            # What was taken for a whole document goes on, so it was not understood.
            self.documents.pop()
            self.index -= 1
            self.start = last.start
        if not (_any_in(self.forbidden, self.start, at + 1) or _any_in(self.settled, self.start, at + 1)):
            quoted = self._last_quoted(base, at) if _AFTER_VALUE.search(refusal.problem) else None
            context_at = None if refusal.context_at is None else refusal.context_at + base
            self.report.fault(
                explain(
                    source,
                    Refusal(
                        context=refusal.context, context_at=context_at, problem=refusal.problem, at=at, quoted=quoted
                    ),
                )
            )
        return None

    def _last_quoted(self, base: int, at: int) -> tuple[int, int] | None:
        """Return the last quoted scalar that is read before `at`, by reading again."""
        found = None
        kinds, next_event = self.opener(self.text[base:])
        try:
            while True:
                event: Any = next_event()
                if type(event) is kinds.scalar and event.style in {"'", '"'} and event.end_mark.index + base <= at:
                    found = event.start_mark.index + base, event.end_mark.index + base
        except (ParserError, kinds.errors):
            return found

    def _is_empty(self, root: Any) -> bool:
        return not root.value and not root.style and root.ctag is None and root.anchor is None

    def _report_empty(self) -> None:
        start = self.report.source.line_start(self.after)
        self.report.add(
            "DF0011", "this document is empty", start, self.after, advice="remove the ---, or write a manifest below it"
        )


def _any_in(offsets: list[int], start: int, end: int) -> bool:
    """Tell whether any of `offsets`, which are in order, lies in `start:end`."""
    return bisect_left(offsets, start) < bisect_left(offsets, end)


def _words(refusal: Refusal) -> str:
    return f"{refusal.context}; {refusal.problem}"


def _restoring(next_event: NextEvent) -> NextEvent:
    """Return `next_event` with the characters of scalars as they were before stand-ins."""

    def restored() -> Event:
        event = next_event()
        value = getattr(event, "value", None)
        if value:
            event.value = restore(value)
        return event

    return restored
