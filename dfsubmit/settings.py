"""What one run was told, as one typed value: a flag beats a DFSUBMIT_* variable beats the Project beats the default.

Pure. `Flags` is what click found on the command line, before anything else was looked at; `Settings` is what holds.
Where the Project has a say, a setting is None until flag or variable spoke; `compose` then asks the Project, whose model
carries the default. Rules: an empty variable counts as not set; a value that makes no sense is a UsageError that names
its variable.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dfsubmit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENGINES = ("local", "dataforest")
LEDGERS = ("sqlite", "git", "memory")
DEFAULT_FILES = ("specs",)
PREFIX = "DFSUBMIT_"
# What follows the prefix: every common option has one, and these have too.
VARIABLES = frozenset(
    {
        *("FILE", "SELECT", "OUTPUT", "ENGINE", "BASE_URL", "LEDGER", "OFFLINE", "STRICT", "YES", "NO_INPUT"),
        "NO_CACHE",
        *("QUIET", "VERBOSE", "NO_COLOR"),
        *("MAX_SUBMIT", "PARALLELISM", "TIMEOUT_SECONDS", "SETTLE_SECONDS", "MARKER"),
    }
)
# What the pipelines that `init --ci` writes read before they call dfsubmit.
PIPELINE_VARIABLES = frozenset({"GIT_TOKEN"})

_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """The common options as they were given; None, zero and empty mean that one was not given."""

    file: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    output: str | None = None
    outputs: tuple[str, ...] = ("text",)
    engine: str | None = None
    base_url: str | None = None
    ledger: str | None = None
    offline: bool = False
    no_cache: bool = False
    strict: bool = False
    yes: bool = False
    no_input: bool = False
    quiet: bool = False
    verbose: int = 0
    no_color: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPlace:
    """Where a ledger lies: `sqlite` with a path, `git` with a remote (and `#` and a ref), or `memory`.

    A path as given starts at the working directory; a remote is one of the Project's repository.
    """

    type: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for this run. `verbosity`: -1 quiet, 0 as usual, 1 and more for detail. None: the Project decides."""

    files: tuple[str, ...]
    select: tuple[str, ...]
    output: str
    engine: str | None
    base_url: str | None
    ledger: LedgerPlace | None
    offline: bool
    no_cache: bool
    strict: bool
    yes: bool
    no_input: bool
    verbosity: int
    no_color: bool


def resolve(flags: Flags, environ: Mapping[str, str]) -> Settings:
    """Return what holds. Raises UsageError for a value that makes no sense."""
    for name, values in (("--file", flags.file), ("--select", flags.select)):
        if "" in values:
            raise UsageError(f"{name} is empty", tip="leave it out, or check the variable that it was meant to hold")
    return Settings(
        files=flags.file or _listed(environ, "FILE", os.pathsep) or DEFAULT_FILES,
        select=flags.select or _listed(environ, "SELECT", ","),
        output=flags.output or _form(environ, flags.outputs),
        engine=flags.engine or _choice(environ, "ENGINE", ENGINES),
        base_url=flags.base_url or variable(environ, "BASE_URL") or None,
        ledger=_ledger(flags, environ),
        offline=flags.offline or switch(environ, "OFFLINE"),
        no_cache=flags.no_cache or switch(environ, "NO_CACHE"),
        strict=flags.strict or switch(environ, "STRICT"),
        yes=flags.yes or switch(environ, "YES"),
        no_input=flags.no_input or switch(environ, "NO_INPUT"),
        verbosity=_verbosity(flags, environ),
        no_color=flags.no_color or switch(environ, "NO_COLOR"),
    )


def variable(environ: Mapping[str, str], name: str) -> str:
    """Return the value of DFSUBMIT_`name`, empty when it is not set. The only place that reads one."""
    if name not in VARIABLES:
        raise AssertionError(f"{PREFIX}{name} is not listed as a variable, and so in no documentation")
    return environ.get(PREFIX + name, "")


def ledger_place(text: str, *, source: str = "--ledger") -> LedgerPlace:
    """Return the place that `sqlite:PATH`, `git:REMOTE` or `memory:` names. Raises UsageError, which names `source`."""
    kind, colon, place = text.partition(":")
    if not colon or kind not in LEDGERS or (kind == "memory") == bool(place):
        raise UsageError(f"{source} is '{text}', which names no ledger", tip="write sqlite:PATH, git:REMOTE or memory:")
    return LedgerPlace(type=kind, place=place)


def _ledger(flags: Flags, environ: Mapping[str, str]) -> LedgerPlace | None:
    if flags.ledger:
        return ledger_place(flags.ledger)
    text = variable(environ, "LEDGER")
    return ledger_place(text, source=PREFIX + "LEDGER") if text else None


def _listed(environ: Mapping[str, str], name: str, separator: str) -> tuple[str, ...]:
    return tuple(part for part in variable(environ, name).split(separator) if part)


def _form(environ: Mapping[str, str], outputs: Sequence[str]) -> str:
    """Return the form of output; a verb that has but one is not concerned by what the variable says."""
    return (_choice(environ, "OUTPUT", outputs) if len(outputs) > 1 else None) or outputs[0]


def _choice(environ: Mapping[str, str], name: str, choices: Sequence[str]) -> str | None:
    value = variable(environ, name)
    if not value:
        return None
    if value not in choices:
        raise UsageError(f"{PREFIX}{name} is '{value}'", tip=f"set it to {' or '.join(choices)}, or unset it")
    return value


def switch(environ: Mapping[str, str], name: str) -> bool:
    """Return what the variable DFSUBMIT_`name` says; False when it is not set. Raises UsageError, which names it."""
    value = variable(environ, name)
    if not value:
        return False
    if value.lower() not in _WORDS:
        raise UsageError(f"{PREFIX}{name} is '{value}'", tip="set it to 1 or 0, or unset it")
    return _WORDS[value.lower()]


def _verbosity(flags: Flags, environ: Mapping[str, str]) -> int:
    if flags.quiet and flags.verbose:
        raise UsageError("--quiet and --verbose contradict each other", tip="keep one of them")
    if flags.quiet or flags.verbose:
        return flags.verbose or -1
    if switch(environ, "QUIET"):
        return -1
    level = variable(environ, "VERBOSE") or "0"
    return int(level) if level.isdecimal() and level.isascii() and len(level) == 1 else int(switch(environ, "VERBOSE"))
