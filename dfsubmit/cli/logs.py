"""`dfsubmit logs`: an app's log, and more of it as it is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import common, verb
from dfsubmit.errors import DfsubmitError, EngineError, InterruptError
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from dfsubmit.applier import Stop
    from dfsubmit.cli.output import Output
    from dfsubmit.engine import Container, Engine

PAUSE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `logs` was asked."""

    settings: Settings
    name: str
    follow: bool
    tail: int | None


@verb(
    "logs",
    exits={
        0: "the log was printed",
        1: "there is no log yet, or it can only be opened in a browser",
        102: "nothing was submitted under that name",
        130: "stopped by Ctrl-C; the app goes on",
    },
    examples=("dfsubmit logs bert-finetune", "dfsubmit logs -n 20 -f bert-finetune"),
)
@click.argument("name", metavar="NAME")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the app has ended.")
@click.option(
    "-n", "--tail", type=click.IntRange(min=0), default=None, metavar="LINES", help="Begin with the last LINES lines."
)
@click.option(
    "--file",
    "file",
    multiple=True,
    metavar="FILE|DIR|GLOB",
    help="The set that the app belongs to.  [default: specs; env var: DFSUBMIT_FILE]",
)
@common("engine", "base_url", "ledger")
def command(flags: Flags, name: str, follow: bool, tail: int | None, file: tuple[str, ...]) -> int:
    """Print the log of the app that the manifest NAME became.

    What the app wrote is printed as it is, apart from control characters on a terminal.
    """
    from dataclasses import replace

    settings = resolve(replace(flags, file=file), os.environ)
    return run(Options(settings=settings, name=name, follow=follow, tail=tail))


def run(options: Options) -> int:
    """Print the log. Raises DfsubmitError."""
    from dfsubmit.cli.following import one_of, rows_of
    from dfsubmit.cli.planning import settings_scene
    from dfsubmit.cli.stopping import stop_on_signals
    from dfsubmit.connections import engine_of, ledger_of

    out = output.make(options.settings, os.environ)
    scene = settings_scene(options.settings, out)
    with ledger_of(scene) as ledger:
        row = one_of(options.name, rows_of([options.name], ledger.states(scene.project_id), {}))
        app, state = row.state.app, row.state.state.value
    if app is None:
        raise DfsubmitError(f"{row.name} has no app: it is {state}", tip="`dfsubmit status` shows more")
    with engine_of(scene, tell=out.detail) as engine, stop_on_signals(out) as stop:
        return _Reader(engine=engine, app_id=app.id, out=out, stop=stop).run(options)


@dataclass(kw_only=True)
class _Reader:
    engine: Engine
    app_id: str
    out: Output
    stop: Stop
    offset: int = 0

    def run(self, options: Options) -> int:
        from dfsubmit.compose import interruptible_sleep

        first = True
        while True:
            detail = self.engine.get(self.app_id)
            ended = detail.app.finished
            content = self._more(detail.containers)
            if first and options.tail is not None:
                content = b"".join(content.splitlines(keepends=True)[-options.tail :]) if options.tail else b""
            self._print(content)
            if ended or not options.follow:
                if first and not self.offset:
                    return self._nothing(detail.app.state)
                return 0
            first = False
            interruptible_sleep(self.stop, PAUSE)
            if self.stop.requested:
                raise InterruptError("stopped following; the app goes on", signal_number=self.stop.signal_number)

    def _more(self, containers: tuple[Container, ...]) -> bytes:
        """Return what the log has beyond what was read. Raises EngineError where it can only be opened in a browser."""
        content = b""
        for container in containers[:1]:
            while True:
                part = self.engine.read_log(container, offset=self.offset)
                if part is None:
                    raise EngineError(
                        f"the log of this app can only be opened in a browser: {container.log_url or 'no address is known'}"
                    )
                self.offset += len(part)
                content += part
                if not part:
                    break
        return content

    def _print(self, content: bytes) -> None:
        from dfsubmit.render.terminal import neutral

        if not content:
            return
        text = content.decode("utf-8", errors="replace")
        if self.out.live:
            text = "".join(neutral(line.rstrip("\r\n")) + "\n" for line in text.splitlines())
        self.out.data(text)

    def _nothing(self, state: str) -> int:
        self.out.error(f"the log is empty: the app is {state}")
        return 1
