"""The fingerprint never changes: golden cases, a second writer of the canonical form, and what must and must not move it.

`golden/fingerprints.json` IS NEVER REGENERATED, and no case of it is ever edited or removed; cases may be added at its end.
A fingerprint that changes makes the next apply of every customer submit the whole fleet again. If a test here fails, the
code is wrong.
"""

from __future__ import annotations

import copy
import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from near_valid import APP, SMALL_APP, paths_of, value_at

from dfsubmit.document import load
from dfsubmit.fingerprint import canonical, fingerprint
from dfsubmit.manifest import AiApp

GOLDEN = Path(__file__).parent / "golden" / "fingerprints.json"
CASES: list[dict[str, Any]] = json.loads(GOLDEN.read_bytes())["cases"]
# The digest of the cases that version 1 was released with. It changes only when someone did what must not be done.
FIRST_CASES, FIRST_DIGEST = 60, "7b76aeefb06f3679f01ef2cdddb60a3b7c03749be9b2598dfcdd4eff9774ac5d"

by_name = pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])


def second_writer(request: dict[str, Any], generation: int) -> str:
    """Write the canonical form as the module's text describes it, without a line in common with the module."""
    body = copy.deepcopy(request)
    outputs = range(len(body.get("data", {}).get("output", [])))
    defaults: list[tuple[tuple[str | int, ...], str, str]] = [
        *((("data", "output", index), "overwrite", "false") for index in outputs),
        *((("data",), "input", "[]"), (("data",), "output", "[]")),
        *((("docker",), "args", '""'), (("docker",), "env", "{}"), (("docker",), "exposeTcpPorts", "[]")),
        *((("resource",), "cpuCount", "1"), (("resource",), "gpuCount", "1")),
        *((("resource",), "gpuModel", '"V100"'), (("resource",), "memoryMb", "15360")),
        *(((), "queueName", '"gpu"'), ((), "data", "{}"), ((), "resource", "{}")),
    ]
    for owner, member, default in defaults:
        place: Any = body
        for step in owner:
            place = place[step] if isinstance(step, int) else place.get(step, {})
        if member in place and json.dumps(place[member]) == default:
            del place[member]
    version = f'"generation":{generation},' if generation > 1 else ""
    return f'{{"canonical":1,{version}"request":{as_text(body)}}}'


def as_text(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: [ord(character) for character in name])
        return "{" + ",".join(f"{as_text(name)}:{as_text(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(as_text, value)) + "]"
    if isinstance(value, str):
        short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
        return '"' + "".join(short.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value) + '"'
    return {"True": "true", "False": "false"}.get(str(value), str(value))


@by_name
def test_the_canonical_form_is_the_golden_one(case: dict[str, Any]) -> None:
    assert canonical(case["request"], case["generation"]).decode() == case["canonical"]


@by_name
def test_the_fingerprint_is_the_golden_one(case: dict[str, Any]) -> None:
    assert fingerprint(case["request"], case["generation"]) == case["fingerprint"]


