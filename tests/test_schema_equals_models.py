"""A document is valid for the schema exactly when it is valid for the models: in both directions, for documents near the edge.

`pattern` is judged as ECMA-262 has it, as the standard asks and editors do: in Python's `re`, which the jsonschema package uses,
`$` also matches before a final line feed. jsonschema-rs, a second implementation, does it right by itself.
"""

from __future__ import annotations

import json
import math
import random
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from near_valid import APP, NUMBERS, PROJECT, SMALL_APP, SMALL_PROJECT, VALID, near_valid, paths_of, value_at
from pydantic import ValidationError

from dfsubmit.manifest import KINDS
from dfsubmit.schema import manifest_schema, outside_schema

SCHEMA = manifest_schema()
BY_SCHEMA = outside_schema(SCHEMA).validator
BY_RUST = jsonschema_rs.Draft202012Validator(SCHEMA)


def model_errors(document: Any) -> list[tuple[str | int, ...]]:
    """Return where the models find something wrong; the root, when no model is named."""
    kind = document.get("kind") if isinstance(document, dict) else None
    model = KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        return [()]
    try:
        model.model_validate(document)
    except ValidationError as error:
        return [tuple(step for step in found["loc"] if step != "[key]") for found in error.errors(include_url=False)]
    return []


def schema_errors(document: Any) -> list[str]:
    return [error.message for error in BY_SCHEMA.iter_errors(document)]


def is_json(value: Any) -> bool:
    """Tell whether JSON can say `value` so that every implementation reads the same number."""
    if isinstance(value, dict):
        return all(map(is_json, value.values()))
    if isinstance(value, list):
        return all(map(is_json, value))
    if isinstance(value, int):
        return abs(value) < 2**63
    return not isinstance(value, float) or math.isfinite(value)


def agree(document: Any) -> bool:
    """Hold all judges against each other; return what they say."""
    valid = model_errors(document) == []
    assert valid == (schema_errors(document) == []), (document, model_errors(document), schema_errors(document))
    if is_json(document):
        assert valid == BY_RUST.is_valid(document), document
    return valid


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_schema_and_models_accept_the_same_documents(rng: random.Random) -> None:
    agree(near_valid(rng))


def test_they_agree_on_a_fixed_thousand_of_which_many_are_valid_and_many_are_not() -> None:
    verdicts = [agree(near_valid(random.Random(seed))) for seed in range(1_000)]  # a seed repeats a run
    assert verdicts.count(True) > 200
    assert verdicts.count(False) > 200


@pytest.mark.soak
def test_they_agree_on_fifty_thousand() -> None:
    for seed in range(1_000, 51_000):
        agree(near_valid(random.Random(seed)))  # a seed repeats a run


@pytest.mark.parametrize("document", VALID, ids=lambda document: f"{document['kind']}-{len(json.dumps(document))}")
def test_the_documents_that_the_others_are_made_from_are_valid(document: dict[str, Any]) -> None:
    assert agree(document)


def with_value(document: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(document))
    value_at(changed, path[:-1])[path[-1]] = value
    return changed


EVERY_PLACE = [(document, path) for document in (APP, PROJECT) for path in paths_of(document) if path]


