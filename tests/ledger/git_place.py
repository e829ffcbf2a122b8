"""Git repositories for the tests of ledgers in git: a bare one that stands for the host, and clones of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dfsubmit.ledger.git import GitLedger
from dfsubmit.ledger.gitlayout import DEFAULT_REF

_ENV = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "LC_ALL": "C",
    "GIT_AUTHOR_NAME": "t",
    "GIT_AUTHOR_EMAIL": "t@t.invalid",
    "GIT_COMMITTER_NAME": "t",
    "GIT_COMMITTER_EMAIL": "t@t.invalid",
}


def git(where: Path, *arguments: str | Path, stdin: bytes | None = None) -> str:
    done = subprocess.run(["git", "-C", where, *arguments], env=_ENV, input=stdin, capture_output=True, check=True)
    return done.stdout.decode().strip()


@dataclass
class Host:
    """A bare repository, with clones that have it as `origin`."""

    folder: Path
    object_format: str = "sha1"
    handles: list[GitLedger] = field(default_factory=list)

    def make(self) -> None:
        """Make the repositories, with a little work on the branch main."""
        self.folder.mkdir()
        kind = f"--object-format={self.object_format}"
        git(self.folder, "init", "--quiet", "--bare", kind, "--initial-branch=main", self.bare)
        git(self.folder, "init", "--quiet", kind, "--initial-branch=main", self.folder / "first")
        (self.folder / "first" / "a.txt").write_text("a\n")
        git(self.folder / "first", "add", ".")
        for number in range(3):
            git(self.folder / "first", "commit", "--quiet", "--allow-empty", "-m", f"work {number}")
        git(self.folder / "first", "push", "--quiet", self.bare, "main")
        git(self.folder / "first", "remote", "add", "origin", "../host.git")

    @property
    def bare(self) -> Path:
        return self.folder / "host.git"

    @property
    def url(self) -> str:
        return f"file://{self.bare}"

    def clone(self, name: str, *options: str) -> Path:
        path = self.folder / name
        if not path.exists():
            git(self.folder, "clone", "--quiet", *options, self.url, path)
            # Seen from the clone, so that a copy of the folder stands on its own.
            git(path, "remote", "set-url", "origin", "../host.git")
        return path

    def ledger(
        self,
        name: str = "clone",
        *,
        ref: str = DEFAULT_REF,
        environ: Mapping[str, str] | None = None,
        patience: float = 60,
    ) -> GitLedger:
        """Return a new handle on the ledger, from the clone `name`, which is made when it is missing."""
        made = GitLedger(self.clone(name), "origin", ref, environ=environ or _ENV, patience=patience)
        self.handles.append(made)
        return made

    def tip(self, ref: str = DEFAULT_REF) -> str:
        return git(self.bare, "rev-parse", ref)

    def commits(self, ref: str = DEFAULT_REF) -> int:
        return int(git(self.bare, "rev-list", "--count", ref))

    def write(self, files: Mapping[str, bytes | None], ref: str = DEFAULT_REF) -> None:
        """Add a commit that writes or removes files of the ref, as nobody should."""
        parts = [f"commit {ref}\ncommitter t <t@t.invalid> 1700000000 +0000\ndata 0\n".encode()]
        known = subprocess.run(
            ["git", "-C", self.bare, "rev-parse", "--verify", "--quiet", ref],
            env=_ENV,
            capture_output=True,
            check=False,
        )
        if not known.returncode:
            parts.append(b"from " + known.stdout)
        for path, content in files.items():
            if content is None:
                parts.append(f"D {path}\n".encode())
            else:
                parts.append(f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n")
        git(self.bare, "fast-import", "--quiet", "--force", stdin=b"".join(parts))

    def read(self, path: str, ref: str = DEFAULT_REF) -> bytes:
        return git(self.bare, "cat-file", "blob", f"{ref}:{path}").encode() + b"\n"

    def hook(self, name: str, script: str) -> None:
        path = self.bare / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def close(self) -> None:
        for handle in self.handles:
            handle.close()


def with_git(folder: Path, script: str) -> dict[str, str]:
    """Return variables with a `git` in front of the real one, which is $REAL in its `script`."""
    folder.mkdir(exist_ok=True)
    program = folder / "git"
    program.write_text(f"#!/bin/sh\nREAL={shutil.which('git')}\nHERE={folder}\n{script}\n")
    program.chmod(0o755)
    return {**_ENV, "PATH": f"{folder}:{_ENV['PATH']}"}


def everything_below(folder: Path) -> dict[str, bytes]:
    """Return every file below `folder` with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
