"""Secrets in plain text are found, and neither a message nor a frame shows one. All keys here are made up."""

from __future__ import annotations

import json

import pytest
from judge_cases import APP, docker

from dfsubmit.advice import advise
from dfsubmit.diagnostics import Diagnostic, Severity
from dfsubmit.document import load
from dfsubmit.judge import judge
from dfsubmit.leaks import known, masked, named, random_for
from dfsubmit.render.diffs import diff_text
from dfsubmit.render.findings import findings_text
from dfsubmit.render.validate_json import validate_json

# Put together here, so that no scanner of this repository takes one for a real key.
SHAPES = {
    "a NAVER Cloud key": "ncp_iam_" + "MADEUP0123456789",
    "an AWS access key": "AKIA" + "MADEUP0123456789",
    "a GitHub token": "ghp" + "_" + "MadeUp0123456789MadeUp0123456789",
    "a GitLab token": "glpat" + "-" + "MadeUp0123456789MadeUp",
    "a Hugging Face token": "hf" + "_" + "MadeUpMadeUpMadeUpMadeUpMadeUpMade",
    "a Slack token": "xoxb" + "-" + "0123456789-madeup",
    "a Google API key": "AIza" + "MadeUp0123456789MadeUp0123456789xyz",
    "an API key": "sk" + "-" + "madeup0123456789madeup0123",
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a signed token (JWT)": "eyJtYWRldXAi" + ".eyJtYWRldXAi" + ".bWFkZXVwbWFkZXVw",
}
RANDOM = "Zk3q9" + "XvT7LmB2nRw8YpQd"


def findings_of(text: str) -> tuple[str, list[Diagnostic]]:
    loaded = load(text.encode(), "x.yaml")
    findings = list(loaded.diagnostics)
    for document in loaded.documents:
        result = judge(document)
        findings += result if isinstance(result, tuple) else advise(document, result)
    return loaded.text, findings


def outputs(text: str) -> str:
    """Return everything that is said about a file."""
    decoded, findings = findings_of(text)
    return findings_text(findings, {"x.yaml": decoded}) + validate_json(findings, files=1, manifests=1)


@pytest.mark.parametrize(("what", "secret"), SHAPES.items(), ids=SHAPES.keys())
@pytest.mark.parametrize(
    "place",
    [
        docker("env: {SETTING: SECRET}"),
        docker("env: {SETTING: 'SECRET'}"),
        docker("env:", "  SETTING: |", "    first line", "    SECRET"),
        docker("args: --epochs 3 --login SECRET --verbose"),
        APP.replace("python train.py", '"python train.py SECRET"'),
        APP.replace("{name: demo}", "{name: demo, labels: {note: SECRET}}"),
    ],
    ids=["plain", "quoted", "block", "args", "command", "label"],
)
def test_a_key_of_a_known_shape_is_an_error_wherever_it_stands_and_is_never_shown(
    what: str, secret: str, place: str
) -> None:
    text = place.replace("SECRET", secret)
    _, findings = findings_of(text)

    assert [finding.code for finding in findings] == ["DF0501"]
    assert what in findings[0].message
    assert findings[0].severity is Severity.ERROR
    assert findings[0].masked
    assert "fromEnv" in findings[0].help
    assert secret not in outputs(text)


def test_the_finding_points_at_the_key_alone_inside_a_longer_text() -> None:
    secret = SHAPES["a NAVER Cloud key"]
    text = docker(f"args: --epochs 3 --login {secret} --verbose")
    (finding,) = findings_of(text)[1]

    assert finding.span is not None
    line = text.split("\n")[finding.span.line - 1]
    assert line[finding.span.column - 1 : finding.span.end_column - 1] == secret
    assert "args: --epochs 3 --login ******** --verbose" in outputs(text)


@pytest.mark.parametrize("name", ["API_KEY", "DB_PASSWORD", "SLACK_TOKEN", "client_secret", "AWS_SECRET_ACCESS_KEY"])
def test_a_random_value_under_a_telling_name_is_an_error_and_is_never_shown(name: str) -> None:
    text = docker(f"env: {{{name}: {RANDOM}}}")
    _, findings = findings_of(text)

    assert [finding.code for finding in findings] == ["DF0502"]
    assert f"write {{fromEnv: {name}}}" in findings[0].help
    assert RANDOM not in outputs(text)


