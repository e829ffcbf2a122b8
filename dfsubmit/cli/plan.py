"""`dfsubmit plan`: what apply would do. Changes nothing, and creates nothing but the file of --out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import READING, REMOTE, common, complete_path, verb
from dfsubmit.errors import EngineError, InputError
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from dfsubmit.compose import Scene
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.plan import Plan
    from dfsubmit.project import DesiredState

PENDING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `plan` was asked."""

    settings: Settings
    out: Path | None
    prune: bool
    detailed_exitcode: bool


@verb(
    "plan",
    exits={
        0: "the plan was made",
        1: "there are findings, or something could not be read",
        2: "changes are pending, only with --detailed-exitcode",
    },
    examples=(
        "dfsubmit plan",
        "dfsubmit plan --out release.plan && dfsubmit apply release.plan",
        "dfsubmit plan --offline --detailed-exitcode -o json",
    ),
)
@click.option(
    "--out",
    "out_file",
    metavar="FILE",
    default=None,
    shell_complete=complete_path,
    help="Also save the plan, for `apply FILE`.",
)
@click.option("--prune", is_flag=True, help="Plan to kill apps whose manifest was removed and that still run.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when changes are pending.")
@common(*READING, *REMOTE, outputs=("text", "json", "markdown"))
def command(flags: Flags, out_file: str | None, prune: bool, detailed_exitcode: bool) -> int:
    """Show what `apply` would do: + submit, = unchanged, ? unresolved, ! orphan, - kill.

    Compares the manifests with the ledger; the engine is only asked what the submitted apps are doing, and --offline
    leaves that out. The last line never changes its form.
    """
    return run(
        Options(
            settings=resolve(flags, os.environ),
            out=Path(out_file) if out_file else None,
            prune=prune,
            detailed_exitcode=detailed_exitcode,
        )
    )


def run(options: Options) -> int:
    """Make the plan and show it. Raises DfsubmitError."""
    from dfsubmit.cli.planning import desired_scene
    from dfsubmit.compose import ledger_of

    out = output.make(options.settings, os.environ)
    scene, state = desired_scene(options.settings, out)
    with ledger_of(scene) as ledger:
        plan, tails = _seen_plan(scene, state, ledger, out, prune=options.prune)
        _show(options=options, out=out, plan=plan, tails=tails, scene=scene, ledger=ledger, state=state)
    if options.out is not None:
        _save(plan, options.out)
        out.note(f"saved as {options.out}; carry it out with: dfsubmit apply {options.out}")
    return PENDING if options.detailed_exitcode and plan.has_changes else 0


def _seen_plan(
    scene: Scene, state: DesiredState, ledger: Ledger, out: output.Output, *, prune: bool
) -> tuple[Plan, dict[str, tuple[str, ...]]]:
    """Return the plan with what the engine shows; without that, and with a warning, when the engine cannot be asked."""
    from dfsubmit.cli.planning import tails_in
    from dfsubmit.compose import engine_of, plan_of

    first = plan_of(scene, state, ledger, None, prune=False)
    # An engine that has started nothing for this project has nothing to show.
    if scene.settings.offline or not any(change.app for change in first.changes):
        return first, {}
    try:
        with engine_of(scene, tell=out.detail) as engine:
            plan = plan_of(scene, state, ledger, engine.list_apps(), prune=prune)
            return plan, tails_in(plan, engine)
    except EngineError as error:
        out.warning(f"the engine was not asked what the apps are doing: {error.message}", tip=error.tip)
        return first, {}


def _show(
    *,
    options: Options,
    out: output.Output,
    plan: Plan,
    tails: dict[str, tuple[str, ...]],
    scene: Scene,
    ledger: Ledger,
    state: DesiredState,
) -> None:
    from dfsubmit.cli.planning import as_of, basis_of, page_of, warnings_of
    from dfsubmit.cli.runner import tell_of_plan
    from dfsubmit.render.machine import json_text, plan_document
    from dfsubmit.render.plan import plan_text
    from dfsubmit.render.terminal import counted

    page = page_of(plan, warnings_of(state), commit := as_of(ledger))
    tell_of_plan(plan, os.environ, out, page)
    if options.settings.output == "json":
        out.data(json_text(plan_document(plan, basis_of(plan, ledger, scene, whole=state.whole))))
        return
    read = f"{counted(state.files, 'file')}, {counted(len(state.apps), 'app')}"
    out.note(f"project {scene.project_id}: {read}; ledger {ledger.describe()}{f' as of {commit}' if commit else ''}")
    if options.settings.output == "markdown":
        out.data(page())
        return
    out.data(plan_text(plan, tails=tails, palette=out.palette, verbose=out.verbosity > 0))
    if plan.has_changes:
        out.detail(f"token {plan.token}: `dfsubmit apply --expect {plan.token}` applies exactly this")


def _save(plan: Plan, path: Path) -> None:
    """Write the plan file so that it is there whole or not at all. Raises InputError."""
    from dfsubmit.savedplan import to_text

    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(to_text(plan), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"{path}: {error.strerror}", tip="choose another place with --out") from error
