"""The public Python API: load, validate, make_plan, apply and status, as `from dfsubmit import load, make_plan, …`.

Each function does what the verb of the same name does, and returns values instead of printing. Files, engine and ledger
are found as the command line finds them: an argument beats a DFSUBMIT_* variable, which beats the Project; so a script
and a verb that run in the same place speak of the same ledger. Nothing here asks, prints, colours or handles signals. Every
failure is an exception of `dfsubmit.errors`.

What the functions take and return is stable: `DesiredState` (project), `Diagnostic` (diagnostics), `Plan` and `Change`
(plan), `Report` (reconcile), `Done` (results), `Followed` (follow). What else these modules hold may change.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dfsubmit.errors import InputError, UsageError
from dfsubmit.settings import ENGINES, Flags, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.engine import Listing
    from dfsubmit.follow import Followed
    from dfsubmit.plan import Plan
    from dfsubmit.project import DesiredState
    from dfsubmit.reconcile import Report
    from dfsubmit.results import Done
    from dfsubmit.scene import Scene

DEFAULT_PARALLELISM = 8
_FINDINGS_IN_A_MESSAGE = 10


def _quiet(_: object) -> None:
    """Tell nobody."""


def validate(*files: str | os.PathLike[str], strict: bool = False) -> tuple[Diagnostic, ...]:
    """Return every finding of every file, in reading order: errors and warnings. Nothing is raised for bad manifests.

    `files` are files, folders or globs; none means `specs`. `strict` turns warnings into errors.
    """
    return _load(files, (), strict=strict).diagnostics


def load(*files: str | os.PathLike[str], select: Iterable[str] = (), strict: bool = False) -> DesiredState:
    """Return what the manifests ask for: the project, and an app for each manifest.

    `files` as for `validate`; `select` takes names, globs or label=value and keeps the apps that fit any of them. Raises
    InputError when there are errors, with the first of them in its message, or when an expression of `select` fits no app.
    """
    from dfsubmit.compose import selected

    state = _load(files, tuple(select), strict=strict)
    if state.has_errors:
        raise InputError(_summary(state.diagnostics), tip="dfsubmit.validate returns all findings")
    return selected(state, resolve(Flags(select=tuple(select)), os.environ))


def make_plan(
    state: DesiredState,
    *,
    prune: bool = False,
    offline: bool = False,
    engine: str | None = None,
    base_url: str | None = None,
    ledger: str | None = None,
) -> Plan:
    """Return what `apply` would do with `state`. Changes nothing.

    The engine is asked what submitted apps are doing; `offline` leaves that out. `prune` plans to kill apps that
    still run and whose manifest is gone. `engine` is `local` or `dataforest`, `base_url` its address, `ledger` is
    `sqlite:PATH`, `git:REMOTE` or `memory:`. Raises EngineError, LedgerError, UsageError.
    """
    from dfsubmit.connections import ledger_of
    from dfsubmit.planning import plan_of

    scene = _scene(state, engine=engine, base_url=base_url, ledger=ledger)
    with ledger_of(scene) as opened:
        first = plan_of(scene, state, opened, None, prune=False)
        # An engine that has started nothing for this project has nothing to show.
        if offline or not any(change.app for change in first.changes):
            return first
        return plan_of(scene, state, opened, _listing(scene), prune=prune)


def apply(
    state: DesiredState,
    *,
    expect: str | None = None,
    max_submit: int | None = None,
    prune: bool = False,
    new_ledger: bool = False,
    parallelism: int = DEFAULT_PARALLELISM,
    report: Callable[[Done], None] = _quiet,
    engine: str | None = None,
    base_url: str | None = None,
    ledger: str | None = None,
) -> Report:
    """Submit what is new in `state`, exactly once, and return what became of every app.

    `expect` is the token of a plan: what it names is done and nothing else, or nothing at all. `max_submit` is the most
    apps to submit, by default the Project's limit. `report` is called with each result as it becomes known. `new_ledger`
    says that a ledger which seems to be lost is new. `prune`, `engine`, `base_url` and `ledger` are as for `make_plan`.

    A submit that the service refused, or whose outcome is unknown, is a result and no exception: look at the report's
    `exit_code`, `results` and `undecided`. Raises StalePlanError, LimitError and MissingSecretError before anything is
    sent; EngineError and LedgerError at any time. An exception of any kind, KeyboardInterrupt too, leaves the ledger in
    order: the next apply settles what was in flight.
    """
    from dfsubmit.applier import Stop
    from dfsubmit.beginning import check_beginning
    from dfsubmit.compose import reconciler_of
    from dfsubmit.connections import engine_of, ledger_of
    from dfsubmit.planning import plan_of
    from dfsubmit.reconcile import check_limit, check_secrets, expected_part, only

    scene = _scene(state, engine=engine, base_url=base_url, ledger=ledger)
    most = scene.project.spec.limits.max_submit if max_submit is None else max_submit
    with ledger_of(scene) as opened, engine_of(scene) as connected:

        def plan_again() -> Plan:
            return plan_of(scene, state, opened, connected.list_apps() if prune else None, prune=prune)

        plan = plan_again()
        again = plan_again
        if expect is not None:
            plan, _ = expected_part(plan, expect)
            named = {change.item for change in plan.pending}

            def again() -> Plan:
                return only(plan_again(), named)

        check_limit(plan, most)
        check_secrets(plan, scene.environ)
        check_beginning(scene, plan, opened, connected, new=new_ledger)
        return reconciler_of(
            scene,
            ledger=opened,
            engine=connected,
            plan_again=again,
            max_submit=most,
            parallelism=parallelism,
            stop=Stop(),
            report=report,
        ).run()


def status(
    state: DesiredState,
    *,
    every: bool = False,
    offline: bool = False,
    engine: str | None = None,
    base_url: str | None = None,
    ledger: str | None = None,
) -> tuple[Followed, ...]:
    """Return what was submitted for the project of `state`, by name, each with its app as the engine shows it now.

    `every` also returns earlier submissions of a name. `remote` of a row is None where the engine does not list the app,
    and everywhere with `offline`. Raises EngineError, LedgerError, UsageError.
    """
    from dfsubmit.connections import ledger_of
    from dfsubmit.follow import followed

    scene = _scene(state, engine=engine, base_url=base_url, ledger=ledger)
    with ledger_of(scene) as opened:
        states = opened.states(scene.project_id)
        ours = any(known.app for known in states.values())
        listing = _listing(scene) if ours and not offline else None
        return followed(states, {app.id: app for app in listing.apps} if listing else {}, every=every)


def _load(files: Sequence[str | os.PathLike[str]], select: tuple[str, ...], *, strict: bool) -> DesiredState:
    from dfsubmit.compose import load as load_set

    flags = Flags(file=tuple(os.fspath(file) for file in files), select=select, strict=strict)
    return load_set(resolve(flags, os.environ))


def _scene(state: DesiredState, *, engine: str | None, base_url: str | None, ledger: str | None) -> Scene:
    from dfsubmit.scene import Scene

    if engine is not None and engine not in ENGINES:
        raise UsageError(f"engine is '{engine}'", tip=f"it is {' or '.join(ENGINES)}")
    settings = resolve(Flags(engine=engine, base_url=base_url, ledger=ledger), os.environ)
    return Scene(settings=settings, project=state.project, root=state.root, environ=os.environ)


def _listing(scene: Scene) -> Listing:
    from dfsubmit.connections import engine_of

    with engine_of(scene) as connected:
        return connected.list_apps()


def _summary(findings: Sequence[Diagnostic]) -> str:
    """Return the errors, one a line, the first few of them."""
    from dfsubmit.diagnostics import Severity

    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    lines = [f"{_place(finding)}: [{finding.code}] {finding.message}" for finding in errors[:_FINDINGS_IN_A_MESSAGE]]
    more = len(errors) - len(lines)
    return "\n".join(["the manifests have errors", *lines, *([f"and {more} more"] if more else [])])


def _place(finding: Diagnostic) -> str:
    span = finding.span
    return f"{finding.path}:{span.line}:{span.column}" if span else finding.path
