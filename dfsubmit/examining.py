"""One file → its manifests and every finding that it gives alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfsubmit.advice import advise
from dfsubmit.bounds import bounded
from dfsubmit.diagnostics import Diagnostic, Span
from dfsubmit.document import Document, Loaded, load
from dfsubmit.judge import judge
from dfsubmit.silence import WORD, Silence, silencers

if TYPE_CHECKING:
    from dfsubmit.desired import DesiredApp
    from dfsubmit.judge import Judge
    from dfsubmit.manifest import AiApp
    from dfsubmit.projectmodel import Project
    from dfsubmit.sources import SourceFile


# The warning of a character in a text that is not what it looks like.
LOOKALIKE = "DF0141"


Check = Callable[[Document], tuple[Diagnostic, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A valid document and the model of it."""

    document: Document
    model: AiApp | Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What one file holds: its text for the frames of findings, its manifests, its findings, its silencers if any.

    `documents` are those that could be read, manifests or not.
    Of a file that was known before, `known` holds what its manifests ask for, and nothing else was made again.
    """

    path: str
    text: str = ""
    manifests: tuple[Manifest, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    silence: Silence | None = None
    known: tuple[DesiredApp, ...] = ()
    documents: tuple[Document, ...] = ()


def examine(source: SourceFile, *, also: Check | None = None, judging: Judge = judge) -> Examined:
    """Return what `source` holds; its findings, in reading order, are all there are to find in it alone.

    `also` is one more check of each document, valid or not, such as a schema from outside. `judging` says what each is.
    """
    if source.diagnostic is not None:
        return Examined(path=source.path, text="", manifests=(), diagnostics=(source.diagnostic,))
    loaded: Loaded = load(source.content, source.path)
    findings = list(loaded.diagnostics)
    manifests = []
    for document in loaded.documents:
        findings += also(document) if also is not None else ()
        judged = judging(document)
        if isinstance(judged, tuple):
            findings += judged
            continue
        findings += _beside(loaded.diagnostics, advise(document, judged))
        manifests.append(Manifest(document=document, model=judged))
    findings = _without_echoes(findings) if loaded.diagnostics else findings
    silence = None
    if WORD in loaded.text:
        valid = {manifest.document.index for manifest in manifests}
        silence, wrong = _silence(loaded, valid, outside=also is not None)
        findings = [*silence.kept(findings), *wrong]
    kept = bounded(findings)
    return Examined(
        path=source.path,
        text="" if kept.hides else loaded.text,
        manifests=tuple(manifests),
        diagnostics=kept.findings,
        silence=silence,
        documents=loaded.documents,
    )


def _beside(wrong: Collection[Diagnostic], advice: tuple[Diagnostic, ...]) -> Iterable[Diagnostic]:
    """Return `advice` but for what is already said to be wrong: a number as a variable's name is no odd name."""
    if not wrong or not advice:
        return advice
    places = {finding.span for finding in wrong}
    return (finding for finding in advice if finding.span not in places)


def _without_echoes(findings: list[Diagnostic]) -> list[Diagnostic]:
    """Return `findings` without the warnings of characters in a text about which something else is said already."""
    said = [one.span for one in findings if one.span is not None and one.code != LOOKALIKE]
    return [
        one
        for one in findings
        if one.code != LOOKALIKE or one.span is None or not any(_covers(span, one.span) for span in said)
    ]


def _covers(outer: Span, inner: Span) -> bool:
    """Tell whether `inner` lies in `outer`."""
    starts = (outer.line, outer.column) <= (inner.line, inner.column)
    return starts and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def _silence(loaded: Loaded, valid: Collection[int], *, outside: bool) -> tuple[Silence, list[Diagnostic]]:
    """Return the silencers of a file, and what is wrong with some; `valid` are the documents that are manifests."""
    silence = Silence()
    wrong: list[Diagnostic] = []
    for document in loaded.documents:
        right, findings = silencers(document, valid=document.index in valid, outside=outside)
        silence.add(right)
        wrong += findings
    return silence, wrong
