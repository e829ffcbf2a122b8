"""The schema that is published, and documents judged by a schema from outside."""

from __future__ import annotations

import copy
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import jsonschema_rs
import pytest
from near_valid import VALID

from dfsubmit.document import Document, load
from dfsubmit.errors import InputError
from dfsubmit.manifest import KINDS
from dfsubmit.schema import CODE, check_outside, manifest_schema, outside_schema, schema_text

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = manifest_schema()
COMMITTED = Path(__file__).parents[1] / "schema" / "dfsubmit.v1.schema.json"


def parts_of(schema: Any, place: str = "#") -> Iterator[tuple[str, Any]]:
    """Yield every schema within a schema, with its place; values and names are not schemas."""
    yield place, schema
    if not isinstance(schema, dict):
        return
    for keyword in ("if", "then", "items", "additionalProperties", "propertyNames", "not"):
        if keyword in schema:
            yield from parts_of(schema[keyword], f"{place}/{keyword}")
    for keyword in ("properties", "$defs"):
        for name, part in schema.get(keyword, {}).items():
            yield from parts_of(part, f"{place}/{keyword}/{name}")
    for index, part in enumerate(schema.get("allOf", [])):
        yield from parts_of(part, f"{place}/allOf/{index}")


PARTS = dict(parts_of(SCHEMA))
PROPERTIES = {
    place: part
    for place, part in PARTS.items()
    if place.split("/")[-2:-1] == ["properties"] and part is not True and "/if/" not in place
}


def test_the_committed_schema_is_the_one_that_the_models_make() -> None:
    assert COMMITTED.read_bytes() == schema_text().encode(), "run `dfsubmit schema > schema/dfsubmit.v1.schema.json`"


def test_the_text_is_the_same_in_every_process() -> None:
    code = "import sys; from dfsubmit.schema import schema_text; sys.stdout.write(schema_text())"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}
        )
        assert done.stdout == schema_text().encode()


def test_the_text_is_plain_json_with_line_feeds() -> None:
    text = schema_text()
    assert json.loads(text) == SCHEMA
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
    assert "\r" not in text


def test_it_is_a_schema_by_the_word_of_two_metaschemas() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema_rs.meta.validate(SCHEMA)
    assert SCHEMA["$schema"] == jsonschema.Draft202012Validator.META_SCHEMA["$id"]


def test_it_has_an_id_without_a_host_and_the_kinds_of_the_models() -> None:
    assert SCHEMA["$id"] == "urn:dfsubmit:schema:v1"
    assert SCHEMA["required"] == ["apiVersion", "kind"]
    assert SCHEMA["properties"]["kind"]["enum"] == list(KINDS)


def test_no_keyword_is_there_that_makes_editors_show_several_errors_for_one_fault() -> None:
    for place, part in PARTS.items():
        keywords = set(part) if isinstance(part, dict) else set()
        assert not keywords & {"anyOf", "oneOf", "patternProperties", "unevaluatedProperties"}, place
        assert not ("type" in keywords and keywords & {"const", "enum"}), place


def test_every_mapping_with_fixed_keys_refuses_others() -> None:
    for place, part in PARTS.items():
        if isinstance(part, dict) and "properties" in part and not place.endswith("/if"):
            assert part.get("additionalProperties") is False or "allOf" in part, place


def test_every_reference_leads_somewhere_and_every_part_is_referred_to() -> None:
    references = {part["$ref"] for part in PARTS.values() if isinstance(part, dict) and "$ref" in part}
    assert references == {f"#/$defs/{name}" for name in SCHEMA["$defs"]}


@pytest.mark.parametrize(("place", "part"), PROPERTIES.items(), ids=PROPERTIES)
def test_every_field_has_words_and_valid_examples_for_the_editor(place: str, part: dict[str, Any]) -> None:
    assert part["title"]
    assert part["description"].endswith(".")
    assert "`" not in part["description"]
    assert part.get("markdownDescription", "`").count("`") % 2 == ("markdownDescription" not in part)
    judge = jsonschema.Draft202012Validator(
        {"$ref": place, "$defs": SCHEMA["$defs"], "properties": SCHEMA["properties"]}
    )
    assert part["examples"]
    for value in [*part["examples"], *([part["default"]] if "default" in part else [])]:
        assert judge.is_valid(value), value


