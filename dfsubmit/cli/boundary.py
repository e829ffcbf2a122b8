"""The one place where a run ends, well or badly: every exception becomes a message and an exit code here.

Known errors become `error: …` and `tip: …` on standard error; what nobody foresaw becomes "this is a bug in dfsubmit"
with its traceback. click's own errors are said in the same form, with the exit code that this program's table gives to a
usage error. Rules: verbs raise and never exit; only here is an exit code made of an exception.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

import click

from dfsubmit import __version__
from dfsubmit.cli import output, streams
from dfsubmit.cli.app import ALIASES, PROGRAM, VERBS, app
from dfsubmit.cli.options import CONTEXT, SPELLINGS
from dfsubmit.errors import DfsubmitError, InterruptError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INTERRUPTED = 130
# As a program that dies of SIGPIPE, which is what the reader of a closed pipe expects.
BROKEN_PIPE = 141
BUG = 70

COMPLETE_VARIABLE = "_DFSUBMIT_COMPLETE"


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code. Raises nothing."""
    streams.prepare()
    out = output.for_run(os.environ, no_color="--no-color" in arguments)
    try:
        return _guarded(arguments, out, lambda: _dispatch(list(arguments), out))
    except KeyboardInterrupt:  # pressed again while an error was being told
        return INTERRUPTED


def unwritten(arguments: Sequence[str], error: OSError) -> int:
    """Return the exit code of a run that ended because standard output took nothing more, and say so as `run` does."""
    return _guarded(
        arguments, output.for_run(os.environ, no_color="--no-color" in arguments), lambda: output.fail(error)
    )


def ended(arguments: Sequence[str], error: BaseException) -> int:
    """Return the exit code of a run that `error` has ended elsewhere, and say so as `run` does."""

    def again() -> int:
        raise error

    return _guarded(arguments, output.for_run(os.environ, no_color="--no-color" in arguments), again)


def _guarded(arguments: Sequence[str], out: output.Output, act: Callable[[], int]) -> int:
    try:
        code = act()
        output.flush()
    except BrokenPipeError:  # of standard output: the ledger and the engines map their own
        streams.silence(1)
        return BROKEN_PIPE
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # the boundary: what nobody foresaw is said to be a bug
        known = _known(error, arguments)
        return _bug(out) if known is None else _end(known.exit_code, out, known.message, known.tip)
    return code


def _known(error: BaseException, arguments: Sequence[str]) -> DfsubmitError | None:
    """Return `error` in our words; None for what only a bug can raise."""
    if isinstance(error, DfsubmitError):
        return error
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return InterruptError("interrupted", signal_number=signal.SIGINT)
    if isinstance(error, click.UsageError):
        return _translated(error, arguments)
    if isinstance(error, click.ClickException):
        return DfsubmitError(_sentence(error))
    if isinstance(error, OSError) and error.filename is not None:
        return DfsubmitError(f"{os.fsdecode(error.filename)}: {error.strerror}")
    return None


def _dispatch(arguments: list[str], out: output.Output) -> int:
    instruction = os.environ.get(COMPLETE_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(app, {}, PROGRAM, COMPLETE_VARIABLE, instruction)
    if not arguments:
        out.say(app.get_help(click.Context(app, info_name=PROGRAM, **CONTEXT)))
        return UsageError.exit_code
    try:
        # Verbs find there what exactly was asked.
        with app.make_context(PROGRAM, list(arguments), obj=tuple(arguments)) as context:
            code: int = app.invoke(context)
            return code
    except click.exceptions.Exit as end:  # --help and --version
        return end.exit_code


def _end(code: int, out: output.Output, message: str, tip: str = "") -> int:
    """Say why a run ended, after what it had still to say on standard output."""
    with contextlib.suppress(OSError, DfsubmitError):
        output.flush()
    out.error(message, tip=tip)
    return code


def _bug(out: output.Output) -> int:
    """Show the exception being handled, whole, with what its report should contain."""
    import platform
    import traceback

    out.say(traceback.format_exc().rstrip())
    place = f"dfsubmit {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return _end(BUG, out, "this is a bug in dfsubmit", f"please report it with the lines above and: {place}")


def _translated(error: click.UsageError, arguments: Sequence[str]) -> UsageError:
    """Return click's complaint in our words."""
    path = error.ctx.command_path if error.ctx is not None else _path(arguments)
    tip = f"`{path} --help` shows its options"
    if not isinstance(error, click.NoSuchOption):
        if _reads_manifests(error) and "unexpected extra argument" in error.message:
            tip = f"manifests are named with --file: `{path} -f FILE`"
        return UsageError(_sentence(error), tip=tip)
    if path == PROGRAM and error.option_name in SPELLINGS:
        tip = f"options follow the verb: `{PROGRAM} VERB {error.option_name}`"
    elif error.possibilities:
        tip = f"did you mean {' or '.join(sorted(error.possibilities))}?"
    return UsageError(f"`{path}` has no option '{error.option_name}'", tip=tip)


def _reads_manifests(error: click.UsageError) -> bool:
    """Tell whether the verb takes manifests, so that a word too much is most likely one of them."""
    return error.ctx is not None and any(param.name == "file" for param in error.ctx.command.params)


def _path(arguments: Sequence[str]) -> str:
    """Return which verb `arguments` name; click does not always say."""
    verb = next((ALIASES.get(word, word) for word in arguments if ALIASES.get(word, word) in VERBS), "")
    return f"{PROGRAM} {verb}".rstrip()


def _sentence(error: click.ClickException) -> str:
    """Return click's message as ours are written: it begins small and has no full stop."""
    message = " ".join(error.format_message().split()).rstrip(".")
    return message[:1].lower() + message[1:]
