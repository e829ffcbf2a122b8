"""Records what the program really shows on a terminal: a pseudo-terminal, an empty environment, a fresh copy of the samples.

What differs from run to run is made the same: the tails of apps' names and their ids, each replaced by one that is
derived from its first appearance. Colours stay as the escape sequences that the program wrote; lines that a progress
display drew and erased again are gone, as they are for a person.
"""

from __future__ import annotations

import hashlib
import os
import pty
import re
import shutil
import string
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("dfsubmit")
PREFIX = re.compile(r"^ *namePrefix: (\w+)", re.MULTILINE)
ID = re.compile(r"(?<=\()[0-9A-Za-z]{22}(?=\))")
_ERASE = "\x1b[2K"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command line, and what it showed; `shown` False is for what has to be done beforehand."""

    command: str
    output: str = ""
    shown: bool = True


def samples(folder: Path) -> None:
    """Copy the sample specs, without what runs of them have left behind, to `folder`/specs."""
    left_behind = shutil.ignore_patterns(".dfsubmit", "out", "__pycache__")
    shutil.copytree(REPOSITORY / "specs", folder / "specs", ignore=left_behind)


def record(commands: list[tuple[str, bool]]) -> list[Step]:
    """Run `commands` (command line, shown or not) one after the other and return them with what they showed."""
    with tempfile.TemporaryDirectory() as folder:
        samples(Path(folder))
        prefixes = prefixes_in(Path(folder, "specs"))
        steps = [
            Step(command=command, output=on_terminal(command, Path(folder)), shown=shown) for command, shown in commands
        ]
    texts = stable([step.output for step in steps if step.shown], prefixes)
    return [
        Step(command=step.command, output=text) for step, text in zip((s for s in steps if s.shown), texts, strict=True)
    ]


def on_terminal(command: str, folder: Path) -> str:
    """Return what `command`, run by sh in `folder`, leaves on a terminal. Raises RuntimeError when it fails."""
    environ = {
        "PATH": f"{PROGRAM.parent}:/usr/bin:/bin",
        "HOME": str(folder),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execve("/bin/sh", ["sh", "-c", command], environ)  # noqa: S606  # the child of the fork becomes the command
    written = b""
    while True:
        try:
            read = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not read:
            break
        written += read
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if code:
        raise RuntimeError(f"{command} ended with {code}: {written.decode()}")
    return settled(written.decode())


def settled(text: str) -> str:
    """Return what stays on the screen: without the carriage returns, and without what was drawn and erased again."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rpartition(_ERASE)[2].replace("\r", "") for line in lines)


def prefixes_in(folder: Path) -> set[str]:
    """Return the name prefixes of the manifests in `folder`: other words may look like the name of an app."""
    return {match[1] for path in folder.glob("*.yaml") for match in PREFIX.finditer(path.read_text(encoding="utf-8"))}


def stable(texts: list[str], prefixes: set[str]) -> list[str]:
    """Return `texts` with made-up tails and ids, the same for the same order of appearance."""
    known: dict[str, str] = {}
    name = re.compile(rf"\b({'|'.join(sorted(prefixes))})-[0-9a-z]{{4}}-[0-9a-z]{{4}}\b")

    def tail(match: re.Match[str]) -> str:
        return known.setdefault(match[0], f"{match[1]}-{_tail(f'{match[1]} {len(known)}')}")

    def made_id(match: re.Match[str]) -> str:
        return known.setdefault(match[0], _digits(f"id {len(known)}", string.digits + string.ascii_letters, 22))

    return [ID.sub(made_id, name.sub(tail, text)) for text in texts]


def _tail(seed: str) -> str:
    letters = _digits(seed, string.digits + string.ascii_lowercase, 8)
    return f"{letters[:4]}-{letters[4:]}"


def _digits(seed: str, alphabet: str, count: int) -> str:
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest())
    return "".join(alphabet[number // len(alphabet) ** place % len(alphabet)] for place in range(count))
