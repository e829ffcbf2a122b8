"""`dfsubmit recover`: settle submissions whose outcome is unknown, by a look at the engine or by a person's word."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import ASKING, common, verb
from dfsubmit.errors import EngineError, InputError, InterruptError, LostRaceError, UsageError
from dfsubmit.settings import Flags, Settings, resolve

if TYPE_CHECKING:
    from datetime import datetime

    from dfsubmit.engine import Engine
    from dfsubmit.journal import Actor, Item, ItemState
    from dfsubmit.ledger.base import Ledger
    from dfsubmit.scene import Scene
    from dfsubmit.settle import Settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `recover` was asked. At most one of `adopt`, `retry` and `abandon`, and then a `name`."""

    settings: Settings
    name: str | None
    adopt: str | None
    retry: bool
    abandon: bool

    @property
    def decides(self) -> bool:
        """Tell whether a person has decided."""
        return bool(self.adopt or self.retry or self.abandon)


@verb(
    "recover",
    exits={
        0: "nothing is unresolved any more",
        1: "the engine or the ledger could not be read, or the prompt was declined",
        3: "unresolved submissions remain",
    },
    examples=(
        "dfsubmit recover",
        "dfsubmit recover bert-finetune --adopt 6ZKSGoSJMMwctK257nxgiL",
        "dfsubmit recover bert-finetune --retry --yes",
    ),
)
@click.argument("name", metavar="[NAME]", required=False, default=None)
@click.option("--adopt", metavar="ID", default=None, help="This app is what the submission became.")
@click.option("--retry", is_flag=True, help="Nothing started: apply may submit it again.")
@click.option("--abandon", is_flag=True, help="Leave it: it counts as settled, without an app.")
@common("file", "engine", "base_url", "ledger", *ASKING)
def command(*, flags: Flags, name: str | None, adopt: str | None, retry: bool, abandon: bool) -> int:
    """Settle what is unresolved: without options by a look at the engine's list, as `apply` does at its start.

    What that cannot tell, a person decides, for one NAME at a time. On a terminal it asks. Where two specs of one name are
    unresolved, NAME@DIGITS says which: the first digits of its fingerprint.
    """
    if sum((adopt is not None, retry, abandon)) > 1:
        raise UsageError("--adopt, --retry and --abandon exclude each other", tip="choose one")
    if (adopt or retry or abandon) and name is None:
        raise UsageError("a decision needs a NAME", tip="`dfsubmit recover` without options shows what is unresolved")
    return run(Options(settings=resolve(flags, os.environ), name=name, adopt=adopt, retry=retry, abandon=abandon))


def run(options: Options) -> int:
    """Settle. Raises DfsubmitError."""
    from dfsubmit.cli.planning import settings_scene
    from dfsubmit.connections import engine_of, ledger_of

    out = output.make(options.settings, os.environ)
    scene = settings_scene(options.settings, out)
    with ledger_of(scene) as ledger, engine_of(scene, tell=out.detail) as engine:
        if options.decides:
            _decide(options, scene, ledger, engine, out)
        else:
            _look(options, scene, ledger, engine, out)
        left = sum(state.is_open for state in ledger.states(scene.project_id).values())
    out.line(f"Recover: {left} unresolved.")
    return 3 if left else 0


def _look(options: Options, scene: Scene, ledger: Ledger, engine: Engine, out: output.Output) -> None:
    """Settle what the engine's list can tell, and ask about the rest where there is somebody to ask."""
    from dfsubmit.cli.stopping import stop_on_signals
    from dfsubmit.compose import settler_of
    from dfsubmit.render.unresolved import unresolved_text

    with stop_on_signals(out) as stop:
        settler = settler_of(scene, ledger=ledger, engine=engine, stop=stop, tell=out.note)
        undecided = [settled for settled in settler.run() if _is_undecided(settled)]
        if stop.requested:
            raise InterruptError("stopped; what was settled is recorded", signal_number=stop.signal_number)
    wanted = [settled for settled in undecided if options.name is None or settled.item.answers_to(options.name)]
    if wanted:
        out.say(unresolved_text(wanted, palette=out.error_palette).rstrip("\n"))
    if (
        wanted
        and sys.stdin.isatty()
        and sys.stderr.isatty()
        and not options.settings.no_input
        and not options.settings.yes
    ):
        for settled in wanted:
            _ask(settled, scene, ledger, engine, out)


def _is_undecided(settled: Settled) -> bool:
    from dfsubmit.recover import Undecidable

    return isinstance(settled.ruling, Undecidable)


def _ask(settled: Settled, scene: Scene, ledger: Ledger, engine: Engine, out: output.Output) -> None:
    """Ask a person about one submission, until an answer makes sense; an empty one leaves it as it is."""
    from dfsubmit.decide import decide

    question = f"{settled.item.name}: an app's id to adopt it, r to retry, a to abandon, Enter to leave it:"
    while answer := out.ask(question):
        adopt = answer if answer.lower() not in ("r", "a") else None
        try:
            said = decide(
                settled.item,
                settled.state,
                adopt=adopt,
                retry=answer.lower() == "r",
                **_seams(scene, ledger, engine),
            )
        except (EngineError, InputError) as error:
            out.error(error.message, tip=error.tip)
        except LostRaceError as error:
            out.note(error.message)
            return
        else:
            out.note(said)
            return


def _decide(options: Options, scene: Scene, ledger: Ledger, engine: Engine, out: output.Output) -> None:
    """Record what a person says about one open item."""
    from dfsubmit.decide import decide

    item, state = _open_item(options.name or "", scene, ledger)
    what = f"adopt {options.adopt}" if options.adopt else "submit it again" if options.retry else "abandon it"
    out.confirm(f"{item.name} is unresolved; {what}?", yes=options.settings.yes, no_input=options.settings.no_input)
    out.note(decide(item, state, adopt=options.adopt, retry=options.retry, **_seams(scene, ledger, engine)))


def _open_item(name: str, scene: Scene, ledger: Ledger) -> tuple[Item, ItemState]:
    found = [
        (item, state)
        for item, state in ledger.states(scene.project_id).items()
        if state.is_open and item.answers_to(name)
    ]
    if not found:
        raise InputError(f"nothing is unresolved for '{name}'", tip="`dfsubmit recover` shows what is")
    if len(found) > 1:
        addresses = ", ".join(sorted(item.address for item, _ in found))
        raise InputError(f"{len(found)} submissions of '{name}' are unresolved", tip=f"name one of them: {addresses}")
    return found[0]


class _Seams(TypedDict):
    """The arguments of `decide` that are the same for every decision."""

    ledger: Ledger
    engine: Engine
    actor: Actor
    at: datetime


def _seams(scene: Scene, ledger: Ledger, engine: Engine) -> _Seams:
    from dfsubmit.compose import now
    from dfsubmit.identity import current_actor

    return _Seams(ledger=ledger, engine=engine, actor=current_actor(scene.environ), at=now())
