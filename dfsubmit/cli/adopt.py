"""`dfsubmit adopt`: tell the ledger that an app which was started by hand belongs to a manifest."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import ASKING, common, verb
from dfsubmit.errors import InputError
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from dfsubmit.desired import DesiredApp
    from dfsubmit.engine import AppDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `adopt` was asked."""

    settings: Settings
    name: str
    app_id: str


@verb(
    "adopt",
    exits={0: "recorded", 1: "there is no such manifest or app, it belongs to another, or the prompt was declined"},
    examples=("dfsubmit adopt bert-finetune --id 6ZKSGoSJMMwctK257nxgiL",),
)
@click.argument("name", metavar="NAME")
@click.option("--id", "app_id", metavar="ID", required=True, help="The app's id, as the service shows it.")
@common("file", "engine", "base_url", "ledger", *ASKING)
def command(*, flags: Flags, name: str, app_id: str) -> int:
    """Record that the app ID is what the manifest NAME became, so that apply does not submit it.

    For apps that were started by hand. Shows first how the app differs from the manifest, as far as the service tells.
    """
    return run(Options(settings=resolve(flags, os.environ), name=name, app_id=app_id))


def run(options: Options) -> int:
    """Adopt. Raises DfsubmitError."""
    from dfsubmit.cli.planning import desired_scene
    from dfsubmit.compose import now
    from dfsubmit.connections import engine_of, ledger_of
    from dfsubmit.decide import adopt_for, adoptable
    from dfsubmit.identity import current_actor
    from dfsubmit.journal import NOTHING, Item

    out = output.make(options.settings, os.environ)
    scene, state = desired_scene(options.settings, out)
    app = next((app for app in state.apps if app.name == options.name), None)
    if app is None:
        raise InputError(f"there is no manifest '{options.name}' in the set", tip="`dfsubmit plan` lists them")
    item = Item(key=f"{scene.project_id}/{app.name}", fingerprint=app.fingerprint)
    with ledger_of(scene) as ledger, engine_of(scene, tell=out.detail) as engine:
        detail = adoptable(options.app_id, ledger, engine)
        for line in _comparison(app, detail):
            out.note(line)
        out.confirm(f"Record it as {app.name}?", yes=options.settings.yes, no_input=options.settings.no_input)
        known = ledger.states(scene.project_id).get(item, NOTHING)
        actor = current_actor(scene.environ)
        ref = adopt_for(item, known, options.app_id, ledger=ledger, engine=engine, actor=actor, at=now())
    out.line(f"Adopt: {app.name} is {ref.name or ref.id}.")
    return 0


def _comparison(app: DesiredApp, detail: AppDetail) -> list[str]:
    """Return what the service shows of the app, and where that differs from the manifest."""
    from dfsubmit.render.plan import state_text

    shown = detail.app
    docker, resource = app.request["docker"], app.request["resource"]
    pairs: list[tuple[str, Any, Any]] = [
        ("queue", shown.queue, app.request["queueName"]),
        ("name", shown.name, f"{app.request['namePrefix']}-…"),
    ]
    for container in detail.containers:
        pairs += [
            ("image", container.image, docker["image"]),
            ("cpuCount", container.cpu_count, resource["cpuCount"]),
            ("memoryMb", container.memory_mb, resource["memoryMb"]),
        ]
    lines = [f"{shown.name} ({shown.id}) is {state_text(shown)}"]
    for what, has, wants in pairs:
        same = (
            has in (None, "")
            or has == wants
            or (what == "name" and str(has).startswith(app.request["namePrefix"] + "-"))
        )
        if not same:
            lines.append(f"  differs: {what} is {has}, the manifest says {wants}")
    return lines
