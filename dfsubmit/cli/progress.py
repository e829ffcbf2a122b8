"""Progress: one line that is redrawn on a terminal, plain lines anywhere else.

On a terminal the line shows how far a run is and what it is at; lines that stay are put above it. Off a terminal a line is
printed for each tenth of a known total, and whenever what it is at changes where there is no total, so that the log
of a CI job stays short and is the same for the same work. Nothing is said with --quiet.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING, Self

from dfsubmit.render.terminal import neutral

if TYPE_CHECKING:
    from dfsubmit.cli.output import Output

_TENTHS = 10
# A terminal is redrawn at most so often, in seconds; more only costs time.
_REDRAW = 0.05
_CLEAR = "\r\x1b[2K"


class Progress:
    """A context manager. `label` is what is done, in the -ing form; `total` how many there are, when that is known.

    `counted` False leaves the counts to the terminal's line: who prints a line for each result needs no others in a log.
    Several threads may report.
    """

    def __init__(self, output: Output, label: str, *, total: int | None = None, counted: bool = True) -> None:
        self._output = output
        self._label = neutral(label)
        self._total = total
        self._counted = counted
        self._done = 0
        self._detail = ""
        self._printed = ""
        self._drawn_at = 0.0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        with self._lock:
            self._show(always=self._output.live)
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._erase()

    def advance(self, detail: str = "") -> None:
        """Count one more as done; `detail` names it."""
        with self._lock:
            self._done += 1
            self._detail = neutral(detail)
            self._show(always=self._done == self._total)

    def at(self, detail: str) -> None:
        """Say what the run is at, without counting."""
        with self._lock:
            self._detail = neutral(detail)
            self._show(always=False)

    def line(self, text: str, *, ready: bool = False) -> None:
        """Print a line that stays; silent with --quiet. `ready` says that it is neutral already, and may be coloured."""
        with self._lock:
            self._erase()
            if not ready:
                self._output.note(text)
            elif self._output.verbosity >= 0:
                self._output.say(text)
            self._show(always=self._output.live)

    def _show(self, *, always: bool) -> None:
        if self._output.live:
            self._draw(always=always)
        elif self._counted and self._output.verbosity >= 0:
            self._print(always=always)

    def _draw(self, *, always: bool) -> None:
        now = time.monotonic()
        if not always and now - self._drawn_at < _REDRAW:
            return
        self._drawn_at = now
        _write(_CLEAR + self._text()[: _columns() - 1])

    def _print(self, *, always: bool) -> None:
        if self._total:
            due = always or self._done * _TENTHS // self._total > (self._done - 1) * _TENTHS // self._total
            due = due and self._done > 0
        else:
            due = bool(self._detail)
        text = self._text()
        if due and text != self._printed:
            self._printed = text
            self._output.say(text)

    def _text(self) -> str:
        count = f" {self._done}/{self._total}" if self._total is not None else f" {self._done}" if self._done else ""
        return f"{self._label}{count}" + (f": {self._detail}" if self._detail else "")

    def _erase(self) -> None:
        if self._output.live:
            _write(_CLEAR)


def _write(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()


def _columns() -> int:
    import os

    try:
        return os.get_terminal_size(2).columns or 80
    except OSError:
        return 80
