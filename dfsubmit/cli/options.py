"""The options that verbs share, as decorators, and the form of every verb's help.

A verb is one module of this package with one click command named `command`, made with `@verb`. `@common` adds the shared
options that it understands and hands them over as one `Flags` value; the variables are read by `settings.resolve`, not by
click, so that the order of precedence is written once. Rules: help is 100 columns wide whatever the terminal, because the
README is checked against it; every verb shows its exit codes and at least one example.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from dfsubmit.cli.output import Output
from dfsubmit.errors import UsageError
from dfsubmit.settings import ENGINES, PREFIX, Flags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from click.shell_completion import CompletionItem

HELP_WIDTH = 100
CONTEXT: dict[str, Any] = {
    "help_option_names": ["-h", "--help"],
    "terminal_width": HELP_WIDTH,
    "max_content_width": HELP_WIDTH,
}

# Keeps words on one line while help is wrapped: a no-break space, which becomes a plain one afterwards.
_TIE = "\xa0"
_USAGE_EXIT = {64: "the command line makes no sense"}

P = ParamSpec("P")
F = TypeVar("F", bound="Callable[..., Any]")


def show_help(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Print the help and end, through the output that knows what a broken pipe or a full disk means."""
    del param
    if value and not ctx.resilient_parsing:
        Output().line(ctx.get_help())
        ctx.exit()