@pytest.mark.parametrize(
    ("document", "path"), EVERY_PLACE, ids=lambda part: ".".join(map(str, part)) if isinstance(part, tuple) else ""
)
def test_null_is_wrong_everywhere_and_is_one_error_in_both(
    document: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    changed = with_value(document, path, None)
    assert len(schema_errors(changed)) == 1
    assert len(model_errors(changed)) == 1
    if path != ("kind",):
        assert model_errors(changed) == [path]


@pytest.mark.parametrize(
    ("document", "path"), EVERY_PLACE, ids=lambda part: ".".join(map(str, part)) if isinstance(part, tuple) else ""
)
def test_every_number_at_every_place_is_judged_alike_and_at_most_once(
    document: dict[str, Any], path: tuple[str | int, ...]
) -> None:
    for number in NUMBERS:
        changed = with_value(document, path, number)
        agree(changed)
        # A number that is not whole and too large as well breaks two keywords, at one place.
        assert len({tuple(error.absolute_path) for error in BY_SCHEMA.iter_errors(changed)}) <= 1, number
        assert len(model_errors(changed)) <= 1, number


ENGINE = ("spec", "engine")
ENV = ("spec", "docker", "env")
ONE_FAULT: list[tuple[dict[str, Any], tuple[str | int, ...], Any, tuple[str | int, ...]]] = [
    (APP, ("spec", "docker", "comand"), "x", ("spec", "docker", "comand")),
    (APP, ("spec", "namePrefix"), "\U0001f600" * 9, ("spec", "namePrefix")),
    (APP, ("spec", "namePrefix"), "a", ("spec", "namePrefix")),
    (APP, ("spec", "aiWorkspaceId"), "", ("spec", "aiWorkspaceId")),
    (APP, ("spec", "aiWorkspaceId"), "abc\n", ("spec", "aiWorkspaceId")),
    (APP, ("metadata", "name"), "a" * 64, ("metadata", "name")),
    (APP, ("metadata", "name"), "", ("metadata", "name")),
    (APP, ("metadata", "moved"), ["a", "b", "a"], ("metadata", "moved")),
    (APP, ("spec", "data", "input"), {}, ("spec", "data", "input")),
    (APP, ("spec", "data", "input"), "text", ("spec", "data", "input")),
    (APP, (*ENV, "EPOCHS"), 3, (*ENV, "EPOCHS")),
    (APP, (*ENV, "EPOCHS"), [], (*ENV, "EPOCHS")),
    (APP, (*ENV, "HF_TOKEN"), {}, (*ENV, "HF_TOKEN", "fromEnv")),
    (APP, (*ENV, "HF_TOKEN"), {"fromEnv": "A", "x": 1}, (*ENV, "HF_TOKEN", "x")),
    (APP, (*ENV, "HF_TOKEN"), {"fromEnv": "1A"}, (*ENV, "HF_TOKEN", "fromEnv")),
    (APP, ("spec", "docker", "exposeTcpPorts"), [80, 65536], ("spec", "docker", "exposeTcpPorts", 1)),
    (APP, ("apiVersion",), 1, ("apiVersion",)),
    (APP, ("extends",), "base", ("extends",)),
    (PROJECT, (*ENGINE, "type"), "other", (*ENGINE, "type")),
    (PROJECT, (*ENGINE, "type"), 1, (*ENGINE, "type")),
    (PROJECT, ENGINE, {"type": "dataforest", "slots": {}}, (*ENGINE, "slots")),
    (PROJECT, ENGINE, {"baseUrl": "https://h"}, (*ENGINE, "baseUrl")),
    (PROJECT, ENGINE, {"type": "dataforest", "baseUrl": "http://example.org"}, (*ENGINE, "baseUrl")),
    (PROJECT, ENGINE, [], ENGINE),
    (PROJECT, (*ENGINE, "workspaces"), {"a b": "w"}, (*ENGINE, "workspaces", "a b")),
    (PROJECT, (*ENGINE, "slots"), {"": 1}, (*ENGINE, "slots", "")),
    (PROJECT, (*ENGINE, "hdfs"), "../hdfs", (*ENGINE, "hdfs")),
    (PROJECT, ("spec", "ledger", "path"), "/var/ledger.db", ("spec", "ledger", "path")),
    (PROJECT, ("spec", "ledger", "type"), "redis", ("spec", "ledger", "type")),
    (PROJECT, ("spec", "ledger"), {"type": "git", "path": "a.db"}, ("spec", "ledger", "path")),
    (PROJECT, ("spec", "ledger"), {"ref": "refs/a"}, ("spec", "ledger", "ref")),
    (PROJECT, ("spec", "ledger"), {"type": "git", "ref": "+a:b"}, ("spec", "ledger", "ref")),
    (PROJECT, ("spec", "ledger"), {"type": "git", "remote": "--upload-pack=x"}, ("spec", "ledger", "remote")),
    (PROJECT, ("spec", "ledger"), {"type": "git", "remote": "https://h/x.git"}, ("spec", "ledger", "remote")),
    (PROJECT, ("spec", "limits", "maxGpus"), 0, ("spec", "limits", "maxGpus")),
]


@pytest.mark.parametrize(("document", "path", "value", "place"), ONE_FAULT)
def test_one_fault_is_one_error_in_both(
    document: dict[str, Any], path: tuple[str | int, ...], value: Any, place: tuple[str | int, ...]
) -> None:
    changed = with_value(document, path, value)
    assert model_errors(changed) == [place]
    assert len(schema_errors(changed)) == 1
    assert not BY_RUST.is_valid(changed)
    assert len(list(BY_RUST.iter_errors(changed))) == 1


@pytest.mark.parametrize("document", [SMALL_APP, SMALL_PROJECT])
@pytest.mark.parametrize("key", ["apiVersion", "kind", "metadata"])
def test_a_missing_key_is_one_error_in_both(document: dict[str, Any], key: str) -> None:
    changed = {name: value for name, value in document.items() if name != key}
    assert len(schema_errors(changed)) == 1
    assert len(model_errors(changed)) == 1


@pytest.mark.parametrize(
    "document", [None, [], "text", 3, True, {}, {"kind": "Other"}, {"kind": ["AiApp"]}, {"kind": {}}]
)
def test_what_is_no_manifest_at_all_is_wrong_for_both(document: Any) -> None:
    assert not agree(document)


def test_the_plain_jsonschema_package_differs_only_at_a_final_line_feed() -> None:
    plain = jsonschema.Draft202012Validator(SCHEMA)
    changed = with_value(SMALL_APP, ("spec", "aiWorkspaceId"), "abc\n")
    assert plain.is_valid(changed)
    assert not agree(changed)
