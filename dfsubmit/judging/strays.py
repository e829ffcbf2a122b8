"""Unknown keys: what each was meant to be, and the document as if it had been written so.

One slip must give one finding. A misspelt required key is both unknown and missing; a key one level too high is unknown
here and missing there. So every unknown key is first looked for among the names that its mapping, and then the whole
document, could have; it is moved there in a copy of the data, and the copy is judged instead. What is moved where is
recorded, so that every later error can be traced back to the place in the file. The order of guesses, surest first:
same letters here, same letters elsewhere, misspelt here, another tool's word here, another tool's word elsewhere.
"""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dfsubmit.judging.fields import fields_of, model_at, shape_at, tree, value_at
from dfsubmit.judging.paths import ENTRY, ITEM, Path
from dfsubmit.suggest import closest, fold

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dfsubmit.judging.fields import Model

# Looking for a meaning costs time; nobody reads suggestions after so many.
_MOST_SUGGESTIONS = 50

# What other tools (Kubernetes, Compose, Slurm, …) call the things that a manifest names.
_HABITS: Mapping[str, str] = {
    fold(theirs): ours
    for ours, names in {
        "aiWorkspaceId": "workspace workspaceId aiWorkspace",
        "args": "arguments parameters",
        "baseUrl": "url endpoint host",
        "command": "cmd entrypoint run script",
        "cpuCount": "cpu cpus cores vcores numCpus",
        "docker": "container containers",
        "env": "environment envs variables vars",
        "exposeTcpPorts": "port ports expose containerPort containerPorts",
        "fromEnv": "valueFrom secret secretRef secretKeyRef fromSecret env",
        "gpuCount": "gpu gpus numGpus nvidia.com/gpu",
        "gpuModel": "gpuType accelerator",
        "hdfs": "source src uri from",
        "input": "inputs",
        "labels": "annotations tags",
        "metadata": "meta",
        "memoryMb": "memory mem ram memoryMib memoryGb memGb ramGb",
        "namePrefix": "prefix generateName",
        "output": "outputs",
        "path": "mountPath destination dest target to",
        "queueName": "queue",
        "resource": "resources",
        "timeoutSeconds": "timeout",
        "workdir": "workingDir cwd",
    }.items()
    for theirs in names.split()
}
# The key that chooses between the models of a mapping.
_TYPE = "type"
# The letters from which on a word close to a name is that name, whatever follows it.
_LONG_WORD = 6
# Below `resources`, Kubernetes has these; nothing in them can be taken over.
_KUBERNETES_RESOURCES = frozenset({"limits", "requests"})


