"""What plan, show and apply share: from settings to a scene, a desired state and a plan."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from dfsubmit.cli.compose import Scene

if TYPE_CHECKING:
    from dfsubmit.cli.output import Output
    from dfsubmit.cli.settings import Settings
    from dfsubmit.engine import Engine, Listing
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.plan import Plan
    from dfsubmit.project import DesiredState
    from dfsubmit.render.machine import Basis


def desired_scene(settings: Settings, out: Output) -> tuple[Scene, DesiredState]:
    """Return the scene and what the manifests ask for. Raises InputError after showing what is wrong with them."""
    from dfsubmit.cli.checking import load_or_show
    from dfsubmit.cli.selection import select

    state = load_or_show(settings, out)
    scene = Scene(settings=settings, project=state.project, root=state.root, environ=os.environ)
    if settings.select:
        state = replace(state, apps=select(state.apps, settings.select), whole=False)
    return scene, state


def settings_scene(settings: Settings, out: Output) -> Scene:
    """Return the scene from the Project alone: verbs that follow apps work whatever the manifests look like."""
    from dfsubmit.cli.checking import load_settings_or_show

    project, root = load_settings_or_show(settings, out)
    return Scene(settings=settings, project=project, root=root, environ=os.environ)


def plan_of(scene: Scene, state: DesiredState, ledger: Ledger, listing: Listing | None, *, prune: bool) -> Plan:
    """Return the plan as the ledger stands now."""
    from dfsubmit.plan import make_plan

    return make_plan(
        project=scene.project_id,
        desired=state.apps,
        states=ledger.states(scene.project_id),
        listing=listing,
        whole=state.whole,
        prune=prune,
    )


def basis_of(plan: Plan, ledger: Ledger, scene: Scene, *, whole: bool) -> Basis:
    """Return what `plan` was made from, for its JSON document."""
    return {
        "ledger": ledger.describe(),
        "engine": scene.engine_type,
        "engineAsked": plan.seen,
        "wholeSet": whole,
    }


def tails_in(plan: Plan, engine: Engine) -> dict[str, tuple[str, ...]]:
    """Return the ends of the logs of the failed apps that `plan` shows."""
    from dfsubmit.follow import tails_of

    return tails_of(engine, [change.remote for change in plan.changes if change.remote is not None])
