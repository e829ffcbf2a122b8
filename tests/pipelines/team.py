"""A team with a git host and a Data Forest, both served on 127.0.0.1, and the clone of whoever writes its manifests."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from git_host import Access, GitHost, git

PROGRAM = Path(sys.executable).with_name("dfsubmit")
PASSED_ON = {name: value for name, value in os.environ.items() if name.startswith(("COVERAGE_", "COV_CORE_"))}
REPOSITORY, FORK = "team/specs", "stranger/specs"
AUTHOR_TOKEN, STRANGER_TOKEN = "made-up-author-token", "made-up-stranger-token"
WORKSPACE = "TeamWorkspace000000001"
KEYS = {"NCLOUD_ACCESS_KEY": "LOCALEXAMPLEACCESSKEY", "NCLOUD_SECRET_KEY": "LOCALEXAMPLESECRETKEY"}
PATIENCE_SECONDS = 60.0
SERVICE = f"""\
apiVersion: dfsubmit/v1
kind: Project
metadata: {{name: service}}
spec:
  engine: {{type: local, hdfs: hdfs, workspaces: {{{WORKSPACE}: workspace}}, slots: {{gpu: 8}}}}
"""
PROJECT = """\
apiVersion: dfsubmit/v1
kind: Project
metadata: {{name: team}}
spec:
  engine: {{type: dataforest, baseUrl: "http://127.0.0.1:{port}"}}
  ledger: {{type: git, remote: origin, ref: refs/dfsubmit/ledger}}
  submission: {{settleSeconds: 1, timeoutSeconds: 20}}
"""


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds. Raises AssertionError when that takes too long."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end, "this was waited for in vain"
        time.sleep(0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """See the module's text. `clone` is the author's, on the branch main of the repository team/specs."""

    host: GitHost
    folder: Path
    port: int

    @classmethod
    def make(cls, folder: Path, host: GitHost, pipeline: dict[str, str]) -> Team:
        """Return a team whose branch main has a Project, no app yet, and the files of `pipeline`."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        team = cls(host=host, folder=folder, port=port)
        host.repository(REPOSITORY)
        host.tokens[AUTHOR_TOKEN] = Access(REPOSITORY, push=True)
        service = folder / "service" / "specs"
        for part in ("workspace", "hdfs"):
            (service / part).mkdir(parents=True)
        (service / "project.yaml").write_text(SERVICE)
        git(folder, "clone", "--quiet", team.address(AUTHOR_TOKEN), "author")
        (team.clone / "specs").mkdir()
        (team.clone / "specs" / "project.yaml").write_text(PROJECT.format(port=port))
        (team.clone / ".gitignore").write_text(".dfsubmit/\n")
        for relative, text in pipeline.items():
            (team.clone / relative).parent.mkdir(parents=True, exist_ok=True)
            (team.clone / relative).write_text(text)
        team.push("pipeline")
        return team

    @property
    def clone(self) -> Path:
        return self.folder / "author"

    def address(self, token: str, repository: str = REPOSITORY) -> str:
        return f"{self.host.url.replace('//', f'//anyone:{token}@')}/{repository}.git"

    @contextlib.contextmanager
    def data_forest(self, *faults: str) -> Iterator[None]:
        """Serve the Data Forest; what it knows outlives it."""
        words = [word for fault in faults for word in ("--fault", fault)]
        with subprocess.Popen(
            [PROGRAM, "emulator", "--port", str(self.port), *words],
            cwd=self.folder / "service",
            env=PASSED_ON,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        ) as server:
            assert server.stdout is not None
            assert server.stdout.readline().startswith("http://")
            try:
                yield
            finally:
                server.send_signal(signal.SIGTERM)
                server.communicate(timeout=30)

    def apps(self) -> list[dict[str, Any]]:
        """Return every app that the Data Forest ever accepted."""
        path = self.folder / "service" / "specs" / ".dfsubmit" / "local" / "world.db"
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            # The engine may be making the file at this very moment.
            if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'app'").fetchone()[0] == 0:
                return []
            return [dict(row) for row in connection.execute("SELECT * FROM app ORDER BY seq")]

    def prefixes(self) -> list[str]:
        """Return the prefix of every app, sorted."""
        return sorted(app["name"].rsplit("-", 2)[0] for app in self.apps())

    def write(self, name: str, command: str = "true", *, prefix: str = "", where: Path | None = None) -> Path:
        """Write one manifest into the author's clone, or into another."""
        path = (where or self.clone) / "specs" / f"{name}.yaml"
        path.write_text(
            "apiVersion: dfsubmit/v1\n"
            "kind: AiApp\n"
            f"metadata: {{name: {name}}}\n"
            "spec:\n"
            f"  aiWorkspaceId: {WORKSPACE}\n"
            f"  namePrefix: {prefix or name}\n"
            f"  docker: {{image: 'python:3.12.4', command: {json.dumps(command)}}}\n"
        )
        return path

    def push(self, message: str, *, branch: str = "main", where: Path | None = None) -> str:
        """Commit all that is in the clone, push it to `branch`, and return the commit."""
        clone = where or self.clone
        git(clone, "add", "-A")
        git(clone, "commit", "--quiet", "--allow-empty", "-m", message)
        git(clone, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        return git(clone, "rev-parse", "HEAD")

    def propose(self, message: str, *, where: Path | None = None) -> str:
        """Make the pull request 7 of what is in the clone, and return the commit that the host would merge it as."""
        clone = where or self.clone
        git(clone, "checkout", "--quiet", "-B", "topic")
        head = self.push(message, branch="topic", where=where)
        bare = self.host.folder / f"{REPOSITORY}.git"
        if where is not None:
            git(bare, "fetch", "--quiet", where, "+refs/heads/topic:refs/pull/7/head")
        tree, parent = git(clone, "rev-parse", "HEAD^{tree}"), git(bare, "rev-parse", "refs/heads/main")
        merged = git(bare, "commit-tree", tree, "-p", parent, "-p", head, "-m", f"Merge {message}")
        git(bare, "update-ref", "refs/pull/7/merge", merged)
        return merged

    def merge(self) -> str:
        """Merge the pull request into main."""
        git(self.clone, "checkout", "--quiet", "main")
        git(self.clone, "merge", "--quiet", "--no-ff", "-m", "merge", "topic")
        return self.push("merged")

    def dfsubmit(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program as the author does at a desk."""
        return subprocess.run(
            [PROGRAM, *arguments],
            cwd=self.clone,
            env={**PASSED_ON, **KEYS, "PATH": os.environ["PATH"], "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
