"""A plan made with what earlier runs have found out is the plan that would be made without, whatever was done in between.

Hypothesis edits a set, its Project, its ledger and the cache; after every step the plan is made without the cache, with it, once
more so that it may only be said again, and once more so that it may not. Text, JSON, standard error, exit code and saved
plan are the same.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from planner import Planner, app_text, project_text

from dfsubmit.errors import LedgerError
from dfsubmit.journal import Event

FULL = os.environ.get("DFSUBMIT_SOAK") == "full"
# Where manifests lie, and what the ones there are usually called. Some of it git does not see.
PLACES = {
    "a.yaml": "one",
    "b.yaml": "two",
    "deep/er/c.yml": "three",
    "data/d.yaml": "four",
    "untracked.yaml": "five",
}
OUTPUT = "  data: {{output: [{{hdfs: {}, path: out, overwrite: {}}}]}}\n"
INPUT = "  data:\n    input:\n      - hdfs: /user/same{}\n        path: in\n"
RIGHT: dict[str, Callable[[str], str]] = {
    "plain": app_text,
    # As long as the plain one.
    "edited": lambda name: app_text(name, "ran"),
    "comment": lambda name: f"# nothing but a word\n{app_text(name)}",
    "crlf": lambda name: app_text(name).replace("\n", "\r\n"),
    "generation": lambda name: app_text(name, meta=", generation: 2"),
    "moved": lambda name: app_text(name, meta=f", moved: [{name}-old]"),
    "older": lambda name: app_text(f"{name}-old"),
    "labels": lambda name: app_text(name, meta=", labels: {team: nlp}"),
    "output": lambda name: app_text(name, more=OUTPUT.format(f"/user/{name}", "false")),
    "gpus": lambda name: app_text(name, more="  resource: {gpuCount: 4}\n"),
    "prefix": lambda name: app_text(name, prefix="longpre"),
    "silenced": lambda name: app_text(name, image="python:latest").replace(
        "  docker", "  # dfsubmit: ignore[DF0401] on purpose\n  docker"
    ),
    "secret": lambda name: app_text(name).replace("command: run", "command: run, env: {TOKEN: {fromEnv: TOKEN}}"),
    "two": lambda name: f"{app_text(name)}---\n{app_text(name + '-too')}",
}
WRONG: dict[str, Callable[[str], str]] = {
    "warned": lambda name: app_text(name, image="python:latest"),
    "one output": lambda name: app_text(name, more=OUTPUT.format("/user/same", "true")),
    "inside it": lambda name: app_text(name, more=OUTPUT.format("/user/same/more", "false")),
    "reads it": lambda name: app_text(name, more=INPUT.format("")),
    "reads it on purpose": lambda name: app_text(name, more=INPUT.format("  # dfsubmit: ignore[DF0309] on purpose")),
    "idle silencer": lambda name: f"# dfsubmit: ignore[DF0309] for nothing\n{app_text(name)}",
    "same name": lambda _: app_text("three"),
    "misspelt": lambda name: app_text(name).replace("command", "comand"),
    "broken": lambda name: f"{app_text(name)}\t: [\n",
    "empty": lambda name: f"# {name}\n",
    "project": lambda name: project_text(name=name),
}
PROJECTS = (
    "{}",
    "{}",
    "{submission: {marker: true}}",
    "{limits: {maxGpus: 3}}",
    "{engine: {type: local, hdfs: data}}",
    "{engine: {type: dataforest}}",
    "{nonsense: 1}",
)
HISTORIES = (
    (Event.INTENT,),
    (Event.INTENT, Event.ACCEPTED),
    (Event.INTENT, Event.REJECTED),
    (Event.INTENT, Event.UNKNOWN),
)
FORMS = ((), ("-o", "json"), ("--select", "t*", "-o", "markdown"), ("--strict", "-v", "--detailed-exitcode"))


def nothing_said_before(turn: int) -> dict[str, str]:
    """Return a variable that means nothing, but with which no answer is in the cache: so the plan is made of what is known."""
    return {"DFSUBMIT_TURN": str(turn)}


class Edits(RuleBasedStateMachine):
    """See the module's text."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="known-plans-"))
        self.planner = Planner.make(self.folder)
        self.copies = self.turn = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def git(self, *arguments: str) -> None:
        made_up = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgSign=false")
        subprocess.run(["git", *made_up, *arguments], cwd=self.planner.path, check=False, capture_output=True)

    def some(self, number: int) -> Path:
        """Return one of the files of the set."""
        files = sorted(path for path in self.planner.specs.rglob("*.y*ml") if path.is_file() or path.is_symlink())
        return files[number % len(files)] if files else self.planner.specs / "none.yaml"

    @initialize(with_git=st.booleans())
    def begin(self, *, with_git: bool) -> None:
        if with_git:
            self.git("init", "-q")
            (self.planner.path / ".gitignore").write_text("data/\nuntracked.yaml\n.dfsubmit/\n")
        self.repair()
        self.git("add", "-A")
        self.git("commit", "-qm", "begin")

    @rule()
    def repair(self) -> None:
        """Make everything right, and submitted."""
        for path in self.planner.specs.rglob("*.y*ml"):
            path.unlink()
        self.planner.write("project.yaml", project_text())
        for place, name in PLACES.items():
            self.planner.write(place, app_text(name))
        with contextlib.suppress(LedgerError):
            self.planner.submit_all()

    @rule(place=st.sampled_from(sorted(PLACES)), kind=st.sampled_from(sorted(RIGHT)), submit=st.booleans())
    def write(self, place: str, kind: str, *, submit: bool) -> None:
        self.planner.write(place, RIGHT[kind](PLACES[place]))
        if submit:
            with contextlib.suppress(LedgerError):
                self.planner.submit_all()

    @rule(place=st.sampled_from(sorted(PLACES)), kind=st.sampled_from(sorted(WRONG)))
    def write_wrong(self, place: str, kind: str) -> None:
        self.planner.write(place, WRONG[kind](PLACES[place]))

    @rule(number=st.integers(0, 5))
    def edit_behind_the_back_of_the_clock(self, number: int) -> None:
        path = self.some(number)
        if path.is_file():
            before = path.stat()
            path.write_bytes(path.read_bytes().replace(b"run", b"ran"))
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(number=st.integers(0, 5))
    def touch(self, number: int) -> None:
        with contextlib.suppress(OSError):
            self.some(number).touch()

    @rule(number=st.integers(0, 5))
    def delete(self, number: int) -> None:
        self.some(number).unlink(missing_ok=True)

    @rule(number=st.integers(0, 5), place=st.sampled_from(sorted(PLACES)))
    def rename(self, number: int, place: str) -> None:
        source, target = self.some(number), self.planner.specs / place
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)

    @rule(number=st.integers(0, 5))
    def copy(self, number: int) -> None:
        source = self.some(number)
        if source.is_file():
            self.copies += 1
            shutil.copy(source, self.planner.specs / f"copy-{self.copies}.yaml")

    @rule(number=st.integers(0, 5), outside=st.booleans())
    def link(self, number: int, *, outside: bool) -> None:
        self.copies += 1
        target = self.folder / "outside.yaml" if outside else self.some(number)
        target.touch()
        (self.planner.specs / f"link-{self.copies}.yaml").symlink_to(target)

    @rule(spec=st.sampled_from(PROJECTS), name=st.sampled_from(("planner", "renamed")))
    def change_project(self, spec: str, name: str) -> None:
        self.planner.write("project.yaml", project_text(spec, name=name))

    @rule()
    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", "more")

    @rule()
    def go_back(self) -> None:
        self.git("checkout", "-qf", "HEAD~1")

    @rule(number=st.integers(0, 5), events=st.sampled_from(HISTORIES))
    def submit(self, number: int, events: tuple[Event, ...]) -> None:
        apps = self.planner.wanted()
        if apps:
            self.planner.record(apps[number % len(apps)], *events)

    @rule(back=st.booleans())
    def swap_the_ledger(self, *, back: bool) -> None:
        kept = self.folder / "kept.db"
        path = self.planner.ledger_path
        if back and kept.exists():
            shutil.copy(kept, path)
        elif path.exists():
            shutil.copy(path, kept)
            path.unlink()

    @rule(number=st.integers(0, 5), how=st.sampled_from(("flip", "cut", "empty", "remove", "other")))
    def damage_the_cache(self, number: int, how: str) -> None:
        files = sorted(path for path in self.planner.cache.rglob("*-*") if path.stat().st_size)
        if not files:
            return
        path = files[number % len(files)]
        content = path.read_bytes()
        middle = len(content) // 2
        if how == "remove":
            path.unlink()
        elif how == "other":
            path.write_bytes(files[(number + 1) % len(files)].read_bytes())
        elif how == "flip":
            path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        else:
            path.write_bytes(content[:middle] if how == "cut" else b"")

    @invariant()
    def the_plan_is_the_plan(self) -> None:
        self.turn += 1
        form = FORMS[self.turn % len(FORMS)]
        anew = self.planner.plan("--no-cache", *form)
        assert self.planner.plan(*form) == anew
        assert self.planner.plan(*form) == anew
        assert self.planner.plan(*form, **nothing_said_before(self.turn)) == anew
        if self.turn % len(FORMS) == 0:
            assert self.saved() == self.saved("--no-cache")

    def saved(self, *arguments: str) -> bytes:
        path = self.planner.path / "saved.plan"
        path.unlink(missing_ok=True)
        self.planner.plan("--out", path.name, *arguments)
        return path.read_bytes() if path.exists() else b""


