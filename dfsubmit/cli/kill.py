"""`dfsubmit kill`: stop apps."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import ASKING, common, verb
from dfsubmit.errors import EngineError, NoSuchAppError
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from dfsubmit.engine import Engine
    from dfsubmit.follow import Followed
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `kill` was asked."""

    settings: Settings
    names: tuple[str, ...]


@verb(
    "kill",
    exits={
        0: "the apps were told to stop, or had ended",
        1: "one could not be stopped, or the prompt was declined",
        102: "nothing was submitted under that name",
    },
    examples=("dfsubmit kill bert-finetune", "dfsubmit kill 'bert-*' --yes"),
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@common("file", "engine", "base_url", "ledger", *ASKING)
def command(flags: Flags, names: tuple[str, ...]) -> int:
    """Stop the apps of NAME... (globs are fine), earlier submissions of the same name included.

    A killed app stays submitted: apply does not start it again. To run it once more, raise its generation.
    """
    return run(Options(settings=resolve(flags, os.environ), names=names))


def run(options: Options) -> int:
    """Kill. Raises DfsubmitError."""
    from dfsubmit.cli.following import rows_of
    from dfsubmit.cli.planning import settings_scene
    from dfsubmit.connections import engine_of, ledger_of

    out = output.make(options.settings, os.environ)
    scene = settings_scene(options.settings, out)
    with ledger_of(scene) as ledger:
        states = ledger.states(scene.project_id)
        rows_of(options.names, states, {})
        with engine_of(scene, tell=out.detail) as engine:
            remote = {app.id: app for app in engine.list_apps().apps}
            rows = rows_of(options.names, states, remote, every=True)
            running = [row for row in rows if row.remote is not None and not row.remote.finished]
            if running:
                shown = ", ".join(row.remote.name for row in running if row.remote)
                out.confirm(f"Kill {shown}?", yes=options.settings.yes, no_input=options.settings.no_input)
            failures = sum(not _kill(row, scene, ledger, engine, out) for row in running)
    out.line(f"Kill: {len(running) - failures} killed, {len(rows) - len(running)} not running, {failures} failed.")
    return 1 if failures else 0


def _kill(row: Followed, scene: Scene, ledger: Ledger, engine: Engine, out: output.Output) -> bool:
    """Kill one app and record it; tell whether that went well."""
    from dfsubmit.compose import now
    from dfsubmit.identity import current_actor
    from dfsubmit.journal import Entry, Event

    if row.state.app is None:
        return True
    try:
        engine.kill(row.state.app.id)
    except NoSuchAppError:
        out.note(f"{row.name}: {row.state.app.name} is already gone")
        return True
    except EngineError as error:
        out.error(f"{row.name}: {error.message}", tip=error.tip)
        return False
    entry = Entry(
        item=row.item,
        version=row.state.version + 1,
        event=Event.KILLED,
        at=now(),
        attempt=uuid.uuid4().hex,
        by=current_actor(scene.environ),
        app=row.state.app,
    )
    ledger.append([entry])
    out.note(f"{row.name}: {row.state.app.name} was told to stop")
    return True
