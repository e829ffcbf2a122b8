"""The program as a user starts it: a real process in an environment that holds only what the test says.

`in_folder`, `good_file` and `bad_file` are meant to be made fixtures of by the modules that use them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

CONSOLE_SCRIPT = Path(sys.executable).with_name("dfsubmit")
# What coverage needs to follow into the processes, when it measures.
PASSED_ON = {name: value for name, value in os.environ.items() if name.startswith(("COVERAGE_", "COV_CORE_"))}

GOOD = """\
apiVersion: dfsubmit/v1
kind: AiApp
metadata: {name: bert-finetune, labels: {team: nlp}}
spec:
  aiWorkspaceId: 6ZKSGoSJMMwctK257nxgiL
  namePrefix: bert
  docker: {image: "pytorch/pytorch:2.3.1", command: python train.py, env: {HF_TOKEN: {fromEnv: HF_TOKEN}}}
"""
BAD = GOOD.replace("command:", "comand:").replace("namePrefix: bert", "namePrefix: b")


class Run(Protocol):
    """How tests start the program."""

    def __call__(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, **popen: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run `dfsubmit` with `arguments` and return how it ended."""


def run_dfsubmit(
    *arguments: str | Path, env: Mapping[str, str] | None = None, **popen: Any
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CONSOLE_SCRIPT, *arguments],
        env={**PASSED_ON, **(env or {})},
        **{
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "encoding": "utf-8",
            "timeout": 60,
            **popen,
        },
        check=False,
    )


def in_folder(tmp_path: Path) -> Run:
    """Return a function that runs the program in `tmp_path`, with an environment that is empty but for `env`."""

    def run(
        *arguments: str | Path, env: Mapping[str, str] | None = None, **popen: Any
    ) -> subprocess.CompletedProcess[str]:
        return run_dfsubmit(*arguments, env=env, **{"cwd": tmp_path, **popen})

    return run


def good_file(tmp_path: Path) -> Path:
    """Return a file with one right manifest."""
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    return path


def bad_file(tmp_path: Path) -> Path:
    """Return a file with one manifest that has three faults."""
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    return path
