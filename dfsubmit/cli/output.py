"""What a run says, and where: data to standard output, everything else to standard error.

`Output` is made once per run from the settings and handed to whatever has something to say. Nothing that is said on
standard error can stop a run: an apply whose terminal has gone away still records what it did. What cannot be written to
standard output ends the run, quietly when the reader has closed the pipe. Foreign text is neutralised here, once;
what the renderers hand over as data is theirs to have neutralised.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from dfsubmit.cli import streams
from dfsubmit.errors import DeclinedError, DfsubmitError
from dfsubmit.render.terminal import COLOUR, PLAIN, Palette, neutral

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dfsubmit.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where a run's words go. `verbosity`: -1 quiet, 0 as usual, 1 and more for detail."""

    verbosity: int = 0
    # The looks of standard output and of standard error: one may be a terminal and the other not.
    palette: Palette = PLAIN
    error_palette: Palette = PLAIN
    live: bool = False

    def data(self, text: str) -> None:
        """Write `text`, as it is, to standard output. Raises BrokenPipeError when nobody reads any more."""
        with _standard_output():
            sys.stdout.write(text)

    def flush(self) -> None:
        """Let what was written to standard output be seen now. Raises BrokenPipeError as `data` does."""
        with _standard_output():
            sys.stdout.flush()

    def raw(self, content: bytes) -> None:
        """Write the bytes of a file, as they are, to standard output. Raises BrokenPipeError as `data` does."""
        with _standard_output():
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()

    def line(self, text: str) -> None:
        """Write one line of data."""
        self.data(text + "\n")

    def note(self, text: str) -> None:
        """Say on standard error what goes on; silent with --quiet."""
        if self.verbosity >= 0:
            self.say(neutral(text))

    def detail(self, text: str) -> None:
        """Say on standard error what only --verbose wants to know."""
        if self.verbosity > 0:
            self.say(neutral(text))

    def warning(self, message: str, *, tip: str = "") -> None:
        """Say on standard error what a person should know although the run goes on; silent with --quiet."""
        if self.verbosity >= 0:
            self._problem("warning", self.error_palette.warning, message, tip)

    def error(self, message: str, *, tip: str = "") -> None:
        """Say on standard error why the run ends badly."""
        self._problem("error", self.error_palette.error, message, tip)

    def _problem(self, word: str, look: str, message: str, tip: str) -> None:
        paint = self.error_palette.paint
        self.say(f"{paint(look, word + ':')} {_neutral_lines(message)}")
        if tip:
            self.say(f"{paint(self.error_palette.help, 'tip:')} {_neutral_lines(tip)}")

    def say(self, line: str) -> None:
        """Write a line, already neutral, to standard error whatever the settings. Never raises.

        What was written to standard output before comes out first: a log of both streams tells things in their order.
        """
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    def say_in_handler(self, line: str) -> None:
        """Write a line, already neutral, to standard error from the handler of a signal. Never raises.

        Goes past the buffers: the signal may have come in the midst of a write to them, and Python refuses a second one.
        """
        with contextlib.suppress(OSError):
            os.write(2, f"{line}\n".encode("utf-8", "backslashreplace"))

    def confirm(self, question: str, *, yes: bool, no_input: bool) -> None:
        """Ask a person, unless `yes`. Raises DeclinedError for a no, and at once where nobody can answer."""
        if yes:
            return
        if no_input or not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
            raise DeclinedError(
                f"this needs an answer, and there is nobody to ask: {question}",
                tip="add --yes to go on without a question",
            )
        if self.ask(f"{question} [y/N]").lower() not in ("y", "yes"):
            raise DeclinedError("declined; nothing was done")

    def ask(self, question: str) -> str:
        """Return what a person types after the question, without blanks around it; empty at the end of the input."""
        sys.stderr.write(f"{neutral(question)} ")
        sys.stderr.flush()
        answer = ""
        try:
            answer = sys.stdin.readline()
        finally:
            if not answer.endswith("\n"):  # Ctrl-C and Ctrl-D leave the question's line open
                sys.stderr.write("\n")
        return answer.strip()


def make(settings: Settings, environ: Mapping[str, str]) -> Output:
    """Return the output for a run with `settings`."""
    return for_run(environ, no_color=settings.no_color, verbosity=settings.verbosity)


def for_run(environ: Mapping[str, str], *, no_color: bool = False, verbosity: int = 0) -> Output:
    """Return the output for a run of which only this much is known."""
    return Output(
        verbosity=verbosity,
        palette=COLOUR if wants_colour(sys.stdout, environ, no_color=no_color) else PLAIN,
        error_palette=COLOUR if wants_colour(sys.stderr, environ, no_color=no_color) else PLAIN,
        live=verbosity >= 0 and _is_terminal(sys.stderr) and environ.get("TERM") != "dumb",
    )


def wants_colour(stream: TextIO, environ: Mapping[str, str], *, no_color: bool = False) -> bool:
    """Tell whether `stream` gets colours: the flag, NO_COLOR, CLICOLOR_FORCE, then whether it is a real terminal."""
    if no_color or environ.get("NO_COLOR"):
        return False
    if environ.get("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return _is_terminal(stream) and environ.get("TERM") != "dumb"


def flush() -> None:
    """Bring out what is still buffered for standard output. Raises BrokenPipeError, DfsubmitError."""
    with _standard_output():
        sys.stdout.flush()


def fail(error: OSError) -> int:
    """Raise what stands for `error`, met while writing to standard output: BrokenPipeError, DfsubmitError."""
    with _standard_output():
        raise error


@contextlib.contextmanager
def _standard_output() -> Iterator[None]:
    """Map what can go wrong with standard output, and keep what is buffered from failing again at the end."""
    try:
        yield
    except BrokenPipeError:
        streams.silence(1)
        raise
    except OSError as error:
        streams.silence(1)
        raise DfsubmitError(
            f"standard output cannot be written: {os.strerror(error.errno or 0)}",
            tip="give it another place to write to; what the run has done stays done",
        ) from error


def _neutral_lines(text: str) -> str:
    """Return `text` neutral line by line, the lines after the first set in."""
    return "\n  ".join(neutral(line) for line in text.split("\n"))


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False
