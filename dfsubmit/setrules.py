"""What apps of one set do to each other: outputs that meet, inputs that others overwrite, shared prefixes, GPUs in all.

Decided from the requests alone, which are kept anyway; the places are looked up in the files once more, and only when there is
something to say (`placed`). Paths on HDFS are compared as Hadoop would resolve them. dfsubmit starts apps in no promised order,
so whatever depends on an order is a finding. One cause gives one finding: many readers of one overwritten
path are one. Errors are what cannot go well; warnings what depends on the order. Pure; no I/O.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from dfsubmit.diagnostics import Diagnostic, Related, Severity, Span
from dfsubmit.judging.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dfsubmit.desired import DesiredApp
    from dfsubmit.document import Document, Loaded, Path

    Again = Callable[[frozenset[str]], Iterable[Loaded]]

# So many apps with one prefix in one workspace are sent one by one before anyone minds.
MANY_WITH_ONE_PREFIX = 20
# As many further places as a person reads.
_MOST_RELATED = 3
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


class _Use(NamedTuple):
    """One entry of `data` that names a path on HDFS. A tuple, because a set has one or two for each app."""

    app: DesiredApp
    name: str
    number: int
    hdfs: str
    overwrite: bool

    @property
    def spot(self) -> Spot:
        return Spot(app=self.app, path=("spec", "data", self.name, self.number, "hdfs"))


class _Uses(NamedTuple):
    """Who writes and who reads one path, in reading order."""

    outputs: list[_Use]
    inputs: list[_Use]


def resolved(hdfs: str) -> str:
    """Return a path on HDFS in its shortest form: no scheme, no name of the cluster, no `.`, no doubled or final slash.

    A cluster that is named may be the default one, so the name does not tell two paths apart.
    """
    if hdfs[:7].lower() == "hdfs://":
        hdfs = f"/{hdfs[7:].partition('/')[2]}"
    if "//" not in hdfs and "/." not in hdfs and hdfs[:1] != "." and (hdfs[-1:] != "/" or hdfs == "/"):
        return hdfs
    short = posixpath.normpath(hdfs)
    return short[1:] if short.startswith("//") else short


def _clusters_differ(one: str, other: str) -> bool:
    """Tell whether both paths name a cluster, and not the same one."""
    named = [path[7:].partition("/")[0] for path in (one, other) if path[:7].lower() == "hdfs://"]
    return len(named) == 2 and all(named) and named[0] != named[1]  # noqa: PLR2004  # one and the other


def conflicts(apps: Iterable[DesiredApp], *, max_gpus: int | None = None, marker: bool = False) -> Iterator[Conflict]:
    """Yield what is wrong between `apps`, given in reading order.

    `max_gpus` is the Project's limit; with `marker` every prefix that is sent is one of a kind.
    """
    apps = list(apps)
    table = _by_path(apps)
    yield from _outputs_that_meet(table)
    yield from _inside_each_other(table)
    for app in apps:
        if len(app.request["data"]["input"]) > 1:
            yield from _inputs_in_one_place(app)
    if not marker:
        yield from _shared_prefixes(apps)
    if max_gpus is not None:
        yield from _too_many_gpus(apps, max_gpus)


def _by_path(apps: Iterable[DesiredApp]) -> Mapping[str, _Uses]:
    table: dict[str, _Uses] = {}
    for app in apps:
        for name, items in app.request["data"].items():
            for number, item in enumerate(items):
                use = _Use(app, name, number, item["hdfs"], item.get("overwrite", False))
                path = resolved(use.hdfs)
                uses = table.get(path)
                if uses is None:
                    uses = table[path] = _Uses([], [])
                (uses.outputs if name == "output" else uses.inputs).append(use)
    return table


def _outputs_that_meet(table: Mapping[str, _Uses]) -> Iterator[Conflict]:
    for uses in table.values():
        for position, use in enumerate(uses.outputs[1:], 1):
            first = next((one for one in uses.outputs[:position] if not _clusters_differ(one.hdfs, use.hdfs)), None)
            if first is None:
                continue
            where = quoted(use.hdfs)
            if first.app is use.app:
                yield Conflict(
                    code="DF0310",
                    message=f"{use.app.name} writes two outputs to {where}",
                    help="give each output a path of its own: one would replace the other, or be refused",
                    at=use.spot,
                    related=(("the other output is here", first.spot),),
                )
            else:
                yield Conflict(
                    code="DF0307",
                    message=f"{first.app.name} and {use.app.name} both write {where}",
                    help=f"give each app an output of its own, for example {quoted(_own(use))}",
                    at=use.spot,
                    related=((f"{first.app.name} writes it here", first.spot),),
                )


def _own(use: _Use) -> str:
    """Return a path beside the one of `use`, which is the app's own."""
    return f"{use.hdfs.rstrip('/')}-{use.app.name}"


def _inside_each_other(table: Mapping[str, _Uses]) -> Iterator[Conflict]:
    """Yield outputs inside outputs, and readers of what is overwritten. With a final slash, a folder precedes its content."""
    around: list[tuple[str, _Uses]] = []
    overwritten: dict[str, list[tuple[_Use, _Use]]] = {}
    for folder, uses in sorted((_as_folder(path), uses) for path, uses in table.items()):
        while around and not folder.startswith(around[-1][0]):
            around.pop()
        if around or (uses.inputs and uses.outputs):
            for outer, theirs in (*around, (folder, uses)):
                if pairs := list(_reads(theirs, uses)):
                    overwritten.setdefault(outer, []).extend(pairs)
            for inner in uses.outputs:
                if (outside := _output_around(inner, [theirs for _, theirs in around])) is not None:
                    yield _nested(inner, outside)
        around.append((folder, uses))
    for found in overwritten.values():
        yield _overwritten(found)


