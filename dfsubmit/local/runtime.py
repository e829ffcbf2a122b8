"""How an app's command is started: as a process of its own, or in a container by podman or docker.

Decides only; the supervisor starts what comes out. The command never sees its owner's environment: `process` gives it
PATH (the folder of this Python first, so that `python` is there), HOME and TMPDIR of its own, LANG, and what the spec says.
A container engine gets the names of the spec's variables on its command line and their values through its environment,
because command lines are public. Ports, GPUs, CPU and memory are not enforced on one machine.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dfsubmit.local.world import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
_CONTAINER_WORK = "/work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to start: arguments and the whole environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str]


def launch(
    spec: Mapping[str, Any], env: Mapping[str, str], *, home: Path, app_id: str, work: Path, tmp: Path
) -> Launch:
    """Return how to start the app of `spec` with the variables `env`. Raises CannotRunError, OSError."""
    script = f"{spec['command']} {spec['args']}".strip()
    if spec["runtime"] == "process":
        path = f"{python_folder(home)}:{_SYSTEM_PATH}"
        own = {
            "PATH": path,
            "HOME": str(work),
            "TMPDIR": str(tmp),
            "LANG": "C.UTF-8",
            # A log is followed while the app runs, so Python must not keep its lines back.
            "PYTHONUNBUFFERED": "1",
        }
        return Launch(argv=("/bin/sh", "-c", script), env={**own, **env})
    return container_launch(spec["runtime"], spec["image"], script, env, app_id=app_id, work=work, outer=os.environ)


def container_launch(
    program: str,
    image: str,
    script: str,
    env: Mapping[str, str],
    *,
    app_id: str,
    work: Path,
    outer: Mapping[str, str],
) -> Launch:
    """Return how `program` runs `script` in `image`; `outer` is the environment that `program` itself needs."""
    own = {"HOME": _CONTAINER_WORK, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **env}
    variables = [
        # A name that the engine needs for itself cannot be passed through its environment.
        argument
        for name, value in own.items()
        for argument in ("--env", f"{name}={value}" if name in outer else name)
    ]
    # Rootless podman maps its root to the owner; docker's root would leave files that the owner cannot remove.
    user = ["--user", f"{os.getuid()}:{os.getgid()}"] if program == "docker" else []
    argv = [
        _found(program, outer),
        "run",
        "--rm",
        "--name",
        container_name(app_id),
        "--mount",
        f"type=bind,source={work},target={_CONTAINER_WORK}",
        "--workdir",
        _CONTAINER_WORK,
        *user,
        *variables,
        "--entrypoint",
        "/bin/sh",
        "--",
        image,
        "-c",
        script,
    ]
    return Launch(argv=tuple(argv), env={**own, **outer})


def removal(program: str, app_id: str, outer: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the command that ends an app's container for certain; None when there can be none."""
    found = shutil.which(program, path=outer.get("PATH")) if program != "process" else None
    return (found, "rm", "--force", container_name(app_id)) if found else None


def container_name(app_id: str) -> str:
    """Return the name that an app's container has."""
    return f"dfsubmit-{app_id}"


def python_folder(home: Path) -> str:
    """Return the part of PATH on which `python` and `python3` are this one. Raises OSError.

    Where the folder of this Python lacks one of the names, it is made in `home`.
    """
    folder = Path(sys.executable).parent
    names = [name for name in ("python", "python3") if not (folder / name).exists()]
    own = home / "bin"
    for name in names:
        own.mkdir(mode=0o700, exist_ok=True)
        # A script and not a link: through a link, Python would not find the virtual environment that it belongs to.
        fresh = own / f".{name}-{os.getpid()}"
        fresh.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
        fresh.chmod(0o700)
        fresh.replace(own / name)
    return f"{own}:{folder}" if names else str(folder)


def _found(program: str, outer: Mapping[str, str]) -> str:
    found = shutil.which(program, path=outer.get("PATH"))
    if found is None:
        raise CannotRunError(
            f"the program '{program}' was not found on PATH: install it, or set the Project's runtime to 'process'"
        )
    return found
