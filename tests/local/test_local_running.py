"""Apps that really run: what they compute, what they see, how they end, and what stays behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from dfsubmit.local import supervise
from dfsubmit.local.processes import group_exists

from local_world import OPEN, World, linux, make, supervisors, until  # isort: skip

CANARY = "canary-3f9a-value"

SUBMIT_AND_LEAVE = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from local_world import make
world = make(Path(sys.argv[1]), slots={"gpu": 1})
print(json.dumps([world.submit("sleep 0.3; echo done"), world.submit("echo second")]), flush=True)
os._exit(0)
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a world with one slot a queue."""
    return make(tmp_path, slots={"gpu": 1, "other": 1})


def _hdfs(world: World, name: str, text: str | None = None) -> Path:
    """Return a place in HDFS, with `text` in it when given."""
    path = world.settings.hdfs / name
    if text is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return path


def _output(hdfs: str, path: str, *, overwrite: bool = False) -> dict[str, Any]:
    return {"input": [], "output": [{"hdfs": hdfs, "path": path, "overwrite": overwrite}]}


def test_an_app_computes_from_inputs_to_outputs_in_its_workspace(tmp_path: Path) -> None:
    workspace = tmp_path / "ws"
    workspace.mkdir()
    (workspace / "add.py").write_text(
        textwrap.dedent("""
            import json, sys
            from pathlib import Path
            numbers = [int(line) for line in Path("data_in/numbers").read_text().split()]
            Path("data_out").mkdir()
            Path("data_out/sum.json").write_text(json.dumps({"sum": sum(numbers), "args": sys.argv[1:]}))
            print("added", len(numbers))
        """)
    )
    world = make(tmp_path, workspaces={OPEN: workspace})
    _hdfs(world, "user/local/in/numbers", "1\n2\n39\n")
    data = {
        "input": [{"hdfs": "/user/local/in", "path": "data_in"}],
        "output": [{"hdfs": "hdfs://koya/user/local/out", "path": "data_out", "overwrite": False}],
    }
    app_id = world.submit(docker={"image": "x", "command": "python add.py", "args": "--a 'b c'"}, data=data)
    assert world.end(app_id) == "FINISHED/SUCCEEDED", world.log(app_id)
    result = json.loads(_hdfs(world, "user/local/out/sum.json").read_text())
    assert result == {"sum": 42, "args": ["--a", "b c"]}
    assert world.log(app_id) == "added 3\ndfsubmit: exit code 0, ended as FINISHED/SUCCEEDED\n"
    assert sorted(path.name for path in workspace.iterdir()) == ["add.py"]
    detail = world.detail(app_id)
    assert detail["finishedAt"] > detail["startedAt"]
    (container,) = detail["containers"].values()
    assert container["status"] == "SUCCEEDED"


def test_a_failed_command_says_its_exit_code_in_the_last_line_and_stores_nothing(world: World) -> None:
    app_id = world.submit("echo half > out; printf 'no newline'; exit 3", data=_output("/out", "out"))
    assert world.end(app_id) == "FINISHED/FAILED"
    assert world.log(app_id) == "no newline\ndfsubmit: exit code 3, ended as FINISHED/FAILED\n"
    assert not _hdfs(world, "out").exists()


def test_a_command_that_dies_of_a_signal_says_which(world: World) -> None:
    app_id = world.submit("kill -SEGV $$")
    assert world.end(app_id) == "FINISHED/FAILED"
    assert world.log(app_id).endswith("ended by SIGSEGV, ended as FINISHED/FAILED\n")


def test_standard_error_is_in_the_log_and_standard_input_is_empty(world: World) -> None:
    app_id = world.submit("cat; echo out; echo err >&2")
    assert world.end(app_id) == "FINISHED/SUCCEEDED"
    assert world.log(app_id).startswith("out\nerr\n")


def test_a_missing_input_fails_before_the_command_begins(world: World) -> None:
    data = {"input": [{"hdfs": "/user/none", "path": "in"}], "output": []}
    app_id = world.submit("echo began", data=data)
    assert world.end(app_id) == "FINISHED/FAILED"
    place = world.settings.hdfs / "user" / "none"
    assert world.log(app_id) == (
        f"dfsubmit: input '/user/none' does not exist: there is no {place}, ended as FINISHED/FAILED\n"
    )


def test_an_output_that_was_not_written_fails_the_app(world: World) -> None:
    app_id = world.submit("true", data=_output("/out", "result"))
    assert world.end(app_id) == "FINISHED/FAILED"
    assert world.log(app_id).splitlines() == [
        "dfsubmit: output 'result' was not written: there is no such file or folder in the working folder",
        "dfsubmit: exit code 0, but the outputs could not be stored, ended as FINISHED/FAILED",
    ]


