"""The plan of a run as its ledger stands now, and the folders and prefixes for which none is made."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.enginemark import check_engine
from dfsubmit.errors import InputError
from dfsubmit.scene import DEFAULT_LEDGER, Scene, shown
from dfsubmit.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dfsubmit.engine import Listing
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.plan import Plan
    from dfsubmit.project import DesiredState


def plan_of(scene: Scene, state: DesiredState, ledger: Ledger, listing: Listing | None, *, prune: bool) -> Plan:
    """Return the plan as the ledger stands now.

    Raises LedgerError for a ledger of another engine, InputError when the folder seems to have been renamed or a prefix
    leaves no room for a marker.
    """
    from dfsubmit.planner import make_plan

    check_prefixes(scene, state)
    states = ledger.states(scene.project_id)
    check_engine(states.values(), scene.engine_mark)
    if not states and not state.declared and scene.settings.ledger is None:
        _refuse_renamed_folder(scene, ledger)
        _refuse_part_of_another(scene)
    return make_plan(
        project=scene.project_id,
        desired=state.apps,
        states=states,
        listing=listing,
        whole=state.whole,
        prune=prune,
        ours=partial(_is_of_set, _folders_of(scene)) if ledger.describe().startswith("git:") else None,
    )


def _folders_of(scene: Scene) -> tuple[str, ...]:
    """Return the folders of the set as their repository names them; `.` is all of it."""
    from dfsubmit.repository import seen_from_root

    folders = (str(scene.root), *scene.settings.files)
    return tuple(seen_from_root(folder) for folder in folders if Path(folder).is_dir())


def _is_of_set(folders: Sequence[str], source: str) -> bool:
    """Tell whether the manifest at `source`, as an intent records it, may have been one of a set in `folders`."""
    path = source.rpartition(":")[0]
    # What was not submitted from a file, or from one in no repository, tells nothing.
    return not path or Path(path).is_absolute() or any(Path(path).is_relative_to(folder) for folder in folders)


def check_prefixes(scene: Scene, state: DesiredState) -> None:
    """Raise InputError when markers, asked for by a variable alone, make prefixes longer than a prefix may be.

    Where the Project asks for them, that is a finding at the prefix's own place.
    """
    from dfsubmit.advice import MARKER_PREFIX_LENGTH

    if not scene.marker or scene.project.spec.submission.marker:
        return
    long = next((app for app in state.apps if len(app.request["namePrefix"]) > MARKER_PREFIX_LENGTH), None)
    if long is not None:
        raise InputError(
            f"{PREFIX}MARKER is set, but the namePrefix of {long.name} is longer than {MARKER_PREFIX_LENGTH} characters",
            tip=f"shorten it, or unset {PREFIX}MARKER",
        )


def _refuse_renamed_folder(scene: Scene, ledger: Ledger) -> None:
    """Raise InputError when the set's own ledger knows other ids only: to a new id, every app would be a new one."""
    known = sorted({item.project for item in ledger.states(None)})
    if known:
        raise InputError(
            f"the project's id is made of the folder's name, {scene.project_id}, but {ledger.describe()} "
            f"records what was submitted as {', '.join(known)}; as {scene.project_id}, every app would be submitted again",
            tip=f"give the folder its name back, or keep the id in a project.yaml: kind: Project, metadata: {{name: {known[0]}}}",
        )


def _refuse_part_of_another(scene: Scene) -> None:
    """Raise InputError when a folder above or below keeps a ledger: the same manifests may have been submitted from there.

    Only for sets without a Project, which have nothing else to tell what belongs together.
    """
    root = scene.root.resolve()
    above = (folder / DEFAULT_LEDGER for folder in _folders_above(root))
    below = (path for depth in ("*", "*/*", "*/*/*") for path in root.glob(f"{depth}/{DEFAULT_LEDGER}"))
    other = next((path for path in (*above, *below) if path.is_file()), None)
    if other is not None:
        raise InputError(
            f"{shown(other)} records what was submitted from {shown(other.parents[1])}, "
            f"and without a Project its apps would be new ones here and be submitted again",
            tip=f"name that folder with -f {shown(other.parents[1])}, or put a project.yaml into {shown(root)}",
        )


def _folders_above(root: Path) -> tuple[Path, ...]:
    """Return the folders above `root` in its git repository; without one, the two nearest."""
    parents = tuple(root.parents)
    top = next((number for number, folder in enumerate((root, *parents)) if (folder / ".git").exists()), 2)
    return parents[:top]
