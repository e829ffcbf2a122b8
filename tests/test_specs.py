"""The samples: each manifest's command is run as an engine would run it, and what it wrote is looked at.

A run is the shortest one that keeps to the manifest: the workspace's folder is copied, inputs are copied into it, the command
runs there with the manifest's environment alone. That the engine does the same is tested where the engine is.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from dfsubmit.document import load
from dfsubmit.project import load_project
from dfsubmit.sources import find

if TYPE_CHECKING:
    from collections.abc import Mapping

REPOSITORY = Path(__file__).parent.parent
SPECS = REPOSITORY / "specs"
MORE = REPOSITORY / "tests" / "samples"
SCHEMA = REPOSITORY / "schema" / "dfsubmit.v1.schema.json"
INPUTS = SPECS / "hdfs" / "user" / "sample" / "in"
APPS = {
    "energy-report",
    "fractal",
    "learning-rate-high",
    "learning-rate-low",
    "learning-rate-right",
    "queue-simulation",
    "text-index",
    "train-classifier",
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """What came of one command: exit code, what it printed, and the folder it ran in."""

    code: int
    stdout: str
    stderr: str
    folder: Path


@cache
def documents(folder: Path) -> dict[str, Any]:
    """Return name → document of every app of a folder."""
    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.yaml")):
        for document in load(path.read_bytes(), str(path)).documents:
            if document.data["kind"] == "AiApp":
                found[document.data["metadata"]["name"]] = document.data
    return found


def execute(folder: Path, name: str, scratch: Path, extra: Mapping[str, str] | None = None) -> Run:
    """Run the app `name` of `folder` in `scratch`, with `extra` on top of the manifest's environment."""
    spec = documents(folder)[name]["spec"]
    shutil.copytree(folder / "workspace", scratch)
    for item in spec.get("data", {}).get("input", []):
        shutil.copytree(folder / "hdfs" / item["hdfs"].lstrip("/"), scratch / item["path"])
    docker = spec["docker"]
    literal = {key: value for key, value in docker.get("env", {}).items() if isinstance(value, str)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", f"{docker['command']} {docker.get('args', '')}"],
        cwd=scratch,
        env={"PATH": path, **literal, **(extra or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Run(code=done.returncode, stdout=done.stdout, stderr=done.stderr, folder=scratch)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("specs"))


class Runs:
    """The apps of the default set, each run when first asked for; all of them must end well."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._done: dict[str, Run] = {}

    def __getitem__(self, name: str) -> Path:
        if name not in self._done:
            self._done[name] = execute(SPECS, name, self._base / name)
        done = self._done[name]
        assert done.code == 0, done.stderr
        assert done.stderr == ""
        return done.folder


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# --- the set as a whole


def test_the_set_holds_the_apps_that_the_readme_shows() -> None:
    assert set(documents(SPECS)) == APPS


@pytest.mark.parametrize(("folder", "apps"), [(SPECS, 8), (MORE, 2)], ids=["specs", "more"])
def test_the_whole_set_has_no_finding_not_even_a_warning(folder: Path, apps: int) -> None:
    state = load_project(find([str(folder)]))
    assert state.diagnostics == ()
    assert (state.declared, len(state.apps)) == (True, apps)


@pytest.mark.parametrize("path", [*SPECS.glob("*.yaml"), *MORE.glob("*.yaml")], ids=lambda path: path.name)
def test_a_manifest_begins_with_the_modeline_and_says_what_it_teaches(path: Path) -> None:
    first, second, third = path.read_text(encoding="utf-8").splitlines()[:3]
    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    assert (path.parent / first.removeprefix(prefix)).samefile(SCHEMA)
    assert second == "#"
    assert third.startswith("# ")


@pytest.mark.parametrize("folder", [SPECS, MORE], ids=["specs", "more"])
def test_inputs_and_workspaces_are_there_and_the_project_knows_them(folder: Path) -> None:
    (project,) = load((folder / "project.yaml").read_bytes(), "project.yaml").documents
    engine = project.data["spec"]["engine"]
    for app in documents(folder).values():
        assert (folder / engine["workspaces"][app["spec"]["aiWorkspaceId"]]).is_dir()
        assert len(app["spec"]["aiWorkspaceId"]) == 22
        for item in app["spec"].get("data", {}).get("input", []):
            assert (folder / engine["hdfs"] / item["hdfs"].lstrip("/")).is_dir()


def test_no_two_apps_share_a_prefix_or_a_result() -> None:
    specs = [app["spec"] for app in documents(SPECS).values()]
    prefixes = [spec["namePrefix"] for spec in specs]
    results = sorted(item["hdfs"] + "/" for spec in specs for item in spec["data"]["output"])
    assert len(set(prefixes)) == len(prefixes), "apps with one prefix wait for each other's submit"
    assert not any(after.startswith(before) for before, after in pairwise(results))


def test_every_result_may_be_replaced_so_that_a_changed_sample_can_run_again() -> None:
    for app in documents(SPECS).values():
        assert all(item["overwrite"] is True for item in app["spec"]["data"]["output"])


def test_git_keeps_inputs_and_ignores_results() -> None:
    results = [
        f"specs/hdfs{item['hdfs']}/file" for app in documents(SPECS).values() for item in app["spec"]["data"]["output"]
    ] + ["tests/samples/hdfs/user/sample/out/signed-message/signature.json"]
    inputs = [str(path.relative_to(REPOSITORY)) for path in INPUTS.rglob("*") if path.is_file()]
    asked = subprocess.run(
        ["git", "check-ignore", "--no-index", *results, *inputs],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode == 128:
        pytest.skip("not a git work tree")
    assert asked.stdout.split() == results


def test_inputs_stay_small() -> None:
    assert sum(path.stat().st_size for path in INPUTS.rglob("*") if path.is_file()) < 100 * 1024


def test_the_generated_inputs_are_what_their_script_generates(tmp_path: Path) -> None:
    for name in ("jobs", "usage"):
        (tmp_path / name).mkdir()
    subprocess.run([sys.executable, SPECS / "workspace" / "make_inputs.py", tmp_path], check=True)
    for relative in ("jobs/jobs.csv", "usage/apps.csv"):
        assert (tmp_path / relative).read_bytes() == (INPUTS / relative).read_bytes()


@pytest.mark.parametrize("name", ["text-index", "energy-report"])
def test_a_sample_writes_the_same_bytes_each_time(name: str, runs: Runs, tmp_path: Path) -> None:
    again = execute(SPECS, name, tmp_path / "again", {"PYTHONHASHSEED": "7"}).folder
    for item in documents(SPECS)[name]["spec"]["data"]["output"]:
        for path in (runs[name] / item["path"]).iterdir():
            assert (again / item["path"] / path.name).read_bytes() == path.read_bytes()


# --- one by one


def test_the_classifier_predicts_much_better_than_guessing(runs: Runs) -> None:
    out = runs["train-classifier"] / "data_out"
    metrics = read_json(out / "metrics.json")
    assert metrics["accuracy"] >= 0.93
    assert metrics["accuracy"] >= metrics["accuracy_of_always_guessing_the_commonest"] + 0.15
    assert (metrics["training_jobs"], metrics["test_jobs"]) == (450, 150)

    rows = [line.split()[1:] for line in (out / "confusion.txt").read_text(encoding="utf-8").splitlines()[1:]]
    counts = [[int(cell) for cell in row] for row in rows]
    assert sum(map(sum, counts)) == 150
    assert round(sum(counts[n][n] for n in range(3)) / 150, 4) == metrics["accuracy"]


def test_the_stored_model_alone_predicts_as_well(runs: Runs) -> None:
    model = read_json(runs["train-classifier"] / "data_out" / "model.json")
    with (INPUTS / "jobs" / "jobs.csv").open(encoding="utf-8", newline="") as file:
        jobs = list(csv.DictReader(file))
    right = 0
    for job in jobs:
        raw = [math.log10(float(job[name.removeprefix("log10(").removesuffix(")")])) for name in model["features"]]
        scaled = [(x - m) / d for x, m, d in zip(raw, model["means"], model["deviations"], strict=True)]
        inputs = [*scaled, *(a * b for i, a in enumerate(scaled) for b in scaled[i:]), 1.0]
        scores = [sum(w * x for w, x in zip(row, inputs, strict=True)) for row in model["weights"]]
        right += model["classes"][scores.index(max(scores))] == job["outcome"]
    assert right / len(jobs) >= 0.93


def test_a_learning_rate_can_be_too_low_and_too_high(runs: Runs) -> None:
    loss = {
        name: read_json(runs[f"learning-rate-{name}"] / "data_out" / "metrics.json")["training_loss"]
        for name in ("low", "right", "high")
    }
    assert loss["right"] < 0.15
    assert loss["low"] > 3 * loss["right"]
    assert loss["high"] > 3 * loss["right"]


def test_the_index_counts_and_the_search_finds_the_right_text(runs: Runs) -> None:
    out = runs["text-index"] / "data_out"
    index = read_json(out / "index.json")
    assert index["idempotent"] == {"idempotency": 4}
    assert index["yarn"] == {"yarn": 2}
    assert "the" not in index

    report = (out / "report.txt").read_text(encoding="utf-8")
    first = {}
    for block in report.split("Search: ")[1:]:
        query, _, hits = block.partition("\n\n")
        first[query] = hits.split()[1]
    assert first == {"lost answer": "exactly-once", "gpu memory": "gpu-memory", "how long does a job wait": "queues"}


def test_the_image_is_a_png_of_the_size_asked_for_and_full_of_colours(runs: Runs) -> None:
    data = (runs["fractal"] / "data_out" / "image.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, position = {}, 8
    while position < len(data):
        (size,) = struct.unpack(">I", data[position : position + 4])
        kind = data[position + 4 : position + 8]
        content = data[position + 8 : position + 8 + size]
        (checksum,) = struct.unpack(">I", data[position + 8 + size : position + 12 + size])
        assert checksum == zlib.crc32(kind + content)
        chunks[kind] = content
        position += 12 + size
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (480, 320, 8, 2, 0, 0, 0)
    pixels = zlib.decompress(chunks[b"IDAT"])
    rows = [pixels[y * 1441 : (y + 1) * 1441] for y in range(320)]
    assert len(pixels) == 320 * 1441
    assert all(row[0] == 0 for row in rows)
    colours = {row[x : x + 3] for row in rows for x in range(1, 1441, 3)}
    assert len(colours) > 1000


def erlang_c_minutes(slots: int, rate: float, run: float) -> float:
    """Return the mean wait by the textbook's sum, which the sample does not use."""
    offered = rate * run
    last = offered**slots / math.factorial(slots) * slots / (slots - offered)
    waiting = last / (sum(offered**k / math.factorial(k) for k in range(slots)) + last)
    return 60 * waiting * run / (slots - offered)


def test_the_simulated_waits_agree_with_the_exact_formula(runs: Runs) -> None:
    out = runs["queue-simulation"] / "data_out"
    with (out / "waits.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["slots"] for row in rows] == ["4", "5", "6", "8"]
    for row in rows:
        exact = erlang_c_minutes(int(row["slots"]), 7, 0.5)
        assert float(row["erlang"]) == pytest.approx(exact, abs=0.06)
        assert float(row["mean_wait"]) == pytest.approx(exact, abs=2 * float(row["plus_minus"]) + 0.06)
    assert "| 4 | 87.5 % |" in (out / "waits.md").read_text(encoding="utf-8")


def test_the_report_adds_up_and_the_chart_is_svg(runs: Runs) -> None:
    folder = runs["energy-report"]
    teams = read_json(folder / "summary_out" / "energy.json")["teams"]
    watts = {"T4": 70, "V100": 300, "A100": 400}
    with (INPUTS / "usage" / "apps.csv").open(encoding="utf-8", newline="") as file:
        apps = list(csv.DictReader(file))
    for name, team in teams.items():
        own = [app for app in apps if app["team"] == name]
        kwh = [float(app["hours"]) * int(app["gpu_count"]) * watts[app["gpu_model"]] / 1000 for app in own]
        failed = [value for app, value in zip(own, kwh, strict=True) if app["final_status"] == "FAILED"]
        assert team["apps"] == len(own)
        assert team["kwh"] == pytest.approx(sum(kwh), abs=0.051)
        assert team["kwh_of_failed_apps"] == pytest.approx(sum(failed), abs=0.051)
    assert sum(team["apps"] for team in teams.values()) == len(apps)

    chart = ET.parse(folder / "chart_out" / "energy.svg").getroot()  # noqa: S314  # written by the sample itself
    bars = [e for e in chart.iter("{http://www.w3.org/2000/svg}rect") if e.get("height") == "28"]
    assert chart.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(bars) == 2 * len(teams)
    drawn = [float(str(bar.get("width"))) for bar in bars]
    widths = [good + failed for good, failed in zip(drawn[::2], drawn[1::2], strict=True)]
    assert max(widths) == pytest.approx(420, abs=0.2)
    assert [width / 420 for width in widths] == pytest.approx(
        [team["kwh"] / max(t["kwh"] for t in teams.values()) for team in teams.values()], abs=0.001
    )


# --- outside the default set


def test_the_failing_sample_fails_with_its_own_code_and_says_why(tmp_path: Path) -> None:
    done = execute(MORE, "fails-on-purpose", tmp_path / "run")
    assert done.code == 3
    assert "fails on purpose" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_secret_signs_the_message_and_is_written_nowhere(tmp_path: Path) -> None:
    docker = documents(MORE)["signed-message"]["spec"]["docker"]
    assert docker["env"]["SIGNING_TOKEN"] == {"fromEnv": "SAMPLE_TOKEN"}
    done = execute(MORE, "signed-message", tmp_path / "run", {"SIGNING_TOKEN": "plainly-made-up"})
    text = (tmp_path / "run" / "data_out" / "signature.json").read_text(encoding="utf-8")
    expected = hmac.new(b"plainly-made-up", b"hello, Data Forest", hashlib.sha256).hexdigest()
    assert done.code == 0
    assert json.loads(text) == {"message": "hello, Data Forest", "hmac_sha256": expected}
    assert "plainly-made-up" not in text + done.stdout + done.stderr


def test_without_the_secret_the_sample_says_what_is_missing(tmp_path: Path) -> None:
    done = execute(MORE, "signed-message", tmp_path / "run")
    assert done.code == 1
    assert done.stderr.startswith("error: SIGNING_TOKEN is not set")
