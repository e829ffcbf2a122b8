"""`dfsubmit schema`: the JSON Schema of manifests, or of a document that another verb prints with `-o json`.

The schema of manifests is `dfsubmit.schema`'s, byte for byte. Those of the machine outputs are made here from the types
that the renderers use, so that neither can drift from what is printed; `OUTPUTS` is the table of them.
"""

from __future__ import annotations

import difflib
import importlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import click

from dfsubmit.cli import output
from dfsubmit.cli.inputs import read_text
from dfsubmit.cli.options import common, complete_path, verb
from dfsubmit.render.terminal import neutral
from dfsubmit.settings import Flags, Settings, resolve

MANIFESTS = "manifests"

# Verb → module and type of the document that it prints with `-o json`.
OUTPUTS: dict[str, tuple[str, str]] = {
    "validate": ("dfsubmit.render.validate_json", "ValidateDocument"),
    "plan": ("dfsubmit.render.machine", "PlanDocument"),
    "show": ("dfsubmit.render.machine", "PlanDocument"),
    "apply": ("dfsubmit.render.machine", "ApplyDocument"),
    "status": ("dfsubmit.render.machine", "StatusDocument"),
    "wait": ("dfsubmit.render.machine", "StatusDocument"),
    "ledger": ("dfsubmit.render.machine", "LedgerDocument"),
    "doctor": ("dfsubmit.render.machine", "DoctorDocument"),
    "render": ("dfsubmit.render.requests", "RenderDocument"),
}
# A verb with another form of its output → the same for that form.
FORMS: dict[str, tuple[str, str]] = {
    "validate-jsonl": ("dfsubmit.render.jsonl", "Line"),
    "validate-gitlab": ("dfsubmit.render.gitlab", "GitlabReport"),
}
# So many lines of a difference say what is wrong; the rest would only scroll it away.
_DIFFERENCE_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `schema` was asked: which schema, and the file to compare it with."""

    settings: Settings
    what: str
    check: Path | None


@verb(
    "schema",
    exits={0: "the schema was printed, or FILE equals it", 1: "FILE differs from the schema or cannot be read"},
    examples=(
        "dfsubmit schema > schema/dfsubmit.v1.schema.json",
        "dfsubmit schema --check schema/dfsubmit.v1.schema.json",
        "dfsubmit schema validate",
        "dfsubmit schema validate-jsonl",
    ),
)
@click.argument("what", metavar="[VERB]", type=click.Choice([MANIFESTS, *OUTPUTS, *FORMS]), default=MANIFESTS)
@click.option(
    "--check",
    metavar="FILE",
    shell_complete=complete_path,
    help="Print nothing but say whether FILE is this schema, byte for byte.",
)
@common()
def command(flags: Flags, what: str, check: str | None) -> int:
    """Print the JSON Schema (2020-12) of manifests, for editors and for CI.

    With VERB, print the schema of the document that this verb prints with `-o json`. With `validate-jsonl`, print
    that of one line of `validate -o jsonl`, and with `validate-gitlab` that of `validate -o gitlab`.
    """
    settings = resolve(flags, os.environ)
    return run(Options(settings=settings, what=what, check=None if check is None else Path(check)))


def run(options: Options) -> int:
    """Print or compare. Raises InputError when the file cannot be read."""
    out = output.make(options.settings, os.environ)
    text = schema_text(options.what)
    if options.check is None:
        out.data(text)
        return 0
    committed = read_text(options.check, tip="write it again with `dfsubmit schema > FILE`")
    if committed == text:
        out.note(f"{options.check} is current")
        return 0
    for line in _difference(committed, text, str(options.check)):
        out.line(neutral(line))
    again = "dfsubmit schema" if options.what == MANIFESTS else f"dfsubmit schema {options.what}"
    out.error(f"{options.check} is not what {again} prints", tip=f"{again} > {options.check}")
    return 1


def schema_text(what: str) -> str:
    """Return one schema as it is published, a final newline included."""
    if what == MANIFESTS:
        from dfsubmit import schema

        return schema.schema_text()
    from dfsubmit.render.published import published_schema

    module, name = (OUTPUTS | FORMS)[what]
    document = getattr(importlib.import_module(module), name)
    verb_name, _, form = what.partition("-")
    title = f"dfsubmit {verb_name} -o {form or 'json'}"
    return json.dumps(published_schema(document, title), indent=2, ensure_ascii=False) + "\n"


def _difference(committed: str, text: str, name: str) -> list[str]:
    """Return the first lines of what would have to change."""
    lines = list(
        difflib.unified_diff(committed.splitlines(), text.splitlines(), name, "current", lineterm="", n=1),
    ) or ["the files differ in their line ends only"]
    more = len(lines) - _DIFFERENCE_LINES
    return lines[:_DIFFERENCE_LINES] + ([f"... and {more} lines more"] if more > 0 else [])
