"""`dfsubmit apply`: submit what is new, exactly once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dfsubmit.cli import output
from dfsubmit.cli.carryout import carry_out, left_running, max_submit, refuse_overtaken, tell, wait
from dfsubmit.cli.options import ASKING, READING, common, complete_path, verb
from dfsubmit.errors import InputError, InterruptError, UsageError
from dfsubmit.settings import PREFIX, Flags, Settings, resolve, variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from dfsubmit.engine import Engine
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.plan import Plan
    from dfsubmit.render.machine import Basis
    from dfsubmit.scene import Scene

DEFAULT_PARALLELISM = 8

MOST_PARALLEL = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `apply` was asked. `timeout` of --wait is in seconds; None waits as long as it takes."""

    settings: Settings
    plan: Path | None
    expect: str | None
    max_submit: int | None
    prune: bool
    new_ledger: bool
    dry_run: bool
    wait: bool
    timeout: float | None
    parallelism: int


@verb(
    "apply",
    exits={
        0: "done, nothing wrong",
        1: "findings, a failed submit, or a declined prompt",
        3: "unresolved submissions remain",
        4: "lost a race for every item it wanted",
        5: "refused: --max-submit, or an empty ledger that seems to have been lost",
        6: "the saved plan or the expected token is stale",
        100: "with --wait: an app failed (101 not finished, 102 not found, 103 killed, 124 timeout)",
        130: "stopped by Ctrl-C, in good order (143 by SIGTERM)",
    },
    examples=(
        "dfsubmit apply",
        "dfsubmit apply --yes --wait",
        "dfsubmit plan --out release.plan && dfsubmit apply release.plan --yes",
    ),
)
@click.argument("plan", metavar="[PLAN]", default=None, required=False, shell_complete=complete_path)
@click.option(
    "--expect",
    metavar="TOKEN",
    default=None,
    help="Do what the plan with this token shows (`plan -o json` has it) and nothing else, or nothing when it is stale.",
)
@click.option(
    "--max-submit",
    type=click.IntRange(min=0),
    default=None,
    metavar="N",
    help="Refuse to submit more apps than this in one run.  "
    "[default: what the Project says, else 50; env var: DFSUBMIT_MAX_SUBMIT]",
)
@click.option("--prune", is_flag=True, help="Kill apps whose manifest was removed and that still run.")
@click.option("--new-ledger", is_flag=True, help="Begin anew where a ledger seems to be lost, or a Project renamed.")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop; records nothing, sends nothing.")
@click.option("--wait", is_flag=True, help="Wait until the apps of the set have ended; the exit code says how.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=None,
    metavar="SECONDS",
    help="With --wait: wait no longer than this.",
)
@click.option(
    "--parallelism",
    type=click.IntRange(1, MOST_PARALLEL),
    default=None,
    metavar="N",
    help=f"Submit at most this many at once.  [default: {DEFAULT_PARALLELISM}; env var: DFSUBMIT_PARALLELISM]",
)
@common(*READING, "engine", "base_url", "ledger", *ASKING, outputs=("text", "json", "markdown"))
def command(
    *,
    flags: Flags,
    plan: str | None,
    expect: str | None,
    max_submit: int | None,
    prune: bool,
    new_ledger: bool,
    dry_run: bool,
    wait: bool,
    timeout: float | None,
    parallelism: int | None,
) -> int:
    """Submit the apps of the manifests that were not submitted yet, or those of PLAN, a saved plan.

    What earlier runs left in doubt is settled first. Every submit is recorded before it is sent; running apply again
    after anything whatever went wrong is safe, and submits nothing twice.
    """
    return run(
        Options(
            settings=resolve(flags, os.environ),
            plan=Path(plan) if plan else None,
            expect=expect,
            max_submit=max_submit if max_submit is not None else _whole_number("MAX_SUBMIT", 0),
            prune=prune,
            new_ledger=new_ledger,
            dry_run=dry_run,
            wait=wait,
            timeout=timeout,
            parallelism=parallelism or _whole_number("PARALLELISM", 1) or DEFAULT_PARALLELISM,
        )
    )


