"""`dfsubmit show`: a saved plan, as it was made."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import common, complete_path, verb
from dfsubmit.errors import InputError
from dfsubmit.settings import Flags, Settings, resolve

PENDING = 2
# A plan of 100,000 apps has about 100 MB; whatever is larger was not written by `plan --out`.
LARGEST_PLAN = 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `show` was asked."""

    settings: Settings
    plan: Path
    detailed_exitcode: bool


@verb(
    "show",
    exits={0: "the plan was shown", 1: "it cannot be read", 2: "it has changes to make, only with --detailed-exitcode"},
    examples=("dfsubmit show release.plan", "dfsubmit show release.plan -o json | jq .summary"),
)
@click.argument("plan", metavar="PLAN", shell_complete=complete_path)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when the plan has changes to make.")
@common(outputs=("text", "json", "markdown"))
def command(flags: Flags, plan: str, detailed_exitcode: bool) -> int:
    """Show PLAN, a file that `plan --out` wrote. Asks neither ledger nor engine."""
    return run(Options(settings=resolve(flags, os.environ), plan=Path(plan), detailed_exitcode=detailed_exitcode))


def run(options: Options) -> int:
    """Show the saved plan. Raises InputError."""
    from dfsubmit.cli.planning import page_of
    from dfsubmit.cli.runner import tell_of_plan
    from dfsubmit.render.machine import json_text, plan_document
    from dfsubmit.render.plan import plan_text
    from dfsubmit.savedplan import from_text

    out = output.make(options.settings, os.environ)
    plan = from_text(read_plan(options.plan), str(options.plan))
    tell_of_plan(plan, os.environ, out)
    if options.settings.output == "json":
        out.data(json_text(plan_document(plan, {"engineAsked": plan.seen})))
    elif options.settings.output == "markdown":
        out.data(page_of(plan)())
    else:
        out.data(plan_text(plan, palette=out.palette, verbose=out.verbosity > 0))
    return PENDING if options.detailed_exitcode and plan.has_changes else 0


def read_plan(path: Path) -> str:
    """Return the text of a plan file. Raises InputError."""
    try:
        if not path.is_file():
            raise InputError(
                f"{path} is not a file", tip="`dfsubmit plan --out FILE` writes a plan; manifests are named with --file"
            )
        if path.stat().st_size > LARGEST_PLAN:
            raise InputError(f"{path} is too large for a plan")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not a plan file", tip="`dfsubmit plan --out FILE` writes one; manifests are named with --file"
        ) from error
