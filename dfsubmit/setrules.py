"""What apps of one set do to each other: on HDFS (`hdfsrules`), inputs in one place, shared prefixes, GPUs in all.

Decided from the requests alone, which are kept anyway; the places are looked up in the files once more, and only when there is
something to say (`setconflict`). dfsubmit starts apps in no promised order, so whatever depends on an order is a finding.
Errors are what cannot go well; warnings what depends on the order. Pure; no I/O.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Severity
from dfsubmit.hdfsrules import hdfs_conflicts
from dfsubmit.judging.quoting import quoted
from dfsubmit.setconflict import MOST_RELATED, Conflict, Spot, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dfsubmit.desired import DesiredApp
    from dfsubmit.document import Path

# So many apps with one prefix in one workspace are sent one by one before anyone minds.
MANY_WITH_ONE_PREFIX = 20


def conflicts(apps: Iterable[DesiredApp], *, max_gpus: int | None = None, marker: bool = False) -> Iterator[Conflict]:
    """Yield what is wrong between `apps`, given in reading order.

    `max_gpus` is the Project's limit; with `marker` every prefix that is sent is one of a kind.
    """
    apps = list(apps)
    yield from hdfs_conflicts(apps)
    for app in apps:
        if len(app.request["data"]["input"]) > 1:
            yield from _inputs_in_one_place(app)
    if not marker:
        yield from _shared_prefixes(apps)
    if max_gpus is not None:
        yield from _too_many_gpus(apps, max_gpus)


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
            related=tuple((f"{other.app.name} has it too", other) for other in others[: MOST_RELATED - 1]),
            severity=Severity.WARNING,
        )


def _too_many_gpus(apps: Iterable[DesiredApp], limit: int) -> Iterator[Conflict]:
    wanted = sorted(((app.request["resource"]["gpuCount"], app) for app in apps), key=lambda one: -one[0])
    total = sum(count for count, _ in wanted)
    if total <= limit:
        return
    spots = [
        (f"{app.name} asks for {counted(count, 'GPU')}", Spot(app=app, path=("spec", "resource", "gpuCount")))
        for count, app in wanted[:MOST_RELATED]
    ]
    yield Conflict(
        code="DF0313",
        message=f"the {counted(len(wanted), 'app')} of the set ask for {counted(total, 'GPU')}, "
        f"{total - limit} more than maxGpus",
        help=f"lower gpuCount, take apps out of the set, or raise maxGpus to {total}",
        at=None,
        related=tuple(spots),
    )
