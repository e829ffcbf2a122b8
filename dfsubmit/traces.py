"""What the apps of a large set might do to each other, kept so small that memory hardly grows with their number.

`setrules` needs the requests of all apps at once, some kilobytes each. Most sets have nothing wrong between their apps, and
that can be told from hashes alone: equal values have equal hashes, so that where no two hashes meet, no two values do. Where two
meet, the values may still differ; then nothing is known, and whoever asked takes the long road. Rule: a set in which `setrules`
or the checks of names have anything to say is never found to be fine here.
"""

from __future__ import annotations

import posixpath
from array import array
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from dfsubmit.hdfsrules import resolved
from dfsubmit.setrules import MANY_WITH_ONE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dfsubmit.manifest import AiApp


# So many numbers are held against each other at once, which keeps sets and dicts of them small; as long as that is quick.
_MANY = 25_000
_MOST_PARTS = 8


class Glimpse(NamedTuple):
    """What of one app matters to others: `inputs` as (path on HDFS, path inside), `outputs` as (path on HDFS, overwrite)."""

    name: str
    workspace: str
    prefix: str
    gpus: int
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, bool], ...]
    moved: tuple[str, ...] = ()


def glimpse(app: AiApp) -> Glimpse:
    """Return what of `app` matters to others."""
    spec = app.spec
    return Glimpse(
        name=app.metadata.name,
        workspace=spec.ai_workspace_id,
        prefix=spec.name_prefix,
        gpus=spec.resource.gpu_count,
        inputs=tuple((item.hdfs, item.path) for item in spec.data.input),
        outputs=tuple((item.hdfs, item.overwrite) for item in spec.data.output),
        moved=app.metadata.moved,
    )


class Traces:
    """Hashes of what apps are called, write and read. Valid within one process and those forked from it."""

    def __init__(self) -> None:
        self._names = array("q")
        self._groups = array("q")
        self._outputs = array("q")
        self._replaced = array("q")
        self._inputs = array("q")
        # The folders around outputs, around those that are replaced, and around inputs.
        self._above_outputs: set[int] = set()
        self._above_replaced: set[int] = set()
        self._above_inputs: set[int] = set()
        self._gpus = 0
        self._inputs_meet = False

    def add(self, app: Glimpse) -> None:
        """Take in one app."""
        self._names.append(hash(app.name))
        for name in app.moved:
            self._names.append(hash(name))
        self._groups.append(hash((app.workspace, app.prefix)))
        self._gpus += app.gpus
        own = []
        for hdfs, overwrite in app.outputs:
            path = resolved(hdfs)
            own.append(path)
            self._outputs.append(hash(path))
            _note_folders(path, self._above_outputs)
            if overwrite:
                self._replaced.append(hash(path))
                _note_folders(path, self._above_replaced)
        for hdfs, _ in app.inputs:
            path = resolved(hdfs)
            # An app may go on from its own result. Whatever else meets that path meets the output as well.
            if path not in own:
                self._inputs.append(hash(path))
                _note_folders(path, self._above_inputs)
        if len(app.inputs) > 1 and len({posixpath.normpath(inside) for _, inside in app.inputs}) < len(app.inputs):
            self._inputs_meet = True

    def join(self, other: Traces) -> None:
        """Take in what a process forked from this one has found in other files."""
        self._names.extend(other._names)
        self._groups.extend(other._groups)
        self._outputs.extend(other._outputs)
        self._replaced.extend(other._replaced)
        self._inputs.extend(other._inputs)
        self._above_outputs |= other._above_outputs
        self._above_replaced |= other._above_replaced
        self._above_inputs |= other._above_inputs
        self._gpus += other._gpus
        self._inputs_meet |= other._inputs_meet

    def may_meet(self, *, max_gpus: int | None, marker: bool) -> bool:
        """Tell whether there may be something to say between the apps; the settings are the Project's, as in `setrules`."""
        return (
            self._inputs_meet
            or (max_gpus is not None and self._gpus > max_gpus)
            or _repeats(self._names)
            or (not marker and _most(self._groups) > MANY_WITH_ONE_PREFIX)
            or self._outputs_meet()
            or not self._above_inputs.isdisjoint(self._replaced)
            or not self._above_replaced.isdisjoint(self._inputs)
            or not set(self._replaced).isdisjoint(self._inputs)
        )

    def _outputs_meet(self) -> bool:
        return _repeats(self._outputs) or not self._above_outputs.isdisjoint(self._outputs)


def _note_folders(path: str, folders: set[int]) -> None:
    """Add the folders around `path`, unless they are there; a folder that is there has its own there too."""
    while True:
        folder, slash, _ = path.rpartition("/")
        if not slash or path == "/":
            return
        path = folder or "/"
        number = hash(path)
        if number in folders:
            return
        folders.add(number)


def _repeats(numbers: array[int]) -> bool:
    return any(len(set(part)) < len(part) for part in _parts(numbers))


def _most(numbers: array[int]) -> int:
    """Return how often the most frequent of `numbers` is there."""
    return max(max(Counter(part).values(), default=0) for part in _parts(numbers))


def _parts(numbers: array[int]) -> Iterator[Sequence[int]]:
    """Yield all of `numbers`, equal ones in the same part."""
    count = min(_MOST_PARTS, 1 + len(numbers) // _MANY)
    if count == 1:
        yield numbers
        return
    for rest in range(count):
        yield [number for number in numbers if number % count == rest]
