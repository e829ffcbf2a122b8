"""How commands are started: what they see of their surroundings, and what a container engine is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dfsubmit.local import runtime
from dfsubmit.local.world import CannotRunError

from local_world import make  # isort: skip

if TYPE_CHECKING:
    from pathlib import Path

APP = "A" * 22
IMAGE = os.environ.get("DFSUBMIT_TEST_IMAGE", "busybox:1.36")


def _engine(folder: Path, name: str) -> dict[str, str]:
    """Return an environment in whose PATH a program `name` stands."""
    program = folder / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return {"PATH": str(folder), "HOME": "/home/someone", "LANG": "C"}


@pytest.mark.parametrize("name", ["podman", "docker"])
def test_a_container_runs_the_command_in_the_mounted_working_folder(tmp_path: Path, name: str) -> None:
    outer = _engine(tmp_path, name)
    env = {"TOKEN": "secret-value", "EPOCHS": "3", "HOME": "/root"}
    made = runtime.container_launch(name, "image:1", "run me", env, app_id=APP, work=tmp_path / "work", outer=outer)
    text = list(made.argv)
    assert text[:5] == [str(tmp_path / name), "run", "--rm", "--name", f"dfsubmit-{APP}"]
    assert f"type=bind,source={tmp_path}/work,target=/work" in text
    assert text[-6:] == ["--entrypoint", "/bin/sh", "--", "image:1", "-c", "run me"]
    assert ("--user" in text) == (name == "docker")
    assert not [part for part in text if "secret-value" in part]
    variables = [text[index + 1] for index, part in enumerate(text) if part == "--env"]
    # A name that the engine needs for itself is set on the command line; all others are taken from its environment.
    assert variables == ["HOME=/root", "LANG=C.UTF-8", "PYTHONUNBUFFERED", "TOKEN", "EPOCHS"]
    assert made.env == {**outer, "PYTHONUNBUFFERED": "1", "TOKEN": "secret-value", "EPOCHS": "3"}


def test_an_engine_that_is_not_there_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CannotRunError, match="'podman' was not found on PATH: install it, or set"):
        runtime.container_launch("podman", "i", "c", {}, app_id=APP, work=tmp_path, outer={"PATH": str(tmp_path)})
    assert runtime.removal("podman", APP, {"PATH": str(tmp_path)}) is None


def test_a_container_can_be_removed_by_its_app(tmp_path: Path) -> None:
    outer = _engine(tmp_path, "docker")
    assert runtime.removal("docker", APP, outer) == (str(tmp_path / "docker"), "rm", "--force", f"dfsubmit-{APP}")
    assert runtime.removal("process", APP, outer) is None


def test_python_is_found_where_this_one_has_both_names(tmp_path: Path) -> None:
    assert runtime.python_folder(tmp_path).rpartition(":")[2] == os.path.dirname(sys.executable)  # noqa: PTH120  # text is compared


def test_a_missing_name_of_python_is_made_and_is_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "python3.x").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(alone / "python3.x"))
    (tmp_path / "home").mkdir()
    path = runtime.python_folder(tmp_path / "home")
    assert path == f"{tmp_path}/home/bin:{alone}"
    for name in ("python", "python3"):
        found = shutil.which(name, path=path)
        assert found is not None
        done = subprocess.run([found, "-c", "print(6 * 7)"], capture_output=True, text=True, check=True)
        assert done.stdout == "42\n"


def _usable(name: str) -> bool:
    """Tell whether the engine works here and has the image; nothing is pulled."""
    try:
        done = subprocess.run([name, "image", "inspect", IMAGE], capture_output=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@pytest.mark.parametrize("name", ["podman", "docker"])
def test_an_app_really_runs_in_a_container(tmp_path: Path, name: str) -> None:
    if not _usable(name):
        pytest.skip(f"{name} cannot be used here, or has no image {IMAGE}")
    world = make(tmp_path, runtime=name)
    docker = {"image": IMAGE, "command": "cat", "args": "in.txt > out.txt; echo $WORD", "env": {"WORD": "hello"}}
    (tmp_path / "hdfs").mkdir()
    (tmp_path / "hdfs" / "in.txt").write_text("data")
    data = {
        "input": [{"hdfs": "/in.txt", "path": "in.txt"}],
        "output": [{"hdfs": "/out.txt", "path": "out.txt", "overwrite": False}],
    }
    app_id = world.submit(docker=docker, data=data)
    assert world.end(app_id) == "FINISHED/SUCCEEDED", world.log(app_id)
    assert "hello" in world.log(app_id)
    assert (tmp_path / "hdfs" / "out.txt").read_text() == "data"


def test_an_app_whose_engine_is_missing_fails_with_a_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    world = make(tmp_path, runtime="podman")
    app_id = world.submit()
    assert world.end(app_id) == "FINISHED/FAILED"
    assert world.log(app_id) == (
        "dfsubmit: the program 'podman' was not found on PATH: install it, or set the Project's runtime to 'process',"
        " ended as FINISHED/FAILED\n"
    )


# Does in a folder what an engine does in a container, and writes down what it was asked.
STAND_IN = """#!/bin/sh
echo "$1 $2" >> {asked}
test "$1" = run || exit 0
for last in "$@"; do case "$last" in type=bind,source=*) cd "$(echo "${last#type=bind,source=}" | cut -d, -f1)";; esac; done
exec sh -c "$last"
"""


def test_an_app_goes_through_its_engine_with_its_env_log_outputs_and_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    program = tmp_path / "bin" / "podman"
    program.parent.mkdir()
    program.write_text(STAND_IN.replace("{asked}", str(asked)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    world = make(tmp_path, runtime="podman")
    data = {"input": [], "output": [{"hdfs": "/out", "path": "out", "overwrite": False}]}
    docker = {"image": "x", "command": "echo $WORD | tee out", "env": {"WORD": "hello"}}
    app_id = world.submit(docker=docker, data=data)
    assert world.end(app_id) == "FINISHED/SUCCEEDED", world.log(app_id)
    assert world.log(app_id).startswith("hello\n")
    assert (tmp_path / "hdfs" / "out").read_text() == "hello\n"
    assert asked.read_text().splitlines() == ["run --rm", "rm --force"]
