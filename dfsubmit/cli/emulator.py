"""`dfsubmit emulator`: the embedded Data Forest over HTTP, for tests, demonstrations and rehearsals."""

from __future__ import annotations

import os
from dataclasses import dataclass

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import common, verb
from dfsubmit.cli.settings import Flags, Settings, resolve
from dfsubmit.errors import DfsubmitError

DEFAULT_PORT = 8642
HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `emulator` was asked. Port 0 takes any free one."""

    settings: Settings
    port: int


@verb(
    "emulator",
    exits={0: "stopped by Ctrl-C or SIGTERM", 1: "the port is taken, or the folder cannot be written"},
    examples=(
        "dfsubmit emulator --port 8642",
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
@common("file")
def command(*, flags: Flags, port: int) -> int:
    """Serve the embedded Data Forest on 127.0.0.1 until it is stopped. Apps really run, and outlive it.

    It is the same engine, in the same folder, that `--engine local` uses without a server. The first line of standard
    output is its URL; the keys that it accepts are made up and said on standard error.
    """
    return run(Options(settings=resolve(flags, os.environ), port=port))


def run(options: Options) -> int:
    """Serve. Raises DfsubmitError."""
    from dfsubmit.cli.compose import local_settings
    from dfsubmit.cli.planning import settings_scene
    from dfsubmit.local.server import serve

    out = output.make(options.settings, os.environ)
    scene = settings_scene(options.settings, out)
    settings = local_settings(scene)

    def ready(url: str) -> None:
        out.line(url)
        output.flush()
        out.note(f"NCLOUD_ACCESS_KEY={settings.access_key} NCLOUD_SECRET_KEY={settings.secret_key}")

    try:
        serve(settings, port=options.port, on_ready=ready)
    except OSError as error:
        raise DfsubmitError(
            f"port {options.port} cannot be used: {error.strerror}", tip="--port 0 takes a free one"
        ) from error
    return 0
