"""`dfsubmit wait`: wait until apps have ended; the exit code says how."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import timedelta

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import common, verb
from dfsubmit.settings import Flags, Settings, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `wait` was asked. `timeout` in seconds; None waits as long as it takes, zero looks once."""

    settings: Settings
    names: tuple[str, ...]
    timeout: float | None


@verb(
    "wait",
    exits={
        0: "all ended well",
        100: "an app failed",
        101: "not finished, with --timeout 0",
        102: "nothing was submitted under that name, or the app is gone from the list",
        103: "an app was killed",
        124: "the timeout has passed",
        130: "stopped by Ctrl-C; the apps go on",
    },
    examples=("dfsubmit wait", "dfsubmit wait bert-finetune --timeout 3600", "dfsubmit wait --timeout 0  # look once"),
)
@click.argument("names", metavar="[NAME...]", nargs=-1)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=None,
    metavar="SECONDS",
    help="Wait no longer than this; 0 looks once.",
)
@common("file", "engine", "base_url", "ledger", outputs=("text", "json"))
def command(flags: Flags, names: tuple[str, ...], timeout: float | None) -> int:
    """Wait until the apps of NAME... (globs are fine; all that were submitted by default) have ended.

    Tells of each end as it comes, with the end of a failed app's log, and shows the table of `status` at last.
    """
    return run(Options(settings=resolve(flags, os.environ), names=names, timeout=timeout))


def run(options: Options) -> int:
    """Wait. Raises DfsubmitError."""
    from dfsubmit.cli import status
    from dfsubmit.cli.following import rows_of
    from dfsubmit.cli.planning import settings_scene
    from dfsubmit.cli.stopping import stop_on_signals
    from dfsubmit.cli.waiting import Waiting
    from dfsubmit.connections import engine_of, ledger_of

    out = output.make(options.settings, os.environ)
    scene = settings_scene(options.settings, out)
    with ledger_of(scene) as ledger, engine_of(scene, tell=out.detail) as engine, stop_on_signals(out) as stop:
        rows = rows_of(options.names, ledger.states(scene.project_id), {})
        waiting = Waiting(
            scene=scene,
            ledger=ledger,
            engine=engine,
            stop=stop,
            out=out,
            timeout=None if options.timeout is None else timedelta(seconds=options.timeout),
            started=time.monotonic(),
        )
        code = waiting.run({row.name for row in rows})
    status.run(status.Options(settings=options.settings, names=options.names, every=False))
    return code
