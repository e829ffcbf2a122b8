"""A large set → its findings, in memory that hardly grows with the number of files; no apps come of it.

`overview` gives the findings of `project.load_project`, all of them and no others. It keeps traces of the apps in place of their
requests (`traces`), and looks at files that are plainly fine only as long as that takes (`shapes`). As soon as it meets what it
cannot tell for sure, such as two names that may be equal, it begins anew with `load_project`, which needs more time and memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from dfsubmit import beside
from dfsubmit.advice import advise_in_project, has_room_for_marker
from dfsubmit.bounds import MAX_OF_RUN, MAX_TEXT
from dfsubmit.diagnostics import has_errors, in_reading_order
from dfsubmit.examining import examine
from dfsubmit.faultyshapes import FaultyShapes
from dfsubmit.gathering import Gathering
from dfsubmit.judge import judge_plainly
from dfsubmit.kinds import is_app, is_project
from dfsubmit.project import data_folders_of, is_data, load_project, with_related
from dfsubmit.shapes import Shapes
from dfsubmit.traces import Traces, glimpse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.examining import Examined, Manifest
    from dfsubmit.manifest import AiApp
    from dfsubmit.projectmodel import Project
    from dfsubmit.sources import SourceFile, SourceSet
    from dfsubmit.traces import Glimpse

    Tell = Callable[[Sequence[Diagnostic], Mapping[str, str]], None]

# In files. A second process saves more than it costs from here on, or where so many have findings, which take longer; then each
# of the two reads so many, by turns.
MANY = 1_500
MANY_FAULTY = 250
_A_TURN = 64
# In files. What was found in so many is told at once, so that nobody waits for the rest to learn of a slip.
FIRST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What there is to say about a set; the fields are those of `project.DesiredState`, but no path is kept."""

    files: int
    manifests: int
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    paths: tuple[str, ...] = ()
    silenced: int = 0

    @property
    def has_errors(self) -> bool:
        """Tell whether any finding is an error."""
        return has_errors(self.diagnostics)

    def as_strict(self) -> Overview:
        """Return the same with every finding as an error."""
        return replace(self, diagnostics=tuple(finding.as_error() for finding in self.diagnostics))


class _UnsureError(Exception):
    """The set has to be looked at in full."""


def overview(sources: SourceSet, tell: Tell | None = None) -> Overview:
    """Return all findings of `sources`.

    `tell` is given what the first files of a larger set have, and their texts, as soon as they are read.
    """
    try:
        return _quick(sources, tell)
    except _UnsureError:
        state = load_project(sources)
        return Overview(
            files=state.files,
            manifests=state.manifests,
            diagnostics=state.diagnostics,
            texts=state.texts,
            silenced=state.silenced,
        )


def _quick(sources: SourceSet, tell: Tell | None) -> Overview:
    """Return all findings. Raises _UnsureError."""
    gathered = _Gathering(project_file=sources.project_file)
    turns = _Turns()
    files = sources.iter_files(turns)
    gathered.look_at(files, sources, most=FIRST)
    if tell is not None and gathered.files >= FIRST:
        tell(gathered.found, gathered.texts)
    gathered.look_at(files, sources, most=MANY, most_faulty=MANY_FAULTY)
    if (gathered.files >= MANY or gathered.faulty_files >= MANY_FAULTY) and beside.is_of_use():
        _in_two(gathered, files, turns, sources)
    gathered.look_at(files, sources)
    gathered.check_between()
    whole = not gathered.silence.asks_for_the_set() or sources.whole
    findings = [*sources.diagnostics, *gathered.finish(whole=whole)]
    return Overview(
        files=gathered.files,
        manifests=gathered.manifests,
        diagnostics=tuple(in_reading_order(findings)),
        texts=with_related(gathered.texts, findings, sources),
        silenced=gathered.silence.silenced,
    )


def _in_two(gathered: _Gathering, files: Iterator[SourceFile], turns: _Turns, sources: SourceSet) -> None:
    """Take in the rest of the files, half of them in another process. Raises _UnsureError."""

    def here() -> None:
        turns.mine = 0
        gathered.look_at(files, sources)

    def there() -> _Half:
        turns.mine = 1
        half = gathered.empty()
        half.look_at(files, sources)
        return half.as_half()

    try:
        half = beside.both(here, there)
    except OSError as error:
        raise _UnsureError from error
    if half is None:
        raise _UnsureError
    gathered.join(half)


def _examined(source: SourceFile) -> Examined:
    return examine(source, judging=judge_plainly)


class _Turns:
    """Whose turn it is to read a file: `mine` is the number of this process, None if there is but one."""

    def __init__(self) -> None:
        self.mine: int | None = None
        self._count = 0

    def __call__(self) -> bool:
        """Count a file, and tell whether this process reads it."""
        self._count += 1
        return self.mine is None or self._count // _A_TURN % 2 == self.mine


