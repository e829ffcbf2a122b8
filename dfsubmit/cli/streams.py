"""The standard streams, made safe before anything is written to them.

Text is UTF-8 whatever the locale says, and what UTF-8 cannot hold (file names in another encoding) is shown escaped, so
that no message can fail for its letters. A stream that was closed by the caller is replaced by the null device: left
closed, its number would be given to the next file that is opened, and a child process would write into that file.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys

_STREAMS = ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w"))


def prepare() -> None:
    """Open what is closed, and set encodings. Safe to call twice."""
    for number, name, mode in _STREAMS:
        stream = getattr(sys, name)
        if stream is None:
            _open_null(number)
            setattr(sys, name, open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False))  # noqa: SIM115  # lives as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def silence(number: int) -> None:
    """Send what is still buffered for a broken stream to the null device, so that closing it cannot fail."""
    with contextlib.suppress(OSError):
        _open_null(number)


def _open_null(number: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null == number:
        os.set_inheritable(null, True)
        return
    os.dup2(null, number, inheritable=True)
    os.close(null)
