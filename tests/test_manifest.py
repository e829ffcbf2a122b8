"""What the models accept, what they make of it, and the request that an app stands for."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from near_valid import APP, PROJECT, REMOTE_PROJECT, SMALL_APP, SMALL_PROJECT, paths_of, value_at
from pydantic import ValidationError

from dfsubmit.dataforest.endpoint import parse_base_url
from dfsubmit.manifest import KINDS, PATTERN_MEANING, AiApp, DataForestEngine, LocalEngine, Project, SecretRef
from dfsubmit.modelbase import BASE_URL_PATTERN, FILE_PATTERN, FOLDER_PATTERN, INTEGER_MAX, Part
from dfsubmit.projectmodel import SqliteLedgerSpec

Path = tuple[str | int, ...]


def with_value(document: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    value_at(changed, path[:-1])[path[-1]] = value
    return changed


def errors_of(document: dict[str, Any]) -> list[tuple[str, Path]]:
    try:
        KINDS[document["kind"]].model_validate(document)
    except ValidationError as error:
        return [(found["type"], found["loc"]) for found in error.errors()]
    return []


def test_a_small_app_gets_every_documented_default_in_its_request() -> None:
    assert AiApp.model_validate(SMALL_APP).request() == {
        "aiWorkspaceId": "1",
        "namePrefix": "ab",
        "queueName": "gpu",
        "data": {"input": [], "output": []},
        "docker": {"image": "i", "command": "c"},
        "resource": {"cpuCount": 1, "gpuCount": 1, "gpuModel": "V100", "memoryMb": 15360},
    }


def test_the_request_is_the_spec_without_workdir_and_with_secrets_by_reference() -> None:
    expected = copy.deepcopy(APP["spec"])
    del expected["docker"]["workdir"]
    assert AiApp.model_validate(APP).request() == expected


def test_the_request_says_overwrite_for_every_output() -> None:
    document = with_value(SMALL_APP, ("spec", "data"), {"output": [{"hdfs": "/o", "path": "o"}]})
    assert AiApp.model_validate(document).request()["data"]["output"] == [
        {"hdfs": "/o", "path": "o", "overwrite": False}
    ]


@pytest.mark.parametrize(("member", "empty"), [("args", ""), ("env", {}), ("exposeTcpPorts", []), ("workdir", "w")])
def test_the_request_leaves_out_what_is_empty_and_workdir(member: str, empty: Any) -> None:
    document = with_value(SMALL_APP, ("spec", "docker", member), empty)
    assert AiApp.model_validate(document).request() == AiApp.model_validate(SMALL_APP).request()


def test_a_key_is_the_project_and_the_name() -> None:
    assert AiApp.model_validate(APP).key("nlp") == "nlp/bert-finetune"


def test_values_come_out_as_what_they_mean() -> None:
    app = AiApp.model_validate(APP)
    assert app.spec.docker.env == {"EPOCHS": "3", "HF_TOKEN": SecretRef(fromEnv="HF_TOKEN")}
    assert app.spec.docker.expose_tcp_ports == (6006, 8080)
    assert app.metadata.moved == ("bert", "bert-tuning")
    assert app.spec.docker.workdir == "w"
    assert AiApp.model_validate(SMALL_APP).spec.docker.workdir is None


def test_a_project_without_a_spec_has_every_default() -> None:
    spec = Project.model_validate(SMALL_PROJECT).spec
    assert spec.engine == LocalEngine(type="local", hdfs="hdfs", workspaces={}, slots={}, runtime="process")
    assert spec.ledger == SqliteLedgerSpec(type="sqlite", path=".dfsubmit/ledger.db")
    assert (spec.submission.marker, spec.submission.settle_seconds, spec.submission.timeout_seconds) == (False, 15, 30)
    assert (spec.limits.max_submit, spec.limits.max_gpus) == (50, None)


def test_the_type_chooses_the_engine() -> None:
    engine = Project.model_validate(REMOTE_PROJECT).spec.engine
    assert isinstance(engine, DataForestEngine)
    assert (engine.account, engine.base_url) == ("nlp", "https://df.apigw.ntruss.com/api/v2")
    assert DataForestEngine(type="dataforest").account is None


@pytest.mark.parametrize("document", [APP, PROJECT, REMOTE_PROJECT])
def test_an_unknown_key_is_refused_in_every_mapping_with_fixed_keys(document: dict[str, Any]) -> None:
    free = {"labels", "env", "workspaces", "slots"}
    mappings = [
        path
        for path in paths_of(document)
        if isinstance(value_at(document, path), dict) and (not path or path[-1] not in free)
    ]
    assert len(mappings) >= 4
    for path in mappings:
        assert errors_of(with_value(document, (*path, "extra"), 1)) == [("extra_forbidden", (*path, "extra"))]


def test_python_names_of_fields_are_unknown_keys() -> None:
    document = with_value(APP, ("spec", "queue_name"), "gpu")
    assert errors_of(document) == [("extra_forbidden", ("spec", "queue_name"))]


def test_models_cannot_be_changed() -> None:
    app = AiApp.model_validate(APP)
    with pytest.raises(ValidationError, match="frozen"):
        app.metadata.name = "other"  # type: ignore[misc]  # that is the point


RESOURCE, DOCKER, SPEC = ("spec", "resource"), ("spec", "docker"), ("spec",)
LIMITS, SUBMISSION, ENGINE = ("spec", "limits"), ("spec", "submission"), ("spec", "engine")
BOUNDS: list[tuple[dict[str, Any], Path, list[Any], list[Any]]] = [
    (APP, ("metadata", "generation"), [1, 1.0, INTEGER_MAX], [0, -1, 1.5, True, "1", INTEGER_MAX + 1, 10**400]),
    (APP, (*RESOURCE, "cpuCount"), [1, 4.0, INTEGER_MAX], [0, INTEGER_MAX + 1, 10**30, float("inf"), float("nan")]),
    (APP, (*RESOURCE, "gpuCount"), [1, 8, 8.0], [0, 9, 8.5, False, "1"]),
    (APP, (*RESOURCE, "memoryMb"), [1, 1e3], [0, 0.5, "15GB"]),
    (APP, (*RESOURCE, "gpuModel"), ["V100", "x"], ["", 100]),
    (APP, (*DOCKER, "exposeTcpPorts"), [[], [1, 65535], [80.0, 80]], [[0], [65536], ["80"], 80, {"80": 80}, "80"]),
    (APP, (*DOCKER, "image"), ["i"], ["", 1]),
    (APP, (*DOCKER, "command"), ["c", " "], ["", ["python"]]),
    (APP, (*DOCKER, "args"), ["", "a"], [1, []]),
    (
        APP,
        (*DOCKER, "env"),
        [{}, {"A": ""}, {"": "a"}, {"A": {"fromEnv": "_1"}}],
        [{"A": 1}, {"A": True}, [], ["A=1"], {"A": {}}],
    ),
    (APP, (*SPEC, "namePrefix"), ["ab", "a-é.", "\U0001f600" * 8], ["a", "", "\U0001f600" * 9, "a" * 9]),
    (APP, (*SPEC, "queueName"), ["q"], ["", 1]),
    (APP, (*SPEC, "aiWorkspaceId"), ["0", "z" * 22], ["", "z" * 23, "a-b", "a\n", "\u00e9", 1]),
    (
        APP,
        ("metadata", "name"),
        ["a", "0", "a-b", "a--b", "a" * 63],
        ["", "-a", "a-", "A", "a_b", "a.b", "a" * 64, "a\n", 1],
    ),
    (APP, ("metadata", "labels"), [{}, {"": ""}], [{"a": 1}, [], {"a": {}}]),
    (APP, ("metadata", "moved"), [[], ["a", "b"]], [["a", "a"], ["A"], "a", [1]]),
    (APP, (*SPEC, "data", "output", 0, "overwrite"), [True, False], [0, 1, "true", "yes"]),
    (
        PROJECT,
        (*SUBMISSION, "settleSeconds"),
        [0, 0.0, 0.5, 3600],
        [-1, -0.5, 3600.1, float("inf"), float("nan"), "15", True, 10**400],
    ),
    (PROJECT, (*SUBMISSION, "timeoutSeconds"), [1e-9, 3600.0], [0, 0.0, -1, 3601]),
    (PROJECT, (*LIMITS, "maxSubmit"), [0, -0.0, 50], [-1, 0.5, INTEGER_MAX + 1]),
    (PROJECT, (*LIMITS, "maxGpus"), [1], [0]),
    (PROJECT, (*ENGINE, "slots"), [{}, {"a": 1.0}], [{"a": 0}, {"": 1}, {"a": "1"}, []]),
    (PROJECT, (*ENGINE, "workspaces"), [{}, {"a": "."}], [{"a-b": "w"}, {"a": "/w"}, {"": "w"}]),
    (PROJECT, (*ENGINE, "runtime"), ["process", "podman", "docker"], ["Docker", "", 1]),
]


@pytest.mark.parametrize(
    ("document", "path", "good", "bad"), BOUNDS, ids=lambda part: str(part[-1]) if isinstance(part, tuple) else ""
)
def test_bounds(document: dict[str, Any], path: Path, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert errors_of(with_value(document, path, value)) == [], value
    for value in bad:
        assert len(errors_of(with_value(document, path, value))) == 1, value


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_what_is_no_number_of_seconds_is_refused_as_such(value: float) -> None:
    assert errors_of(with_value(PROJECT, (*SUBMISSION, "settleSeconds"), value)) == [
        ("finite_number", (*SUBMISSION, "settleSeconds"))
    ]


def test_a_whole_number_written_with_a_point_becomes_an_int() -> None:
    app = AiApp.model_validate(with_value(APP, (*RESOURCE, "cpuCount"), 4.0))
    assert type(app.spec.resource.cpu_count) is int


ENGINE_FAULTS: list[tuple[Any, tuple[str, Path]]] = [
    ({"type": "other", "account": 1}, ("literal_error", (*ENGINE, "type"))),
    ({"type": ["local"]}, ("literal_error", (*ENGINE, "type"))),
    ({"account": "a"}, ("extra_forbidden", (*ENGINE, "account"))),
    ({"type": "dataforest", "hdfs": "hdfs"}, ("extra_forbidden", (*ENGINE, "hdfs"))),
    ({"type": "dataforest", "account": None}, ("string_type", (*ENGINE, "account"))),
    ("local", ("model_type", ENGINE)),
]


@pytest.mark.parametrize(("engine", "error"), ENGINE_FAULTS)
def test_a_wrong_engine_is_one_error_at_the_key_to_change(engine: Any, error: tuple[str, Path]) -> None:
    assert errors_of(with_value(PROJECT, ENGINE, engine)) == [error]


def test_an_error_text_never_shows_the_value() -> None:
    with pytest.raises(ValidationError) as raised:
        AiApp.model_validate(with_value(APP, (*DOCKER, "env"), {"A": ["canary"], "B": {"fromEnv": "canary!"}}))
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize("pattern", PATTERN_MEANING, ids=PATTERN_MEANING.values())
def test_a_pattern_uses_only_what_ecma_262_rust_and_python_read_alike(pattern: str) -> None:
    assert pattern.startswith("^")
    assert pattern.endswith("$")
    groups_with_flags, letters_but_x, end_in_the_middle = r"\(\?", r"\\[A-Za-wyz0-9]", r"\$."
    assert not re.search(f"{groups_with_flags}|{letters_but_x}|{end_in_the_middle}", pattern)


def stays_below(path: str) -> bool:
    """Tell whether a path is relative and has no `..`, by other means than a pattern."""
    printable = not any(ord(character) < 32 or ord(character) == 127 for character in path)
    return bool(path) and printable and not path.startswith("/") and ".." not in PurePosixPath(path).parts


@settings(max_examples=300, deadline=None)
@given(st.text("./a\n\x7f\u00e9", max_size=9))
def test_a_folder_is_a_relative_path_that_stays_below(path: str) -> None:
    folder_errors = errors_of(with_value(PROJECT, (*ENGINE, "hdfs"), path))
    assert (folder_errors == []) == stays_below(path)
    assert bool(re.fullmatch(FOLDER_PATTERN, path)) == stays_below(path)


@settings(max_examples=300, deadline=None)
@given(st.text("./a\n\x7f\u00e9", max_size=9))
def test_a_file_is_a_folder_path_that_ends_in_a_name(path: str) -> None:
    is_file = stays_below(path) and not path.endswith("/") and path.rpartition("/")[2] != "."
    assert (errors_of(with_value(PROJECT, ("spec", "ledger", "path"), path)) == []) == is_file


@pytest.mark.parametrize("pattern", [FOLDER_PATTERN, FILE_PATTERN, BASE_URL_PATTERN])
@pytest.mark.parametrize("start", ["", "https://"])
@pytest.mark.parametrize("part", ["a/", "/", ".", "./", "..", "a", "a.", "a-"])
def test_a_pattern_takes_no_more_time_than_the_text_is_long(pattern: str, start: str, part: str) -> None:
    assert not re.search(pattern, start + part * 20_000 + "\x01")


@settings(max_examples=100, deadline=None)
@given(st.from_regex(BASE_URL_PATTERN.replace("[0-9A-Fa-f:.]+", "::1"), fullmatch=True))
def test_every_base_url_that_is_accepted_can_be_used(url: str) -> None:
    assert errors_of(with_value(REMOTE_PROJECT, (*ENGINE, "baseUrl"), url)) == []
    assert parse_base_url(url).scheme in {"http", "https"}


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "df.apigw.ntruss.com",
            "ftp://h",
            "HTTPS://h",
            "https://",
            "https:///a",
            "https://h\n",
            " https://h",
            "https://h/a b",
        ),
        *("http://example.org", "http://localhost.example.org", "http://127.0.0.2", "http://localhost@example.org"),
        *(
            "https://user@h",
            "https://u:p@h",
            "https://h?q=1",
            "https://h#f",
            "https://h/..%2f",
            "https://h:0",
            "https://h:65536",
        ),
    ],
)
def test_a_base_url_with_anything_else_in_it_is_refused(url: str) -> None:
    assert errors_of(with_value(REMOTE_PROJECT, (*ENGINE, "baseUrl"), url)) == [
        ("string_pattern_mismatch", (*ENGINE, "baseUrl"))
    ]


@pytest.mark.parametrize(
    "url", ["https://h", "https://h:8443/api/v2/", "http://127.0.0.1:8642", "http://localhost", "http://[::1]:1/a"]
)
def test_https_is_allowed_anywhere_and_http_on_this_machine(url: str) -> None:
    assert errors_of(with_value(REMOTE_PROJECT, (*ENGINE, "baseUrl"), url)) == []


def all_models(model: type[Part] = Part) -> list[type[Part]]:
    return [found for below in model.__subclasses__() for found in (below, *all_models(below))]


@pytest.mark.parametrize("model", all_models(), ids=lambda model: model.__name__)
def test_every_field_has_words_for_people(model: type[Part]) -> None:
    assert (model.__doc__ or "").endswith(".")
    for name, info in model.model_fields.items():
        assert info.title, name
        assert re.fullmatch(r"[A-Z].*\.", info.description or ""), name
        assert info.examples, name


def test_importing_the_models_builds_nothing_and_imports_no_other_library() -> None:
    code = (
        "import sys; from dfsubmit.manifest import AiApp, Project; "
        "print(AiApp.__pydantic_complete__, Project.__pydantic_complete__, "
        "*{'jsonschema', 'http', 'httpx', 'click', 'ruamel'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]
