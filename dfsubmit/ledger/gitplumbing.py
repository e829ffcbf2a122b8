"""Runs the `git` program: bounded in time, never prompting, in English, and without anybody's hooks.

`run` is one command. `Checkout` is the user's repository, which is only asked: where the remote is, how objects are named,
which of its settings a transfer needs. These (`http.*.extraheader` as CI systems set it, credential helpers, ssh commands)
are handed on to commands in the ledger's own repository through GIT_CONFIG_* variables, and written nowhere.
`Objects` reads many objects from one `git cat-file`.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.errors import LedgerCorruptError, LedgerError
from dfsubmit.ledger.gitlayout import MAX_SEGMENT_BYTES, printable, without_user
from dfsubmit.ledger.gitwords import failure, no_git_server

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# GIT_CONFIG_COUNT, by which settings are handed on, came with 2.31.
MINIMUM = (2, 31)
LOCAL_SECONDS, NETWORK_SECONDS, TRANSFER_SECONDS = 60.0, 60.0, 300.0

# Whatever points git at a repository, an index or objects: a hook that starts dfsubmit has these set.
_DROPPED = frozenset({
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_QUARANTINE_PATH", "GIT_SHALLOW_FILE", "GIT_TRACE", "GIT_WORK_TREE",
    "SSH_ASKPASS",
})  # fmt: skip
_HANDED_ON = re.compile(r"(http|credential|ssh|protocol|url)\.|core\.(sshcommand|gitproxy)$")
_FIXED_URL = re.compile(r"[a-z][a-z0-9+.-]*://|[^/]*:|/", re.IGNORECASE)
_URL = re.compile(rf"{_FIXED_URL.pattern}|\.\.?/", re.IGNORECASE)
_WEB = re.compile("https?://", re.IGNORECASE)
# In each line by which git traces what it is sent in its own protocol.
_PACKET = " packet: "
# Objects asked for at once: their names must fit into a pipe while the answers wait in another.
_CHUNK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that has ended."""

    code: int
    out: bytes
    err: str
    timed_out: bool = False

    @property
    def text(self) -> str:
        """Return the output as text, without the newline at its end."""
        return self.out.decode("utf-8", "surrogateescape").removesuffix("\n")


def run(
    arguments: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout: float = LOCAL_SECONDS,
    stdin: bytes | None = None,
) -> Ran:
    """Run git, and kill it with all it started when `timeout` seconds have passed. Raises LedgerError without git."""
    try:
        process = subprocess.Popen(
            ["git", *arguments],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Its own session: no terminal to prompt on, and Ctrl-C does not cut a push in two.
            start_new_session=True,
        )
    except OSError as error:
        raise _not_started(error, cwd) from error
    with process:
        try:
            out, err = process.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            _kill(process)
            out, err = process.communicate()
            return Ran(code=-1, out=out, err=err.decode("utf-8", "replace"), timed_out=True)
        except BaseException:
            _kill(process)
            raise
    return Ran(code=process.returncode, out=out, err=err.decode("utf-8", "replace"))


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _not_started(error: OSError, cwd: Path) -> LedgerError:
    if not cwd.is_dir():
        return LedgerError(f"{cwd} is not a folder")
    needed = ".".join(map(str, MINIMUM))
    message = "a ledger in git needs the program git, which cannot be started here"
    return LedgerError(f"{message}: {error.strerror}", tip=f"install git {needed} or later, or put it on PATH")


