"""What the rules of a set find between its apps: which values it is about, and how it becomes a finding with places.

Rules are decided from the requests alone (`setrules`, `hdfsrules`), so a `Conflict` names values by app and path. Where
these stand is looked up in the files once more, and only when there is something to say (`placed`). Pure; no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Diagnostic, Related, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from dfsubmit.desired import DesiredApp
    from dfsubmit.document import Document, Loaded, Path

    Again = Callable[[frozenset[str]], Iterable[Loaded]]

# As many further places as a person reads.
MOST_RELATED = 3
_MAX_GPUS: Path = ("spec", "limits", "maxGpus")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A value of one app's document."""

    app: DesiredApp
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A finding whose places are not looked up yet. Without `at` it is about the Project's limit."""

    code: str
    message: str
    help: str
    at: Spot | None
    related: tuple[tuple[str, Spot], ...]
    severity: Severity = Severity.ERROR


def counted(number: int, word: str) -> str:
    """Return `number` and `word`, in the plural where it takes one."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def placed(found: list[Conflict], again: Again, project: Document | None) -> Iterator[Diagnostic]:
    """Yield the findings for `found`, each with its places.

    `again` returns the documents of files by their paths. One that cannot be had or has changed since is named
    by where the app's name was.
    """
    spots = [spot for one in found for spot in (one.at, *(spot for _, spot in one.related)) if spot is not None]
    names = {spot.app.name: spot.app.place.path for spot in spots}
    documents: dict[str, Document] = {}
    if names:
        for loaded in again(frozenset(names.values())):
            for document in loaded.documents:
                name = _name(document)
                if names.get(name) == loaded.path:
                    documents.setdefault(name, document)
    for one in found:
        related = tuple(
            Related(message=message, path=spot.app.place.path, span=_span(spot, documents))
            for message, spot in one.related
        )
        path = one.at.app.place.path if one.at is not None else project.path if project is not None else ""
        span = _span(one.at, documents) if one.at is not None else project.span(_MAX_GPUS) if project else None
        yield Diagnostic(
            code=one.code,
            message=one.message,
            path=path,
            severity=one.severity,
            span=span,
            help=one.help,
            related=related,
        )


def _name(document: Document) -> str:
    metadata = document.data.get("metadata") if isinstance(document.data, dict) else None
    return str(metadata.get("name")) if isinstance(metadata, dict) else ""


def _span(spot: Spot, documents: Mapping[str, Document]) -> Span:
    document, place = documents.get(spot.app.name), spot.app.place
    if document is not None:
        return document.span(spot.path)
    end = place.column + len(spot.app.name)
    return Span(line=place.line, column=place.column, end_line=place.line, end_column=end)