@by_name
def test_a_second_writer_finds_the_golden_form(case: dict[str, Any]) -> None:
    text = second_writer(case["request"], case["generation"])
    assert text == case["canonical"]
    assert "sha256:" + hashlib.sha256(text.encode()).hexdigest() == case["fingerprint"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_finds_the_golden_digests(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:03}" for number in range(len(CASES))]
    for path, case in zip(paths, CASES, strict=True):
        path.write_bytes(case["canonical"].encode())
    done = subprocess.run(["openssl", "dgst", "-sha256", "-r", *paths], check=True, capture_output=True, text=True)
    digests = ["sha256:" + line.split()[0] for line in done.stdout.splitlines()]
    assert digests == [case["fingerprint"] for case in CASES]


def test_the_golden_file_was_not_regenerated() -> None:
    first = json.dumps(CASES[:FIRST_CASES], sort_keys=True).encode()
    assert len({case["name"] for case in CASES}) == len(CASES) >= FIRST_CASES
    assert hashlib.sha256(first).hexdigest() == FIRST_DIGEST


def test_golden_cases_that_say_the_same_are_the_same_and_all_others_differ() -> None:
    forms: dict[str, set[str]] = {}
    for case in CASES:
        forms.setdefault(case["canonical"], set()).add(case["fingerprint"])
    assert all(len(found) == 1 for found in forms.values())
    assert len({case["fingerprint"] for case in CASES}) == len(forms)
    same = {case["name"] for case in CASES if case["fingerprint"] == CASES[0]["fingerprint"]}
    assert same == {case["name"] for case in CASES if case["name"].startswith("smallest")}


def print_of(document: dict[str, Any]) -> str:
    app = AiApp.model_validate(document)
    return fingerprint(app.request(), app.metadata.generation)


texts = st.text(min_size=1, max_size=6) | st.sampled_from(
    ["gpu", "V100", "3", "true", "\u00e9", "e\u0301", "\U0001f600", "a\n"]
)
counts = st.integers(1, 2**31 - 1)
env_values = st.text(max_size=4) | st.builds(lambda name: {"fromEnv": name}, st.sampled_from(["A", "HF_TOKEN"]))
inputs = st.fixed_dictionaries({"hdfs": texts, "path": texts})
outputs = st.fixed_dictionaries({"hdfs": texts, "path": texts}, optional={"overwrite": st.booleans()})
specs = st.fixed_dictionaries(
    {
        "aiWorkspaceId": st.from_regex(r"\A[0-9A-Za-z]{1,22}\Z"),
        "namePrefix": st.text(min_size=2, max_size=8),
        "docker": st.fixed_dictionaries(
            {"image": texts, "command": texts},
            optional={
                "args": st.text(max_size=3),
                "env": st.dictionaries(st.text(max_size=3), env_values, max_size=3),
                "exposeTcpPorts": st.lists(st.integers(1, 65535), max_size=3),
            },
        ),
    },
    optional={
        "queueName": texts,
        "data": st.fixed_dictionaries(
            {}, optional={"input": st.lists(inputs, max_size=2), "output": st.lists(outputs, max_size=2)}
        ),
        "resource": st.fixed_dictionaries(
            {}, optional={"cpuCount": counts, "gpuCount": st.integers(1, 8), "gpuModel": texts, "memoryMb": counts}
        ),
    },
)


def app_of(spec: dict[str, Any], generation: int = 1) -> dict[str, Any]:
    return {
        "apiVersion": "dfsubmit/v1",
        "kind": "AiApp",
        "metadata": {"name": "a", "generation": generation},
        "spec": spec,
    }


@settings(max_examples=150, deadline=None)
@given(specs, st.integers(1, 2**31 - 1))
def test_both_writers_agree_on_any_request(spec: dict[str, Any], generation: int) -> None:
    request = AiApp.model_validate(app_of(spec)).request()
    assert canonical(request, generation).decode() == second_writer(request, generation)


@settings(max_examples=150, deadline=None)
@given(specs)
def test_a_spec_and_its_request_with_every_default_written_out_have_one_fingerprint(spec: dict[str, Any]) -> None:
    request = AiApp.model_validate(app_of(spec)).request()
    assert fingerprint(spec, 1) == fingerprint(request, 1) == print_of(app_of(request))


@settings(max_examples=150, deadline=None)
@given(specs, specs)
def test_two_requests_have_one_fingerprint_only_if_they_are_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = (AiApp.model_validate(app_of(spec)).request() for spec in (one, other))
    assert (fingerprint(first, 1) == fingerprint(second, 1)) == (first == second)
    assert fingerprint(first, 1) != fingerprint(first, 2)


REQUEST = AiApp.model_validate(APP).request()
LEAVES = [path for path in paths_of(REQUEST) if not isinstance(value_at(REQUEST, path), dict | list)]


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: ".".join(map(str, path)))
def test_a_change_of_any_field_of_the_request_changes_the_fingerprint(path: tuple[str | int, ...]) -> None:
    changed = copy.deepcopy(REQUEST)
    owner, last = value_at(changed, path[:-1]), path[-1]
    owner[last] = {bool: False, int: 7, str: "other"}[type(owner[last])]
    assert fingerprint(changed, 1) != fingerprint(REQUEST, 1)


@pytest.mark.parametrize("path", [("data", "input"), ("data", "output"), ("docker", "exposeTcpPorts")])
def test_the_order_and_the_number_of_list_items_count(path: tuple[str, ...]) -> None:
    longer = copy.deepcopy(REQUEST)
    items = value_at(longer, path)
    items.append({**items[0], "path": "other"} if isinstance(items[0], dict) else 1)
    turned = copy.deepcopy(longer)
    value_at(turned, path).reverse()
    assert len({fingerprint(request, 1) for request in (REQUEST, longer, turned)}) == 3


@pytest.mark.parametrize(
    "request_body",
    [
        {"resource": {"cpuCount": True}},
        {"data": {"output": [{"overwrite": 0}]}},
        {"docker": {"env": []}},
        {"docker": {"exposeTcpPorts": {}}},
        {"docker": {"args": False}},
        {"queueName": ["gpu"]},
    ],
)
def test_a_value_of_another_type_is_not_the_default(request_body: dict[str, Any]) -> None:
    assert json.loads(canonical(request_body, 1))["request"] == request_body


METADATA: list[dict[str, Any]] = [
    {"labels": {"team": "nlp", "a": "b"}},
    {"labels": {}},
    {"moved": ["earlier"]},
    {"generation": 1},
    {"generation": 1.0},
    {"name": "other"},
]


@pytest.mark.parametrize("metadata", METADATA)
def test_metadata_other_than_the_generation_does_not_count(metadata: dict[str, Any]) -> None:
    assert print_of({**SMALL_APP, "metadata": {"name": "a", **metadata}}) == print_of(SMALL_APP)


def test_workdir_is_never_sent_and_does_not_count() -> None:
    document = copy.deepcopy(SMALL_APP)
    document["spec"]["docker"]["workdir"] = "w"
    assert print_of(document) == print_of(SMALL_APP)


