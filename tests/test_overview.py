"""An overview of a set says what reading it in full says: every finding, and no other."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

import pytest
from altered_manifests import FAULTS, LONG
from faulty_roads import other_values
from hypothesis import given
from hypothesis import strategies as st

from dfsubmit.desired import DesiredApp, Place
from dfsubmit.diagnostics import Diagnostic
from dfsubmit.document import Loaded, load
from dfsubmit.examining import examine
from dfsubmit.overview import FIRST, overview
from dfsubmit.project import load_project
from dfsubmit.setrules import MANY_WITH_ONE_PREFIX, conflicts
from dfsubmit.sources import find
from dfsubmit.traces import Glimpse, Traces

APP = """\
apiVersion: dfsubmit/v1
kind: AiApp
metadata:
  name: {name}
  generation: 1{moved}
spec:
  aiWorkspaceId: {workspace}
  namePrefix: {prefix}
  data:
    input:
      - hdfs: {read}
        path: {inside}
      - hdfs: /user/nlp/vocabulary
        path: vocabulary
    output:
      - hdfs: {write}
        path: data_out
        overwrite: {overwrite}
  docker:
    image: pytorch/pytorch:2.3.1
    command: python train.py
  resource:
    gpuCount: {gpus}
"""
TWO = Path("/proc/self/task").exists() and len(os.sched_getaffinity(0)) > 1
PROJECTS = (
    "apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {name: demo}\n",
    "apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {name: demo}\nspec: {limits: {maxGpus: 30}}\n",
    "apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {name: demo}\nspec: {submission: {marker: true}}\n",
)


def manifest(number: int, dice: random.Random, oddities: float) -> str:
    """Return a manifest that fits with all others, but for an oddity here and there."""

    def one(usual: str, *odd: str) -> str:
        return dice.choice(odd) if dice.random() < oddities else usual

    text = APP.format(
        name=one(f"app-{number}", "app-1", "app", "App"),
        moved=one("", "\n  moved: [app-2]", f"\n  moved: [old-{number}]"),
        workspace=one(f"6ZKSGoSJMMwctK257nxg{number:02}", "6ZKSGoSJMMwctK257nxgiL", "12"),
        prefix=one("bert", "ab", "Bert", "much-too-long"),
        read=one(f"/user/nlp/in/{number}", "/user/nlp/out", "/user/nlp/out/1", "hdfs://nn/user/nlp/in/1", "in"),
        inside=one("data_in", "vocabulary", "./vocabulary", "/data_in"),
        write=one(f"/user/nlp/out/{number}", "/user/nlp/out/1", "/user/nlp/out/1/more", "/user/nlp/in/1", "/"),
        overwrite=one("true", "false", "yes"),
        gpus=one("1", "8", "9"),
    )
    return one(
        text,
        text + "more: 1\n",
        text + "  # dfsubmit: ignore[DF0307] on purpose\n",
        text + "---\n" + text,
        "a: [\n",
        "",
    )


def write(folder: Path, seed: int) -> None:
    """Fill `folder` with a set that has few oddities, many or none."""
    dice = random.Random(seed)
    oddities = dice.choice((0, 0, 0.005, 0.02, 0.1))
    for number in range(dice.choice((1, 3, 25, 40))):
        path = folder / f"{number % 3}" / f"{number}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(manifest(number, dice, oddities))
    if dice.random() < 0.7:
        (folder / "project.yaml").write_text(dice.choice(PROJECTS))


@pytest.mark.parametrize("seed", range(60))
def test_an_overview_says_what_reading_in_full_says(seed: int, tmp_path: Path) -> None:
    write(tmp_path, seed)
    sources = find([str(tmp_path)])

    seen, full = overview(sources), load_project(sources)

    assert seen.diagnostics == full.diagnostics
    assert seen.texts == full.texts
    assert (seen.files, seen.manifests, seen.silenced) == (full.files, full.manifests, full.silenced)


@pytest.mark.parametrize("seed", range(30))
def test_an_overview_of_files_that_share_their_faults_says_what_reading_in_full_says(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    faults = dice.sample(sorted(FAULTS.values()), 3)
    for number in range(90):
        text = LONG.replace(*dice.choice(faults), 1) if dice.random() < 0.9 else LONG
        text = other_values(text.replace("0000001", f"{number:07}"), dice) if dice.random() < 0.5 else text
        (tmp_path / f"{number}.yaml").write_text(text)
    if dice.random() < 0.5:
        (tmp_path / "project.yaml").write_text(dice.choice(PROJECTS))
    sources = find([str(tmp_path)])
    with patch("dfsubmit.overview.examine", wraps=examine) as long_road:
        seen = overview(sources)

    full = load_project(sources)
    assert seen.diagnostics == full.diagnostics
    assert seen.texts == full.texts
    assert (seen.files, seen.manifests, seen.silenced) == (full.files, full.manifests, full.silenced)
    assert long_road.call_count < 80, "most took the faster road"


def test_what_the_first_files_have_is_told_before_the_others_are_read(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.yaml").write_text("kind: [\n" if number == 1 else f"# {number}\n")
    told: list[str] = []

    def tell(findings: Sequence[Diagnostic], texts: Mapping[str, str]) -> None:
        assert set(texts) >= {finding.path for finding in findings}
        told.extend(finding.path for finding in findings)
        (tmp_path / "4.yaml").write_text("kind: ]\n")

    with patch("dfsubmit.overview.FIRST", 3):
        seen = overview(find([str(tmp_path)]), tell)

    names = [Path(path).name for path in told]
    assert names == ["0.yaml", "1.yaml", "2.yaml"]
    last = [finding.code for finding in seen.diagnostics if finding.path.endswith("4.yaml")]
    assert last == ["DF0115"], "it was read after the others had been told of"


@pytest.mark.skipif(not TWO, reason="one processor, or no /proc")
def test_two_processes_say_what_reading_in_full_says(tmp_path: Path) -> None:
    folders = [tmp_path / f"{seed}" for seed in range(100, 160)]
    for seed, folder in enumerate(folders):
        folder.mkdir()
        write(folder, seed)
    script = Path(__file__).with_name("overview_in_two.py")

    run = subprocess.run([sys.executable, script, *folders], capture_output=True, text=True, check=True)

    results = [line.split() for line in run.stdout.splitlines()]
    assert run.stderr == ""
    assert [same for _, _, same in results] == ["True"] * len(folders)
    assert sum(used == "True" for _, used, _ in results) > len(folders) // 4


@pytest.mark.skipif(not TWO, reason="one processor, or no /proc")
def test_an_interrupt_ends_both_processes_without_a_traceback(tmp_path: Path) -> None:
    for number in range(4_000):
        folder = tmp_path / f"{number % 40}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.yaml").write_text(manifest(number, random.Random(1), 0).replace("nxg", "-"))
    command = [sys.executable, "-m", "dfsubmit", "validate", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
        while run.poll() is None and not (found := children.read_text().split()):
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate()

    assert run.returncode == 130
    assert out.count(": error[DF0211]: ") == FIRST, (
        "what the first files have, told before the second process was there"
    )
    assert out.endswith("\n\n")
    assert err == "error: interrupted\n"
    assert not Path(f"/proc/{found[0]}").exists()


def test_a_fine_set_of_copies_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(1)
    for number in range(20):
        (tmp_path / f"{number}.yaml").write_text(manifest(number, dice, 0))
    parsed = []

    def counted(content: bytes, path: str) -> Loaded:
        parsed.append(path)
        return load(content, path)

    monkeypatch.setattr("dfsubmit.examining.load", counted)

    assert overview(find([str(tmp_path)])).manifests == 20
    assert len(parsed) == 1


def desired(app: Glimpse) -> DesiredApp:
    """Return the app as the rules see it."""
    data = {
        "input": [{"hdfs": hdfs, "path": inside} for hdfs, inside in app.inputs],
        "output": [{"hdfs": hdfs, "path": "out", "overwrite": overwrite} for hdfs, overwrite in app.outputs],
    }
    request = {
        "aiWorkspaceId": app.workspace,
        "namePrefix": app.prefix,
        "data": data,
        "resource": {"gpuCount": app.gpus},
    }
    place = Place(path=f"{app.name}.yaml", line=1, column=1)
    return DesiredApp(name=app.name, generation=1, fingerprint="", request=request, place=place)


PATHS = st.sampled_from(
    ["/", "/a", "/a/b", "/a/b/c", "/a//b", "/ab", "/a/./b", "hdfs://n/a", "hdfs://m/a/b", "a", "a/b", "b/"]
)
GLIMPSES = st.builds(
    Glimpse,
    st.sampled_from("abcdefgh"),
    st.sampled_from(["v", "w"]),
    st.sampled_from(["pp", "qq"]),
    st.integers(1, 8),
    st.lists(st.tuples(PATHS, st.sampled_from(["in", "./in", "more"])), max_size=2).map(tuple),
    st.lists(st.tuples(PATHS, st.booleans()), max_size=2).map(tuple),
)


@given(
    st.lists(GLIMPSES, max_size=4), st.sampled_from([None, 3, 20]), st.sampled_from([True, False]), st.integers(0, 4)
)
def test_what_the_rules_find_between_apps_is_never_missed(
    apps: list[Glimpse],
    max_gpus: int | None,
    marker: bool,  # noqa: FBT001  # as Hypothesis hands it over
    cut: int,
) -> None:
    traces, others = Traces(), Traces()
    for number, app in enumerate(apps):
        (traces if number < cut else others).add(app)
    traces.join(others)

    found = list(conflicts([desired(app) for app in apps], max_gpus=max_gpus, marker=marker))

    asked = [traces.may_meet(max_gpus=max_gpus, marker=marker)]
    with patch("dfsubmit.traces._MANY", 1):  # as in a set of many thousands
        asked.append(traces.may_meet(max_gpus=max_gpus, marker=marker))
    assert asked[0] is asked[1]
    assert asked[0] or not found


@pytest.mark.parametrize("many", [5, 25_000], ids=["in a set of many thousands", "in a smaller set"])
def test_one_prefix_for_too_many_apps_is_never_missed(many: int) -> None:
    traces = Traces()
    with patch("dfsubmit.traces._MANY", many):
        for number in range(MANY_WITH_ONE_PREFIX):
            traces.add(Glimpse(f"app-{number}", "w", "pp", 1, (), ()))
        assert not traces.may_meet(max_gpus=None, marker=False)

        traces.add(Glimpse("app", "w", "pp", 1, (), ()))
        assert traces.may_meet(max_gpus=None, marker=False)
        assert not traces.may_meet(max_gpus=None, marker=True)
