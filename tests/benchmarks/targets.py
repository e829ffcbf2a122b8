"""The rows of the table of targets: what dfsubmit does, what it is held against, and which ratio it must and should reach."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import corpus
from measuring import LONG, MADE_UP, Command, environment, run
from peers import REPOSITORY, Peers

HERE = Path(__file__).resolve().parent
SCHEMA = REPOSITORY / "schema" / "dfsubmit.v1.schema.json"
APPS = 1_000
DELAY_SECONDS = 0.02
WORKERS = 32
PROJECT = """\
apiVersion: dfsubmit/v1
kind: Project
metadata: {name: bench}
spec: {limits: {maxSubmit: 1000000}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison. `must` and `aim` are ratios of seconds, ours to theirs; None where nothing is asked."""

    what: str
    against: str
    must: float | None
    aim: float | None
    ours: Command
    theirs: Command
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where everything is. `files` manifests are validated and planned, `apps` applied; `rounds` is for the quick ones."""

    peers: Peers
    folder: Path
    files: int
    apps: int
    rounds: int
    port: int
    slow_port: int

    @property
    def few(self) -> int:
        """Return the rounds for comparisons that take long."""
        return min(self.rounds, LONG)

    def dfsubmit(self, *arguments: str, **more: object) -> Command:
        return Command(argv=[self.peers.dfsubmit, *arguments], folder=self.folder, **more)  # type: ignore[arg-type]

    def program(self, *argv: str, folder: Path | None = None, **more: object) -> Command:
        return Command(argv=argv, folder=folder or self.folder, **more)  # type: ignore[arg-type]

    def apply(self, folder: str, *more: str, port: int | None = None) -> Command:
        """Return an apply to a service, the quick one unless told, from an empty ledger."""
        state = self.folder / folder / ".dfsubmit"
        arguments = ("apply", "-f", folder, *_service(port or self.port), "--yes", "--quiet", *more)
        return self.dfsubmit(*arguments, before=lambda: shutil.rmtree(state, ignore_errors=True))

    def plan(self, folder: str) -> Command:
        """Return a plan of what was applied to the quick service."""
        return self.dfsubmit("plan", "-f", folder, *_service(self.port), "--offline")

    def plan_after_edit(self, folder: str) -> Command:
        """Return such a plan, with another change to one manifest before each."""
        edited = min((self.folder / folder).rglob("app-*.yaml"))

        def edit() -> None:
            edited.write_text(edited.read_text().replace("--seed ", "--seed 1", 1))

        return replace(self.plan(folder), before=edit)


def _service(port: int) -> tuple[str, ...]:
    return ("--engine", "dataforest", "--base-url", f"http://127.0.0.1:{port}")


@contextlib.contextmanager
def prepared(peers: Peers, folder: Path, *, files: int, apps: int, rounds: int) -> Iterator[Bench]:
    """Make the manifests, from a seed, and start the services that stand in for Data Forest."""
    corpus.write(folder / "right", files)
    corpus.write(folder / "wrong", files, faulty=True)
    corpus.write(folder / "one", 1)
    set_of(folder / "applied", apps)
    (folder / "schema.json").write_bytes(SCHEMA.read_bytes())
    with service(0.0) as port, service(DELAY_SECONDS) as slow_port:
        yield Bench(peers=peers, folder=folder, files=files, apps=apps, rounds=rounds, port=port, slow_port=slow_port)


def set_of(folder: Path, count: int) -> str:
    """Write a set of `count` manifests with its Project, and return its name."""
    corpus.write(folder, count)
    (folder / "project.yaml").write_text(PROJECT)
    return folder.name


def planned(bench: Bench) -> str:
    """Return the name of a set, made when first asked for, that was applied and committed."""
    folder = bench.folder / "planned"
    if folder.exists():
        return folder.name
    run(bench.apply(set_of(folder, bench.files)))
    for words in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=b", "-c", "user.email=b@b.invalid", "commit", "-qm", "x"),
    ):
        subprocess.run(["git", "-C", str(folder), *words], check=True, env={**environment(), **MADE_UP})
    return folder.name