@pytest.mark.parametrize(("overwrite", "end", "text"), [(False, "FAILED", "old"), (True, "SUCCEEDED", "new\n")])
def test_an_existing_output_is_replaced_only_when_the_spec_says_so(
    world: World,
    overwrite: bool,  # noqa: FBT001  # a column of the table
    end: str,
    text: str,
) -> None:
    _hdfs(world, "out", "old")
    app_id = world.submit("echo new > result", data=_output("/out", "result", overwrite=overwrite))
    assert world.end(app_id) == f"FINISHED/{end}"
    assert _hdfs(world, "out").read_text() == text
    assert ("exists and overwrite is false" in world.log(app_id)) == (not overwrite)


def test_a_command_sees_its_own_env_and_nothing_of_its_owner_s(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NCLOUD_SECRET_KEY", CANARY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "extra"))
    docker = {"image": "x", "command": "python -c 'import os, json; print(json.dumps(dict(os.environ)))'"}
    app_id = world.submit(docker=docker | {"env": {"EPOCHS": "3", "LANG": "de_DE"}})
    assert world.end(app_id) == "FINISHED/SUCCEEDED"
    seen = json.loads(world.log(app_id).splitlines()[0])
    seen.pop("_", None)
    folder = world.settings.home / "apps" / app_id
    assert {name: seen.pop(name) for name in ("HOME", "PWD", "TMPDIR")} == {
        "HOME": str(folder / "work"),
        "PWD": str(folder / "work"),
        "TMPDIR": str(folder / "tmp"),
    }
    assert seen.pop("PATH").startswith(os.path.dirname(sys.executable) + ":")  # noqa: PTH120  # text is compared
    for name in ("SHLVL", "OLDPWD", "LC_CTYPE"):
        seen.pop(name, None)  # some shells and Pythons add these
    assert seen == {"EPOCHS": "3", "LANG": "de_DE", "PYTHONUNBUFFERED": "1"}


def _holders(folder: Path, text: str) -> list[str]:
    """Return the files that hold `text`.

    Another process looks: closing a database's file in this one would drop the locks that SQLite holds on it.
    """
    found = subprocess.run(["grep", "-rlF", text, str(folder)], capture_output=True, text=True, check=False)
    assert found.returncode < 2, found.stderr
    return found.stdout.splitlines()


def test_the_env_is_on_disk_until_the_app_runs_and_then_nowhere(world: World) -> None:
    first = world.submit("sleep 60")
    docker = {"image": "x", "command": 'test "$TOKEN" = ' + CANARY[::-1] + "; sleep 60", "env": {"TOKEN": CANARY}}
    second = world.submit(docker=docker)
    home = world.settings.home
    kept = home / "env" / second
    assert _holders(home, CANARY) == [str(kept)]
    assert kept.stat().st_mode & 0o777 == 0o600
    world.kill(first)
    until(lambda: world.runs(second))
    until(lambda: not kept.exists())
    assert _holders(home, CANARY) == []
    assert CANARY not in json.dumps([world.apps(), world.detail(second)]) + world.log(second)
    world.kill(second)
    world.end(second)
    assert _holders(home, CANARY) == []


def test_the_env_of_an_app_that_never_ran_is_removed_too(world: World) -> None:
    first = world.submit("sleep 60")
    second = world.submit(docker={"image": "x", "command": "true", "env": {"TOKEN": CANARY}})
    world.kill(second)
    world.apps()
    assert _holders(world.settings.home, CANARY) == []
    world.kill(first)
    world.end(first)


def test_one_slot_runs_one_app_at_a_time_in_the_order_of_submits(world: World, tmp_path: Path) -> None:
    mark = tmp_path / "order"
    script = f"test ! -e {mark}.busy; touch {mark}.busy; echo %d >> {mark}; sleep 0.1; rm {mark}.busy"
    ids = [world.submit("set -e; " + script % number) for number in range(4)]
    assert [world.state(app_id) for app_id in ids[1:]] == ["ACCEPTED/UNDEFINED"] * 3
    other = world.submit("true", queueName="other")
    assert world.end(other) == "FINISHED/SUCCEEDED"
    assert [world.end(app_id) for app_id in ids] == ["FINISHED/SUCCEEDED"] * 4
    assert mark.read_text().split() == ["0", "1", "2", "3"]


def test_apps_go_on_and_follow_each_other_when_the_program_that_submitted_them_has_ended(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SUBMIT_AND_LEAVE, str(tmp_path), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    ids = json.loads(done.stdout)
    logs = [tmp_path / "local" / "apps" / app_id / "log" for app_id in ids]
    # Nobody looks through the engine, which would take a turn of the pump.
    until(lambda: all(log.exists() and "SUCCEEDED" in log.read_text() for log in logs))
    # The last line of a log is written just before the end can be seen.
    until(lambda: [app["finalStatus"] for app in make(tmp_path).apps()] == ["SUCCEEDED"] * 2)


def test_a_running_app_is_killed_with_all_its_processes(world: World, tmp_path: Path) -> None:
    mark = tmp_path / "pids"
    app_id = world.submit(f"sleep 60 & echo $! $$ > {mark}; wait")
    until(lambda: mark.exists() and mark.read_text().endswith("\n"))
    _, leader = (int(pid) for pid in mark.read_text().split())
    world.kill(app_id)
    assert world.end(app_id) == "KILLED/KILLED"
    until(lambda: not group_exists(leader))
    assert world.log(app_id).endswith("killed on request, ended by SIGTERM, ended as KILLED/KILLED\n")
    world.kill(app_id)
    assert world.state(app_id) == "KILLED/KILLED"


def test_a_killed_app_has_time_to_put_things_in_order(world: World, tmp_path: Path) -> None:
    script = tmp_path / "polite.py"
    script.write_text(
        "import signal, time, sys\n"
        "def end(*_):\n    time.sleep(0.3)\n    print('saved', flush=True)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\nprint('ready', flush=True)\ntime.sleep(60)\n"
    )
    app_id = world.submit(f"python {script}; true")
    until(lambda: world.runs(app_id) and "ready" in world.log(app_id))
    world.kill(app_id)
    assert world.end(app_id) == "KILLED/KILLED"
    assert "saved\n" in world.log(app_id)


def test_an_app_that_will_not_end_is_ended_after_the_grace(tmp_path: Path) -> None:
    world = make(tmp_path, pump=False)
    mark = tmp_path / "mark"
    app_id = world.submit(f"trap '' TERM; touch {mark}; while :; do sleep 0.05; done")
    ((claimed, _),) = world.face.store.claim("gpu", 1, "token", 1)
    assert claimed == app_id
    code = (
        "import sys, threading\nfrom pathlib import Path\nfrom dfsubmit.local import runner\n"
        "runner.Supervisor(Path(sys.argv[1]), sys.argv[2], 'token', grace=0.3).run()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(world.settings.home), app_id]) as process:
        until(mark.exists)
        world.kill(app_id)
        assert process.wait(timeout=20) == 0
    assert world.state(app_id) == "KILLED/KILLED"
    assert "ended by SIGKILL" in world.log(app_id)


def test_what_a_command_leaves_in_the_background_ends_with_it(world: World, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    app_id = world.submit(f"sleep 60 & echo $$ > {mark}; exit 0")
    assert world.end(app_id) == "FINISHED/SUCCEEDED"
    until(lambda: not group_exists(int(mark.read_text())))


def test_the_working_folder_goes_after_a_success_and_stays_for_a_look_after_a_failure(world: World) -> None:
    good, bad = world.submit("touch x"), world.submit("touch x; false")
    world.end(good)
    world.end(bad)
    apps = world.settings.home / "apps"
    until(lambda: not (apps / good / "work").exists())
    until(lambda: not (apps / bad / "tmp").exists())
    assert (apps / bad / "work" / "x").exists()


def test_a_command_line_that_no_system_takes_fails_in_words(world: World) -> None:
    app_id = world.submit("true " + "x" * 200_000)
    assert world.end(app_id) == "FINISHED/FAILED"
    assert "could not run the app: OSError: [Errno 7] Argument list too long" in world.log(app_id)
    assert "Traceback" not in world.log(app_id)


def test_a_supervisor_takes_no_credentials_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NCLOUD_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "HF_TOKEN"):
        monkeypatch.setenv(name, CANARY)
    assert CANARY not in json.dumps(supervise._environment())  # noqa: SLF001  # what is handed over, exactly


@linux
def test_a_supervisor_does_not_bring_back_a_world_that_was_removed(world: World, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    app_id = world.submit(f"sleep 0.5; touch {mark}")
    until(lambda: world.runs(app_id))
    shutil.rmtree(world.settings.home)
    until(mark.exists)
    until(lambda: not supervisors(app_id))
    assert not world.settings.home.exists()
