"""YAML bytes → documents, each with its data and the place of every key and value.

`load` never raises and is bounded in time and memory, whatever the bytes: what is wrong is a finding at the
character to change. Data is what YAML 1.2's core schema says and nothing else (`yamlcore.scalars`), with text keys only.
A document with a fault that leaves its meaning open is left out; the others of the file are returned. This is the
reading half of YAML: the only module beside `edit` and `fmt` that knows of a parser. The C parser is used where there is one
(ten times faster), ruamel.yaml's own where not; both are imported when the first text is read, not before.

Offsets count code points of `text` from 0; lines and columns are those of an editor (`yamlcore.source`).
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dfsubmit.yamlcore import find
from dfsubmit.yamlcore.compose import Composer, Kinds, StopError
from dfsubmit.yamlcore.decode import decode
from dfsubmit.yamlcore.find import Scalar
from dfsubmit.yamlcore.report import FullError, Report
from dfsubmit.yamlcore.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from dfsubmit.diagnostics import Diagnostic, Span
    from dfsubmit.yamlcore.tree import Event, Node

__all__ = ["HAVE_C", "Document", "Loaded", "Path", "Scalar", "load"]

Path = tuple[str | int, ...]

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

        A path that does not exist gives the key of the nearest parent that does, and at the root the first key.
        """
        return find.offsets(self.text, self.base, self.root, path, key=key)

    def span(self, path: Path, *, key: bool = False) -> Span:
        """Return `offsets` as lines and columns."""
        return self.source.span(*self.offsets(path, key=key))

    def scalar(self, path: Path) -> Scalar | None:
        """Return how the scalar at `path` is written; None when there is none."""
        return find.scalar(self.text, self.base, self.root, path)

    def comments(self) -> tuple[tuple[int, int, str], ...]:
        """Return line, column and text (from the `#` on) of every comment of this document, in order."""
        return find.comments(self.source, self.base, self.root, self.region)


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
    source = Source(path=path, text=text)
    report = Report(source)
    documents: list[Document] = []
    try:
        _read(source, report, documents, use_c=use_c)
    except FullError:
        pass
    return Loaded(path=path, text=text, documents=tuple(documents), diagnostics=tuple(report.findings))


def _read(source: Source, report: Report, documents: list[Document], *, use_c: bool) -> None:
    kinds, next_event = _parser(source.text.removeprefix("\ufeff"), use_c=use_c)
    report.base = base = 1 if source.text.startswith("\ufeff") else 0
    index = 0
    try:
        while True:
            event = next_event()
            if type(event) is kinds.stream_end:
                break
            if type(event) is not kinds.document:
                continue
            composer = Composer(kinds=kinds, next_event=next_event, report=report)
            data, root = composer.compose()
            if not composer.lost:
                documents.append(
                    Document(
                        path=source.path,
                        index=index,
                        data=data,
                        source=source,
                        root=root,
                        base=base,
                        region=(event.start_mark.index + base if index else 0, len(source.text)),
                    )
                )
            index += 1
    except StopError:
        return
    except FullError:
        raise
    except Exception as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        start = mark.index + base if mark else 0
        report.add("DF0128", "the YAML cannot be read here", start, start + 1)


def _parser(text: str, *, use_c: bool) -> tuple[Kinds, Callable[[], Event]]:
    """Return the event classes, and a function that gives the events of `text` one by one."""
    from ruamel.yaml import events

    if use_c:
        from _ruamel_yaml import CParser

        return Kinds(events), CParser(text).get_event
    from ruamel.yaml import YAML
    from ruamel.yaml.docinfo import DocInfo

    yaml = YAML(typ="safe", pure=True)
    yaml.doc_infos.append(DocInfo())
    return Kinds(events), yaml.get_constructor_parser(text)[1].get_event
