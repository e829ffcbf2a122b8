"""The checks across files, fed one file at a time: names, moves, a second Project, and how much of it all is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dfsubmit.advice import advise_in_project, has_room_for_marker
from dfsubmit.bounds import Room, bounded, bounded_by_file
from dfsubmit.desired import DesiredApp, Place
from dfsubmit.diagnostics import Diagnostic, Related, Span, has_errors
from dfsubmit.kinds import is_app, is_project
from dfsubmit.silence import Silence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.document import Document
    from dfsubmit.examining import Examined, Manifest
    from dfsubmit.manifest import AiApp
    from dfsubmit.setconflict import Again


class DocumentNeededError(Exception):
    """A file that is only known from before has to be read after all."""


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
        if is_app(manifest.model):
            self._take_app(manifest, manifest.model)
        else:
            self._take_project(manifest)

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
        if self.project is not None and is_project(self.project.model):
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
        fits = not is_project(project) or has_room_for_marker(app.request["namePrefix"], project)
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
        from dfsubmit.setconflict import placed  # noqa: PLC0415  # an overview has traces, and no apps to compare
        from dfsubmit.setrules import conflicts  # noqa: PLC0415  # the same

        model = self.project.model if self.project is not None else None
        spec = model.spec if is_project(model) else None
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