def test_what_may_be_left_out_has_its_default_unless_leaving_it_out_means_none() -> None:
    for place, part in PARTS.items():
        if not isinstance(part, dict) or "properties" not in part or place == "#" or place.endswith("/if"):
            continue
        for name, field in part["properties"].items():
            if field is not True and name not in part.get("required", []):
                assert "default" in field or name in {"workdir", "account", "maxGpus"}, (place, name)


def test_what_an_editor_inserts_into_an_empty_file_is_valid_once_filled_in() -> None:
    values = {"name": "a", "id of the AI workspace": "1", "app": "app", "image:version": "i:1", "python train.py": "c"}
    for snippet in SCHEMA["defaultSnippets"]:
        text = json.dumps(snippet["body"])
        for number, (hint, value) in enumerate(values.items(), 1):
            text = text.replace(f"${{{number}:{hint}}}", value)
        assert "$" not in text
        jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))


def test_jsonschema_is_imported_only_to_judge_by_a_schema_from_outside() -> None:
    code = "import sys; from dfsubmit.schema import schema_text; schema_text(); print('jsonschema' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


APP = """\
apiVersion: dfsubmit/v1
kind: AiApp
metadata:
  name: bert
  labels: {team: nlp}
spec:
  aiWorkspaceId: 6ZKSGoSJMMwctK257nxgiL
  namePrefix: bert
  docker:
    image: pytorch/pytorch:2.3.1
    command: python train.py
    env: {TOKEN: canary-value}
  resource: {gpuCount: 8}
"""


def document(text: str = APP) -> Document:
    loaded = load(text.encode(), "app.yaml")
    assert loaded.diagnostics == ()
    return loaded.documents[0]


def found(text: str, schema: dict[str, Any]) -> list[tuple[int, int, str, str]]:
    """Return line, column, message and help of every finding."""
    findings = check_outside(document(text), schema, "policy.json")
    assert all(finding.code == CODE and finding.path == "app.yaml" for finding in findings)
    return [(one.span.line, one.span.column, one.message, one.help) for one in findings if one.span]


def spec_of(**properties: Any) -> dict[str, Any]:
    return {"properties": {"spec": {"properties": properties}}}


def test_a_valid_document_has_no_finding() -> None:
    for valid in VALID:
        assert found(json.dumps(valid), SCHEMA) == []


MISSPELT = (11, 5, "'comand' is not allowed here", "did you mean 'command'?")
BY_OUR_SCHEMA: list[tuple[str, str, tuple[int, int, str, str] | tuple[int, int, str]]] = [
    ("    command:", "    comand:", MISSPELT),
    ("kind: AiApp", "kind: Aiapp", (2, 7, "must be one of 'AiApp', 'Project'", "did you mean 'AiApp'?")),
    ("apiVersion: dfsubmit/v1\n", "", (1, 1, "'apiVersion' is missing here")),
    ("apiVersion: dfsubmit/v1", "apiVersion: 1", (1, 13, "must be 'dfsubmit/v1'")),
    ("gpuCount: 8", "gpuCount: 9", (13, 24, "must be at most 8")),
    ("gpuCount: 8", "gpuCount: 8.5", (13, 24, "must be a whole number, not a number")),
    ("gpuCount: 8", "gpuCount: .inf", (13, 24, "must be a whole number, not a number")),
    ("namePrefix: bert", "namePrefix: b", (8, 15, "must have at least 2 characters")),
    ("namePrefix: bert", "namePrefix: true", (8, 15, "must be text, not true or false")),
    ("namePrefix: bert", "namePrefix:", (8, 14, "must be text, not null")),
    (
        "name: bert\n",
        "name: Bert\n",
        (4, 9, "must be 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end"),
    ),
    ("{TOKEN: canary-value}", "{TOKEN: 3}", (12, 18, "must be text or a mapping, not a whole number")),
    ("{TOKEN: canary-value}", "{TOKEN: {}}", (12, 11, "'fromEnv' is missing here")),
    ("{TOKEN: canary-value}", "[canary]", (12, 10, "must be a mapping, not a list")),
    ("    image: pytorch/pytorch:2.3.1\n", "", (9, 3, "'image' is missing here")),
]


@pytest.mark.parametrize(("old", "new", "expected"), BY_OUR_SCHEMA)
def test_one_fault_is_one_finding_at_its_place(old: str, new: str, expected: tuple[Any, ...]) -> None:
    assert old in APP
    findings = found(APP.replace(old, new), SCHEMA)
    assert [finding[: len(expected)] for finding in findings] == [expected]


