"""A project folder for tests of the verbs that submit: a Project, apps whose commands end at once, and the real program."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli_program import run_dfsubmit

WORKSPACE = "FolderWorkspace0000001"

PROJECT = f"""\
apiVersion: dfsubmit/v1
kind: Project
metadata: {{name: folder}}
spec:
  engine: {{type: local, hdfs: hdfs, workspaces: {{{WORKSPACE}: workspace}}, slots: {{gpu: 4}}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder with `specs/`; every run of the program starts in it, with an environment that holds only `environ`."""

    path: Path

    @classmethod
    def make(cls, path: Path, *, project: str = PROJECT) -> Folder:
        (path / "specs" / "workspace").mkdir(parents=True)
        (path / "specs" / "hdfs").mkdir()
        (path / "specs" / "project.yaml").write_text(project)
        return cls(path=path)

    def app(self, name: str, command: str = "true", *, prefix: str = "", more: str = "", meta: str = "") -> Path:
        """Write one manifest."""
        path = self.path / "specs" / f"{name}.yaml"
        path.write_text(
            "apiVersion: dfsubmit/v1\n"
            "kind: AiApp\n"
            f"metadata: {{name: {name}{meta}}}\n"
            "spec:\n"
            f"  aiWorkspaceId: {WORKSPACE}\n"
            f"  namePrefix: {prefix or name[:8].strip('-')}\n"
            f"  docker: {{image: 'python:3.12.4', command: {json.dumps(command)}{more}}}\n"
        )
        return path

    def run(
        self, *arguments: str, env: Mapping[str, str] | None = None, **popen: Any
    ) -> subprocess.CompletedProcess[str]:
        return run_dfsubmit(*arguments, env=env, **{"cwd": self.path, **popen})

    def world(self) -> list[dict[str, Any]]:
        """Return every app that the embedded engine ever accepted."""
        path = self.path / "specs" / ".dfsubmit" / "local" / "world.db"
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            # The engine may be making the file at this very moment.
            if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'app'").fetchone()[0] == 0:
                return []
            return [dict(row) for row in connection.execute("SELECT * FROM app ORDER BY seq")]

    def ledger(self) -> list[dict[str, Any]]:
        """Return every entry of the ledger."""
        lines = self.run("ledger", "export").stdout.splitlines()
        return [json.loads(line) for line in lines]


def last_line(text: str) -> str:
    return text.rstrip("\n").rpartition("\n")[2]
