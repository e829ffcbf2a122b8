"""What verbs print with `-o json` is what `dfsubmit schema VERB` publishes: real outputs, checked by `jsonschema`.

The published schemas allow members that later versions may add. Here they are made strict, so that a member that is printed
but not published fails too.
"""

from __future__ import annotations

import json
from typing import Any

import click
import jsonschema
import pytest
from folder import Folder

from dfsubmit.cli.app import VERBS, app
from dfsubmit.cli.schema import OUTPUTS, schema_text
from dfsubmit.diagnostics import Severity
from dfsubmit.journal import Event, State
from dfsubmit.plan import Action
from dfsubmit.results import Result

SECRET = "canary-5f0c9d"


def strict(schema: Any) -> Any:
    """Return `schema` with no member allowed that it does not list."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(part) for name, part in schema.items()}
    return closed | {"additionalProperties": False} if "properties" in schema else closed


def check(verb: str, text: str) -> dict[str, Any]:
    """Return the document in `text`, which is one of `verb`."""
    document: dict[str, Any] = json.loads(text)
    jsonschema.validate(document, strict(json.loads(schema_text(verb))), cls=jsonschema.Draft202012Validator)
    assert document["schemaVersion"] == 1
    return document


def choices_of_output(command: click.Command) -> set[str]:
    """Return what `-o` of `command`, or of a verb below it, may be."""
    found: set[str] = set()
    for parameter in command.params:
        if parameter.name == "output" and isinstance(parameter.type, click.Choice):
            found |= set(parameter.type.choices)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            found |= choices_of_output(below)
    return found


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """Return a folder in which an app has ended well, one has failed, one was refused, and one has a secret."""
    folder = Folder.make(tmp_path_factory.mktemp("machine"))
    folder.app("good", "echo fine")
    folder.app("failing", "echo broken; exit 3")
    folder.app("secret", "echo $TOKEN", more=", env: {TOKEN: {fromEnv: CANARY}}")
    folder.app("refused").write_text(
        folder.app("refused").read_text().replace("FolderWorkspace0000001", "NobodysWorkspace000001")
    )
    return folder


@pytest.fixture(scope="module", name="applied")
def _applied(folder: Folder) -> dict[str, Any]:
    """Return the document of the folder's first apply, when its apps have ended."""
    first = folder.run("apply", "--yes", "-o", "json", env={"CANARY": SECRET})
    assert folder.run("wait", "good", "failing", "secret").returncode == 100
    return check("apply", first.stdout)


def test_every_verb_that_prints_json_has_a_published_schema_and_no_other() -> None:
    context = click.Context(app)
    commands = {name: app.get_command(context, name) for name in VERBS}

    prints_json = {name for name, command in commands.items() if command and "json" in choices_of_output(command)}

    assert set(OUTPUTS) == prints_json


@pytest.mark.parametrize("verb", OUTPUTS)
def test_the_schema_of_a_verb_is_printed(verb: str, folder: Folder) -> None:
    printed = folder.run("schema", verb)

    assert printed.returncode == 0
    assert printed.stdout == schema_text(verb)


@pytest.mark.parametrize(
    ("verb", "part", "member", "values"),
    [
        ("plan", "ChangeDocument", "action", Action),
        ("apply", "ResultDocument", "outcome", Result),
        ("status", "StatusApp", "ledger", State),
        ("ledger", "EntryDocument", "event", Event),
        ("validate", "FindingDocument", "severity", Severity),
    ],
)
def test_every_word_that_can_be_printed_is_published(verb: str, part: str, member: str, values: Any) -> None:
    published = json.loads(schema_text(verb))["$defs"][part]["properties"][member]

    assert set(published["enum"]) == {value.value for value in values}


def test_findings_fit_their_schema(folder: Folder) -> None:
    bad = folder.path / "bad.yaml"
    bad.write_text("apiVersion: dfsubmit/v1\nkind: AiApp\nmetadata: {name: Bad}\nspek: {}\n---\na: 1\na: 2\n")

    result = folder.run("validate", "bad.yaml", "nosuch.yaml", "-o", "json")

    document = check("validate", result.stdout)
    assert result.returncode == 1
    assert document["summary"]["errors"] == len(document["findings"]) > 3