NOT_FOR_GPUS = {"if": {"required": ["resource"]}, "then": {"required": ["priority"]}}
POLICIES: list[tuple[dict[str, Any], list[tuple[int, int, str]]]] = [
    ({"properties": {"metadata": {"required": ["owner"]}}}, [(3, 1, "'owner' is missing here")]),
    (
        {"properties": {"metadata": {"properties": {"labels": {"required": ["a", "b"]}}}}},
        [(5, 3, "'a' is missing here"), (5, 3, "'b' is missing here")],
    ),
    (
        {"properties": {"metadata": {"propertyNames": {"maxLength": 4}}}},
        [(5, 3, "this key must have at most 4 characters")],
    ),
    ({"properties": {"metadata": {"dependentRequired": {"labels": ["owner"]}}}}, [(3, 1, "'owner' is missing here")]),
    ({"properties": {"metadata": {"maxProperties": 1}}}, [(4, 3, "must have at most 1 key")]),
    ({"properties": {"kind": False}}, [(2, 1, "'kind' is not allowed here")]),
    ({"properties": {"kind": {"not": {"const": "AiApp"}}}}, [(2, 7, "has a form that is not allowed here")]),
    ({"properties": {"kind": {"const": "Project"}}}, [(2, 7, "must be 'Project'")]),
    (
        {"properties": {"kind": {"type": ["array", "null"], "minLength": 99}}},
        [(2, 7, "must be a list or null, not text")],
    ),
    (spec_of(namePrefix={"pattern": "^ml"}), [(8, 15, "must match the pattern '^ml'")]),
    (
        spec_of(namePrefix={"enum": [f"team{n}" for n in range(20)]}),
        [(8, 15, "must be one of " + ", ".join(f"'team{n}'" for n in range(8)) + ", ...")],
    ),
    (spec_of(resource={"properties": {"gpuCount": {"maximum": 4}}}), [(13, 24, "must be at most 4")]),
    (spec_of(resource={"properties": {"gpuCount": {"exclusiveMaximum": 8}}}), [(13, 24, "must be less than 8")]),
    (spec_of(resource={"properties": {"gpuCount": {"multipleOf": 3}}}), [(13, 24, "must be a multiple of 3")]),
    ({"properties": {"spec": NOT_FOR_GPUS}}, [(6, 1, "'priority' is missing here")]),
    (
        {"properties": {"spec": {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}}},
        [(7, 3, "fits none of the forms that are allowed here")],
    ),
    (
        {"properties": {"spec": {"oneOf": [{"required": ["docker"]}, {"type": "object"}]}}},
        [(7, 3, "fits more than one form where it must fit exactly one")],
    ),
    ({"properties": {"spec": {"allOf": [{"required": ["a"]}, {"required": ["a"]}]}}}, [(6, 1, "'a' is missing here")]),
    (
        {"properties": {"metadata": {"properties": {"name": True}, "unevaluatedProperties": False}}},
        [(5, 3, "'labels' is not allowed here")],
    ),
    (
        {"properties": {"metadata": {"patternProperties": {"^n": True}, "additionalProperties": False}}},
        [(5, 3, "'labels' is not allowed here")],
    ),
    ({"$ref": "#/$defs/a", "$defs": {"a": {"required": ["x"]}}}, [(1, 1, "'x' is missing here")]),
    ({"$ref": "https://json-schema.org/draft/2020-12/schema"}, []),
]


@pytest.mark.parametrize(("schema", "expected"), POLICIES)
def test_what_a_policy_asks_for_is_said_at_the_place_to_change(
    schema: dict[str, Any], expected: list[tuple[int, int, str]]
) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)
    assert [finding[:3] for finding in found(APP, schema)] == expected


def test_the_form_that_fits_best_is_the_one_that_is_spoken_of() -> None:
    forms = [{"type": "string"}, {"properties": {"gpuCount": {"maximum": 4}}, "type": "object"}]
    assert [finding[:3] for finding in found(APP, spec_of(resource={"anyOf": forms}))] == [
        (13, 24, "must be at most 4")
    ]


def test_the_help_is_what_the_author_of_the_policy_wrote() -> None:
    described = spec_of(namePrefix={"pattern": "^ml", "description": "Prefixes begin with ml."})
    assert found(APP, described)[0][3] == "policy.json says: Prefixes begin with ml."
    worded = {"required": ["x"], "description": "Not about x.", "errorMessage": {"required": "Say x."}}
    assert found(APP, worded)[0][3] == "policy.json says: Say x."
    silent = spec_of(namePrefix={"pattern": "^ml"})
    assert found(APP, silent)[0][3] == "asked for by policy.json, at #/properties/spec/properties/namePrefix/pattern"


