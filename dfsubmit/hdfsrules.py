"""What apps of one set do to each other on HDFS: outputs that meet or lie inside each other, inputs that others overwrite.

Paths are compared as Hadoop would resolve them (`resolved`). One cause gives one finding: many readers of one overwritten
path are one. Errors are what cannot go well; warnings what depends on the order in which apps run, which nobody promises.
Pure; no I/O.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from dfsubmit.diagnostics import Severity
from dfsubmit.judging.quoting import quoted
from dfsubmit.setconflict import MOST_RELATED, Conflict, Spot, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dfsubmit.desired import DesiredApp


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


def hdfs_conflicts(apps: Iterable[DesiredApp]) -> Iterator[Conflict]:
    """Yield what is wrong between the paths on HDFS of `apps`, given in reading order."""
    table = _by_path(apps)
    yield from _outputs_that_meet(table)
    yield from _inside_each_other(table)


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
    others = "" if len(readers) == 1 else f" and {counted(len(readers) - 1, 'other')}"
    by = writer.app.name if len(writers) == 1 else f"{writer.app.name} and {counted(len(writers) - 1, 'other')}"
    verb = "overwrites" if len(writers) == 1 else "overwrite"
    related = [(f"{one.app.name} overwrites {quoted(one.hdfs)} here", one.spot) for one in writers.values()]
    related = related[:MOST_RELATED]
    related += [(f"{one.app.name} reads it here", one.spot) for one in list(readers.values())[1:MOST_RELATED]]
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