def test_a_number_written_with_a_decimal_point_is_the_whole_number() -> None:
    document = copy.deepcopy(SMALL_APP)
    document["spec"]["resource"] = {"cpuCount": 4.0, "memoryMb": 1e3}
    whole = copy.deepcopy(SMALL_APP)
    whole["spec"]["resource"] = {"cpuCount": 4, "memoryMb": 1000}
    assert print_of(document) == print_of(whole)


def yaml_of(value: Any, rng: random.Random, indent: int = 0) -> str:
    """Write `value` as YAML in one of its many ways: key order, quotes, flow or block, blank lines and comments."""
    if isinstance(value, dict | list) and value and rng.randrange(3):
        pad = "\n" + "  " * indent
        entries: list[Any] = rng.sample(sorted(value), len(value)) if isinstance(value, dict) else value
        text = ""
        for entry in entries:
            text += rng.choice(["", f"{pad}# {rng.randrange(9)}: a comment", "\n"]) + pad
            text += f"{scalar_of(entry, rng)}:" if isinstance(value, dict) else "-"
            text += " " + yaml_of(value[entry] if isinstance(value, dict) else entry, rng, indent + 1)
        return text
    return flow_of(value, rng) + rng.choice(["", " # a comment"])


def flow_of(value: Any, rng: random.Random) -> str:
    gap = rng.choice(["", " "])
    if isinstance(value, dict):
        names = rng.sample(sorted(value), len(value))
        return (
            "{" + ("," + gap).join(f"{gap}{scalar_of(name, rng)}: {flow_of(value[name], rng)}" for name in names) + "}"
        )
    if isinstance(value, list):
        return "[" + f",{gap}".join(flow_of(item, rng) for item in value) + "]"
    return scalar_of(value, rng)


def double_quoted(value: str, *, ascii_only: bool) -> str:
    text = ""
    for character in value:
        plain = character.isprintable() and character not in '"\\' and (character.isascii() or not ascii_only)
        text += character if plain else f"\\U{ord(character):08x}"
    return f'"{text}"'


def scalar_of(value: Any, rng: random.Random) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    styles = [double_quoted(value, ascii_only=True), double_quoted(value, ascii_only=False)]
    if value.isprintable():
        styles.append("'" + value.replace("'", "''") + "'")
    if re.fullmatch(r"[a-z]+[A-Za-z ]*[a-z]{4}[a-z]+", value):
        styles.append(value)
    return rng.choice(styles)


def defaults_written_or_left_out(document: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Return a document that asks for the same, with each default written or left out."""
    app = copy.deepcopy(document)
    full = {**AiApp.model_validate(document).request()}
    for path in (
        *(("queueName",), ("data",), ("data", "input"), ("data", "output"), ("docker", "args"), ("docker", "env")),
        *(("docker", "exposeTcpPorts"), ("resource",), ("resource", "cpuCount"), ("resource", "gpuModel")),
    ):
        owner = value_at(app["spec"], path[:-1]) if all(step in app["spec"] for step in path[:-1]) else None
        if owner is not None and path[-1] not in owner and rng.randrange(2):
            empty = {"args": "", "env": {}, "exposeTcpPorts": []}
            owner[path[-1]] = value_at(full, path) if path[0] != "docker" else empty[path[-1]]
    return app


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from([APP, SMALL_APP]),
    st.randoms(use_true_random=False),
    st.text(max_size=5),
    st.sampled_from(["\n", "\r\n"]),
)
def test_layout_comments_quotes_key_order_defaults_labels_and_file_name_do_not_count(
    document: dict[str, Any], rng: random.Random, label: str, newline: str
) -> None:
    changed = defaults_written_or_left_out(document, rng)
    changed["metadata"] = {**changed["metadata"], "labels": {"note": label}}
    text = yaml_of(changed, rng).lstrip() + "\n"
    loaded = load(text.replace("\n", newline).encode(), f"{rng.randrange(9)}.yaml")
    assert loaded.diagnostics == ()
    assert print_of(loaded.documents[0].data) == print_of(document)


@pytest.mark.parametrize("value", [1.5, 4.0, None, b"x", {1: "a"}, object(), float("nan")])
def test_what_json_cannot_say_in_one_way_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="has no canonical form"):
        canonical({"unknown": value}, 1)


@pytest.mark.parametrize(
    ("generation", "error"), [(0, ValueError), (-1, ValueError), (1.0, TypeError), (True, TypeError)]
)
def test_a_generation_is_a_whole_number_from_1(generation: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="a generation is"):
        fingerprint({}, generation)


def test_the_request_is_not_changed_and_tuples_are_lists() -> None:
    request = AiApp.model_validate(APP).request()
    before = copy.deepcopy(request)
    canonical(request, 1)
    assert request == before
    tuples = {**request, "docker": {**request["docker"], "exposeTcpPorts": (6006, 8080)}}
    assert fingerprint(tuples, 1) == fingerprint(request, 1)


def test_the_module_knows_nothing_of_the_models() -> None:
    code = "import sys, dfsubmit.fingerprint; print(*sorted(m for m in sys.modules if m.startswith(('pydantic', 'dfsubmit'))))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "dfsubmit dfsubmit.fingerprint"
