"""`dfsubmit plan`: what apply would do. Changes nothing, and creates nothing but the file of --out and the user's cache."""

from __future__ import annotations

import contextlib
import gc
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
    from collections.abc import Iterator

    from dfsubmit.cli.keeping import Keeper
    from dfsubmit.known import KnownFiles
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.plan import Plan
    from dfsubmit.project import DesiredState
    from dfsubmit.scene import Scene

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
@common(*READING, *REMOTE, "no_cache", outputs=("text", "json", "markdown"))
def command(flags: Flags, out_file: str | None, prune: bool, detailed_exitcode: bool) -> int:
    """Show what `apply` would do: + submit, = unchanged, ? unresolved, ! orphan, - kill.

    Compares the manifests with the ledger; the engine is only asked what the submitted apps are doing, and --offline
    leaves that out; a ledger in git whose host cannot be reached is then taken as it was last seen here.
    The last line never changes its form.
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
    with _collector_paused():
        return _run(options)


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cycle collector from going through the values of a large set again and again: a plan makes next to no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _run(options: Options) -> int:
    from dfsubmit.cli.planning import desired_scene
    from dfsubmit.connections import ledger_of

    out = output.make(options.settings, os.environ)
    known = _known(options.settings)
    scene, state = desired_scene(options.settings, out, known)
    with ledger_of(scene, last_seen=out.warning) as ledger:
        keeper = _keeper(options, known, state, ledger)
        plan, tails = _seen_plan(scene, state, ledger, out, prune=options.prune)
        note, data = _show(options=options, out=out, plan=plan, tails=tails, scene=scene, ledger=ledger, state=state)
        if keeper is not None and not plan.has_changes:
            keeper.keep(note, data, out)
    if options.out is not None:
        _save(plan, options.out)
        out.note(f"saved as {options.out}; carry it out with: dfsubmit apply {options.out}")
    return PENDING if options.detailed_exitcode and plan.has_changes else 0


def _keeper(options: Options, known: KnownFiles | None, state: DesiredState, ledger: Ledger) -> Keeper | None:
    """Return what keeps the answer for the next run; None where it depends on more than can be looked at then."""
    if known is None or options.out is not None:
        return None
    from dfsubmit.cli.keeping import keeper_for

    arguments = click.get_current_context().find_object(tuple) or ()
    return keeper_for(arguments, options.settings, os.environ, known=known, state=state, ledger=ledger)


def _known(settings: Settings) -> KnownFiles | None:
    """Return what earlier runs have learnt of these files; None where nothing is to be kept."""
    from dfsubmit.usercache import user_cache

    here = os.getcwd()  # noqa: PTH109  # as `find` has it
    cache = None if settings.no_cache else user_cache(os.environ, here)
    if cache is None:
        return None
    from dfsubmit.known import KnownFiles

    return KnownFiles(cache, here, settings.files)


def _seen_plan(
    scene: Scene, state: DesiredState, ledger: Ledger, out: output.Output, *, prune: bool
) -> tuple[Plan, dict[str, tuple[str, ...]]]:
    """Return the plan with what the engine shows; without that, and with a warning, when the engine cannot be asked."""
    from dfsubmit.cli.planning import tails_in
    from dfsubmit.connections import engine_of
    from dfsubmit.planning import plan_of

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
) -> tuple[str, str]:
    """Show the plan; return what was said, as a note and as data."""
    from dfsubmit.cli.planning import as_of, basis_of, page_of, warnings_of
    from dfsubmit.cli.runner import tell_of_plan
    from dfsubmit.render.machine import json_text, plan_document
    from dfsubmit.render.plan import plan_text
    from dfsubmit.render.terminal import counted

    page = page_of(plan, warnings_of(state), commit := as_of(ledger))
    tell_of_plan(plan, os.environ, out, page)
    if options.settings.output == "json":
        out.data(data := json_text(plan_document(plan, basis_of(plan, ledger, scene, whole=state.whole))))
        return "", data
    read = f"{counted(state.files, 'file')}, {counted(len(state.apps), 'app')}"
    note = f"project {scene.project_id}: {read}; ledger {ledger.describe()}{f' as of {commit}' if commit else ''}"
    out.note(note)
    if options.settings.output == "markdown":
        out.data(data := page())
        return note, data
    out.data(data := plan_text(plan, tails=tails, palette=out.palette, verbose=out.verbosity > 0))
    if plan.has_changes:
        out.detail(f"token {plan.token}: `dfsubmit apply --expect {plan.token}` applies exactly this")
    return note, data


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
