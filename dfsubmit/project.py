"""A set of files → the apps that it asks for, with every finding of every file.

Each file is examined by itself (`examine`: load, judge, advise), in the order of paths, and then let go; what remains is
one `DesiredApp` for each manifest. What only the whole set can tell is checked as the files go by: names that stand
twice, a second Project, renames that contradict each other. Nothing is read here but the files of the set, and nothing
is decided about the ledger.

The Project stands in the file that is named for it and nowhere else, so that verbs that only need the settings find the
same ones without reading every manifest. The folders that it names for HDFS and the workspaces hold data, not manifests.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dfsubmit.bounds import Room, bounded, bounded_by_file
from dfsubmit.desired import DesiredApp, Place
from dfsubmit.diagnostics import Diagnostic, Related, Span, has_errors, in_reading_order
from dfsubmit.document import Document, Loaded, load
from dfsubmit.judge import advise, advise_in_project, has_room_for_marker, judge
from dfsubmit.naming import project_name
from dfsubmit.projectmodel import LocalEngine, Project, ProjectMetadata
from dfsubmit.silence import WORD, Silence, silencers

if TYPE_CHECKING:
    from pathlib import Path

    from dfsubmit.manifest import AiApp
    from dfsubmit.setrules import Again
    from dfsubmit.sources import SourceFile, SourceSet


# The warning of a character in a text that is not what it looks like.
LOOKALIKE = "DF0141"

Check = Callable[[Document], tuple[Diagnostic, ...]]
Examine = Callable[["SourceFile"], "Examined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A valid document and the model of it."""

    document: Document
    model: AiApp | Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What one file holds: its text for the frames of findings, its manifests, its findings, its silencers if any.

    Of a file that was known before, `known` holds what its manifests ask for, and nothing else was made again.
    """

    path: str
    text: str = ""
    manifests: tuple[Manifest, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    silence: Silence | None = None
    known: tuple[DesiredApp, ...] = ()


class DocumentNeededError(Exception):
    """A file that is only known from before has to be read after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """What the set asks for.

    `root` is the Project's own folder, where its relative paths start. `texts` holds the source of every file that has a
    finding, `paths` every file that was read. `silenced` counts the findings that comments took away; they are in none of
    the others. Nothing may be planned from a state with errors.
    """

    project: Project
    declared: bool
    root: Path
    whole: bool
    apps: tuple[DesiredApp, ...]
    files: int
    manifests: int
    diagnostics: tuple[Diagnostic, ...]
    texts: dict[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    silenced: int = 0

    @property
    def has_errors(self) -> bool:
        """Tell whether any finding is an error."""
        return has_errors(self.diagnostics)


def examine(source: SourceFile, *, also: Check | None = None) -> Examined:
    """Return what `source` holds; its findings, in reading order, are all there are to find in it alone.

    `also` is one more check of each document, valid or not, such as a schema from outside.
    """
    if source.diagnostic is not None:
        return Examined(path=source.path, text="", manifests=(), diagnostics=(source.diagnostic,))
    loaded: Loaded = load(source.content, source.path)
    findings = list(loaded.diagnostics)
    manifests = []
    for document in loaded.documents:
        findings += also(document) if also is not None else ()
        judged = judge(document)
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


def load_project(sources: SourceSet, *, also: Check | None = None, examined: Examine | None = None) -> DesiredState:
    """Return what `sources` ask for. `also` is as for `examine`.

    `examined` takes the place of `examine`, and may answer from what it knows. Raises DocumentNeededError when that is not
    enough; without it, never.
    """
    look = examined or functools.partial(examine, also=also)
    gathered = Gathering(project_file=sources.project_file)
    data_folders: tuple[str, ...] = ()
    for source in sources.iter_files():
        if data_folders and is_data(source, data_folders, sources):
            continue
        gathered.add(look(source))
        if not data_folders and gathered.project is not None:
            data_folders = data_folders_of(gathered.project.model, sources.root)
    whole = not gathered.silence.asks_for_the_set() or sources.whole
    findings = [*sources.diagnostics, *gathered.finish(whole=whole, again=lambda paths: _again(sources, paths))]
    project = gathered.project.model if gathered.project else None
    return DesiredState(
        project=project if isinstance(project, Project) else default_project(sources.root),
        declared=project is not None,
        root=sources.root,
        whole=sources.whole,
        apps=tuple(gathered.apps.values()),
        files=gathered.files,
        manifests=gathered.manifests,
        diagnostics=tuple(in_reading_order(findings)),
        texts=with_related(gathered.texts, findings, sources),
        paths=tuple(gathered.paths),
        silenced=gathered.silence.silenced,
    )


def data_folders_of(project: AiApp | Project, root: Path) -> tuple[str, ...]:
    """Return how the locations below the folders begin that the Project names for data.

    One that is the Project's own folder hides nothing: else no manifest of the set would be left.
    """
    engine = project.spec.engine if isinstance(project, Project) else None
    if not isinstance(engine, LocalEngine):
        return ()
    folders = {os.path.normpath(root / folder) for folder in (engine.hdfs, *engine.workspaces.values())}
    return tuple(sorted(folder + os.sep for folder in folders - {os.path.normpath(root)}))


def is_data(source: SourceFile, data_folders: tuple[str, ...], sources: SourceSet) -> bool:
    """Tell whether `source` lies in a folder for data. What an argument means that leads into one is no data."""
    if not source.location.startswith(data_folders):
        return False
    return not any(
        _leads_into(start, folder) and _leads_into(source.location, start + os.sep)
        for folder in data_folders
        for start in sources.starts
    )


def _leads_into(location: str, beginning: str) -> bool:
    """Tell whether `location` is the folder of `beginning`, which ends in a separator, or lies in it."""
    return (location + os.sep).startswith(beginning)


def with_related(texts: dict[str, str], findings: Iterable[Diagnostic], sources: SourceSet) -> dict[str, str]:
    """Return `texts` with those of all files that findings speak of and that were let go; they are read once more."""
    shown = [one for one in findings if one.span is not None]
    spoken_of = {path for one in shown for path in (one.path, *(related.path for related in one.related))}
    return texts | {loaded.path: loaded.text for loaded in _again(sources, spoken_of - texts.keys())}


def _again(sources: SourceSet, paths: Collection[str]) -> Iterator[Loaded]:
    """Yield the files of `paths`, read once more."""
    if not paths:
        return
    for source in sources.iter_files():
        if source.path in paths and source.diagnostic is None:
            yield load(source.content, source.path)


def default_project(root: Path) -> Project:
    """Return the Project of a set that has none: its id is made of the folder's name."""
    return Project(
        apiVersion="dfsubmit/v1", kind="Project", metadata=ProjectMetadata(name=project_name(root.resolve().name))
    )


@dataclass(kw_only=True)
class Gathering:
    """The checks across files, fed one file at a time, the Project's first."""

    project_file: str | None = None
    apps: dict[str, DesiredApp] = field(default_factory=dict)
    project: Manifest | None = None
    paths: list[str] = field(default_factory=list)
    files: int = 0
    manifests: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    silence: Silence = field(default_factory=Silence)
    _findings: list[Diagnostic] = field(default_factory=list)
    _room: Room = field(default_factory=Room)
    _moved: dict[str, Place] = field(default_factory=dict)

    def add(self, examined: Examined) -> list[Diagnostic]:
        """Take in one file and return its findings, with those that only the files before it explain."""
        before = len(self._findings)
        self.files += 1
        self.paths.append(examined.path)
        if examined.silence is not None:
            self.silence.join(examined.silence)
        for manifest in examined.manifests:
            self.manifests += 1
            self._take(manifest)
        for app in examined.known:
            self.manifests += 1
            self._take_known(app)
        kept = bounded((*examined.diagnostics, *self.silence.kept(self._findings[before:])))
        fresh = list(kept.findings) if self._room.admits(kept.findings) else []
        self._findings[before:] = fresh
        if kept.findings or examined.silence is not None:
            self.texts[examined.path] = (
                "" if kept.hides or (not fresh and kept.findings) else self._room.text(examined.text)
            )
        return fresh

    def finish(self, *, whole: bool = True, again: Again = lambda _: ()) -> list[Diagnostic]:
        """Return all findings, with those that need the whole set; `whole` says that nothing of it was left out.

        `again` reads files of the set once more, for the places in them.
        """
        self._findings += bounded_by_file(self.silence.kept([*self._stale_moves(), *self._between_apps(again)]))
        self._findings += self._room.notice()
        self._findings += bounded_by_file(self.silence.unused(whole=whole and not has_errors(self._findings)))
        return self._findings

    def _take(self, manifest: Manifest) -> None:
        if isinstance(manifest.model, Project):
            self._take_project(manifest)
        else:
            self._take_app(manifest, manifest.model)

    def _take_project(self, manifest: Manifest) -> None:
        document = manifest.document
        if self.project is not None:
            self._findings.append(
                Diagnostic(
                    code="DF0302",
                    message="a second Project in the same set",
                    path=document.path,
                    span=document.span(("kind",)),
                    help="a set has at most one Project: merge them, or keep the folders apart",
                    related=(_related("the first Project is here", self.project.document, ("kind",)),),
                )
            )
        elif document.path != self.project_file:
            self._findings.append(
                Diagnostic(
                    code="DF0305",
                    message="a Project stands in a file of its own, named project.yaml, at the root of the set",
                    path=document.path,
                    span=document.span(("kind",)),
                    help=(
                        "name the folder that it is in as the set (-f FOLDER), "
                        "or move it to project.yaml in the topmost folder of this one"
                    ),
                )
            )
        else:
            self.project = manifest

    def _take_app(self, manifest: Manifest, model: AiApp) -> None:
        document, name = manifest.document, model.metadata.name
        span = document.span(("metadata", "name"))
        first = self.apps.get(name)
        if first is not None:
            self._findings.append(
                Diagnostic(
                    code="DF0301",
                    message=f'the name "{name}" is used twice',
                    path=document.path,
                    span=span,
                    help="give one of them another name; what was submitted is remembered under it",
                    related=(Related(message="first used here", path=first.place.path, span=_span_of(first, name)),),
                )
            )
            return
        if self.project is not None and isinstance(self.project.model, Project):
            self._findings += advise_in_project(document, model, self.project.model)
        from dfsubmit.fingerprint import fingerprint  # noqa: PLC0415  # an overview makes none

        request = model.request()
        self.apps[name] = DesiredApp(
            name=name,
            generation=model.metadata.generation,
            fingerprint=fingerprint(request, model.metadata.generation),
            request=request,
            labels=dict(model.metadata.labels),
            moved=tuple(model.metadata.moved),
            place=Place(path=document.path, line=span.line, column=span.column),
        )
        for old in model.metadata.moved:
            self._take_move(manifest, old)

    def _take_known(self, app: DesiredApp) -> None:
        """Take in an app as `_take_app` does. Raises DocumentNeededError when there is something to say about it."""
        project = self.project.model if self.project is not None else None
        fits = not isinstance(project, Project) or has_room_for_marker(app.request["namePrefix"], project)
        if app.name in self.apps or app.moved or not fits:
            raise DocumentNeededError
        self.apps[app.name] = app

    def _take_move(self, manifest: Manifest, old: str) -> None:
        """Refuse two manifests that say to have had the same name."""
        span = manifest.document.span(("metadata", "moved"))
        first = self._moved.get(old)
        if first is None:
            self._moved[old] = Place(path=manifest.document.path, line=span.line, column=span.column)
            return
        at = Span(line=first.line, column=first.column, end_line=first.line, end_column=first.column + 1)
        self._findings.append(
            Diagnostic(
                code="DF0303",
                message=f'two manifests say they were called "{old}"',
                path=manifest.document.path,
                span=span,
                help="only one can take over its apps: remove the name from the other's moved",
                related=(Related(message="the other one is here", path=first.path, span=at),),
            )
        )

    def _between_apps(self, again: Again) -> Iterator[Diagnostic]:
        """Yield what the apps of the set do to each other."""
        if not self.apps:
            return iter(())
        from dfsubmit.setrules import conflicts, placed  # noqa: PLC0415  # an overview has traces, and no apps to compare

        model = self.project.model if self.project is not None else None
        spec = model.spec if isinstance(model, Project) else None
        found = conflicts(
            self.apps.values(),
            max_gpus=spec.limits.max_gpus if spec else None,
            marker=spec.submission.marker if spec else False,
        )
        return placed(list(found), again, self.project.document if self.project else None)

    def _stale_moves(self) -> Iterator[Diagnostic]:
        for old, place in self._moved.items():
            still = self.apps.get(old)
            if still is not None:
                at = Span(line=place.line, column=place.column, end_line=place.line, end_column=place.column + 1)
                yield Diagnostic(
                    code="DF0304",
                    message=f'"{old}" is in moved, but a manifest of that name is still there',
                    path=place.path,
                    span=at,
                    help="rename the manifest, or remove the name from moved",
                    related=(Related(message="it is here", path=still.place.path, span=_span_of(still, old)),),
                )


def _related(message: str, document: Document, path: tuple[str | int, ...]) -> Related:
    return Related(message=message, path=document.path, span=document.span(path))


def _span_of(app: DesiredApp, name: str) -> Span:
    line, column = app.place.line, app.place.column
    return Span(line=line, column=column, end_line=line, end_column=column + len(name))