@pytest.mark.parametrize("text", [f"--api-key {RANDOM}", f"--epochs 3 --token={RANDOM}", f"SECRET={RANDOM} ./run"])
def test_a_random_value_after_a_telling_option_is_an_error(text: str) -> None:
    _, findings = findings_of(docker(f"args: {json.dumps(text)}"))

    assert [finding.code for finding in findings] == ["DF0502"]
    assert RANDOM not in outputs(docker(f"args: {json.dumps(text)}"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKENIZER", "bert-base-uncased"),
        ("MAX_TOKENS", "512"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("CACHE_KEY", "2024-11-30-bert-large"),
        ("KEY_FILE", "/run/secrets/df0203a1b2c3d4e5"),
        ("TOKEN_URL", "https://login.example/oauth2/v2/token"),
        ("PARTITION_KEY", "user_id"),
        ("API_KEY", "${API_KEY}"),
        ("MODEL", "Zk3q9XvT7LmB2nRw8YpQd"),
        ("PASSWORD_FILE", "/run/Secrets-1/password"),
        ("KEYS", "a,b,c"),
        ("SSH_KEY", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJl3dIeudNqd0DPMRD6OIh65tjkZz1uCBAX2"),
        ("MODEL_KEY", "models/BertLargeUncased/v2/CheckpointFinal"),
        ("SECRET_SANTA", "everybody-likes-presents"),
    ],
)
def test_a_value_that_a_person_chose_is_no_secret(name: str, value: str) -> None:
    assert findings_of(docker(f"env: {{{name}: {json.dumps(value)}}}"))[1] == []


def test_a_random_value_with_slashes_is_one() -> None:
    made_up = "pL9/uXw3Qe+ZrT7/kVbN2mYcHs5/DfGj8oAiR4t6"

    assert random_for("AWS_SECRET_ACCESS_KEY", made_up)
    assert not random_for("CHECKPOINT", made_up)


def test_a_mixed_value_of_a_password_is_one_though_it_is_short() -> None:
    assert random_for("DB_PASSWORD", "Made-Up-123")
    assert not random_for("DB_PASSWORD", "changeme")


def test_a_uuid_under_a_telling_name_is_one() -> None:
    assert random_for("API_KEY", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9")
    assert not random_for("RUN_ID", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9")


def test_the_first_option_that_is_no_secret_does_not_hide_the_second() -> None:
    leak = named(f"--key-size default-size --api-key {RANDOM}")

    assert leak is not None
    assert leak.start == len("--key-size default-size --api-key ")


def test_a_password_in_a_url_is_found() -> None:
    leak = known("hdfs://user:madeup@namenode/data")

    assert leak is not None
    assert leak.what == "a password in a URL"


@pytest.mark.parametrize("text", ["https://h.example/a:b@c", "http://127.0.0.1:8642", "postgres://user:$PASSWORD@h"])
def test_a_url_without_a_password_is_none(text: str) -> None:
    assert known(text) is None


def test_a_reference_is_never_a_finding() -> None:
    assert findings_of(docker("env: {NCLOUD_SECRET_KEY: {fromEnv: NCLOUD_SECRET_KEY}}"))[1] == []


@pytest.mark.parametrize(
    "fault",
    [
        "env: {API_KEY: SECRET, EPOCHS: 3}",
        "env: {API_KEY: SECRET, OTHER: {from: X}} # and an unclosed quote: '",
        "env: [{name: API_KEY, value: SECRET}]",
        "env: [API_KEY=SECRET]",
        "comand: SECRET",
        "args: [--api-key, SECRET]",
        "exposeTcpPorts: SECRET",
        "workdir: {API_KEY: SECRET}",
        'env: {API_KEY: SECRET, B: "unclosed}',
        "env: {API_KEY: SECRET, API_KEY: SECRET}",
        "env: {fromEnv: SECRET}",
        "env: {A: {fromEnv: $SECRET}}",
    ],
)
@pytest.mark.parametrize("secret", [SHAPES["a NAVER Cloud key"], SHAPES["a GitHub token"]])
def test_no_output_about_another_fault_on_the_same_line_shows_a_secret(fault: str, secret: str) -> None:
    text = docker(fault.replace("SECRET", secret))

    assert findings_of(text)[1]
    assert secret not in outputs(text)


@pytest.mark.parametrize("head", ["", "apiVersion: apps/v1\nkind: Job\n", "kind: Nothing\n"])
def test_documents_that_are_no_manifests_show_no_secret_either(head: str) -> None:
    secret = SHAPES["a NAVER Cloud key"]
    text = f"{head}key: {secret}\n"

    assert "DF0501" in {finding.code for finding in findings_of(text)[1]}
    assert secret not in outputs(text)


def test_a_long_number_under_a_telling_name_is_not_shown_as_what_to_quote() -> None:
    text = docker("env: {API_KEY: 12345678901234567890}")
    (finding,) = findings_of(text)[1]

    assert finding.help == "use a reference: API_KEY: {fromEnv: API_KEY}"
    assert "1234567890" not in outputs(text)


@pytest.mark.parametrize("end", ["", "-----END RSA " + "PRIVATE KEY-----"], ids=["cut off", "whole"])
def test_the_body_of_a_private_key_on_one_line_is_not_shown(end: str) -> None:
    text = docker(f'env: {{A: "{SHAPES["a private key"]}\\nMadeUpBody\\n{end}", N: 5}}')

    assert [finding.code for finding in findings_of(text)[1]] == ["DF0501", "DF0203"]
    assert "MadeUpBody" not in outputs(text)


def test_a_diff_beside_a_private_key_of_many_lines_shows_none_of_them() -> None:
    lines = (SHAPES["a private key"], "DEK-Info: AES-128-CBC,0", "MadeUpBody", "-----END RSA " + "PRIVATE KEY-----")
    text = docker("env:", "  A: |", *(f"    {line}" for line in lines), "  N: 5")
    decoded, findings = findings_of(text)
    diff = diff_text(
        "x.yaml", decoded, decoded.replace("N: 5", 'N: "5"'), hidden_before=findings, hidden_after=findings
    )

    assert '+      N: "5"' in diff
    assert "MadeUpBody" not in diff
    assert "DEK-Info" not in diff


def test_no_name_is_suggested_that_is_made_of_a_key() -> None:
    text = APP.replace("{name: demo}", f"{{name: {SHAPES['a GitHub token']}}}")

    assert {finding.code for finding in findings_of(text)[1]} == {"DF0211", "DF0501"}
    assert "madeup" not in outputs(text).casefold()


def test_masked_text_keeps_what_is_around_the_secret() -> None:
    assert masked(f"a {SHAPES['an AWS access key']} b") == "a ******** b"
    assert named("nothing here") is None


def test_a_hostile_line_is_searched_in_no_time() -> None:
    # A pattern that tried every start with every length would not come back from this.
    assert masked("key" * 20_000).startswith("key")
    assert masked("key=" * 20_000 + "a1" * 20_000).startswith("key")
