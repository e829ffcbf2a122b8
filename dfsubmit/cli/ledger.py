"""`dfsubmit ledger`: look into the record of what was submitted."""

from __future__ import annotations

import os

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import ASKING, VerbGroup, common, verb
from dfsubmit.settings import Flags, resolve


@click.group(
    "ledger",
    cls=VerbGroup,
    exits={0: "done", 1: "the ledger cannot be read, or does not hold together"},
    examples=("dfsubmit ledger list", "dfsubmit ledger verify", "dfsubmit ledger export > ledger.jsonl"),
    subcommand_metavar="VERB [OPTIONS]",
)
def command() -> None:
    """Look into the ledger: the append-only record of every intent and outcome. Only `rebuild` adds to it."""


@verb(
    "list",
    exits={0: "listed", 1: "the ledger cannot be read"},
    examples=("dfsubmit ledger list", "dfsubmit ledger list bert-finetune"),
)
@click.argument("names", metavar="[NAME...]", nargs=-1)
@common("file", "ledger", outputs=("text", "json"))
def list_command(*, flags: Flags, names: tuple[str, ...]) -> int:
    """Print the entries of this project, oldest first, for all names or for NAME...."""
    from dfsubmit.cli.planning import settings_scene
    from dfsubmit.connections import ledger_of
    from dfsubmit.ledger.codec import encode
    from dfsubmit.render.entries import entries_text
    from dfsubmit.render.machine import json_text
    from dfsubmit.render.terminal import counted

    settings = resolve(flags, os.environ)
    out = output.make(settings, os.environ)
    scene = settings_scene(settings, out)
    with ledger_of(scene) as ledger:
        entries = [entry for entry in ledger.entries(scene.project_id) if not names or entry.item.name in names]
        if settings.output == "json":
            out.data(json_text({"schemaVersion": 1, "entries": [encode(entry) for entry in entries]}))
        else:
            out.data(entries_text(entries))
            out.note(f"{counted(len(entries), 'entry', 'entries')} in {ledger.describe()}")
    return 0


@verb(
    "verify",
    exits={0: "every entry fits", 1: "some do not, or the ledger cannot be read"},
    examples=("dfsubmit ledger verify",),
)
@common("file", "ledger")
def verify_command(*, flags: Flags) -> int:
    """Check every entry of the ledger, of all projects, against the table of steps."""
    from dfsubmit.cli.planning import settings_scene
    from dfsubmit.connections import ledger_of
    from dfsubmit.ledger.verify import verify

    settings = resolve(flags, os.environ)
    out = output.make(settings, os.environ)
    with ledger_of(settings_scene(settings, out)) as ledger:
        report = verify(ledger)
        for misfit in report.misfits:
            out.line(f"{misfit.place}: {misfit.item.key + ': ' if misfit.item else ''}{misfit.message}")
        out.line(
            f"Ledger: {report.entries} entries, {report.items} items, {len(report.misfits)} misfits in {ledger.describe()}."
        )
    return 1 if report.misfits else 0


@verb(
    "export", exits={0: "printed", 1: "the ledger cannot be read"}, examples=("dfsubmit ledger export > ledger.jsonl",)
)
@common("file", "ledger")
def export_command(*, flags: Flags) -> int:
    """Print every entry of the ledger, of all projects, one JSON document a line. Holds no secrets."""
    from dfsubmit.cli.planning import settings_scene
    from dfsubmit.connections import ledger_of
    from dfsubmit.ledger.codec import encode
    from dfsubmit.render.jsontext import json_text

    settings = resolve(flags, os.environ)
    out = output.make(settings, os.environ)
    with ledger_of(settings_scene(settings, out)) as ledger:
        for entry in ledger.entries(None):
            out.data(json_text(encode(entry), indent=None))
    return 0


@verb(
    "rebuild",
    exits={
        0: "every app of the list belongs to an entry",
        1: "the ledger or the engine cannot be read, or the prompt was declined",
        3: "some could not be decided",
    },
    examples=("dfsubmit ledger rebuild", "dfsubmit ledger rebuild --unmarked --yes"),
)
@click.option(
    "--unmarked", is_flag=True, help="Also record apps without a marker, where only one fits and it fits only one."
)
@common("file", "engine", "base_url", "ledger", *ASKING)
def rebuild_command(*, flags: Flags, unmarked: bool) -> int:
    """Record again what the engine's list shows to be submitted, after the ledger was lost.

    With `submission.marker` the names of the apps tell for certain which manifest they came from, and those are recorded.
    All others are listed, with the command that records one of them. Run this before apply: without a ledger, apply would
    submit everything again.
    """
    from dfsubmit.cli.rebuilding import run

    return run(resolve(flags, os.environ), unmarked=unmarked)


command.add_command(list_command)
command.add_command(verify_command)
command.add_command(export_command)
command.add_command(rebuild_command)