def test_rendered_requests_fit_their_schema(folder: Folder) -> None:
    document = check("render", folder.run("render", "-o", "json").stdout)

    assert [request["name"] for request in document["requests"]] == ["failing", "good", "refused", "secret"]


def test_results_of_apply_fit_their_schema(applied: dict[str, Any]) -> None:
    assert {result["name"]: result["outcome"] for result in applied["results"]} == {
        "failing": "submitted",
        "good": "submitted",
        "refused": "rejected",
        "secret": "submitted",
    }
    assert applied["summary"]["failed"] == 1


@pytest.mark.usefixtures("applied")
def test_status_and_wait_fit_their_schema(folder: Folder) -> None:
    status = check("status", folder.run("status", "-o", "json").stdout)
    waited = check("wait", folder.run("wait", "failing", "-o", "json").stdout)
    offline = check("status", folder.run("status", "--offline", "-o", "json").stdout)

    rows = {row["name"]: row for row in status["apps"]}
    assert rows["good"]["app"]["finalStatus"] == "SUCCEEDED"
    assert rows["good"]["app"]["startedAt"].endswith("Z")
    assert "broken" in rows["failing"]["logTail"]
    assert rows["refused"]["ledger"] == "rejected"
    assert [row["name"] for row in waited["apps"]] == ["failing"]
    assert "state" not in {row["name"]: row for row in offline["apps"]}["good"]["app"]


@pytest.mark.usefixtures("applied")
def test_plans_fit_their_schema_wherever_they_are_printed(folder: Folder) -> None:
    good = folder.path / "specs" / "good.yaml"
    before = good.read_text()
    good.write_text(before.replace("echo fine", "echo finer"))
    (folder.path / "specs" / "failing.yaml").rename(folder.path / "failing.yaml")
    try:
        planned = folder.run("plan", "-o", "json", "--out", "saved.plan")
        shown = folder.run("show", "saved.plan", "-o", "json")
        dry = folder.run("apply", "--dry-run", "-o", "json", env={"CANARY": SECRET})
    finally:
        good.write_text(before)
        (folder.path / "failing.yaml").rename(folder.path / "specs" / "failing.yaml")

    plan, saved, tried = check("plan", planned.stdout), check("show", shown.stdout), check("plan", dry.stdout)
    changes = {change["name"]: change for change in plan["changes"]}
    assert {name: change["action"] for name, change in changes.items()} == {
        "failing": "orphan",
        "good": "submit",
        "refused": "submit",
        "secret": "unchanged",
    }
    assert changes["good"]["fields"] == [
        {"path": "spec.docker.command", "before": "echo fine", "after": "echo finer"},
    ]
    assert {change["name"]: change.get("fields") for change in saved["changes"]}["good"] == changes["good"]["fields"]
    assert plan["token"] == saved["token"] == tried["token"]
    assert plan["basis"]["engineAsked"] is True
    assert saved["basis"] == {"engineAsked": True}
    assert tried["basis"]["ledger"] == plan["basis"]["ledger"]


@pytest.mark.usefixtures("applied")
def test_the_ledger_fits_its_schema(folder: Folder) -> None:
    document = check("ledger", folder.run("ledger", "list", "-o", "json").stdout)

    events = [entry["event"] for entry in document["entries"]]
    assert {"intent", "accepted", "rejected"} == set(events)


def test_what_doctor_found_fits_its_schema(folder: Folder) -> None:
    result = folder.run("doctor", "--engine", "dataforest", "-o", "json", env={"HOME": str(folder.path)})

    document = check("doctor", result.stdout)
    assert result.returncode == 1
    assert {one["check"]: one["verdict"] for one in document["checks"]}["credentials"] == "fail"


@pytest.mark.usefixtures("applied")
def test_no_machine_output_holds_the_value_of_a_secret(folder: Folder) -> None:
    """The app itself printed it: that log is the app's own, and only `logs` shows it whole."""
    texts = [
        folder.run(*words, env={"CANARY": SECRET}).stdout
        for words in (
            ("plan", "-o", "json"),
            ("render", "-o", "json"),
            ("apply", "--dry-run", "-o", "json"),
            ("status", "-o", "json"),
            ("ledger", "list", "-o", "json"),
        )
    ]

    assert all(texts)
    assert not [text for text in texts if SECRET in text]