def _as_folder(path: str) -> str:
    return path if path == "/" else f"{path}/"


def _reads(outer: _Uses, inner: _Uses) -> Iterator[tuple[_Use, _Use]]:
    """Yield the readers of one path, each with one writer that replaces what is read; the paths may be the same."""
    pairs = [(outer.outputs, inner.inputs)]
    if outer is not inner:
        pairs.append((inner.outputs, outer.inputs))
    for outputs, inputs in pairs:
        writers = [one for one in outputs if one.overwrite]
        if not writers:
            continue
        for reader in inputs:
            # An app may go on from its own result: it is read before the app starts, and written after it.
            writer = next(
                (one for one in writers if one.app is not reader.app and not _clusters_differ(one.hdfs, reader.hdfs)),
                None,
            )
            if writer is not None:
                yield reader, writer


def _overwritten(pairs: list[tuple[_Use, _Use]]) -> Conflict:
    """Return the finding for readers of one path, at the first of them."""
    reader, writer = pairs[0]
    writers = {id(one): one for _, one in pairs}
    readers = {id(one): one for one, _ in pairs}
    others = "" if len(readers) == 1 else f" and {_more(len(readers) - 1, 'other')}"
    by = writer.app.name if len(writers) == 1 else f"{writer.app.name} and {_more(len(writers) - 1, 'other')}"
    verb = "overwrites" if len(writers) == 1 else "overwrite"
    related = [(f"{one.app.name} overwrites {quoted(one.hdfs)} here", one.spot) for one in writers.values()]
    related = related[:_MOST_RELATED]
    related += [(f"{one.app.name} reads it here", one.spot) for one in list(readers.values())[1:_MOST_RELATED]]
    return Conflict(
        code="DF0309",
        message=f"{reader.app.name}{others} {'reads' if len(readers) == 1 else 'read'} "
        f"{quoted(reader.hdfs)}, which {by} {verb}",
        help="the order in which they run is not fixed: write to a new path for each run, "
        "or apply the reader when the writer has ended",
        at=reader.spot,
        related=tuple(related),
        severity=Severity.WARNING,
    )


def _more(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _output_around(inner: _Use, around: list[_Uses]) -> _Use | None:
    """Return the nearest output of any app in which `inner` lies."""
    for uses in reversed(around):
        for outer in uses.outputs:
            if not _clusters_differ(outer.hdfs, inner.hdfs):
                return outer
    return None


def _nested(inner: _Use, outer: _Use) -> Conflict:
    whose = "another output of the same app" if inner.app is outer.app else f"the output of {outer.app.name}"
    return Conflict(
        code="DF0308",
        message=f"the output {quoted(inner.hdfs)} lies inside {whose}, {quoted(outer.hdfs)}",
        help="put them side by side: whichever is written last may remove the other, or be refused",
        at=inner.spot,
        related=(("the output around it is here", outer.spot),),
        severity=Severity.WARNING,
    )


def _inputs_in_one_place(app: DesiredApp) -> Iterator[Conflict]:
    items = app.request["data"]["input"]
    first: dict[str, int] = {}
    for index, item in enumerate(items):
        place = posixpath.normpath(item["path"])
        if place in first:
            yield Conflict(
                code="DF0311",
                message=f"two inputs of {app.name} land at {quoted(item['path'])} in the container",
                help="give each a path of its own: one would hide or replace the other",
                at=Spot(app=app, path=("spec", "data", "input", index, "path")),
                related=(("the other input is here", Spot(app=app, path=_input(first[place]))),),
                severity=Severity.WARNING,
            )
        first.setdefault(place, index)


def _input(index: int) -> Path:
    return ("spec", "data", "input", index, "path")


def _shared_prefixes(apps: Sequence[DesiredApp]) -> Iterator[Conflict]:
    held = Counter((app.request["aiWorkspaceId"], app.request["namePrefix"]) for app in apps)
    for (workspace, prefix), number in held.items():
        if number <= MANY_WITH_ONE_PREFIX:
            continue
        of_them = (workspace, prefix)
        group = [app for app in apps if (app.request["aiWorkspaceId"], app.request["namePrefix"]) == of_them]
        first, *others = (Spot(app=app, path=("spec", "namePrefix")) for app in group)
        yield Conflict(
            code="DF0312",
            message=f"{number} apps share the prefix {quoted(prefix)} in the workspace {quoted(workspace)}",
            help="they are submitted one at a time, so that a lost answer can be settled: "
            "vary namePrefix, or set submission.marker: true in the Project",
            at=first,
            related=tuple((f"{other.app.name} has it too", other) for other in others[: _MOST_RELATED - 1]),
            severity=Severity.WARNING,
        )


def _too_many_gpus(apps: Iterable[DesiredApp], limit: int) -> Iterator[Conflict]:
    wanted = sorted(((app.request["resource"]["gpuCount"], app) for app in apps), key=lambda one: -one[0])
    total = sum(count for count, _ in wanted)
    if total <= limit:
        return
    spots = [
        (f"{app.name} asks for {_more(count, 'GPU')}", Spot(app=app, path=("spec", "resource", "gpuCount")))
        for count, app in wanted[:_MOST_RELATED]
    ]
    yield Conflict(
        code="DF0313",
        message=f"the {_more(len(wanted), 'app')} of the set ask for {_more(total, 'GPU')}, {total - limit} more than maxGpus",
        help=f"lower gpuCount, take apps out of the set, or raise maxGpus to {total}",
        at=None,
        related=tuple(spots),
    )


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
