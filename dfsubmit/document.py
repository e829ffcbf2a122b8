"""YAML bytes → documents, each with its data and the place of every key and value.

`load` never raises and is bounded in time and memory, whatever the bytes: what is wrong is a finding at the
character to change. Data is what YAML 1.2's core schema says and nothing else (`yamlcore.scalars`), with text keys only.
A document with a fault that leaves its meaning open is left out; the others of the file are returned. This is the
reading half of YAML: the only module beside `edit` and `fmt` that knows of a parser. The C parser is used where there is one
(ten times faster), ruamel.yaml's own where not; both are imported when the first text is read, not before.

Offsets count code points of `text` from 0; lines and columns are those of an editor (`yamlcore.source`).
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib.util
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dfsubmit.yamlcore.decode import decode
from dfsubmit.yamlcore.report import FullError, Report
from dfsubmit.yamlcore.source import Source
from dfsubmit.yamlcore.stream import Composed, ParserError, Stream
from dfsubmit.yamlcore.tree import Kinds, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.diagnostics import Diagnostic, Span
    from dfsubmit.yamlcore.find import Map
    from dfsubmit.yamlcore.tree import Event, NextEvent, Node

__all__ = ["HAVE_C", "Document", "Loaded", "Path", "Scalar", "load"]

Path = tuple[str | int, ...]

_SURROGATE = re.compile("[\ud800-\udfff]")
_HALF = re.compile(r"\\(?:u|U0000)[dD][89a-fA-F]")
_TOO_LARGE = re.compile(r"\\U(?!00(?:0[0-9a-fA-F]|10))")
# The C parser's words.
_QUOTED, _BAD_ESCAPE = "while parsing a quoted scalar", "found invalid Unicode character escape code"

# In bytes. Above this the collector takes four times as long as the reading.
_LARGE = 32_768

HAVE_C = importlib.util.find_spec("_ruamel_yaml") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of a file: `index` counts from 0, those that were left out included."""

    path: str
    index: int
    data: Any
    source: Source = field(repr=False, compare=False)
    root: Node = field(repr=False, compare=False)
    base: int = field(default=0, repr=False, compare=False)
    # The characters of the file that are this document's, from its first to the start of the next.
    region: tuple[int, int] = field(default=(0, 0), repr=False, compare=False)

    @property
    def text(self) -> str:
        """Return the decoded source of the whole file, its line breaks as they are."""
        return self.source.text

    def offsets(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Return where the value (or the key) at `path` starts and ends in `text`.

        A path that does not exist gives the key of its nearest parent: for the root its first key, and for an entry of a
        list, which has no key, the entry.
        """
        return self._map.offsets(path, key=key)

    def span(self, path: Path, *, key: bool = False) -> Span:
        """Return `offsets` as lines and columns."""
        return self.source.span(*self.offsets(path, key=key))

    def scalar(self, path: Path) -> Scalar | None:
        """Return how the scalar at `path` is written; None when there is none."""
        return self._map.scalar(path)

    def comments(self) -> tuple[tuple[int, int, str], ...]:
        """Return line, column and text (from the `#` on) of every comment of this document, in order."""
        return self._map.comments(self.source, *self.region)

    @property
    def _map(self) -> Map:
        from dfsubmit.yamlcore.find import Map  # noqa: PLC0415  # most documents are never asked for a place

        return Map(self.text, self.base, self.root)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Altered(Document):
    """The document `before` with another value that ended its line at `end`, and is `growth` characters longer now."""

    before: Document
    end: int
    growth: int

    def offsets(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Return what `Document.offsets` does."""
        start, end = self.before.offsets(path, key=key)
        return self._moved(start), self._moved(end)

    def scalar(self, path: Path) -> Scalar | None:
        """Return what `Document.scalar` does."""
        scalar = self.before.scalar(path)
        start, end = self.offsets(path)
        return None if scalar is None else Scalar(self.text[start:end], scalar.style)

    def comments(self) -> tuple[tuple[int, int, str], ...]:
        """Return what `Document.comments` does."""
        return self.before.comments()

    def _moved(self, offset: int) -> int:
        return offset + self.growth if offset >= self.end else offset


def with_value(document: Document, path: Path, written: str, value: Any) -> Document:
    """Return `document` with `value`, which is `written`, at `path`: a scalar in place of one of the same type and style.

    What stood there must be the last thing on its line.
    """
    start, end = document.offsets(path)
    text = f"{document.text[:start]}{written}{document.text[end:]}"
    growth = len(written) - (end - start)
    return _Altered(
        path=document.path,
        index=document.index,
        data=_replaced(document.data, path, value),
        source=Source(path=document.path, text=text),
        root=document.root,
        base=document.base,
        region=(document.region[0], document.region[1] + growth),
        before=document,
        end=end,
        growth=growth,
    )


def _replaced(data: Any, path: Path, value: Any) -> Any:
    """Return `data` with `value` at `path`, sharing what lies beside the path."""
    if not path:
        return value
    step, *rest = path
    copied: Any = data.copy()
    copied[step] = _replaced(data[step], tuple(rest), value)
    return copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a file holds: the documents that can be relied on, and what is wrong with the file."""

    path: str
    text: str
    documents: tuple[Document, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def load(content: bytes, path: str, *, use_c: bool = HAVE_C) -> Loaded:
    """Return the documents of `content`; `path` is what findings call it. Never raises."""
    text, finding = decode(content, path)
    if finding is not None:
        return Loaded(path=path, text=text, diagnostics=(finding,))
    report = Report(Source(path=path, text=text))
    stream = Stream(report, _open_c if use_c and _c_parser() else _open_pure)
    with contextlib.suppress(FullError), _collector_paused(len(content)):
        stream.read()
    documents = tuple(_document(made, report.source) for made in stream.documents)
    return Loaded(path=path, text=text, documents=documents, diagnostics=tuple(report.findings))


@contextlib.contextmanager
def _collector_paused(size: int) -> Iterator[None]:
    """Keep the cycle collector from looking, again and again, at the many values of a large file, which form no cycles."""
    if size <= _LARGE or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _document(made: Composed, source: Source) -> Document:
    return Document(
        path=source.path,
        index=made.index,
        data=made.data,
        source=source,
        root=made.root,
        base=made.base,
        region=(made.start, made.end),
    )


@functools.cache
def _c_parser() -> Any:
    """Return the C parser's class; None when it is there but cannot be loaded, as after a change of Python."""
    try:
        from _ruamel_yaml import CParser  # noqa: PLC0415  # 20 ms, and only who reads a text pays them
    except ImportError:
        return None
    return CParser


@functools.cache
def _kinds() -> Kinds:
    from ruamel.yaml import error, events  # noqa: PLC0415  # as above

    return Kinds(events, error.YAMLError)


def _open_c(text: str) -> tuple[Kinds, NextEvent]:
    """Start the C parser on `text`."""
    return _kinds(), _c_parser()(text).get_event


def _open_pure(text: str) -> tuple[Kinds, NextEvent]:
    """Start the parser in Python on `text`, with what it lets through and libyaml refuses refused."""
    from ruamel.yaml import YAML  # noqa: PLC0415  # as above
    from ruamel.yaml.docinfo import DocInfo  # noqa: PLC0415  # as above

    yaml = YAML(typ="safe", pure=True)
    yaml.doc_infos.append(DocInfo())
    kinds = _kinds()
    get_event = yaml.get_constructor_parser(text)[1].get_event

    def next_event() -> Event:
        try:
            event: Event = get_event()
        except kinds.errors:
            raise
        except Exception as error:
            # Numbers of escapes beyond Unicode end here, and whatever else its scanner trips over.
            raise ParserError(problem=_BAD_ESCAPE, at=_find(_TOO_LARGE, text, 0), context=_QUOTED) from error
        if type(event) is kinds.scalar and event.style == '"' and _SURROGATE.search(event.value):
            at = _find(_HALF, text, event.start_mark.index)
            raise ParserError(problem=_BAD_ESCAPE, at=at, context=_QUOTED)
        return event

    return kinds, next_event


def _find(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.search(text, start)
    return match.start() if match else start
