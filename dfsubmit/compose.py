"""Puts the parts of a run together: which set, who is running, how to submit; `connections` opens its ledger and engine.

Below the command line and the Python API, which share it, and above everything that it connects. The last place that
knows of files, clocks, environment variables and networks; what it hands out is values and the two seams, the ledger
and the engine. It asks nobody and prints nothing. Rule: nothing is opened before it is needed, and nothing is created for
a run that only reads.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dfsubmit.connections import quiet
from dfsubmit.enginemark import check_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from dfsubmit.applier import Stop
    from dfsubmit.engine import Engine
    from dfsubmit.examining import Check
    from dfsubmit.known import KnownFiles
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.plan import Plan
    from dfsubmit.project import DesiredState
    from dfsubmit.reconcile import Reconciler
    from dfsubmit.results import Done
    from dfsubmit.scene import Scene
    from dfsubmit.settings import Settings
    from dfsubmit.settle import Settler
    from dfsubmit.sources import SourceSet


def now() -> datetime:
    """Return this machine's clock, in UTC."""
    return datetime.now(UTC)


def load(settings: Settings, *, also: Check | None = None, known: KnownFiles | None = None) -> DesiredState:
    """Return what the files ask for, with all findings; `also` is one more check of every document.

    `known` is what an earlier run learnt of the files, which makes this one faster and nothing else.
    """
    from dfsubmit.sources import find

    state = _loaded(find(settings.files), also, known)
    if not settings.strict:
        return state
    return replace(state, diagnostics=tuple(finding.as_error() for finding in state.diagnostics))


def _loaded(sources: SourceSet, also: Check | None, known: KnownFiles | None) -> DesiredState:
    from dfsubmit.alike import AlikeFiles
    from dfsubmit.gathering import DocumentNeededError
    from dfsubmit.project import load_project

    if also is None:
        with contextlib.suppress(DocumentNeededError):
            state = load_project(sources, examined=known or AlikeFiles())
            if known is not None:
                known.learn(state)
            return state
    return load_project(sources, also=also)


def selected(state: DesiredState, settings: Settings) -> DesiredState:
    """Return the part of `state` that --select means. Raises InputError when an expression fits no app."""
    from dfsubmit.selection import select

    if not settings.select:
        return state
    return replace(state, apps=select(state.apps, settings.select), whole=False)


def settler_of(
    scene: Scene, *, ledger: Ledger, engine: Engine, stop: Stop, tell: Callable[[str], None] = quiet
) -> Settler:
    """Return what settles the open submissions of this run's project; `tell` gets lines of progress."""
    from dfsubmit.identity import current_actor
    from dfsubmit.settle import Settler

    check_engine(ledger.states(scene.project_id).values(), scene.engine_mark)
    return Settler(
        ledger=ledger,
        engine=engine,
        project=scene.project_id,
        actor=current_actor(scene.environ),
        settle=scene.settle,
        now=now,
        sleep=lambda seconds: interruptible_sleep(stop, seconds),
        stop=stop,
        tell=tell,
    )


def reconciler_of(
    scene: Scene,
    *,
    ledger: Ledger,
    engine: Engine,
    plan_again: Callable[[], Plan],
    max_submit: int,
    parallelism: int,
    stop: Stop,
    tell: Callable[[str], None] = quiet,
    report: Callable[[Done], None] = quiet,
) -> Reconciler:
    """Return what carries the plans of `plan_again` out; `report` gets each result as it becomes known."""
    from dfsubmit.applier import Applier, ApplySettings
    from dfsubmit.identity import with_commit_of
    from dfsubmit.reconcile import Reconciler
    from dfsubmit.repository import SeenFromRoot

    settler = settler_of(scene, ledger=ledger, engine=engine, stop=stop, tell=tell)
    applier = Applier(
        ledger=ledger,
        engine=engine,
        actor=with_commit_of(settler.actor, scene.root),
        environ=scene.environ,
        now=now,
        settings=ApplySettings(
            parallelism=parallelism, timeout=scene.timeout, marker=scene.marker, engine_mark=scene.engine_mark
        ),
        stop=stop,
        report=report,
        named=SeenFromRoot(),
    )
    return Reconciler(settler=settler, applier=applier, plan_again=plan_again, max_submit=max_submit)


def interruptible_sleep(stop: Stop, seconds: float) -> None:
    """Wait, but not past a stop request."""
    end = time.monotonic() + seconds
    while not stop.requested and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))
