"""A large set → its findings, in memory that hardly grows with the number of files; no apps come of it.

`overview` gives the findings of `project.load_project`, all of them and no others. It keeps traces of the apps in place of their
requests (`traces`), and looks at files that are plainly fine only as long as that takes (`shapes`). As soon as it meets what it
cannot tell for sure, such as two names that may be equal, it begins anew with `load_project`, which needs more time and memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dfsubmit.advice import advise_in_project, has_room_for_marker
from dfsubmit.diagnostics import has_errors, in_reading_order
from dfsubmit.project import Gathering, data_folders_of, examine, load_project, with_related
from dfsubmit.projectmodel import Project
from dfsubmit.shapes import Shapes
from dfsubmit.traces import Traces, glimpse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.manifest import AiApp
    from dfsubmit.project import Examined, Manifest
    from dfsubmit.sources import SourceFile, SourceSet


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


def overview(sources: SourceSet) -> Overview:
    """Return all findings of `sources`."""
    try:
        return _quick(sources)
    except _UnsureError:
        state = load_project(sources)
        return Overview(
            files=state.files,
            manifests=state.manifests,
            diagnostics=state.diagnostics,
            texts=state.texts,
            silenced=state.silenced,
        )


def _quick(sources: SourceSet) -> Overview:
    """Return all findings. Raises _UnsureError."""
    gathered = _Gathering(project_file=sources.project_file)
    data_folders: tuple[str, ...] = ()
    for source in sources.iter_files():
        if data_folders and source.location.startswith(data_folders):
            continue
        gathered.look(source)
        if not data_folders and gathered.project is not None:
            data_folders = data_folders_of(gathered.project.model, sources.root)
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


@dataclass(kw_only=True)
class _Gathering(Gathering):
    """Gathers traces of apps in place of the apps."""

    shapes: Shapes = field(default_factory=Shapes)
    traces: Traces = field(default_factory=Traces)
    # What was examined last is learnt from when there is another file to use it for.
    _last: tuple[SourceFile, Examined] | None = None

    def look(self, source: SourceFile) -> None:
        """Take in one file, by the shorter road if it can be."""
        if self._last is not None:
            self._learn(*self._last)
            self._last = None
        seen = self.shapes.glimpse(source.content) if source.diagnostic is None else None
        if seen is not None and has_room_for_marker(seen.prefix, self._project):
            self.files += 1
            self.manifests += 1
            self.traces.add(seen)
            return
        examined = examine(source)
        self.add(examined)
        self.paths.clear()
        self._last = source, examined

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
        return model if isinstance(model, Project) else None

    def _learn(self, source: SourceFile, examined: Examined) -> None:
        if examined.diagnostics or examined.silence is not None or len(examined.manifests) != 1:
            return
        document, model = examined.manifests[0].document, examined.manifests[0].model
        if not isinstance(model, Project):
            self.shapes.learn(source.content, document, model)

    def _take_app(self, manifest: Manifest, model: AiApp) -> None:
        if self._project is not None:
            self._findings += advise_in_project(manifest.document, model, self._project)
        self.traces.add(glimpse(model))
