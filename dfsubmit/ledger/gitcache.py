"""The ledger's own bare repository: what was fetched from the remote, in `.dfsubmit/git-ledger/`, with the index.

It exists so that the user's checkout is never touched, however shallow or detached it is. It may be removed at any time;
then the next run fetches the last commit with all entries again, without the history before it. All that writes here holds
its lock (`locked`), so that processes of one checkout take turns; those of other machines meet at the remote.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
import shlex
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.errors import LedgerError
from dfsubmit.ledger.gitindex import Index
from dfsubmit.ledger.gitlayout import printable, without_user
from dfsubmit.ledger.gitplumbing import LOCAL_SECONDS, TRANSFER_SECONDS, Checkout, Objects, Ran, run
from dfsubmit.ledger.gitwords import Pushed, failure, no_git_server, read_push

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE_FOLDER = ".dfsubmit"
_CACHES = f"{STATE_FOLDER}/git-ledger"
PUSH_SECONDS = 120.0
_TIP, _MINE = "refs/ledger/tip", "refs/ledger/mine"
_LOCK_PAUSE = 0.02
# A lock file of git that outlives this was left behind by a process that was killed: git itself needs milliseconds.
_STALE_SECONDS = 10.0
_LOCK_FILE = re.compile(r"'([^']+\.lock)': File exists")
# Settings of the user that would add work, hooks or signatures to what happens here.
SETTINGS = (
    "core.hooksPath=/dev/null", "gc.auto=0", "maintenance.auto=false", "push.gpgSign=false", "push.followTags=false",
    "push.recurseSubmodules=no", "fetch.recurseSubmodules=no", "fetch.writeCommitGraph=false", "fetch.prune=false",
    "submodule.recurse=false", "push.negotiate=false", "push.pushOption=",
)  # fmt: skip
_GC_SETTINGS = ("-c", "gc.auto=3000", "-c", "gc.autoDetach=false")


class Cache:
    """One ref of one remote. `where` is how messages call the ledger."""

    def __init__(self, repository: Path, checkout: Checkout, ref: str, *, where: str) -> None:
        """Find the place; make nothing yet."""
        self._checkout, self._ref, self._where = checkout, ref, where
        name = hashlib.sha256(f"{without_user(checkout.url)}\n{ref}".encode("utf-8", "surrogateescape")).hexdigest()[
            :16
        ]
        self._state = repository / STATE_FOLDER
        self._name = name
        self._temporary: Path | None = None
        self.folder = repository / _CACHES / f"{name}.git"
        self.objects = Objects(self.folder, checkout.env)

    def refuse_brought_along(self) -> None:
        """Raise LedgerError when the cache is part of what is checked out: what it says is then anybody's, and git obeys it."""
        command = ["-c", "core.fsmonitor=false", "ls-files", "-z", "--", f":(icase){STATE_FOLDER}"]
        # Where there is no work tree, nothing is checked out.
        listed = run(command, cwd=self._state.parent, env=self._checkout.env).text.split("\0")
        for path in listed:
            # The folder itself may be a link, or a repository of its own.
            if path.lower() == STATE_FOLDER or f"{path.lower()}/".startswith(f"{_CACHES}/"):
                top = "/".join(path.split("/")[:2])
                raise LedgerError(
                    f"{printable(path)} is committed, where dfsubmit keeps what it fetched of the ledger {self._where}: "
                    "it may have come with somebody's change, so it is not used",
                    tip=f"in {self._state.parent}: git rm -r --cached {top} && rm -r {top}, and commit that",
                )

    def open_index(self) -> Index | None:
        """Return the index; None when there is no cache yet."""
        path = self.folder / "index.db"
        return Index(path) if path.is_file() else None

    @contextlib.contextmanager
    def locked(self, patience: float) -> Iterator[None]:
        """Hold the cache alone; the lock ends with the process. Raises LedgerError after `patience` seconds."""
        self._make_place()
        end = time.monotonic() + patience
        with self.folder.with_suffix(".lock").open("a") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        message = f"another dfsubmit of this checkout has been busy with the ledger for {patience:g} s"
                        raise LedgerError(message, tip=f"it holds {file.name}") from None
                    time.sleep(_LOCK_PAUSE)
            yield

    def create(self, object_format: str) -> Index:
        """Make the cache, empty; what an earlier run left half made goes. Only while locked."""
        shutil.rmtree(self.folder, ignore_errors=True)
        fresh = self.folder.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        kind = f"--object-format={object_format or 'sha1'}"
        made = run(
            ["init", "--quiet", "--bare", "--template=", kind, fresh], cwd=self.folder.parent, env=self._checkout.env
        )
        if made.code:
            raise failure(self._where, "make a place for", made.err, timed_out=made.timed_out)
        Index.create(fresh / "index.db")
        fresh.rename(self.folder)
        return Index(self.folder / "index.db")

    def fetch(self, *, shallow: bool) -> str:
        """Fetch the ref and return the commit that it points at; empty when the server has none. Raises LedgerError."""
        options = ["--quiet", "--no-tags", "--no-write-fetch-head", *(["--depth=1"] if shallow else [])]
        ran = self._git("fetch", *options, self._checkout.url, f"+{self._ref}:{_TIP}", timeout=TRANSFER_SECONDS)
        if ran.code:
            if "couldn't find remote ref" in ran.err:
                if self._checkout.remote_tip(self._ref, self._where):
                    raise no_git_server(self._where, "fetch")
                return ""
            raise self._failure("fetch", ran)
        return self._asked("rev-parse", "--verify", f"{_TIP}^{{commit}}").text

    def descends(self, commit: str, ancestor: str) -> bool:
        """Tell whether `ancestor` is `commit` or came before it."""
        ran = self._git("merge-base", "--is-ancestor", ancestor, commit)
        return ran.code == 0

    def changes(self, old: str, new: str) -> list[tuple[str, str]]:
        """Return (status letter, path) of what differs from `old`, or from nothing, to `new`."""
        if not old:
            return [("A", path) for path in self.paths(new)]
        fields = self._asked("diff-tree", "-r", "-z", "--no-renames", "--name-status", old, new).text.split("\0")
        return list(zip(fields[0::2], fields[1::2], strict=False))

    def paths(self, commit: str) -> list[str]:
        """Return the paths of all files in `commit`."""
        return [path for path in self._asked("ls-tree", "-r", "-z", "--name-only", commit).text.split("\0") if path]

    def commit(self, stream: bytes) -> str:
        """Make the commit that `stream` describes, and return its id."""
        ran = self._git("fast-import", "--quiet", "--done", "--force", stdin=stream)
        if ran.code:
            raise self._failure("write a commit for", ran)
        return ran.text

    def push(self, commit: str, expected: str) -> Pushed:
        """Set the ref to `commit` if it still is `expected` (empty: if there is none)."""
        lease = f"--force-with-lease={self._ref}:{expected}"
        options = ["--porcelain", "--no-verify", lease]
        ran = self._git("push", *options, self._checkout.url, f"{commit}:{self._ref}", timeout=PUSH_SECONDS)
        return read_push(ran.out.decode("utf-8", "replace"), ran.err)

    def restoring(self, commit: str) -> str:
        """Return the command by which a person sets the ref back to `commit`.

        A host takes no history that has an end, as that of a cache does which began with a ledger that was there. Then a new
        commit with all entries begins another one, and every cache with it.
        """
        place = shlex.quote(str(self.folder.absolute()))
        start = f"cd {shlex.quote(str(self._checkout.top.resolve()))} && git --git-dir={place} push --force"
        url = shlex.quote(without_user(self._checkout.url))
        if not (self.folder / "shallow").exists():
            return f"{start} {url} {commit}:{self._ref}"
        name = "-c user.name=dfsubmit -c user.email=dfsubmit@dfsubmit.invalid"
        made = f"$(git --git-dir={place} {name} commit-tree {commit}^{{tree}} -m restored)"
        return f"{start} {url} {made}:{self._ref} && rm -r {place} (and in every other clone)"

    def tidy(self) -> None:
        """Pack loose objects when there are many."""
        self._git(*_GC_SETTINGS, "gc", "--auto", "--quiet", timeout=TRANSFER_SECONDS)

    def faults(self) -> list[str]:
        """Return what `git fsck` complains of."""
        ran = self._git("fsck", "--no-dangling", "--no-progress", timeout=TRANSFER_SECONDS)
        return [line for line in ran.err.splitlines() if line.startswith(("error", "fatal"))] if ran.code else []

    @property
    def new_ref(self) -> str:
        """Return the ref, here, of commits that are yet to be pushed."""
        return _MINE

    def close(self) -> None:
        """End processes and remove what was only for this run."""
        self.objects.close()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _make_place(self) -> None:
        """Make the state folder, with its .gitignore; where nothing can be written, a folder for this run alone."""
        try:
            self._state.mkdir(exist_ok=True)
            with contextlib.suppress(FileExistsError), (self._state / ".gitignore").open("x", encoding="ascii") as file:
                file.write("*\n")
            self.folder.parent.mkdir(exist_ok=True)
            self.folder.with_suffix(".lock").touch()
        except OSError:
            if self._temporary is None:
                self._temporary = Path(tempfile.mkdtemp(prefix="dfsubmit-ledger-"))
                self.folder = self._temporary / f"{self._name}.git"
                self.objects = Objects(self.folder, self._checkout.env)

    def _asked(self, *arguments: str) -> Ran:
        ran = self._git(*arguments)
        if ran.code:
            raise self._failure("read", ran)
        return ran

    def _failure(self, doing: str, ran: Ran) -> LedgerError:
        """Return the error for a git command that failed here; without a better way out, the cache can be made anew."""
        error = failure(self._where, doing, ran.err, timed_out=ran.timed_out)
        tip = error.tip or f"{self.folder} is only a cache: remove it, and run again"
        return type(error)(error.message, tip=tip)

    def _git(self, *arguments: str, timeout: float = LOCAL_SECONDS, stdin: bytes | None = None) -> Ran:
        """Run git here; a lock file that a killed git left behind is waited for, and then removed."""
        settings = [word for setting in SETTINGS for word in ("-c", setting)]
        # The settings of a caller (gc) come last and win.
        command = [f"--git-dir={self.folder.absolute()}", *settings, *arguments]
        end = time.monotonic() + _STALE_SECONDS
        while True:
            ran = run(command, cwd=self._checkout.top, env=self._checkout.env, timeout=timeout, stdin=stdin)
            left = _LOCK_FILE.search(ran.err) if ran.code else None
            if left is None or not Path(left[1]).is_relative_to(self.folder.absolute()):
                return ran
            if time.monotonic() > end:
                Path(left[1]).unlink(missing_ok=True)
                end = time.monotonic() + _STALE_SECONDS
            time.sleep(_LOCK_PAUSE)