def environment(environ: Mapping[str, str], settings: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Return the variables for git: `environ` without what would lead it astray or make it ask, plus `settings`."""
    env = {name: value for name, value in environ.items() if name not in _DROPPED}
    count = int(env.get("GIT_CONFIG_COUNT") or 0) if (env.get("GIT_CONFIG_COUNT") or "0").isdecimal() else 0
    settings = list(settings)
    for number, (key, value) in enumerate(settings, start=count):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    ssh = env.get("GIT_SSH_COMMAND") or dict(settings).get("core.sshcommand") or ("" if "GIT_SSH" in env else "ssh")
    if ssh.strip() and Path(ssh.split()[0]).name == "ssh":
        env["GIT_SSH_COMMAND"] = f"{ssh} -oBatchMode=yes"
    return env | {
        "GIT_CONFIG_COUNT": str(count + len(settings)),
        "GIT_TERMINAL_PROMPT": "0",
        # A program that CI was given on purpose answers by itself; the one of a desktop opens a window.
        "GIT_ASKPASS": env.get("GIT_ASKPASS", "") if env.get("CI") else "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
        "LANGUAGE": "",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What a transfer needs to know of the user's repository. `top` is where relative URLs start."""

    top: Path
    url: str
    object_format: str
    env: Mapping[str, str]

    def remote_tip(self, ref: str, where: str) -> str:
        """Return the commit that `ref` points at on the server; empty when there is none. Raises LedgerError."""
        tip, _ = self._listed(ref, where, self.env)
        if tip or not _WEB.match(self.url):
            return tip
        # Over HTTP, git takes a page without a line for the list of a server with no refs at all, and says nothing of it.
        tip, said = self._listed(ref, where, {**self.env, "GIT_TRACE_PACKET": "2"})
        if not tip and _PACKET not in said:
            raise no_git_server(where, "read")
        return tip

    def _listed(self, ref: str, where: str, env: Mapping[str, str]) -> tuple[str, str]:
        """Return the commit of `ref`, and what git said on the way."""
        ran = run(["ls-remote", "--", self.url, ref], cwd=self.top, env=env, timeout=NETWORK_SECONDS)
        if ran.code:
            told = "".join(line for line in ran.err.splitlines(keepends=True) if _PACKET not in line)
            raise failure(where, "read", told, timed_out=ran.timed_out)
        lines = [line.partition("\t") for line in ran.text.splitlines()]
        return next((oid for oid, _, name in lines if name == ref), ""), ran.err


def look_at(repository: Path, remote: str, *, environ: Mapping[str, str]) -> Checkout:
    """Return what is to be known of `repository` and its `remote`, a name or a URL. Changes nothing. Raises LedgerError."""
    plain = environment(environ)
    _check_version(repository, plain)
    asked = ["--show-object-format", "--is-inside-git-dir", "--is-bare-repository", "--absolute-git-dir", "--show-cdup"]
    found = run(["rev-parse", *asked], cwd=repository, env=plain)
    is_url = _URL.match(remote) is not None
    if found.code:
        if "not a git repository" in found.err and is_url:
            return Checkout(top=repository, url=remote, object_format="", env=plain)
        if "not a git repository" in found.err:
            tip = "run `git init` and `git remote add`, or name the remote by its URL"
            raise LedgerError(f"{repository} is not in a git repository, so it has no remote '{remote}'", tip=tip)
        raise failure(f"git:{without_user(remote)}", "find", found.err, timed_out=found.timed_out)
    # The way up is left out where there is no work tree to go up in.
    object_format, inside, bare, git_dir, *up = found.text.split("\n")
    top = repository.joinpath(*up)
    url, final = _url_of(top, remote, plain, is_url=is_url)
    at_home = inside == "false" or (bare == "true" and repository.samefile(git_dir))
    if not at_home and not _FIXED_URL.match(url):
        raise _leads_astray(repository, git_dir, url)
    settings = [*_handed_on(top, plain), *(_as_it_is(url) if final else ())]
    return Checkout(top=top, url=url, object_format=object_format, env=environment(environ, settings))


def _leads_astray(repository: Path, git_dir: str, url: str) -> LedgerError:
    """Return the error for a relative URL where git would start it at another place than in the work tree."""
    return LedgerError(
        f"{repository} is inside of git's own folder {git_dir}, where the relative URL '{printable(without_user(url))}' "
        "of the remote does not lead to where it leads from the work tree",
        tip="run dfsubmit on a folder of the work tree, or give the remote a URL that is not relative",
    )


def _url_of(top: Path, remote: str, env: Mapping[str, str], *, is_url: bool) -> tuple[str, bool]:
    """Return the URL that pushes go to, as what is read must be what is written, and whether `url.*.insteadOf` is in it."""
    ran = run(["remote", "get-url", "--push", "--", remote], cwd=top, env=env)
    if not ran.code and ran.text:
        return ran.text.splitlines()[0], True
    if is_url:
        return remote, False
    known = run(["remote"], cwd=top, env=env).text.split()
    there = f"it has {', '.join(printable(name) for name in known)}" if known else "it has none"
    raise LedgerError(
        f"the git repository in {top} has no remote '{printable(remote)}'; {there}",
        tip=f"add it with `git remote add {printable(remote)} URL`, or name another with --ledger git:REMOTE",
    )


def _as_it_is(url: str) -> Iterator[tuple[str, str]]:
    """Yield settings by which git takes `url` as it is: a rule that puts more behind a prefix would fit it once more."""
    yield f"url.{url}.insteadOf", url
    yield f"url.{url}.pushInsteadOf", url


def _handed_on(top: Path, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the settings that only this repository has and that a transfer needs."""
    listed = run(["config", "--list", "--show-scope", "-z"], cwd=top, env=env).out.decode("utf-8", "surrogateescape")
    fields = listed.split("\0")
    for scope, setting in zip(fields[0::2], fields[1::2], strict=False):
        key, newline, value = setting.partition("\n")
        if scope in {"local", "worktree"} and _HANDED_ON.match(key):
            yield key, value if newline else "true"


def _check_version(folder: Path, env: Mapping[str, str]) -> None:
    said = run(["--version"], cwd=folder, env=env).text
    found = re.search(r"(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < MINIMUM:
        needed = ".".join(map(str, MINIMUM))
        raise LedgerError(
            f"a ledger in git needs git {needed} or later, and this is '{printable(said)}'", tip="upgrade git"
        )


class Objects:
    """Reads objects of one repository through one `git cat-file --batch`."""

    def __init__(self, git_dir: Path, env: Mapping[str, str]) -> None:
        """Start nothing yet."""
        self._git_dir = git_dir
        self._env = env
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Yield the content of each object that `names` name, None for one that is not there. Raises LedgerError."""
        for start in range(0, len(names), _CHUNK):
            chunk = names[start : start + _CHUNK]
            try:
                contents = self._ask(chunk)
            except (OSError, ValueError, EOFError) as error:
                self.close()
                raise LedgerError(f"git cat-file ended while it read {self._git_dir}", tip="run it again") from error
            yield from contents

    def _ask(self, names: Sequence[str]) -> list[bytes | None]:
        if self._process is None:
            self._process = subprocess.Popen(
                ["git", "--git-dir", self._git_dir, "cat-file", "--batch"],
                env=self._env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise EOFError
        stdin.write("".join(f"{name}\n" for name in names).encode())
        stdin.flush()
        return [self._answer(stdout.readline(), stdout) for _ in names]

    def _answer(self, header: bytes, stdout: object) -> bytes | None:
        if not header.endswith(b"\n"):
            raise EOFError
        words = header.split()
        if words[-1] == b"missing":
            return None
        size = int(words[2])
        if size > MAX_SEGMENT_BYTES:
            self.close()
            raise LedgerCorruptError(f"object {words[0].decode()} has {size} bytes: dfsubmit did not write it")
        content: bytes = stdout.read(size + 1)  # type: ignore[attr-defined]  # a buffered pipe
        if len(content) != size + 1:
            raise EOFError
        return content[:-1]

    def close(self) -> None:
        """End the process; the next read starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
