"""`dfsubmit explain`: what a finding's code or a field of a manifest means."""

from __future__ import annotations

import os
from dataclasses import dataclass

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import common, verb
from dfsubmit.settings import Flags, Settings, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `explain` was asked."""

    settings: Settings
    topic: str


@verb(
    "explain",
    exits={0: "the topic was explained", 1: "there is no such topic"},
    examples=("dfsubmit explain DF0101", "dfsubmit explain spec.docker.env", "dfsubmit explain Project"),
)
@click.argument("topic", metavar="[TOPIC]", default="")
@common()
def command(flags: Flags, topic: str) -> int:
    """Explain TOPIC: the code of a finding, a kind, or the path of a field (any end of it). Without TOPIC, list all.

    For a code: what it means, an example of the mistake, and one without it. For a field: its meaning, type, bounds,
    default, an example, and where the rule comes from.
    """
    return run(Options(settings=resolve(flags, os.environ), topic=topic))


def run(options: Options) -> int:
    """Print the explanation. Raises InputError for an unknown topic."""
    from dfsubmit.explain import explain

    output.make(options.settings, os.environ).line(explain(options.topic).rstrip("\n"))
    return 0
