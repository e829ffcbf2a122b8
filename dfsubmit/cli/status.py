"""`dfsubmit status`: what the submitted apps are doing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import REMOTE, common, verb
from dfsubmit.errors import EngineError
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dfsubmit.cli.output import Output
    from dfsubmit.engine import App
    from dfsubmit.journal import Item, ItemState
    from dfsubmit.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `status` was asked."""

    settings: Settings
    names: tuple[str, ...]
    every: bool


@verb(
    "status",
    exits={
        0: "shown, whatever the apps are doing",
        1: "the ledger cannot be read",
        102: "nothing was submitted under that name",
    },
    examples=("dfsubmit status", "dfsubmit status 'bert-*'", "dfsubmit status -o json | jq '.apps[].app.state'"),
)
@click.argument("names", metavar="[NAME...]", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Also show earlier submissions of a name.")
@common("file", *REMOTE, outputs=("text", "json"))
def command(flags: Flags, names: tuple[str, ...], every: bool) -> int:
    """Show the apps that were submitted, by the names of their manifests (globs are fine; all by default).

    A failed app shows the end of its log. With --offline the ledger alone is read;
    one in git whose host cannot be reached is then taken as it was last seen here.
    """
    return run(Options(settings=resolve(flags, os.environ), names=names, every=every))


def run(options: Options) -> int:
    """Show the table. Raises DfsubmitError."""
    from dfsubmit.cli.following import rows_of
    from dfsubmit.cli.planning import settings_scene
    from dfsubmit.compose import now
    from dfsubmit.connections import ledger_of
    from dfsubmit.render.machine import json_text
    from dfsubmit.render.status import status_document, status_text

    out = output.make(options.settings, os.environ)
    scene = settings_scene(options.settings, out)
    with ledger_of(scene, last_seen=out.warning) as ledger:
        states = ledger.states(scene.project_id)
        remote, tails, asked = _ask(options, scene, states, out)
        rows = rows_of(options.names, states, remote, every=options.every)
        if options.settings.output == "json":
            out.data(json_text(status_document(rows, tails=tails)))
        else:
            moment = now() if out.live else None
            out.data(status_text(rows, asked=asked, tails=tails, now=moment, palette=out.palette))
    return 0


def _ask(
    options: Options, scene: Scene, states: Mapping[Item, ItemState], out: Output
) -> tuple[dict[str, App], dict[str, tuple[str, ...]], bool]:
    """Return the apps by id, the ends of failed apps' logs, and whether the engine answered."""
    from dfsubmit.cli.following import rows_of
    from dfsubmit.connections import engine_of
    from dfsubmit.follow import tails_of

    ours = {state.app.id for state in states.values() if state.app}
    if options.settings.offline or not ours:
        return {}, {}, not options.settings.offline
    try:
        with engine_of(scene, tell=out.detail) as engine:
            remote = {app.id: app for app in engine.list_apps().apps if app.id in ours}
            rows = rows_of(options.names, states, remote, every=options.every)
            return remote, tails_of(engine, [row.remote for row in rows if row.remote]), True
    except EngineError as error:
        out.warning(f"the engine was not asked: {error.message}", tip=error.tip)
        return {}, {}, False