@contextlib.contextmanager
def service(delay: float) -> Iterator[int]:
    """Run a service that accepts every submit after `delay` seconds; yields its port."""
    argv = [sys.executable, str(HERE / "stub_service.py"), str(delay)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def rows(bench: Bench) -> Iterator[Row]:
    """Yield the rows whose peers are there; what one needs is made when it is asked for."""
    yield from _of_starting(bench)
    yield from _of_validating(bench)
    yield from _of_planning(bench)
    yield from _of_applying(bench)


def _of_starting(bench: Bench) -> Iterator[Row]:
    yield Row(
        what="`--version`",
        against="`python -c pass`",
        must=4,
        aim=1.5,
        ours=bench.dfsubmit("--version"),
        theirs=bench.program(bench.peers.python, "-c", "pass"),
        rounds=4 * bench.rounds,
    )
    one = "one/00000/app-0000000.yaml"
    if bench.peers.check_jsonschema is not None:
        yield Row(
            what="validate one file",
            against="check-jsonschema",
            must=0.6,
            aim=0.12,
            ours=bench.dfsubmit("validate", "-f", one),
            theirs=bench.program(bench.peers.check_jsonschema, "--schemafile", "schema.json", one),
            rounds=2 * bench.rounds,
        )


def _of_validating(bench: Bench) -> Iterator[Row]:
    what = f"validate {bench.files:,} files"
    ours = bench.dfsubmit("validate", "-f", "right")
    peers = bench.peers
    if peers.check_jsonschema is not None:
        files = [str(path.relative_to(bench.folder)) for path in sorted((bench.folder / "right").rglob("*.yaml"))]
        theirs = bench.program(peers.check_jsonschema, "--schemafile", "schema.json", *files)
        yield Row(
            what=what, against="check-jsonschema", must=0.035, aim=0.012, ours=ours, theirs=theirs, rounds=bench.few
        )
    if peers.ajv is not None:
        options = ("--spec=draft2020", "--strict=false")
        theirs = bench.program(peers.ajv, "validate", *options, "-s", "schema.json", "-d", "right/*/*.yaml")
        yield Row(what=what, against="ajv-cli", must=0.9, aim=0.35, ours=ours, theirs=theirs, rounds=bench.rounds)
    if peers.sourcemeta is not None:
        theirs = bench.program(peers.sourcemeta, "validate", "--fast", "schema.json", "right", "--extension", ".yaml")
        yield Row(
            what=what,
            against="sourcemeta jsonschema `--fast`",
            must=None,
            aim=0.6,
            ours=ours,
            theirs=theirs,
            rounds=bench.rounds,
        )
    yield Row(
        what=f"validate {bench.files:,} files that are all wrong",
        against="as many that are right",
        must=3.5,
        aim=2,
        ours=bench.dfsubmit("validate", "-f", "wrong", code=1),
        theirs=ours,
        rounds=bench.rounds,
    )
    if peers.yamllint is not None:
        # Ten times less: it takes as long as all the rest together.
        corpus.write(bench.folder / "tenth", bench.files // 10)
        yield Row(
            what=f"validate {bench.files // 10:,} files",
            against="yamllint, relaxed (no schema)",
            must=None,
            aim=None,
            ours=bench.dfsubmit("validate", "-f", "tenth"),
            theirs=bench.program(peers.yamllint, "-d", "relaxed", "tenth"),
            rounds=1,
        )


def _of_planning(bench: Bench) -> Iterator[Row]:
    what = f"plan {bench.files:,} apps, nothing changed"
    ours = bench.plan(planned(bench))
    status = bench.program("git", "status", folder=bench.folder / "planned")
    yield Row(what=what, against="`git status` there", must=5, aim=2, ours=ours, theirs=status, rounds=2 * bench.rounds)
    if bench.peers.octodns is not None:
        config = _zone(bench.folder / "dns", bench.files)
        theirs = bench.program(bench.peers.octodns, "--config-file", config)
        yield Row(
            what=what,
            against="octodns, as many records",
            must=0.03,
            aim=0.01,
            ours=ours,
            theirs=theirs,
            rounds=bench.few,
        )


def _zone(folder: Path, records: int) -> str:
    """Write a zone that octodns finds in the place where it would bring it."""
    lines = ["---"]
    for number in range(records):
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        lines += [f"app-{number:07}:", "  type: A", f"  value: {address}"]
    for name in ("wanted", "there"):
        (folder / name).mkdir(parents=True)
        (folder / name / "bench.invalid.yaml").write_text("\n".join(lines) + "\n")
    config = folder / "config.yaml"
    config.write_text(
        "providers:\n"
        f"  wanted: {{class: octodns.provider.yaml.YamlProvider, directory: {folder}/wanted}}\n"
        f"  there: {{class: octodns.provider.yaml.YamlProvider, directory: {folder}/there}}\n"
        "zones:\n"
        "  bench.invalid.: {sources: [wanted], targets: [there]}\n"
    )
    return str(config)


def _of_applying(bench: Bench) -> Iterator[Row]:
    if bench.peers.curl is not None:
        url = f"http://127.0.0.1:{bench.port}/api/v2/aiapps/submit"
        (bench.folder / "body.json").write_text('{"namePrefix": "bench"}')
        curl = f"curl -sf -o /dev/null -H 'Content-Type: application/json' -d @body.json {url}"
        loop = f"seq {bench.apps} | xargs -P8 -I{{}} {curl}"
        yield Row(
            what=f"apply {bench.apps:,} new apps",
            against=f"{bench.apps:,} `curl` by `xargs -P8`",
            must=0.5,
            aim=0.25,
            ours=bench.apply("applied"),
            theirs=bench.program("sh", "-c", loop),
            rounds=bench.rounds,
        )
    floor = (sys.executable, str(HERE / "floor.py"), str(bench.slow_port), str(bench.apps), str(WORKERS))
    yield Row(
        what=f"apply {bench.apps:,} new apps, a service that takes 20 ms, {WORKERS} workers",
        against="raw sockets",
        must=2.5,
        aim=1.75,
        ours=bench.apply("applied", "--parallelism", str(WORKERS), port=bench.slow_port),
        theirs=bench.program(*floor, tells=True),
        rounds=bench.rounds,
    )
