"""`dfsubmit completion`: the script that makes a shell complete dfsubmit's verbs and options."""

from __future__ import annotations

import os

import click

from dfsubmit.cli import output
from dfsubmit.cli.options import verb

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_DFSUBMIT_COMPLETE"


@verb(
    "completion",
    exits={0: "the script was printed"},
    examples=(
        'eval "$(dfsubmit completion bash)"  # in ~/.bashrc',
        'eval "$(dfsubmit completion zsh)"  # in ~/.zshrc',
        "dfsubmit completion fish > ~/.config/fish/completions/dfsubmit.fish",
    ),
)
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
def command(shell: str) -> int:
    """Print the script that makes SHELL (bash, zsh or fish) complete verbs, options and file names.

    The script calls dfsubmit at each press of TAB; that reads no file and asks no engine.
    """
    return run(shell)


def run(shell: str) -> int:
    """Print the completion script of one shell."""
    from click.shell_completion import ShellComplete, get_completion_class

    from dfsubmit.cli.app import PROGRAM, app

    found = get_completion_class(shell)
    if found is None:
        raise LookupError(shell)
    completer = found(app, {}, PROGRAM, VARIABLE)
    # The base class's method: bash's own starts a bash to ask for its version, and there may be none here.
    output.for_run(os.environ).line(ShellComplete.source(completer).rstrip())
    return 0
