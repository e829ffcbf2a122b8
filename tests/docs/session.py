"""Runs the console blocks of a Markdown page, in order, as one shell session, and compares what is shown with what is so.

A line that begins with `$ ` is a command, a line with `> ` goes on with it, all others are what it shows on a terminal's
two streams. Rules, which the README states too:

- a command ends with 0, unless `$ echo $?` comes next and shows another number;
- `...` stands for any lines;
- apps' names and ids stand for those of the run: each for the same one throughout, in commands too;
- times, lengths of time, process numbers, host names and the states of candidates for a lost app may differ; lines
  about apps that were submitted or have ended may come in another order; the port 8642 stands for a free one;
- a python block is the file `follow.py` in the folder that the session is in;
- what a command in the background (`&`) shows is waited for.
"""

from __future__ import annotations

import os
import queue
import re
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from recording import PROGRAM, prefixes_in

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = "8642"
ANY = "..."
PATIENCE = 120.0
# What coverage needs to follow into the processes, when it measures.
PASSED_ON = {name: value for name, value in os.environ.items() if name.startswith(("COVERAGE_", "COV_CORE_"))}
# Who commits: whoever reads the page has told git long ago.
AUTHOR = {f"GIT_{who}_{what}": "t@t.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

_FENCE = re.compile(r"^```(\w*)$")
_END = "\x01end of command "
_ID = re.compile(r"\b[0-9A-Za-z]{22}\b")
_MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\b\d+ (min \d+ )?s\b"), "N s"),
    (re.compile(r"\bby \S+:\d+$"), "by HOST:PID"),
    # What an app in doubt is doing by the time it is found.
    (re.compile(r"\b(ACCEPTED|RUNNING|FINISHED/SUCCEEDED)(?=, started)"), "STATE"),
)
_RESULT = re.compile(r"^\S+ +(submitted as |FINISHED|FAILED|KILLED)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: its language, its lines, and the number of its first line in the page."""

    language: str
    lines: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of a console block, and the lines that the page shows for it."""

    text: str
    shows: tuple[str, ...]
    number: int


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    language: str | None = None
    lines: list[str] = []
    for number, line in enumerate(page.splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence and language is None:
            language, lines = fence[1], []
        elif fence and language is not None:
            yield Block(language=language, lines=tuple(lines), number=number - len(lines))
            language = None
        elif language is not None:
            lines.append(line)


def commands(block: Block) -> Iterator[Command]:
    """Yield the commands of a console block."""
    text, begun = "", 0
    shows: list[str] = []
    for number, line in enumerate(block.lines, start=block.number):
        if line.startswith("$ "):
            if text:
                yield Command(text=text, shows=tuple(shows), number=begun)
            text, shows, begun = line[2:], [], number
        elif line.startswith("> ") and not shows:
            text += "\n" + line[2:]
        else:
            shows.append(line)
    if text:
        yield Command(text=text, shows=tuple(shows), number=begun)


def free_port() -> str:
    """Return a port on which nothing listens right now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


@dataclass(kw_only=True)
class Session:
    """One bash in `folder`. A context manager."""

    folder: Path
    port: str = field(default_factory=free_port)
    stands_for: dict[str, str] = field(default_factory=dict)
    _lines: queue.Queue[str | None] = field(default_factory=queue.Queue)
    _shell: subprocess.Popen[str] | None = None
    _reader: threading.Thread | None = None

    def __enter__(self) -> Self:
        environ = {
            "PATH": f"{PROGRAM.parent}:/usr/bin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            **AUTHOR,
            **PASSED_ON,
        }
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self._reader = threading.Thread(target=self._read, args=(self._shell.stdout,), daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._shell is not None and self._shell.stdin is not None and self._reader is not None:
            self._shell.stdin.write("kill $(jobs -p) 2>/dev/null\n")
            self._shell.stdin.close()
            self._shell.wait(PATIENCE)
            self._reader.join(PATIENCE)

    def _read(self, output: IO[str]) -> None:
        with output:
            for line in output:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def write(self, name: str, lines: tuple[str, ...]) -> None:
        """Write a file into the folder that the session is in now."""
        self._run("\n".join([f"cat > {name} <<'END OF FILE'", *lines, "END OF FILE"]))

    def check(self, command: Command) -> int:
        """Run `command` and return its exit code. Raises AssertionError when it shows something else than the page says."""
        shown, code = self._run(self._as_run(command.text))
        expected = [line.replace(PORT, self.port) for line in command.shows]
        if command.text.rstrip().endswith("&"):
            shown += [self._next(time.monotonic() + PATIENCE) or "" for _ in expected]
        self._compare(expected, shown, command)
        return code

    def _as_run(self, text: str) -> str:
        """Return a command of the page with the port, names and ids of this run."""
        for written, real in self.stands_for.items():
            text = text.replace(written, real)
        return text.replace(PORT, self.port)

    def _run(self, text: str) -> tuple[list[str], int]:
        shell = self._shell
        if shell is None or shell.stdin is None:
            raise AssertionError("the session has not begun")
        # The exit code is kept for the next command, which may be `echo $?`.
        shell.stdin.write(f"{{ {text}\n}} </dev/null; __code=$?; printf '\\n{_END}%d\\n' $__code; (exit $__code)\n")
        shell.stdin.flush()
        lines: list[str] = []
        deadline = time.monotonic() + PATIENCE
        while (line := self._next(deadline)) is not None:
            if line.startswith(_END):
                return lines[:-1] if lines and not lines[-1] else lines, int(line.removeprefix(_END))
            lines.append(line)
        raise AssertionError(f"the shell ended at: {text}\n" + "\n".join(lines))

    def _next(self, deadline: float) -> str | None:
        try:
            return self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"nothing was shown for {PATIENCE:.0f} s") from None

    def _compare(self, expected: list[str], shown: list[str], command: Command) -> None:
        prefixes = set()
        for folder in (self.folder, *self.folder.glob("*/specs"), *self.folder.glob("specs")):
            prefixes |= prefixes_in(folder)
        name = re.compile(rf"\b({'|'.join(sorted(prefixes) or ['-'])})-[0-9a-z]{{4}}-[0-9a-z]{{4}}\b")
        pairs = aligned(in_order(expected), in_order(shown), name)
        if pairs is None:
            raise AssertionError(
                f"line {command.number}: $ {command.text}\n-- the page says\n"
                + "\n".join(expected)
                + "\n-- but it shows\n"
                + "\n".join(shown)
            )
        for left, right in pairs:
            for pattern in (name, _ID):
                for written, real in zip(pattern.finditer(left), pattern.finditer(right), strict=False):
                    known = self.stands_for.setdefault(written[0], real[0])
                    assert known == real[0], f"line {command.number}: {written[0]} stands for {known} and for {real[0]}"


def masked(line: str, name: re.Pattern[str]) -> str:
    """Return `line` without what differs from run to run."""
    line = _ID.sub("ID", name.sub(r"\1-NAME", line))
    for pattern, mask in _MASKS:
        line = pattern.sub(mask, line)
    return line.rstrip()


def in_order(lines: list[str]) -> list[str]:
    """Return `lines` with neighbours that tell of results sorted by the app they tell of."""
    result: list[str] = []
    run: list[str] = []
    for line in [*lines, ""]:
        if _RESULT.match(line):
            run.append(line)
            continue
        result += [*sorted(run, key=lambda told: (told.split()[1] != "submitted", told)), line]
        run = []
    return result[:-1]


def aligned(expected: list[str], shown: list[str], name: re.Pattern[str]) -> list[tuple[str, str]] | None:
    """Return the lines that stand for each other, or None when the page is wrong. `...` stands for any lines."""
    if not expected:
        return None if shown else []
    if expected[0] == ANY:
        for skipped in range(len(shown) + 1):
            rest = aligned(expected[1:], shown[skipped:], name)
            if rest is not None:
                return rest
        return None
    if not shown or masked(expected[0], name) != masked(shown[0], name):
        return None
    rest = aligned(expected[1:], shown[1:], name)
    return None if rest is None else [(expected[0], shown[0]), *rest]
