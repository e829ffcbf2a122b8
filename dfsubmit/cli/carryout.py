"""How `apply` carries a plan out in front of somebody: what is told as it goes on, and what is waited for."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dfsubmit.applier import Stop
    from dfsubmit.cli import output
    from dfsubmit.cli.apply import Options
    from dfsubmit.engine import Engine
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.plan import Plan
    from dfsubmit.reconcile import Report
    from dfsubmit.results import Done
    from dfsubmit.scene import Scene


MOST_LEFT_RUNNING = 5


def left_running(plan: Plan, engine: Engine) -> tuple[str, ...]:
    """Return a line about every app whose manifest is gone from the set and that still runs."""
    from dfsubmit.errors import EngineError
    from dfsubmit.plan import Action
    from dfsubmit.render.plan import state_text

    orphans = plan.of(Action.ORPHAN)
    try:
        running = {app.id: app for app in engine.list_apps().apps if not app.finished} if orphans else {}
    except EngineError:
        # Nothing that was asked for depends on it, and what could not be asked is no news of an app.
        return ()
    return tuple(
        f"{change.name}: manifest removed, but {app.name} is {state_text(app)}"
        for change in orphans
        if change.app is not None and (app := running.get(change.app.id)) is not None
    )


def carry_out(
    *,
    options: Options,
    scene: Scene,
    plan: Plan,
    make: Callable[[Ledger, Engine], Plan],
    ledger: Ledger,
    engine: Engine,
    stop: Stop,
    out: output.Output,
) -> Report:
    """Settle and submit, telling of each result as it comes."""
    from dfsubmit.cli.progress import Progress
    from dfsubmit.compose import reconciler_of
    from dfsubmit.plan import Action
    from dfsubmit.render.plan import done_text
    from dfsubmit.render.terminal import width

    doing = [change.name for change in plan.of(Action.SUBMIT, Action.KILL)]
    widest = max(map(width, doing), default=0)
    with Progress(out, "submitting", total=len(doing), counted=False) as progress:

        def report(done: Done) -> None:
            progress.advance(done.change.name)
            progress.line(done_text(done, palette=out.error_palette, widest=widest), ready=True)

        reconciler = reconciler_of(
            scene,
            ledger=ledger,
            engine=engine,
            plan_again=lambda: make(ledger, engine),
            max_submit=max_submit(options, scene),
            parallelism=options.parallelism,
            stop=stop,
            tell=progress.line,
            report=report,
        )
        if options.plan is not None:
            refuse_overtaken(plan, ledger, scene)
        return reconciler.run()


def refuse_overtaken(plan: Plan, ledger: Ledger, scene: Scene) -> None:
    """Refuse a saved plan that the ledger has overtaken since. Raises StalePlanError."""
    from dfsubmit.savedplan import check_fresh

    check_fresh(plan, ledger.states(scene.project_id))


def tell(options: Options, out: output.Output, report: Report, project: str, left_running: Sequence[str]) -> None:
    """Show the report: the JSON document, or what remains open and the last line; and what nobody asked to be left running."""
    from dfsubmit.cli.runner import tell_of_apply
    from dfsubmit.render.machine import apply_document, json_text
    from dfsubmit.render.markdown import apply_markdown
    from dfsubmit.render.plan import last_line_of_apply
    from dfsubmit.render.unresolved import unresolved_text

    if report.undecided:
        out.say(unresolved_text(report.undecided, palette=out.error_palette).rstrip("\n"))
    if left_running:
        more = len(left_running) - MOST_LEFT_RUNNING
        shown = [*left_running[:MOST_LEFT_RUNNING], *([f"and {more} more of this kind"] if more > 0 else [])]
        out.warning("; ".join(shown), tip="--prune kills what still runs without a manifest")
    page = partial(apply_markdown, project, report.results, warnings=left_running)
    if options.settings.output == "json":
        out.data(json_text(apply_document(report.results)))
    elif options.settings.output == "markdown":
        out.data(page())
    else:
        out.line(last_line_of_apply(report.results))
    tell_of_apply(report.results, os.environ, out, page)


def wait(
    *,
    options: Options,
    scene: Scene,
    ledger: Ledger,
    engine: Engine,
    report: Report,
    stop: Stop,
    out: output.Output,
) -> int:
    """Wait for every app of this set, submitted now or earlier."""
    from dfsubmit.cli.waiting import Waiting

    names = {done.change.name for done in report.results if done.app is not None}
    waiting = Waiting(
        scene=replace(scene, settings=replace(scene.settings, select=())),
        ledger=ledger,
        engine=engine,
        stop=stop,
        out=out,
        timeout=None if options.timeout is None else timedelta(seconds=options.timeout),
        started=time.monotonic(),
    )
    return waiting.run(names)


def max_submit(options: Options, scene: Scene) -> int:
    """Return how many submits this run may do: the flag's number, or the Project's."""
    return options.max_submit if options.max_submit is not None else scene.project.spec.limits.max_submit
