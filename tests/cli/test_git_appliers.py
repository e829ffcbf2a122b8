"""Many runners with clones of their own, one ledger in git, random kills: every app exactly once, and no manual step."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cli_program import CONSOLE_SCRIPT, PASSED_ON
from folder import PROJECT, Folder
from rehearsing import emulator

# One app runs at a time, and for a while: what is submitted here is counted, not run.
SETTINGS = PROJECT.replace("gpu: 4", "gpu: 1") + "  submission: {settleSeconds: 1, timeoutSeconds: 30}\n"
FULL = os.environ.get("DFSUBMIT_SOAK") == "full"
DEADLINE_SECONDS = 3600 if FULL else 600
# 0 all done, 1 held by others or a failed append, 3 unresolved for now, 4 others won everything
EXPECTED = {0, 1, 3, 4, -signal.SIGKILL}


def git(where: Path, *arguments: str | Path) -> str:
    names = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t.invalid"}
    names |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in names.items()}
    env = {**os.environ, **names}
    return subprocess.run(["git", "-C", where, *arguments], env=env, capture_output=True, check=True, text=True).stdout


@dataclass
class Runner:
    """One applier: a clone, and the process that runs in it, started again until nothing is left to do."""

    clone: Path
    env: dict[str, str]
    process: subprocess.Popen[str] | None = None
    done: bool = False
    ends: list[int] = field(default_factory=list)

    def step(self) -> None:
        if self.process is None:
            self.process = subprocess.Popen(
                [CONSOLE_SCRIPT, "apply", "--yes", "--max-submit", "1000", "--ledger", "git:origin"],
                cwd=self.clone,
                env={**PASSED_ON, "PATH": os.environ["PATH"], "HOME": str(self.clone.parent), **self.env},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                encoding="utf-8",
            )
        elif (code := self.process.poll()) is not None:
            _, err = self.process.communicate()
            assert code in EXPECTED, err
            assert "Traceback" not in err, err
            self.process, self.done = None, code == 0
            self.ends.append(code)

    def kill(self, *, forget: bool) -> None:
        """Kill the process alone: the git that it started goes on. `forget` makes a fresh runner of it."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.ends.append(-signal.SIGKILL)
            self.process = None
            if forget:
                shutil.rmtree(self.clone / "specs" / ".dfsubmit", ignore_errors=True)


def apply_together(tmp_path: Path, *, appliers: int, manifests: int, kills: int, seed: int = 1) -> None:
    dice = random.Random(seed)
    service = Folder.make(tmp_path / "service", project=SETTINGS)
    for number in range(manifests):
        service.app(f"app-{number:03d}", "sleep 5", prefix=f"p{number:03d}")
    git(tmp_path, "init", "--quiet", "--bare", "host.git")
    git(service.path, "init", "--quiet", "--initial-branch=main")
    git(service.path, "add", ".")
    git(service.path, "commit", "--quiet", "-m", "specs")
    git(service.path, "push", "--quiet", tmp_path / "host.git", "main")
    with emulator(service) as env:
        runners = []
        for number in range(appliers):
            git(tmp_path, "clone", "--quiet", "--branch=main", "host.git", f"runner-{number}")
            runners.append(Runner(tmp_path / f"runner-{number}", env))
        end, next_kill = time.monotonic() + DEADLINE_SECONDS, time.monotonic() + 1
        while not all(runner.done for runner in runners):
            assert time.monotonic() < end, [runner.ends for runner in runners]
            for runner in runners:
                if not runner.done:
                    runner.step()
            if kills and time.monotonic() > next_kill:
                dice.choice(runners).kill(forget=dice.random() < 0.5)
                kills, next_kill = kills - 1, time.monotonic() + dice.uniform(0.2, 2)
            time.sleep(0.05)
        check(service, runners, manifests)


def check(service: Folder, runners: list[Runner], manifests: int) -> None:
    """Every manifest is one app, every app is in the ledger, and the ledger holds together for who never saw it before."""
    world = service.world()
    ends = Counter(code for runner in runners for code in runner.ends)
    assert len(world) == manifests, ends
    reader = Folder(path=runners[0].clone)
    shutil.rmtree(reader.path / "specs" / ".dfsubmit")
    env = {**runners[0].env, "DFSUBMIT_LEDGER": "git:origin", "PATH": os.environ["PATH"]}
    plan = reader.run("plan", "--offline", env=env)
    assert plan.stdout.endswith(f"Plan: 0 to submit, 0 to kill, {manifests} unchanged, 0 unresolved.\n"), plan
    verified = reader.run("ledger", "verify", env={"DFSUBMIT_LEDGER": "git:origin", "PATH": os.environ["PATH"]})
    assert verified.returncode == 0, verified
    commits = git(runners[0].clone.parent / "host.git", "rev-list", "--count", "refs/dfsubmit/ledger").strip()
    # Shown with -s, for the figures of a long run.
    os.write(1, f"\n{manifests} apps, {commits} commits, ends {dict(ends)}\n".encode())


def test_three_runners_with_kills_submit_every_app_once(tmp_path: Path) -> None:
    apply_together(tmp_path, appliers=3, manifests=8, kills=2)


@pytest.mark.soak
def test_many_runners_with_random_kills_submit_every_app_once(tmp_path: Path) -> None:
    appliers, manifests, kills = (50, 200, 60) if FULL else (12, 60, 15)
    apply_together(tmp_path, appliers=appliers, manifests=manifests, kills=kills)
