"""One fault gives one finding: its code, its place to the character, its words, and where it has one its edit."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING, Any

import near_valid as samples
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_cases import APP, CASES, HEAD, NAME, PROJECT, SPEC, Case, docker, project, spec
from pydantic import ValidationError

from dfsubmit.advice import advise, advise_in_project
from dfsubmit.codes import CODES
from dfsubmit.codes_model import app
from dfsubmit.diagnostics import Severity
from dfsubmit.document import load
from dfsubmit.judge import judge
from dfsubmit.judging.paths import dotted
from dfsubmit.manifest import KINDS, AiApp, Project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.document import Document

Path = tuple[str | int, ...]


def document_of(text: str) -> Document:
    loaded = load(text.encode(), "x.yaml")
    assert not loaded.diagnostics
    return loaded.documents[0]


def findings_of(text: str) -> list[Diagnostic]:
    """Return what is found in the documents of one file, with what the Project among them makes of the apps."""
    loaded = load(text.encode(), "x.yaml")
    findings = list(loaded.diagnostics)
    judged = [(document, judge(document)) for document in loaded.documents]
    project = next((model for _, model in judged if isinstance(model, Project)), None)
    for document, model in judged:
        if isinstance(model, tuple):
            findings += model
            continue
        findings += advise(document, model)
        if project is not None and isinstance(model, AiApp):
            findings += advise_in_project(document, model, project)
    return findings


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_fault_gives_exactly_one_finding_at_its_place(case: Case) -> None:
    start = case.text.index("«")
    end = case.text.index("»") - 1
    text = case.plain

    findings = findings_of(text)

    assert [finding.code for finding in findings] == [case.code], [finding.message for finding in findings]
    (finding,) = findings
    span = finding.span
    assert span is not None
    assert (span.line, span.column) == place(text, start)
    assert (span.end_line, span.end_column) == place(text, end)
    assert finding.severity is CODES[case.code].severity
    assert case.message in finding.message
    assert case.help in finding.help


def place(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def test_every_case_of_a_table_has_a_code_and_every_code_has_a_case() -> None:
    covered = {case.code for case in CASES.values()} | {"DF0501", "DF0502"}

    assert covered == {code for code in CODES if code.startswith(("DF02", "DF04", "DF05"))} | {"DF0306"}


@pytest.mark.parametrize("text", [APP, PROJECT, project("engine: {type: dataforest}")])
def test_a_manifest_without_faults_is_returned_with_nothing_to_say(text: str) -> None:
    document = document_of(text)
    manifest = judge(document)

    assert isinstance(manifest, AiApp | Project)
    assert advise(document, manifest) == ()
    assert manifest == KINDS[manifest.kind].model_validate(document.data)


FIXED = ["a@sha256:0123", "a:latest@sha256:0123", "h.example:5000/a:1.0", "a:2.3.1-cuda12", "h.example/b/a:v1"]


@pytest.mark.parametrize("image", [*FIXED, "a:nightly-20240101", "a:3.11-stable", "a:stablehlo"])
def test_an_image_that_cannot_move_gets_no_advice(image: str) -> None:
    assert findings_of(APP.replace("pytorch/pytorch:2.3.1", image)) == []


@pytest.mark.parametrize("tag", ["latest", "Latest", "latest-gpu", "2-latest", "nightly-gpu", "lts", "develop"])
def test_a_tag_that_is_moved_by_convention_gets_advice(tag: str) -> None:
    assert [finding.code for finding in findings_of(APP.replace("2.3.1", tag))] == ["DF0401"]


def test_an_example_is_never_made_of_a_text_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        app(("nowhere", ""))


# --- several faults -------------------------------------------------------------------------------------------------


def test_all_faults_of_a_document_are_reported_in_the_order_of_their_places() -> None:
    text = APP.replace("command", "comand").replace("bert", "b").replace("demo", "Demo") + "  resource: {gpuCount: 9}\n"

    assert [finding.code for finding in findings_of(text)] == ["DF0211", "DF0210", "DF0201", "DF0209"]


def test_faults_inside_a_misspelt_section_are_found_where_they_stand() -> None:
    findings = findings_of(spec("resorce: {gpuCount: 9, gpuModle: T4}"))

    assert [(finding.code, finding.span.column if finding.span else 0) for finding in findings] == [
        ("DF0201", 3),
        ("DF0209", 23),
        ("DF0201", 26),
    ]


def test_a_misspelt_key_with_a_value_of_the_wrong_type_is_two_findings() -> None:
    findings = findings_of(APP.replace("command: python train.py", "comand: [python, train.py]"))

    assert [finding.code for finding in findings] == ["DF0201", "DF0203"]
    assert findings[1].help == "write it as one text: command: python train.py"


def test_keys_one_level_too_high_are_one_finding_and_nothing_is_missing() -> None:
    (finding,) = findings_of(HEAD + NAME + SPEC + "  image: a:1\n  command: run\n")

    assert finding.message == 'unknown keys "image", "command" in spec'
    assert finding.help.startswith("they belong under spec.docker: put the line docker: in front of them")


def test_memory_in_another_unit_is_never_renamed_unasked() -> None:
    (finding,) = findings_of(spec("resource: {memoryGb: 16}"))

    assert finding.edits == ()


def test_a_fault_that_an_alias_repeats_is_one_finding() -> None:
    text = spec("data:", "  input: &a [{hdfs: /a, pth: b}]", "  output: *a")

    assert [finding.code for finding in findings_of(text)] == ["DF0201"]


def test_a_key_that_is_there_is_not_suggested_again() -> None:
    (finding,) = findings_of(docker("imag: b"))

    assert finding.help.startswith("the keys known here are")


def test_a_key_that_has_swallowed_its_value_is_not_safely_renamed() -> None:
    finding = next(one for one in findings_of(spec("resource: {cpuCount=4, gpuCount: 1}")) if one.code == "DF0201")

    assert [edit.safe for edit in finding.edits] == [False]


def test_thousands_of_unknown_keys_are_all_found() -> None:
    text = APP + "".join(f"    k{number}: 1\n" for number in range(2000))

    assert len(findings_of(text)) == 2000


# --- edits ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "unknown key: misspelt required key",
        "unknown key: other letter case",
        "unknown key: snake case",
        "unknown key: misspelt kind key",
        "wrong type: number for text",
        "wrong type: number in its own spelling",
        "wrong type: boolean for text",
        "wrong type: quoted number",
        "wrong type: quoted false",
    ],
)
def test_a_safe_edit_makes_the_document_right(name: str) -> None:
    text = CASES[name].plain
    (finding,) = findings_of(text)

    (edit,) = finding.edits
    assert edit.safe
    assert findings_of(text[: edit.start] + edit.text + text[edit.end :]) == []


@pytest.mark.parametrize(
    "name",
    [
        "unknown key: another tool's word",
        "wrong type: command as a list",
        "wrong type: memory with a unit",
        "wrong type: one port",
        "wrong type: flow map for a list",
        "wrong type: text for metadata",
        "wrong type: yes for true",
        "wrong value: runtime",
        "not ours: kind in upper case",
        "advice: queue",
    ],
)
def test_an_edit_that_guesses_would_do_but_is_not_called_safe(name: str) -> None:
    text = CASES[name].plain
    (finding,) = findings_of(text)

    (edit,) = finding.edits
    assert not edit.safe
    assert findings_of(text[: edit.start] + edit.text + text[edit.end :]) == []


@pytest.mark.parametrize(
    "name", ["unknown key: guess whose value would not do", "wrong type: tagged number", "unknown key: nothing known"]
)
def test_no_safe_edit_is_offered_where_the_meaning_is_in_doubt(name: str) -> None:
    (finding,) = findings_of(CASES[name].plain)

    assert not any(edit.safe for edit in finding.edits)


# --- codes ----------------------------------------------------------------------------------------------------------

OWN = [row for code, row in CODES.items() if code.startswith(("DF02", "DF04", "DF05"))]


@pytest.mark.parametrize("row", OWN, ids=[row.code for row in OWN])
def test_the_bad_example_of_a_code_gives_that_code_alone_and_the_good_one_nothing(row: Any) -> None:
    assert [(finding.code, finding.severity) for finding in findings_of(row.bad)] == [(row.code, row.severity)]
    assert findings_of(row.good) == []


# --- any document ---------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_judge_says_yes_exactly_when_the_models_do_and_otherwise_points_into_the_file(rng: random.Random) -> None:
    loaded = load(json.dumps(samples.near_valid(rng), ensure_ascii=False).encode(), "x.yaml")
    for document in loaded.documents:
        result = judge(document)

        assert isinstance(result, tuple) is (not fits_a_model(document.data))
        for finding in result if isinstance(result, tuple) else ():
            assert finding.severity is Severity.ERROR
            assert finding.code in CODES
            assert finding.message
            assert finding.span is not None
            assert 1 <= finding.span.line <= document.text.count("\n") + 1
            assert all(0 <= edit.start <= edit.end <= len(document.text) for edit in finding.edits)


def fits_a_model(data: Any) -> bool:
    kind = data.get("kind") if isinstance(data, dict) else None
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        return False
    try:
        model.model_validate(data)
    except ValidationError:
        return False
    return True


# --- every place of whole manifests ---------------------------------------------------------------------------------

# Keys of open maps are names that people choose: none is wrong by its letters.
OPEN = ("labels", "env", "workspaces", "slots")
WHOLE = [document for document in samples.VALID if "spec" in document]


def keys_of(document: Any) -> Iterator[Path]:
    """Yield the path of every key whose name the models fix."""
    for path in samples.paths_of(document):
        if path and isinstance(path[-1], str) and not (len(path) > 1 and path[-2] in OPEN):
            yield path


def misspelt(key: str, rng: random.Random) -> str:
    """Return `key` with two letters in the middle swapped, one doubled, one left out, or in another case."""
    at = rng.randrange(1, len(key) - 1)
    slips = [
        key[:at] + key[at + 1] + key[at] + key[at + 2 :],
        key[:at] + key[at] + key[at:],
        key[:at] + key[at + 1 :],
        key.upper(),
    ]
    return rng.choice([slip for slip in slips if slip != key])


def judged(data: Any) -> tuple[Document, tuple[Diagnostic, ...]]:
    document = document_of(json.dumps(data, indent=1))
    result = judge(document)
    assert isinstance(result, tuple)
    return document, result


def renamed(data: Any, path: Path, name: str) -> Any:
    data = copy.deepcopy(data)
    parent = samples.value_at(data, path[:-1])
    items = [(name if key == path[-1] else key, value) for key, value in parent.items()]
    parent.clear()
    parent.update(items)
    return data


@pytest.mark.parametrize("whole", WHOLE, ids=range(len(WHOLE)))
def test_any_key_misspelt_gives_one_finding_that_suggests_it(whole: Any) -> None:
    rng = random.Random(1)
    for path in keys_of(whole):
        slip = misspelt(str(path[-1]), rng)
        document, findings = judged(renamed(whole, path, slip))

        assert [finding.code for finding in findings] == ["DF0201"], (path, slip)
        assert findings[0].span == document.span((*path[:-1], slip), key=True)
        assert f'did you mean "{path[-1]}"?' in findings[0].help, (path, slip)


@pytest.mark.parametrize("whole", WHOLE, ids=range(len(WHOLE)))
def test_any_value_made_null_gives_one_finding_at_it(whole: Any) -> None:
    for path in samples.paths_of(whole):
        if not path:
            continue
        data = copy.deepcopy(whole)
        samples.value_at(data, path[:-1])[path[-1]] = None
        document, findings = judged(data)

        heads: dict[Path, str] = {("kind",): "DF0214", ("apiVersion",): "DF0213"}
        expected = heads.get(path, "DF0208")
        assert [finding.code for finding in findings] == [expected], path
        assert findings[0].span == document.span(path)


@pytest.mark.parametrize("whole", WHOLE, ids=range(len(WHOLE)))
@pytest.mark.parametrize("wrong", [[[]], {"zz": {}}], ids=["list", "map"])
def test_any_scalar_made_a_list_or_a_map_gives_one_finding_at_it(whole: Any, wrong: Any) -> None:
    for path in samples.paths_of(whole):
        if not path or isinstance(samples.value_at(whole, path), dict | list):
            continue
        data = copy.deepcopy(whole)
        samples.value_at(data, path[:-1])[path[-1]] = wrong
        document, findings = judged(data)

        assert len(findings) == 1, (path, findings)
        assert findings[0].span in {document.span(path), document.span((*path, "zz"), key=True)}


@pytest.mark.parametrize("whole", WHOLE, ids=range(len(WHOLE)))
def test_any_key_left_out_is_missing_where_its_mapping_is_or_is_not_needed(whole: Any) -> None:
    for path in keys_of(whole):
        data = copy.deepcopy(whole)
        del samples.value_at(data, path[:-1])[path[-1]]
        document = document_of(json.dumps(data, indent=1))
        result = judge(document)
        if not isinstance(result, tuple):
            continue

        assert len(result) == 1, (path, result)
        # An engine without its type is known by its keys: the first of them is where that is said.
        beside = {document.span((*path[:-1], key), key=True) for key in samples.value_at(data, path[:-1])}
        assert result[0].span in {document.span(path[:-1], key=True), *beside}, dotted(path)
