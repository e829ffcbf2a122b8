"""What plan, show and apply share: from settings to a scene, a desired state and a plan."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dfsubmit.scene import Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dfsubmit.cli.output import Output
    from dfsubmit.engine import Engine
    from dfsubmit.known import KnownFiles
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.plan import Plan
    from dfsubmit.project import DesiredState
    from dfsubmit.render.machine import Basis
    from dfsubmit.settings import Settings


def desired_scene(settings: Settings, out: Output, known: KnownFiles | None = None) -> tuple[Scene, DesiredState]:
    """Return the scene and what the manifests ask for. Raises InputError after showing what is wrong with them."""
    from dfsubmit.cli.checking import load_or_show
    from dfsubmit.compose import selected

    state = load_or_show(settings, out, known)
    scene = Scene(settings=settings, project=state.project, root=state.root, environ=os.environ)
    return scene, selected(state, settings)


def settings_scene(settings: Settings, out: Output) -> Scene:
    """Return the scene from the Project alone: verbs that follow apps work whatever the manifests look like."""
    from dfsubmit.cli.checking import load_settings_or_show

    project, root = load_settings_or_show(settings, out)
    return Scene(settings=settings, project=project, root=root, environ=os.environ)


def basis_of(plan: Plan, ledger: Ledger, scene: Scene, *, whole: bool) -> Basis:
    """Return what `plan` was made from, for its JSON document."""
    basis: Basis = {
        "ledger": ledger.describe(),
        "engine": scene.engine_type,
        "engineAsked": plan.seen,
        "wholeSet": whole,
    }
    if commit := as_of(ledger):
        basis["asOf"] = commit
    return basis


def as_of(ledger: Ledger) -> str:
    """Return the commit that a ledger in git was read at; empty for other ledgers, which have none."""
    # Other ledgers need not wait for the modules of this one.
    if not ledger.describe().startswith("git:"):
        return ""
    from dfsubmit.ledger.git import GitLedger

    return ledger.as_of() if isinstance(ledger, GitLedger) else ""


def warnings_of(state: DesiredState) -> tuple[str, ...]:
    """Return the findings of a set that may be planned, one line each."""
    return tuple(
        f"{finding.path}:{finding.span.line}: {finding.message}"
        if finding.span
        else f"{finding.path}: {finding.message}"
        for finding in state.diagnostics
    )


def page_of(plan: Plan, warnings: Sequence[str] = (), commit: str = "") -> Callable[[], str]:
    """Return what makes the Markdown of `plan`, for whom it turns out to be wanted."""

    def page() -> str:
        from dfsubmit.render.markdown import plan_markdown

        return plan_markdown(plan, warnings=warnings, as_of=commit)

    return page


def tails_in(plan: Plan, engine: Engine) -> dict[str, tuple[str, ...]]:
    """Return the ends of the logs of the failed apps that `plan` shows."""
    from dfsubmit.follow import tails_of

    return tails_of(engine, [change.remote for change in plan.changes if change.remote is not None])