@pytest.mark.parametrize("kind", [*RIGHT, *WRONG])
@pytest.mark.parametrize("before", [("older", "plain"), ("plain", "one output")], ids=" ".join)
def test_every_kind_of_manifest_is_planned_again_as_the_first_time(
    kind: str, before: tuple[str, str], tmp_path: Path
) -> None:
    planner = Planner.make(tmp_path)
    for (place, name), known in zip(PLACES.items(), (*before, "plain", "plain", "plain"), strict=True):
        planner.write(place, (RIGHT | WRONG)[known](name))
    planner.submit_all()
    planner.plan()

    planner.write("a.yaml", (RIGHT | WRONG)[kind]("one"))

    anew = planner.plan("--no-cache")
    assert planner.plan() == planner.plan() == anew
    assert planner.plan(**nothing_said_before(0)) == anew


def test_what_a_new_setting_of_the_project_forbids_is_found_in_files_that_are_known(tmp_path: Path) -> None:
    planner = Planner.make(tmp_path)
    planner.write("a.yaml", app_text("one", prefix="longpre"))
    assert planner.plan().code == 0

    planner.write("project.yaml", project_text("{submission: {marker: true}}"))

    anew = planner.plan("--no-cache")
    assert "specs/a.yaml:6:15: error[DF0306]" in anew.err
    assert planner.plan() == planner.plan() == anew


TestEdits = Edits.TestCase
TestEdits.settings = settings(
    max_examples=1_000 if FULL else 8,
    stateful_step_count=30 if FULL else 10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
