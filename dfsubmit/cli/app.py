"""The table of verbs, and the click group that imports a verb's module only when that verb is run.

Nothing else is here: a verb's options, help and work stand in its own module. Rules: importing this module imports click
and nothing heavier; the list of verbs, completion and "did you mean" work from the table alone.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dfsubmit import __version__
from dfsubmit.cli.options import CONTEXT, help_option, unknown_verb
from dfsubmit.cli.output import Output

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PROGRAM = "dfsubmit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One verb: the module that holds its `command`, what it does in one line, and its other name."""

    module: str
    summary: str
    alias: str = ""


def _row(name: str, summary: str, *, alias: str = "") -> Row:
    return Row(module=f"dfsubmit.cli.{name}", summary=summary, alias=alias)


SECTIONS: dict[str, dict[str, Row]] = {
    "Write and check": {
        "init": _row("init", "Make a new folder of manifests that validates and applies as it is."),
        "validate": _row("validate", "Check manifests, offline, and show every problem at its line.", alias="lint"),
        "fmt": _row("fmt", "Bring manifests into canonical order and style, comments and all."),
        "schema": _row("schema", "Print the JSON Schema of manifests or of a machine output."),
        "explain": _row("explain", "Explain a finding's code or a field of a manifest."),
        "render": _row("render", "Print the exact requests that apps would be submitted with."),
    },
    "Plan and submit": {
        "plan": _row("plan", "Show what apply would do.", alias="diff"),
        "show": _row("show", "Show a saved plan."),
        "apply": _row("apply", "Submit what is new, exactly once."),
        "comment": _row("comment", "Show a plan in a comment of its pull request."),
    },
    "Follow": {
        "status": _row("status", "Show what the submitted apps are doing.", alias="ps"),
        "wait": _row("wait", "Wait until apps have ended; the exit code says how."),
        "logs": _row("logs", "Print an app's log."),
        "kill": _row("kill", "Stop apps."),
    },
    "Look after": {
        "adopt": _row("adopt", "Tell the ledger that a running app belongs to a manifest."),
        "recover": _row("recover", "Settle submissions whose outcome is unknown."),
        "ledger": _row("ledger", "Look into the record of what was submitted."),
        "doctor": _row("doctor", "Check that everything dfsubmit needs is in place."),
        "emulator": _row("emulator", "Serve the embedded Data Forest over HTTP."),
        "completion": _row("completion", "Print the completion script of a shell."),
    },
}
VERBS: dict[str, Row] = {name: row for section in SECTIONS.values() for name, row in section.items()}
ALIASES: dict[str, str] = {row.alias: name for name, row in VERBS.items() if row.alias}


class App(click.Group):
    """The group of all verbs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the table."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one verb and return its command."""
        del ctx
        row = VERBS.get(ALIASES.get(cmd_name, cmd_name))
        if row is None:
            return None
        command: click.Command = importlib.import_module(row.module).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that `args` begin with. Raises UsageError for an unknown one."""
        command = self.get_command(ctx, args[0])
        if command is None and not ctx.resilient_parsing:
            raise unknown_verb(args[0], PROGRAM, [*VERBS, *ALIASES])
        return (command.name if command else None), command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs from the table, so that help imports none of their modules."""
        del ctx
        for title, rows in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    # Padded to one width, so that the sections' columns stand below each other.
                    (f"{name:<10}", row.summary + (f" (also: {row.alias})" if row.alias else ""))
                    for name, row in rows.items()
                )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit codes that all verbs share, and where to go on."""
        del ctx
        with formatter.section("Exit codes of every verb"):
            formatter.write_dl(
                [
                    ("0", "done; nothing wrong"),
                    ("1", "something is wrong: findings, a failure, or a question answered with no"),
                    ("64", "the command line makes no sense"),
                    ("70", "a bug in dfsubmit, shown with its traceback"),
                    ("130, 143", "stopped by Ctrl-C or SIGTERM"),
                    ("141", "the reader of standard output closed it"),
                ]
            )
        formatter.write_paragraph()
        formatter.write(f"`{PROGRAM} VERB --help` shows a verb's options, its other exit codes and examples.\n")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[Any]]:
        """Complete verbs from the table, so that completion imports none of their modules."""
        from click.shell_completion import CompletionItem

        verbs = [CompletionItem(name, help=row.summary) for name, row in VERBS.items() if name.startswith(incomplete)]
        return verbs + click.Command.shell_complete(self, ctx, incomplete)


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value and not ctx.resilient_parsing:
        Output().line(f"{PROGRAM} {__version__}")
        ctx.exit()


@click.command(
    PROGRAM,
    cls=App,
    context_settings=CONTEXT,
    add_help_option=False,
    options_metavar="",
    subcommand_metavar="VERB [OPTIONS]",
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Print the version and exit.",
)
def app() -> None:
    """Submit Data Forest AI apps from versioned YAML manifests, exactly once."""


app.params.append(help_option())
