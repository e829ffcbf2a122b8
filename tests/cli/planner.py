"""`plan` in this process, as `main` runs it, with a cache of its own. A plan that is made anew is the oracle of all others."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from dfsubmit.__main__ import main
from dfsubmit.cli.boundary import run
from dfsubmit.desired import DesiredApp
from dfsubmit.enginemark import LOCAL
from dfsubmit.journal import Actor, AppRef, Entry, Event, Intent, Item
from dfsubmit.ledger.sqlite import SqliteLedger
from dfsubmit.project import load_project
from dfsubmit.sources import find

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
BY = Actor(host="host", boot="boot", pid=7, started="1", run="run")
WORKSPACE = "PlannerWorkspace000001"


@dataclass(frozen=True, slots=True)
class Ran:
    """How one run ended, and whether the plan was made for it or said again."""

    code: int
    out: str
    err: str
    made: bool = field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """A folder with `specs/`, and a cache beside it."""

    path: Path
    cache: Path

    @classmethod
    def make(cls, path: Path) -> Planner:
        (path / "work" / "specs").mkdir(parents=True)
        planner = cls(path=path / "work", cache=path / "cache")
        planner.write("project.yaml", project_text())
        return planner

    @property
    def specs(self) -> Path:
        return self.path / "specs"

    @property
    def ledger_path(self) -> Path:
        return self.specs / ".dfsubmit" / "ledger.db"

    def write(self, name: str, text: str) -> Path:
        path = self.specs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(text.encode())
        return path

    def plan(self, *arguments: str, **environ: str) -> Ran:
        """Run `plan` in the folder, as a user of whom no more is known than `environ` and a cache."""
        return self.run("plan", "--offline", *arguments, **environ)

    def run(self, *arguments: str, **environ: str) -> Ran:
        with (
            self._here({"XDG_CACHE_HOME": str(self.cache), **environ}),
            _streams() as (out, err),
            patch("dfsubmit.cli.boundary.run", wraps=run) as made,
        ):
            sys.argv = ["dfsubmit", *arguments]
            code = main()
            return Ran(code, _text(out), _text(err), made.called)

    @contextlib.contextmanager
    def _here(self, environ: dict[str, str]) -> Iterator[None]:
        with patch.dict(os.environ, environ, clear=True), contextlib.chdir(self.path):
            yield

    def wanted(self) -> tuple[DesiredApp, ...]:
        """Return the apps that the set asks for, if nothing is wrong with it."""
        with contextlib.chdir(self.path):
            state = load_project(find(["specs"]))
        return () if state.has_errors else state.apps

    def record(self, app: DesiredApp, *events: Event, project: str = "planner") -> None:
        """Write `events` of one app to the ledger, as far as they fit."""
        item = Item(key=f"{project}/{app.name}", fingerprint=app.fingerprint)
        ledger = SqliteLedger(self.ledger_path)
        try:
            known = ledger.states(project).get(item)
            for version, event in enumerate(events, known.version + 1 if known else 1):
                ledger.append([_entry(item, version, event, app)])
        finally:
            ledger.close()

    def submit_all(self) -> None:
        """Record everything as submitted."""
        for app in self.wanted():
            self.record(app, Event.INTENT, Event.ACCEPTED)


def _entry(item: Item, version: int, event: Event, app: DesiredApp) -> Entry:
    prefix = app.request["namePrefix"]
    intent = Intent(
        request=app.request,
        generation=app.generation,
        source=app.place.path,
        prefix=prefix,
        hold=f"{app.request['aiWorkspaceId']}/{prefix}/{app.name}",
        sent_after=NOW,
        deadline=NOW + timedelta(seconds=30),
        engine=LOCAL,
    )
    ref = AppRef(id=f"id-{item.name}-{version}", name=f"{prefix}-aaaa-{version:04}")
    return Entry(
        item=item,
        version=version,
        event=event,
        at=NOW,
        attempt=f"{item.name}-{version}",
        by=BY,
        intent=intent if event is Event.INTENT else None,
        app=ref if event is Event.ACCEPTED else None,
    )


@contextlib.contextmanager
def _streams() -> Iterator[tuple[io.TextIOWrapper, io.TextIOWrapper]]:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    before = sys.argv, sys.stdout, sys.stderr
    sys.stdout, sys.stderr = out, err
    try:
        yield out, err
    finally:
        sys.argv, sys.stdout, sys.stderr = before


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    content: bytes = stream.buffer.getvalue()  # type: ignore[attr-defined]  # made of a BytesIO above
    return content.decode()


def project_text(spec: str = "{}", *, name: str = "planner") -> str:
    return f"apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def app_text(
    name: str, command: str = "run", *, meta: str = "", prefix: str = "aa", more: str = "", image: str = "python:3.12.4"
) -> str:
    return (
        "apiVersion: dfsubmit/v1\n"
        "kind: AiApp\n"
        f"metadata: {{name: {name}{meta}}}\n"
        "spec:\n"
        f"  aiWorkspaceId: {WORKSPACE}\n"
        f"  namePrefix: {prefix}\n"
        f"  docker: {{image: '{image}', command: {command}}}\n"
        f"{more}"
    )