def test_no_finding_shows_a_value_of_the_document() -> None:
    wrongs: list[Any] = [
        *({"const": 1}, {"enum": [1]}, {"type": "array"}, {"pattern": "^x"}, {"maxLength": 1}, {"minLength": 99}),
        *(
            {"not": {}},
            {"anyOf": [False]},
            {"format": "x", "contentEncoding": "base64"},
            {"oneOf": [True, True]},
            False,
        ),
    ]
    for wrong in wrongs:
        for schema in (wrong, {"anyOf": [wrong, {"type": "number"}]}, {"allOf": [wrong]}):
            policy = spec_of(docker={"properties": {"env": {"additionalProperties": schema}}})
            assert "canary" not in repr(check_outside(document(), policy))


def test_dollar_is_the_very_end_and_classes_are_those_of_ecma_262() -> None:
    text = '{"a": "x\\n", "b": "\u0663", "c": "\u00e9"}'
    patterns = {"a": "^x$", "b": r"^\d$", "c": r"^[\w-]$"}
    schema = {"properties": {name: {"pattern": pattern} for name, pattern in patterns.items()}}
    assert [finding[1] for finding in found(text, schema)] == [7, 19, 29]
    assert (
        found('{"a": "$", "b": "3", "c": "-"}', {"properties": {**schema["properties"], "a": {"pattern": r"^[$]$|\$"}}})
        == []
    )


@pytest.mark.parametrize(
    ("dialect", "schema"),
    [
        ("http://json-schema.org/draft-04/schema#", {"properties": {"a": {"maximum": 3, "exclusiveMaximum": True}}}),
        ("http://json-schema.org/draft-06/schema#", {"properties": {"a": {"exclusiveMaximum": 3}}}),
        (
            "http://json-schema.org/draft-07/schema",
            {"if": {"required": ["a"]}, "then": {"properties": {"a": {"const": 1}}}},
        ),
        ("https://json-schema.org/draft/2019-09/schema", {"properties": {"a": {"$recursiveRef": "#"}}, "maximum": 2}),
    ],
)
def test_the_dialect_that_a_schema_names_is_honoured(dialect: str, schema: dict[str, Any]) -> None:
    assert len(found("{a: 3}", {"$schema": dialect, **schema})) == 1
    assert found("{a: 1}", {"$schema": dialect, **schema}) == []


BROKEN: list[tuple[Any, str]] = [
    ({"type": "strin"}, "policy.json is not a JSON Schema: what stands at type is not what its dialect allows there"),
    ({"properties": {"a": {"required": "b"}}}, "what stands at properties/a/required is not"),
    ({"properties": {"a": {"pattern": "("}}}, "what stands at properties/a/pattern is no regular expression"),
    ({"$schema": "https://example.org/my-dialect"}, "names no dialect that is known here"),
    ({"$schema": 7}, "names no dialect that is known here"),
    ([], "it is not a mapping"),
    ("text", "it is not a mapping"),
    ({"$ref": "#/nowhere"}, "$ref '#/nowhere' is not in the schema, and dfsubmit fetches nothing"),
    ({"$ref": "other.json"}, "$ref 'other.json' is not in the schema"),
    ({"$ref": "#"}, "its $refs lead round in a circle"),
]


@pytest.mark.parametrize(("schema", "message"), BROKEN)
def test_a_schema_that_cannot_be_used_is_one_clear_error_with_a_tip(schema: Any, message: str) -> None:
    with pytest.raises(InputError) as raised:
        check_outside(document(), schema, "policy.json")
    assert message in raised.value.message
    assert raised.value.message.startswith("policy.json")
    assert raised.value.tip


def test_nothing_is_fetched_from_a_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        for schema in ({"$ref": url}, {"$id": url, "$ref": "other.json"}, {"$dynamicRef": url}):
            with pytest.raises(InputError, match="fetches nothing"):
                check_outside(document(), schema)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_schema_is_made_ready_once_and_is_not_changed() -> None:
    schema = copy.deepcopy(SCHEMA)
    assert outside_schema(schema, "a").check(document()) == ()
    assert check_outside(document(), schema) == check_outside(document(), schema) == ()
    assert schema == SCHEMA
    assert len(check_outside(document(), {"required": ["x"]})) == 1