def help_option() -> click.Option:
    """Return the option that takes the place of click's own, which writes past our output."""
    return click.Option(
        ["-h", "--help"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show_help,
        help="Show this message and exit.",
    )


class CommonOption(click.Option):
    """An option that means the same for every verb that has it; help lists these apart."""


def complete_path(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
    """Let the shell complete a file name."""
    from click.shell_completion import CompletionItem

    del ctx, param
    return [CompletionItem(incomplete, type="file")]


# Name of the field of Flags → the option's spellings, its help (with its default), and what click needs to know.
_COMMON: Mapping[str, tuple[tuple[str, ...], str, Mapping[str, Any]]] = {
    "file": (
        ("-f", "--file"),
        (
            "Manifests to read: a file, a folder, a glob, or - for standard input. Repeatable. The variable holds "
            "a list separated by colons.  [default: specs; env var: {}]"
        ),
        {"multiple": True, "shell_complete": complete_path, "metavar": "FILE|DIR|GLOB|-"},
    ),
    "select": (
        ("--select",),
        (
            "Only apps whose name is NAME or fits the glob, or that carry the label. Repeatable: an app that fits "
            "any of them is taken. The variable holds a list separated by commas.  [env var: {}]"
        ),
        {"multiple": True, "metavar": "NAME|GLOB|LABEL=VALUE"},
    ),
    "output": (("-o", "--output"), "The form of what goes to standard output.  [default: {default}; env var: {}]", {}),
    "engine": (
        ("--engine",),
        "Where apps run: on this machine, or on Data Forest.  [default: what the Project says, else local; env var: {}]",
        {"type": click.Choice(ENGINES)},
    ),
    "base_url": (
        ("--base-url",),
        "Address of the engine's API, for instance that of an emulator.  [default: what the Project says; env var: {}]",
        {"metavar": "URL"},
    ),
    "ledger": (
        ("--ledger",),
        (
            "Where the record of what was submitted lies: sqlite:PATH, git:REMOTE (or git:REMOTE#REF) for a ref of a git "
            "repository, or memory: to remember nothing, so that each apply submits everything.  "
            "[default: what the Project says; env var: {}]"
        ),
        {"metavar": "PLACE"},
    ),
    "offline": (("--offline",), "Ask no engine: work from the manifests and the ledger alone.  [env var: {}]", {}),
    "no_cache": (
        ("--no-cache",),
        "Read and judge everything anew, whatever earlier runs have found out.  [env var: {}]",
        {},
    ),
    "strict": (("--strict",), "Treat warnings as errors.  [env var: {}]", {}),
    "yes": (("-y", "--yes"), "Answer every question with yes.  [env var: {}]", {}),
    "no_input": (("--no-input",), "Never ask: fail where a question would be asked.  [env var: {}]", {}),
    "quiet": (("-q", "--quiet"), "Say only what was asked for, and errors.  [env var: {}]", {}),
    "verbose": (("-v", "--verbose"), "Say more.  [env var: {}]", {"count": True}),
    "no_color": (
        ("--no-color",),
        "No colours. They are only used on a terminal, and not where NO_COLOR is set.  [env var: {}]",
        {},
    ),
}
READING = ("file", "select", "strict")
REMOTE = ("engine", "base_url", "ledger", "offline")
ASKING = ("yes", "no_input")
TALKING = ("quiet", "verbose", "no_color")
_SWITCHES = frozenset({"offline", "no_cache", "strict", "yes", "no_input", "quiet", "no_color"})

COMMON_NAMES = tuple(_COMMON)
# Every spelling of a common option, for the hint that options follow the verb.
SPELLINGS = frozenset(spelling for spellings, _, _ in _COMMON.values() for spelling in spellings)


def common(*names: str, outputs: tuple[str, ...] = ()) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Add the common options `names`, `--output` for `outputs` (the first is the default), and those on talking.

    The verb's function gets them as one argument, `flags`. Write it below all other options of the verb.
    """
    wanted = (*names, *(("output",) if outputs else ()), *TALKING)

    def decorate(function: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(function)
        def with_flags(**values: Any) -> int:
            given = {name: values.pop(name) for name in wanted}
            return function(flags=Flags(outputs=outputs or ("text",), **given), **values)

        result: Callable[..., int] = with_flags
        for name in reversed(wanted):
            result = _option(name, outputs)(result)
        return result

    return decorate


def _option(name: str, outputs: tuple[str, ...]) -> Callable[[F], F]:
    """Return the decorator that adds one common option."""
    spellings, text, extra = _COMMON[name]
    details = dict(extra)
    if name in _SWITCHES:
        details |= {"is_flag": True, "default": False}
    if name == "output":
        details["type"] = click.Choice(outputs)
    shown = text.format(PREFIX + name.upper(), default=outputs[0] if outputs else "")
    return click.option(*spellings, name, cls=CommonOption, help=shown, **details)


class _Help(click.Command):
    """The parts of help that click leaves out: common options apart, exit codes, examples."""

    def __init__(self, *args: Any, exits: Mapping[int, str], examples: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **{"add_help_option": False, **kwargs})
        self.params.append(help_option())
        self.exits = exits
        self.examples = examples

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the command line apart. Raises UsageError for an empty value, which a variable that is not set leaves behind."""
        taking = {name for one in self.params if isinstance(one, click.Option) and not one.is_flag for name in one.opts}
        for before, word in zip(("", *args), args, strict=False):
            if not word or (word.startswith("--") and word.endswith("=")):
                name = word.rstrip("=") or (before if before in taking else "an argument")
                raise UsageError(
                    f"{name} is empty", tip="leave it out, or check the variable that it was meant to hold"
                )
        return super().parse_args(ctx, args)

    def get_help(self, ctx: click.Context) -> str:
        """Return the help as it is printed."""
        return super().get_help(ctx).replace(_TIE, " ")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verb's own options, then the common ones."""
        own: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            # Some versions of click have a record for arguments too; ours are explained in the verb's text.
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                (shared if isinstance(param, CommonOption) else own).append((record[0], _tied(record[1])))
        for title, records in (("Options", own), ("Common options", shared)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit codes and the examples."""
        del ctx
        with formatter.section("Exit codes"):
            formatter.write_dl(
                [(str(code), meaning) for code, meaning in sorted({**self.exits, **_USAGE_EXIT}.items())]
            )
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"  {example}\n")


def _tied(text: str) -> str:
    """Return an option's help with its default and its variable kept beside their labels."""
    return text.replace("[default: ", f"[default:{_TIE}").replace("env var: ", f"env{_TIE}var:{_TIE}")


class Verb(_Help):
    """One verb of the command line."""


class VerbGroup(_Help, click.Group):
    """A verb that has verbs of its own, such as `ledger`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"no_args_is_help": False, **kwargs})

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that `args` begin with. Raises UsageError for an unknown one."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise unknown_verb(args[0], ctx.command_path, self.commands)
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the verbs."""
        super().format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


def unknown_verb(word: str, path: str, known: Iterable[str]) -> UsageError:
    """Return the error for a word that is none of the verbs of the command `path`."""
    from dfsubmit.suggest import closest

    meant = closest(word, known)
    tip = f"did you mean `{path} {meant}`?" if meant else f"`{path} --help` lists the verbs"
    return UsageError(f"there is no verb '{word}'", tip=tip)


def verb(name: str, *, exits: Mapping[int, str], examples: tuple[str, ...]) -> Callable[[Callable[..., int]], Verb]:
    """Make a verb of a function that returns an exit code. Code 64 need not be given."""
    return click.command(name, cls=Verb, exits=exits, examples=examples)
