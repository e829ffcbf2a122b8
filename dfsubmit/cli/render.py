"""`dfsubmit render`: the exact requests that apps would be submitted with."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dfsubmit.cli import output
from dfsubmit.cli.options import READING, common, verb
from dfsubmit.settings import Flags, Settings, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `render` was asked."""

    settings: Settings


@verb(
    "render",
    exits={0: "the requests were printed", 1: "there are findings, and nothing was printed"},
    examples=(
        "dfsubmit render -f specs/bert.yaml",
        "dfsubmit render --select team=nlp -o json | jq .requests[0].request",
    ),
)
@common(*READING, outputs=("yaml", "json"))
def command(flags: Flags) -> int:
    """Print the body that each app would be submitted with: every default explicit, secrets as references.

    Asks no engine and changes nothing. The requests stand in the order of the apps' names.
    """
    return run(Options(settings=resolve(flags, os.environ)))


def run(options: Options) -> int:
    """Print the requests of the selected apps. Raises InputError."""
    from dfsubmit.cli.checking import load_or_show
    from dfsubmit.render.machine import json_text
    from dfsubmit.render.requests import render_document, requests_yaml
    from dfsubmit.selection import select

    settings = options.settings
    out = output.make(settings, os.environ)
    state = load_or_show(settings, out)
    apps = sorted(select(state.apps, settings.select), key=lambda app: app.name)
    out.data(json_text(render_document(apps)) if settings.output == "json" else requests_yaml(apps))
    out.note(f"{len(apps)} of {len(state.apps)} apps rendered")
    return 0
