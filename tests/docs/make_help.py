"""Writes `.github/readme/help.md`: the whole help of every verb, as the program prints it.

    python tests/docs/make_help.py

The help is made in this process, from the same commands: two dozen runs of the program would say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from recording import REPOSITORY

from dfsubmit.cli.app import PROGRAM, SECTIONS, app
from dfsubmit.cli.options import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = REPOSITORY / ".github" / "readme" / "help.md"
HEAD = """\
# The help of every verb

Written by `python tests/docs/make_help.py`; a test keeps it equal to what the program prints.
Back to the [README](../../README.md).
"""


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """Return the page."""
    helps = dict(all_helps())
    parts = [HEAD, block(PROGRAM, helps[PROGRAM])]
    for title, rows in SECTIONS.items():
        parts.append(f"## {title}\n")
        for verb in rows:
            words = [words for words in helps if words.split()[:2] == [PROGRAM, verb]]
            parts += [block(path, helps[path], heading="###") for path in words]
    return "\n".join(parts)


def block(words: str, text: str, *, heading: str = "##") -> str:
    """Return the help of one command, as its part of the page."""
    return f"{heading} {words}\n\n```text\n{text.rstrip()}\n```\n"


def all_helps() -> Iterator[tuple[str, str]]:
    """Yield the words of every command, `dfsubmit ledger list` for instance, with its help."""
    top = click.Context(app, info_name=PROGRAM, **CONTEXT)
    yield PROGRAM, app.get_help(top)
    for verb in app.list_commands(top):
        command = app.get_command(top, verb)
        if command is not None:
            yield from helps_below(command, verb, top)


def helps_below(command: click.Command, name: str, above: click.Context) -> Iterator[tuple[str, str]]:
    """Yield the help of `command` and of the verbs that it has of its own."""
    context = click.Context(command, info_name=name, parent=above)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for below, inner in command.commands.items():
            yield from helps_below(inner, below, context)


if __name__ == "__main__":
    main()