class How(enum.Enum):
    """How an unknown key was understood."""

    SPELLING = "other letter case or separators than the name here"
    TYPO = "close to one name here"
    HABIT = "another tool's word for a name here"
    ELSEWHERE = "a name, but of another mapping"
    SIBLING = "a name, but of the same mapping with another type"
    UNKNOWN = "nothing known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """One unknown key: `path` in the document, `target` in the repaired data, and the names its mapping knows.

    `sibling` is the `type` that would know the key, for a mapping that has several.
    """

    path: Path
    how: How
    target: Path | None = None
    known: tuple[str, ...] = ()
    sibling: str = ""

    @property
    def is_sure(self) -> bool:
        """Tell whether the guess stands even where the value does not fit: a long word is not misspelt into another."""
        return self.how is How.SPELLING or (self.how is How.TYPO and len(str(self.path[-1])) >= _LONG_WORD)


@dataclass(slots=True, kw_only=True)
class Repair:
    """A copy of the data in which unknown keys stand where they belong, or are gone.

    `origin` leads from a moved value's path in the copy to its path in the document.
    """

    model: Model
    kind: str
    data: Any
    strays: list[Stray] = field(default_factory=list)
    origin: dict[Path, Path] = field(default_factory=dict)

    def source(self, path: Path) -> Path:
        """Return where `path` of the copy stands in the document."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.origin:
                return self.origin[path[:length]] + path[length:]
        return path

    def take(self, unknown: list[Path]) -> None:
        """Move or remove every unknown key, and note what it was."""
        if not self.strays:
            self.data = _copy(self.data, {})
        settled: set[Path] = set()
        # A slip in `type` itself comes first: it decides which keys are known, so the others are judged anew.
        for path in sorted(unknown, key=lambda one: closest(str(one[-1]), [_TYPE]) is None):
            if path[:-1] not in settled and self._take(path):
                settled.add(path[:-1])

    def _take(self, path: Path) -> bool:
        """Move or remove one unknown key; tell whether that chose another model for its mapping."""
        *above, key = path
        parent = value_at(self.data, tuple(above))
        shape = shape_at(self.model, tuple(above), self.data)
        if shape is None or not isinstance(parent, dict) or not isinstance(key, str) or key not in parent:
            return False  # the second way to a value that an alias shares
        model = model_at(shape, parent)
        if sibling := _sibling(shape.models, model, key):
            return self._take_sibling(path, parent, model, sibling)
        value = parent.pop(key)
        how, target = How.UNKNOWN, None
        if len(self.strays) < _MOST_SUGGESTIONS:
            how, target = self._meaning(tuple(above), key, model, parent)
        if target is not None and not self._put(target, value):
            how, target = How.UNKNOWN, None
        source = self.source(path)
        if target is not None:
            self.origin[target] = source
        self.strays.append(Stray(path=source, how=how, target=target, known=tuple(fields_of(model))))
        return len(shape.models) > 1 and target == (*above, _TYPE)

    def _take_sibling(self, path: Path, parent: dict[str, Any], model: Model, sibling: str) -> bool:
        """Note a key of the same mapping with another type; that type is assumed where none is written."""
        source, known = self.source(path), tuple(fields_of(model))
        if _TYPE not in parent:
            parent[_TYPE] = sibling
            target = (*path[:-1], _TYPE)
            self.strays.append(Stray(path=source, how=How.SIBLING, target=target, known=known, sibling=sibling))
            return True
        parent.pop(str(path[-1]))
        self.strays.append(Stray(path=source, how=How.SIBLING, known=known, sibling=sibling))
        return False

    def _meaning(self, above: Path, key: str, model: Model, parent: dict[str, Any]) -> tuple[How, Path | None]:
        """Return how `key` is understood, and the path it belongs at."""
        if any(fold(name) == fold(key) for name in fields_of(model) if name in parent):
            # It stands there already: whatever else it resembles was not meant.
            return How.UNKNOWN, None
        free = [name for name in fields_of(model) if name not in parent]
        same = [name for name in free if fold(name) == fold(key)]
        habit = _HABITS.get(fold(key), "")
        typo = closest(key, free)
        guesses = (
            (How.SPELLING, (*above, same[0]) if same else None),
            (How.ELSEWHERE, self._elsewhere(fold(key))),
            (How.TYPO, (*above, typo) if typo else None),
            (How.HABIT, (*above, habit) if habit in free else None),
            (How.ELSEWHERE, self._elsewhere(fold(habit)) if habit else None),
            # A mapping with one possible key, and that one missing: whatever was written stands for it.
            (How.UNKNOWN, (*above, free[0]) if len(fields_of(model)) == len(free) == 1 else None),
        )
        return next((guess for guess in guesses if guess[1] is not None), (How.UNKNOWN, None))

    def _elsewhere(self, folded: str) -> Path | None:
        """Return the one path of this kind of document that has the name and is not taken."""
        paths = [path for path in _paths(self.kind).get(folded, ()) if value_at(self.data, path) is None]
        return paths[0] if len(paths) == 1 else None

    def _put(self, target: Path, value: Any) -> bool:
        """Put `value` at `target`, making the mappings above it; False when something else stands in the way."""
        *above, key = target
        parent = self.data
        for step in above:
            parent = parent.setdefault(step, {}) if isinstance(parent, dict) else value_at(parent, (step,))
        if not isinstance(parent, dict) or key in parent:
            return False
        foreign = key == "resource" and isinstance(value, dict) and not _KUBERNETES_RESOURCES.isdisjoint(value)
        parent[str(key)] = {} if foreign else value
        return True


def _copy(data: Any, made: dict[int, Any]) -> Any:
    """Return a copy of plain data in which what an alias shares is shared as well; `made` has by id what is copied already."""
    if not isinstance(data, dict | list):
        return data
    known = made.get(id(data))
    if known is not None:
        return known
    if isinstance(data, list):
        items: list[Any] = []
        made[id(data)] = items
        items += [_copy(item, made) for item in data]
        return items
    fields: dict[str, Any] = {}
    made[id(data)] = fields
    for key, value in data.items():
        fields[key] = _copy(value, made)
    return fields


def _sibling(models: tuple[Model, ...], model: Model, key: str) -> str:
    """Return the `type` of the one other model of a mapping that knows `key`; empty when there is none."""
    others = [other for other in models if other is not model and key in fields_of(other)]
    return fields_of(others[0])[_TYPE][1].choices[0] if len(others) == 1 else ""


@functools.cache
def _paths(kind: str) -> Mapping[str, tuple[Path, ...]]:
    """Return, for each folded name, the paths at which documents of `kind` have it; none inside lists and open maps."""
    found: dict[str, tuple[Path, ...]] = {}
    for known in tree(kind):
        if ITEM not in known.path and ENTRY not in known.path:
            name = fold(str(known.path[-1]))
            found[name] = (*found.get(name, ()), known.path)
    return found
