"""Whether a ledger, or a Project's part of one, may be begun: where apps were submitted before, all would start again.

A fresh clone cannot tell a ledger that was deleted from one that does not exist yet; the service's list can. And in CI,
a file in the checkout does not outlive the job.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.connections import ledger_file
from dfsubmit.errors import LimitError
from dfsubmit.holds import sent_prefix
from dfsubmit.plan import Action, Plan
from dfsubmit.repository import SeenFromRoot, repository_root

if TYPE_CHECKING:
    from dfsubmit.engine import Engine
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.scene import Scene

REBUILD = "if the ledger was lost, stop here: `dfsubmit ledger rebuild` records again what was submitted"
# Who has seen the ledger refuses to go on without it, and names the command that sets the ref back.
_PUT_BACK = (
    "if the ledger was lost, stop here: `dfsubmit status` in a clone that has used it tells how to put it back; "
    "where there is none, `dfsubmit ledger rebuild` records again what was submitted"
)
_BEGIN = "if nothing was submitted through it, run `dfsubmit apply --new-ledger` once"


def check_beginning(scene: Scene, plan: Plan, ledger: Ledger, engine: Engine, *, new: bool) -> str:
    """Look twice before the first entry of a Project, and return what to warn of; `new` is a person's word that none was lost.

    Raises LimitError for a file that the next run in CI will not have, for a ledger in git where the service lists apps
    like those to be submitted, and for a Project that had another name; of any other ledger, such apps are only warned of.
    """
    if new or not plan.of(Action.SUBMIT) or scene.ledger_forgets:
        return ""
    # An item that has a version is in the ledger; and the first entry tells as much as the states of all, which can be many.
    if any(change.version for change in plan.changes):
        return ""
    if next(ledger.entries(None), None) is not None:
        _refuse_renamed(scene, plan, ledger)
        return ""
    _refuse_passing_file(scene)
    alike = _alike(scene, plan, engine)
    # Another run may have begun meanwhile; what it has submitted, it has recorded before.
    if not alike or ledger.states(None):
        return ""
    said = f"the ledger is empty, but the service lists apps with the same prefixes, such as {alike[0]} ({len(alike)} in all)"
    if ledger.describe().startswith("git:"):
        raise LimitError(f"{said}; nothing was submitted", tip=f"{_PUT_BACK}; {_BEGIN}")
    return said


def _refuse_renamed(scene: Scene, plan: Plan, ledger: Ledger) -> None:
    """Raise LimitError when a Project of another name has submitted the same spec of the same app from the same file."""
    named = SeenFromRoot()
    wanted = {
        (change.name, change.item.fingerprint, named(change.place.path))
        for change in plan.of(Action.SUBMIT)
        if change.place is not None
    }
    specs = {(name, fingerprint) for name, fingerprint, _ in wanted}
    for item, state in ledger.states(None).items():
        if (item.name, item.fingerprint) not in specs or state.app is None or state.intent is None:
            continue
        if (item.name, item.fingerprint, path := state.intent.source.rpartition(":")[0]) in wanted:
            raise LimitError(
                f"{item.name} of {path} was submitted as {state.app.name} by the Project {item.project}: to a Project of another "
                f"name, such as {scene.project_id}, every app is a new one; nothing was submitted",
                tip="give the Project its name back; if all is to run again, run `dfsubmit apply --new-ledger` once",
            )


def _refuse_passing_file(scene: Scene) -> None:
    """Raise LimitError for a file that is to be made in the checkout of a CI job, for apps that outlive the job."""
    path = ledger_file(scene)
    if path is None or scene.in_process or scene.environ.get("CI", "").lower() in ("", "0", "false"):
        return
    place = Path(os.path.realpath(path))
    if os.path.lexists(Path(repository_root(str(place.parent))) / ".git"):
        raise LimitError(
            f"this is CI, and the ledger would be {path}, a file that the next run does not have: "
            "each would submit everything again; nothing was submitted",
            tip="in the Project: ledger: {type: git, remote: origin}; where the checkout stays, "
            "run `dfsubmit apply --new-ledger` once",
        )


def _alike(scene: Scene, plan: Plan, engine: Engine) -> list[str]:
    """Return the apps that the service lists and whose prefixes are those of apps to be submitted."""
    prefixes = {sent_prefix(change, marker=scene.marker) for change in plan.of(Action.SUBMIT)}
    return [app.name for app in engine.list_apps().apps if app.name.rsplit("-", 2)[0] in prefixes]