class _Half(NamedTuple):
    """What the other process found out."""

    files: int
    manifests: int
    findings: list[Diagnostic]
    texts: dict[str, str]
    traces: Traces


@dataclass(kw_only=True)
class _Gathering(Gathering):
    """Gathers traces of apps in place of the apps."""

    shapes: Shapes = field(default_factory=Shapes)
    faulty: FaultyShapes = field(default_factory=lambda: FaultyShapes(_examined))
    traces: Traces = field(default_factory=Traces)
    # What was examined last is learnt from when there is another file to use it for.
    _last: tuple[SourceFile, Examined] | None = None
    _silenced: bool = False

    # What else is skipped, once the Project has named it.
    _data_folders: tuple[str, ...] = ()

    def look_at(
        self,
        files: Iterator[SourceFile],
        sources: SourceSet,
        *,
        most: int | None = None,
        most_faulty: int | None = None,
    ) -> None:
        """Take in `files` of `sources`, until there are `most`, or `most_faulty` of them have findings."""
        if most is not None and self.files >= most:
            return
        for source in files:
            if self._data_folders and is_data(source, self._data_folders, sources):
                continue
            self.look(source)
            if not self._data_folders and self.project is not None:
                self._data_folders = data_folders_of(self.project.model, sources.root)
            if self.files == most or self.faulty_files == most_faulty:
                return

    @property
    def faulty_files(self) -> int:
        """Return how many files have findings."""
        return len(self.texts)

    @property
    def found(self) -> tuple[Diagnostic, ...]:
        """Return the findings of the files so far."""
        return tuple(self._findings)

    def empty(self) -> _Gathering:
        """Return one that goes on from here, but has found nothing yet."""
        return _Gathering(
            project_file=self.project_file,
            project=self.project,
            shapes=self.shapes,
            faulty=self.faulty,
            _last=self._last,
            _data_folders=self._data_folders,
        )

    def as_half(self) -> _Half:
        """Return what was found. Raises _UnsureError when there is more to it."""
        if self._room.notice() or self._silenced:
            raise _UnsureError
        return _Half(self.files, self.manifests, self._findings, self.texts, self.traces)

    def join(self, half: _Half) -> None:
        """Take in what the other process found. Raises _UnsureError when together it is more than is kept."""
        self.files += half.files
        self.manifests += half.manifests
        self._findings += half.findings
        self.texts |= half.texts
        self.traces.join(half.traces)
        size = sum(map(len, self.texts.values()))
        if self._room.notice() or len(self._findings) > MAX_OF_RUN or size > MAX_TEXT:
            raise _UnsureError

    def look(self, source: SourceFile) -> None:
        """Take in one file, by the shorter road if it can be."""
        if self._last is not None:
            self._learn(*self._last)
            self._last = None
        if source.diagnostic is None and (self._is_fine(source) or self._is_like_another(source)):
            return
        examined = _examined(source)
        self.add(examined)
        self._silenced |= examined.silence is not None
        self._last = source, examined

    def add(self, examined: Examined) -> list[Diagnostic]:
        """Take in one file and return its findings; of its path nothing is kept."""
        fresh = super().add(examined)
        self.paths.clear()
        return fresh

    def _is_fine(self, source: SourceFile) -> bool:
        """Take in a file that is plainly fine, and tell whether it is."""
        seen = self.shapes.glimpse(source.content)
        if seen is None or not has_room_for_marker(seen.prefix, self._project):
            return False
        self.files += 1
        self._take_seen(seen)
        return True

    def _is_like_another(self, source: SourceFile) -> bool:
        """Take in a file with the faults of one before it, and tell whether it is one; not if the Project has more to say."""
        likewise = self.faulty.read(source)
        if likewise is None:
            return False
        if likewise.app is not None:
            if not has_room_for_marker(likewise.app.prefix, self._project):
                return False
            self._take_seen(likewise.app)
        self.add(likewise.examined)
        return True

    def _take_seen(self, app: Glimpse) -> None:
        self.manifests += 1
        self.traces.add(app)

    def check_between(self) -> None:
        """Raise _UnsureError if there may be something to say between the apps."""
        spec = self._project.spec if self._project is not None else None
        if self.traces.may_meet(
            max_gpus=spec.limits.max_gpus if spec else None, marker=spec.submission.marker if spec else False
        ):
            raise _UnsureError

    @property
    def _project(self) -> Project | None:
        model = self.project.model if self.project is not None else None
        return model if is_project(model) else None

    def _learn(self, source: SourceFile, examined: Examined) -> None:
        if examined.diagnostics:
            self.faulty.learn(source, examined)
            return
        if examined.silence is not None or len(examined.manifests) != 1:
            return
        document, model = examined.manifests[0].document, examined.manifests[0].model
        if is_app(model):
            self.shapes.learn(source.content, document, model)

    def _take_app(self, manifest: Manifest, model: AiApp) -> None:
        if self._project is not None:
            self._findings += advise_in_project(manifest.document, model, self._project)
        self.traces.add(glimpse(model))