def _whole_number(name: str, least: int) -> int | None:
    text = variable(os.environ, name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise UsageError(f"{PREFIX}{name} is '{text}'", tip=f"write a whole number from {least} on")
    return int(text)


def run(options: Options) -> int:
    """Apply. Raises DfsubmitError."""
    from dfsubmit.beginning import REBUILD, check_beginning
    from dfsubmit.cli.stopping import stop_on_signals
    from dfsubmit.connections import engine_of, ledger_of

    if options.timeout is not None and not options.wait:
        raise UsageError("--timeout says how long to --wait", tip="add --wait")
    out = output.make(options.settings, os.environ)
    scene, make = _planner(options, out)
    with ledger_of(scene) as ledger, engine_of(scene, tell=out.detail) as engine:
        plan = make(ledger, engine)
        if options.plan is not None:
            refuse_overtaken(plan, ledger, scene)
        if options.expect is not None:
            plan, make = _expected(plan, options.expect, make, out)
        _check(options, scene, plan)
        _show(options, out, plan, scene, ledger)
        if options.dry_run:
            return 0
        if told := check_beginning(scene, plan, ledger, engine, new=options.new_ledger):
            out.warning(told, tip=REBUILD)
        _warn_of_workspaces(plan, engine, out)
        if plan.has_changes:
            out.confirm(_question(plan), yes=options.settings.yes, no_input=options.settings.no_input)
        with stop_on_signals(out, sends=True) as stop:
            report = carry_out(
                options=options, scene=scene, plan=plan, make=make, ledger=ledger, engine=engine, stop=stop, out=out
            )
            left = () if options.prune else left_running(plan, engine)
            tell(options, out, report, scene.project_id, left)
            if stop.requested:
                raise InterruptError(
                    "stopped; what was in flight is recorded",
                    signal_number=stop.signal_number,
                    tip="run apply again to go on",
                )
            if report.exit_code or not options.wait:
                return report.exit_code
            return wait(options=options, scene=scene, ledger=ledger, engine=engine, report=report, stop=stop, out=out)


def _planner(options: Options, out: output.Output) -> tuple[Scene, Callable[[Ledger, Engine], Plan]]:
    """Return the scene and a function that makes the plan anew from the ledger as it is."""
    from dfsubmit.cli.planning import desired_scene
    from dfsubmit.cli.show import read_plan
    from dfsubmit.planning import check_prefixes, plan_of
    from dfsubmit.reconcile import refresh
    from dfsubmit.savedplan import check_wanted, from_text

    if options.plan is not None and (options.settings.select or options.prune):
        raise UsageError(
            "a saved plan is applied whole", tip="leave out --select and --prune, or make the plan with them"
        )
    scene, state = desired_scene(options.settings, out)
    if options.plan is None:

        def make(ledger: Ledger, engine: Engine) -> Plan:
            listing = engine.list_apps() if options.prune else None
            return plan_of(scene, state, ledger, listing, prune=options.prune)

        return scene, make
    saved = from_text(read_plan(options.plan), str(options.plan))
    if saved.project != scene.project_id:
        raise InputError(
            f"{options.plan} is a plan of project {saved.project}, but this is {scene.project_id}",
            tip="name the set that it was made from with --file",
        )
    check_wanted(saved, state.apps)
    check_prefixes(scene, state)
    return scene, lambda ledger, _: refresh(saved, ledger.states(saved.project))


def _expected(
    plan: Plan, token: str, make: Callable[[Ledger, Engine], Plan], out: output.Output
) -> tuple[Plan, Callable[[Ledger, Engine], Plan]]:
    """Return what `token` names of `plan`, and of every plan that is made anew. Raises StalePlanError."""
    from dfsubmit.reconcile import expected_part, left_for_later, only

    named, others = expected_part(plan, token)
    items = {change.item for change in named.pending}
    if others:
        out.note(left_for_later(others))
    return named, lambda ledger, engine: only(make(ledger, engine), items)


def _check(options: Options, scene: Scene, plan: Plan) -> None:
    """Refuse what must not even be asked about. Raises LimitError, MissingSecretError."""
    from dfsubmit.reconcile import check_limit, check_secrets

    check_limit(plan, max_submit(options, scene))
    check_secrets(plan, scene.environ)


def _warn_of_workspaces(plan: Plan, engine: Engine, out: output.Output) -> None:
    """Warn of workspace ids that the account's list does not have; the service has the last word on them."""
    from dfsubmit.plan import Action
    from dfsubmit.suggest import closest

    wanted = {str((change.request or {}).get("aiWorkspaceId")): change.name for change in plan.of(Action.SUBMIT)}
    known = [workspace.id for workspace in engine.workspaces()] if wanted else []
    for workspace_id in sorted(wanted.keys() - set(known) if known else ()):
        meant = closest(workspace_id, known)
        out.warning(
            f"{wanted[workspace_id]}: aiWorkspaceId {workspace_id} is none of the account's {len(known)} workspaces",
            tip=f"did you mean {meant}?" if meant else "the service will most likely refuse it",
        )


def _show(options: Options, out: output.Output, plan: Plan, scene: Scene, ledger: Ledger) -> None:
    """Show the plan: on standard error, unless it is all that was asked for."""
    from dfsubmit.cli.planning import as_of, page_of
    from dfsubmit.render.machine import json_text, plan_document
    from dfsubmit.render.plan import plan_text

    if options.dry_run and options.settings.output == "json":
        basis: Basis = {"ledger": ledger.describe(), "engine": scene.engine_type, "engineAsked": plan.seen}
        if commit := as_of(ledger):
            basis["asOf"] = commit
        out.data(json_text(plan_document(plan, basis)))
    elif options.dry_run and options.settings.output == "markdown":
        out.data(page_of(plan, commit=as_of(ledger))())
    elif options.dry_run:
        out.data(plan_text(plan, palette=out.palette, verbose=out.verbosity > 0))
    elif out.verbosity >= 0 and plan.has_changes:
        # With an empty line behind it, to part it from what is then done.
        out.say(plan_text(plan, palette=out.error_palette, verbose=out.verbosity > 0))


def _question(plan: Plan) -> str:
    from dfsubmit.plan import Action

    parts = [
        f"{verb_} {len(plan.of(action))}"
        for verb_, action in (("submit", Action.SUBMIT), ("kill", Action.KILL), ("settle", Action.UNRESOLVED))
        if plan.of(action)
    ]
    return f"{', '.join(parts).capitalize()}?"
