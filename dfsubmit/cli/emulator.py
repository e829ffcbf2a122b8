"""`dfsubmit emulator`: the embedded Data Forest over HTTP, for tests, demonstrations and rehearsals."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import common, complete_path, verb
from dfsubmit.errors import DfsubmitError
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from dfsubmit.local.rehearsal import Rehearsal

DEFAULT_PORT = 8642
HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `emulator` was asked. Port 0 takes any free one."""

    settings: Settings
    port: int
    faults: tuple[str, ...]
    scenario: Path | None
    seed: int | None


@verb(
    "emulator",
    exits={0: "stopped by Ctrl-C or SIGTERM", 1: "the port is taken, or the folder cannot be written"},
    examples=(
        "dfsubmit emulator --port 8642",
        "dfsubmit emulator --fault submit:lost-reply:0.2 --fault list:lag:seconds=5 --seed 7",
        "NCLOUD_ACCESS_KEY=LOCALEXAMPLEACCESSKEY NCLOUD_SECRET_KEY=LOCALEXAMPLESECRETKEY \\",
        "  dfsubmit apply --engine dataforest --base-url http://127.0.0.1:8642",
    ),
)
@click.option(
    "--port",
    type=click.IntRange(0, HIGHEST_PORT),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option(
    "--fault",
    "faults",
    metavar="OP:NAME[:P][:KEY=VALUE]",
    multiple=True,
    help="Rehearse a fault, such as submit:lost-reply:0.2 (a fifth of the submits) or list:lag:seconds=10. Repeatable.",
)
@click.option(
    "--scenario",
    metavar="FILE",
    default=None,
    shell_complete=complete_path,
    help="Faults from a file, one a line; seed=N sets the seed.",
)
@click.option(
    "--seed",
    type=int,
    default=None,
    metavar="N",
    help="Seed of the faults' dice: equal seeds, equal faults.  [default: 0]",
)
@click.option("--list-faults", is_flag=True, help="Print the names of all faults, and what each does.")
@common("file")
def command(
    *, flags: Flags, port: int, faults: tuple[str, ...], scenario: str | None, seed: int | None, list_faults: bool
) -> int:
    """Serve the embedded Data Forest on 127.0.0.1 until it is stopped. Apps really run, and outlive it.

    It is the same engine, in the same folder, that `--engine local` uses without a server. The first line of standard
    output is its URL; the keys that it accepts are made up and said on standard error.
    """
    settings = resolve(flags, os.environ)
    if list_faults:
        return _list_faults(settings)
    path = Path(scenario) if scenario else None
    return run(Options(settings=settings, port=port, faults=faults, scenario=path, seed=seed))


def run(options: Options) -> int:
    """Serve. Raises DfsubmitError."""
    from dfsubmit.cli.planning import settings_scene
    from dfsubmit.connections import local_settings
    from dfsubmit.local.server import serve

    out = output.make(options.settings, os.environ)
    scene = settings_scene(options.settings, out)
    settings = local_settings(scene)

    rehearsal = _rehearsal(options)

    def ready(url: str) -> None:
        out.line(url)
        output.flush()
        out.note(f"NCLOUD_ACCESS_KEY={settings.access_key} NCLOUD_SECRET_KEY={settings.secret_key}")

    try:
        serve(settings, port=options.port, on_ready=ready, faults=rehearsal)
    except OSError as error:
        raise DfsubmitError(
            f"port {options.port} cannot be used: {error.strerror}", tip="--port 0 takes a free one"
        ) from error
    return 0


def _rehearsal(options: Options) -> Rehearsal | None:
    """Return the faults that were asked for. Raises UsageError, InputError."""
    from dfsubmit.cli.inputs import read_text
    from dfsubmit.local.rehearsal import Rehearsal, parse_fault, parse_scenario

    wanted = [parse_fault(text) for text in options.faults]
    seed = options.seed
    if options.scenario is not None:
        text = read_text(options.scenario, tip="--scenario names a file with a fault on each line")
        more, said = parse_scenario(text, str(options.scenario))
        wanted += more
        seed = said if seed is None else seed
    return Rehearsal(wanted, seed=seed or 0) if wanted else None


def _list_faults(settings: Settings) -> int:
    from dfsubmit.local.rehearsal import NAMES

    out = output.make(settings, os.environ)
    width = max(map(len, NAMES))
    for name, kind in NAMES.items():
        only = f" ({kind.only} only)" if kind.only not in ("", "any") else ""
        out.line(f"{name:<{width}}  {kind.does}{only}")
    return 0
