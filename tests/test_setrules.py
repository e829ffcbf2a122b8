"""What apps do to each other across files: outputs, overwritten inputs, prefixes, GPUs; each at its place, with the other one."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_cases import DOCKER, HEAD, SPEC

from dfsubmit.diagnostics import Diagnostic, Severity
from dfsubmit.document import load
from dfsubmit.examining import examine
from dfsubmit.gathering import Gathering
from dfsubmit.hdfsrules import resolved
from dfsubmit.project import load_project
from dfsubmit.setrules import MANY_WITH_ONE_PREFIX
from dfsubmit.sources import SourceFile, find

PROJECT = "apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {name: demo}\n"
MARKED = PROJECT + "spec: {submission: {marker: true}}\n"


def app(
    name: str, *, out: Iterable[str] = (), over: Iterable[str] = (), read: Iterable[str] = (), more: str = ""
) -> str:
    """Return an app that writes, overwrites and reads these paths, one a line, in this order."""
    outputs = [(path, "false") for path in out] + [(path, "true") for path in over]
    lines = ["  data:"] if [*outputs, *read] else []
    lines += ["    output:"] if outputs else []
    lines += [f"      - {{hdfs: '{path}', path: o{i}, overwrite: {flag}}}" for i, (path, flag) in enumerate(outputs)]
    lines += ["    input:"] if read else []
    lines += [f"      - {{hdfs: '{path}', path: i{i}}}" for i, path in enumerate(read)]
    return HEAD + f"metadata: {{name: {name}}}\n" + SPEC + DOCKER + "".join(f"{line}\n" for line in lines) + more


def judged(*files: str, again: bool = True) -> list[Diagnostic]:
    """Return the findings of files called a.yaml, b.yaml, …; one that is a Project stands in project.yaml."""
    names = iter("abcdefghijklmnopqrstuvwxyz")
    contents = {"project.yaml" if "kind: Project" in text else f"{next(names)}.yaml": text.encode() for text in files}
    gathered = Gathering(project_file="project.yaml")
    for name, content in contents.items():
        gathered.add(examine(SourceFile(path=name, content=content)))
    loaded = {name: load(content, name) for name, content in contents.items()}
    return gathered.finish(again=lambda paths: [loaded[path] for path in sorted(paths, reverse=True) if again])


def codes(*files: str) -> list[str]:
    return [finding.code for finding in judged(*files)]


def at(finding: Diagnostic) -> tuple[str, int, int]:
    assert finding.span is not None
    return finding.path, finding.span.line, finding.span.column


# --- paths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "short"),
    [
        ("/a/b", "/a/b"),
        ("/a/b/", "/a/b"),
        ("//a///b//", "/a/b"),
        ("/a/./b/.", "/a/b"),
        ("/a/x/../b", "/a/b"),
        ("hdfs://koya/a/b", "/a/b"),
        ("HDFS://koya:8020//a/b/", "/a/b"),
        ("hdfs:///a/b", "/a/b"),
        ("hdfs://koya", "/"),
        ("/", "/"),
        ("//", "/"),
        ("a/b", "a/b"),
        ("./a/b", "a/b"),
        ("/a/.hidden", "/a/.hidden"),
        ("/A/b", "/A/b"),
    ],
)
def test_a_path_on_hdfs_is_compared_in_its_shortest_form(written: str, short: str) -> None:
    assert resolved(written) == short


# --- outputs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", ["/out", "/out/", "//out", "/./out", "hdfs://koya/out", "hdfs:///out/"])
def test_two_apps_that_write_one_path_are_an_error_at_the_second_with_the_first_beside_it(other: str) -> None:
    (finding,) = judged(app("one", out=["/out"]), app("two", out=[other]))

    assert (finding.code, finding.severity) == ("DF0307", Severity.ERROR)
    assert at(finding) == ("b.yaml", 12, 16)
    assert finding.message == f'one and two both write "{other}"'
    assert [(related.path, related.span.line, related.span.column) for related in finding.related] == [
        ("a.yaml", 12, 16)
    ]
    assert "-two" in finding.help


def test_the_output_that_the_help_proposes_is_free_of_findings() -> None:
    (finding,) = judged(app("one", out=["/out"]), app("two", out=["/out/"]))
    proposed = finding.help.split('"')[1]

    assert codes(app("one", out=["/out"]), app("two", out=[proposed])) == []


def test_outputs_on_clusters_with_different_names_do_not_meet() -> None:
    assert codes(app("one", out=["hdfs://koya/out"]), app("two", out=["hdfs://tata/out"])) == []
    assert codes(app("one", out=["hdfs://koya/out"]), app("two", over=["hdfs://tata/out/x"])) == []
    assert codes(app("one", over=["hdfs://koya/out"]), app("two", read=["hdfs://tata/out"])) == []


def test_names_that_only_begin_alike_do_not_meet() -> None:
    assert codes(app("one", over=["/out"]), app("two", out=["/out-2", "/outer", "/Out"], read=["/out.csv"])) == []


def test_each_further_writer_of_a_path_is_one_finding() -> None:
    assert codes(*(app(name, over=["/out"]) for name in ("one", "two", "three"))) == ["DF0307", "DF0307"]


def test_an_app_whose_name_is_used_twice_is_not_said_to_write_its_output_twice() -> None:
    assert codes(app("one", out=["/out"]), app("one", out=["/out"])) == ["DF0301"]


def test_two_outputs_of_one_app_at_one_path_are_an_error_of_their_own() -> None:
    (finding,) = judged(app("one", out=["/out", "/out/"]))

    assert (finding.code, finding.severity, at(finding)) == ("DF0310", Severity.ERROR, ("a.yaml", 13, 16))


@pytest.mark.parametrize("inner", ["/out/x", "/out/x/y/", "/out//x"])
def test_an_output_inside_another_apps_output_is_a_warning_at_the_inner_one(inner: str) -> None:
    for files in (
        (app("one", out=["/out"]), app("two", out=[inner])),
        (app("two", out=[inner]), app("one", out=["/out"])),
    ):
        (finding,) = judged(*files)

        assert (finding.code, finding.severity) == ("DF0308", Severity.WARNING)
        assert "the output of one" in finding.message
        assert finding.path == ("b.yaml" if "name: two" in files[1] else "a.yaml")
        assert [related.path for related in finding.related] == ["a.yaml" if finding.path == "b.yaml" else "b.yaml"]


def test_an_output_inside_an_output_of_the_same_app_is_said_to_be_that() -> None:
    (finding,) = judged(app("one", out=["/out", "/out/chart"]))

    assert finding.code == "DF0308"
    assert "another output of the same app" in finding.message


def test_of_several_outputs_around_one_the_nearest_is_shown() -> None:
    findings = judged(app("far", out=["/out"]), app("near", out=["/out/a"]), app("deep", out=["/out/a/b"]))

    assert [(at(finding)[0], finding.related[0].path) for finding in findings] == [
        ("b.yaml", "a.yaml"),
        ("c.yaml", "b.yaml"),
    ]


def test_the_root_of_hdfs_has_every_output_inside_it() -> None:
    assert codes(app("one", out=["/"]), app("two", out=["/x"])) == ["DF0308"]


# --- readers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("written", "read"), [("/data", "/data"), ("/data", "/data/part"), ("/data/part", "/data/")])
def test_an_app_that_reads_what_another_overwrites_is_warned_at_its_input(written: str, read: str) -> None:
    (finding,) = judged(app("one", over=[written]), app("two", read=[read]))

    assert (finding.code, finding.severity) == ("DF0309", Severity.WARNING)
    assert at(finding) == ("b.yaml", 12, 16)
    assert finding.message == f'two reads "{read}", which one overwrites'
    assert [related.path for related in finding.related] == ["a.yaml"]


def test_the_order_of_the_files_changes_nothing() -> None:
    (finding,) = judged(app("two", read=["/data"]), app("one", over=["/data"]))

    assert (finding.code, at(finding)) == ("DF0309", ("a.yaml", 12, 16))


def test_reading_what_is_written_once_or_by_the_app_itself_is_fine() -> None:
    assert codes(app("one", out=["/data"]), app("two", read=["/data"])) == []
    assert codes(app("one", over=["/model"], read=["/model"])) == []


def test_many_readers_of_one_overwritten_path_are_one_finding_and_so_are_many_writers_into_one_read_folder() -> None:
    readers = [app(f"r{number}", read=["/data"]) for number in range(5)]
    (finding,) = judged(app("one", over=["/data"]), *readers)
    assert finding.message == 'r0 and 4 others read "/data", which one overwrites'
    assert len(finding.related) == 3

    writers = [app(f"w{number}", over=[f"/data/{number}"]) for number in range(5)]
    (finding,) = judged(*writers, app("report", read=["/data"]))
    assert finding.message == 'report reads "/data", which w0 and 4 others overwrite'
    assert len(finding.related) == 3


def test_two_inputs_at_one_container_path_are_a_warning_at_the_second() -> None:
    text = app("one", read=["/a", "/b"]).replace("path: i0", "path: in").replace("path: i1", "path: ./in/")
    (finding,) = judged(text)

    assert (finding.code, finding.severity) == ("DF0311", Severity.WARNING)
    assert at(finding) == ("a.yaml", 13, 28)


# --- prefixes and GPUs ----------------------------------------------------------------------------------------------


def test_a_prefix_may_be_shared_by_some_apps_and_not_by_many() -> None:
    some = [app(f"a{number}") for number in range(MANY_WITH_ONE_PREFIX)]
    assert judged("---\n".join(some)) == []

    (finding,) = judged("---\n".join([*some, app("last")]))
    assert (finding.code, finding.severity) == ("DF0312", Severity.WARNING)
    assert at(finding) == ("a.yaml", 6, 15)
    assert "21 apps share the prefix" in finding.message
    assert "submission.marker" in finding.help


def test_with_markers_every_prefix_that_is_sent_is_one_of_a_kind() -> None:
    many = [app(f"a{number}").replace("bert", "ber") for number in range(MANY_WITH_ONE_PREFIX + 1)]

    assert codes(MARKED, "---\n".join(many)) == []


def test_more_gpus_than_the_project_allows_are_an_error_at_its_limit_with_those_who_ask_for_most() -> None:
    project = PROJECT + "spec:\n  limits: {maxGpus: 10}\n"
    files = [app(f"a{n}", more=f"  resource: {{gpuCount: {n}}}\n") for n in (1, 8, 2)]

    (finding,) = judged(project, *files)

    assert (finding.code, finding.severity, at(finding)) == ("DF0313", Severity.ERROR, ("project.yaml", 5, 21))
    assert finding.message == "the 3 apps of the set ask for 11 GPUs, 1 more than maxGpus"
    assert [related.message for related in finding.related] == [
        "a8 asks for 8 GPUs",
        "a2 asks for 2 GPUs",
        "a1 asks for 1 GPU",
    ]
    assert [related.path for related in finding.related] == ["b.yaml", "c.yaml", "a.yaml"]
    assert codes(project.replace("10", "11"), *files) == []


def test_apps_that_name_no_number_of_gpus_count_with_the_default() -> None:
    assert codes(PROJECT + "spec: {limits: {maxGpus: 1}}\n", app("one"), app("two")) == ["DF0313"]


# --- through the files ----------------------------------------------------------------------------------------------


def test_findings_between_files_have_the_source_of_both_at_hand(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(app("one", over=["/out"]))
    (tmp_path / "b.yaml").write_text(app("two", read=["/out"]))
    (tmp_path / "c.yaml").write_text(app("three"))

    state = load_project(find([str(tmp_path)]))

    assert [finding.code for finding in state.diagnostics] == ["DF0309"]
    assert sorted(Path(path).name for path in state.texts) == ["a.yaml", "b.yaml"]


def test_a_warning_between_files_can_be_silenced_at_its_line() -> None:
    text = app("two", read=["/out"]).rstrip() + "  # dfsubmit: ignore[DF0309] the writer runs at night\n"

    assert codes(app("one", over=["/out"]), text) == []
    assert codes(app("one", out=["/out"]), text) == ["DF0705"]


def test_a_file_that_is_gone_when_places_are_looked_up_leaves_the_place_of_the_name() -> None:
    (finding,) = judged(app("one", out=["/out"]), app("two", out=["/out"]), again=False)

    assert at(finding) == ("b.yaml", 3, 18)


def test_places_are_those_of_the_app_that_has_the_name_first() -> None:
    second = app("two", out=["/out"]) + "---\n" + app("one", read=["/a"], out=["/b"])
    (twice, finding) = judged(app("one", out=["/out"]), second)

    assert (twice.code, finding.code) == ("DF0301", "DF0307")
    assert (finding.related[0].path, finding.related[0].span.line) == ("a.yaml", 12)


SEGMENTS = st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=3).map("/".join)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(SEGMENTS, SEGMENTS), min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_outputs_are_as_wrong_as_a_look_at_every_pair_says(paths: list[tuple[str, str]], rng: random.Random) -> None:
    """Invariant: an output has a finding exactly when an earlier one has its path or another one lies around it."""
    files = [app(f"a{n}", out=[f"/{one}" for one in dict.fromkeys(pair)]) for n, pair in enumerate(paths)]
    rng.shuffle(files)
    outputs = [
        (f"{'abcde'[number]}.yaml", line, text.split("'")[1])
        for number, file in enumerate(files)
        for line, text in enumerate(file.splitlines(), 1)
        if "hdfs:" in text
    ]
    same = {one for index, one in enumerate(outputs) if any(one[2] == other[2] for other in outputs[:index])}
    inside = {one for one in outputs if any(one[2].startswith(f"{other[2]}/") for other in outputs)}

    found = judged(*files)

    assert {at(one)[:2] for one in found if one.code == "DF0307"} == {one[:2] for one in same}
    assert {at(one)[:2] for one in found if one.code == "DF0308"} == {one[:2] for one in inside}
    assert len(found) == len(same) + len(inside)
