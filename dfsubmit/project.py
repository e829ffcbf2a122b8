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

from dfsubmit.diagnostics import Diagnostic, has_errors, in_reading_order
from dfsubmit.document import Loaded, load
from dfsubmit.examining import Check, Examined, examine
from dfsubmit.gathering import Gathering
from dfsubmit.kinds import is_project
from dfsubmit.naming import project_name

if TYPE_CHECKING:
    from pathlib import Path

    from dfsubmit.desired import DesiredApp
    from dfsubmit.manifest import AiApp
    from dfsubmit.projectmodel import Project
    from dfsubmit.sources import SourceFile, SourceSet


Examine = Callable[["SourceFile"], "Examined"]


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
        project=project if is_project(project) else default_project(sources.root),
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
    engine = project.spec.engine if is_project(project) else None
    if engine is None or engine.type != "local":
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
    from dfsubmit.projectmodel import Project, ProjectMetadata  # noqa: PLC0415  # who only looks for findings needs no models

    return Project(
        apiVersion="dfsubmit/v1", kind="Project", metadata=ProjectMetadata(name=project_name(root.resolve().name))
    )
