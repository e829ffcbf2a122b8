"""The schema in the editor: the real YAML language server, as editors start it, completes, explains and judges manifests.

The server has no way to a network: its proxy is a closed port, and every download that its settings know of is off.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lsp import Client
from npm_tools import installed, run_node

from dfsubmit import scaffold

# One process installs, whatever the number of those that test.
pytestmark = pytest.mark.xdist_group("npm")

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "schema" / "dfsubmit.v1.schema.json"
MODELINE = f"# yaml-language-server: $schema={SCHEMA}\n"
APP = """\
apiVersion: dfsubmit/v1
kind: AiApp
metadata:
  name: bert
spec:
  aiWorkspaceId: 6ZKSGoSJMMwctK257nxgiL
  namePrefix: bert
  docker:
    image: pytorch/pytorch:2.3.1
    command: python train.py
    env:
      EPOCHS: "3"
  resource:
    gpuCount: 2
"""
PROJECT = """\
apiVersion: dfsubmit/v1
kind: Project
metadata: {name: nlp-training}
spec:
  engine: {type: local}
"""
OFFLINE: dict[str, dict[str, Any]] = {
    "yaml": {
        "validate": True,
        "hover": True,
        "completion": True,
        "schemaStore": {"enable": False},
        "kubernetesCRDStore": {"enable": False},
    },
    "redhat": {"telemetry": {"enabled": False}},
    # A closed port: whatever were fetched all the same would fail, and be said.
    "http": {"proxy": "http://127.0.0.1:9", "proxyStrictSSL": True},
}
ERROR = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One diagnostic: its line, counted from 1, the text that is underlined, and the message."""

    line: int
    text: str
    message: str


class Editor:
    """A folder that is open in an editor, and the server that the editor talks to."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.file = client.folder / "specs" / "open.yaml"

    def diagnostics(self, text: str, file: Path | None = None) -> list[Shown]:
        lines = text.split("\n")
        result = []
        for one in self.client.open(file or self.file, text):
            start, end = one["range"]["start"], one["range"]["end"]
            assert one["severity"] == ERROR
            line = lines[start["line"]]
            stop = end["character"] if end["line"] == start["line"] else None
            result.append(Shown(line=start["line"] + 1, text=line[start["character"] : stop], message=one["message"]))
        return result

    def completions(self, marked: str) -> dict[str, dict[str, Any]]:
        """Return by label what is offered at the `@`."""
        at = marked.index("@")
        text = marked.replace("@", "", 1)
        self.client.open(self.file, text)
        items = self.client.complete(self.file, *_place(text, at))
        return {item["label"]: item for item in reversed(items)}

    def hover(self, text: str, at: str) -> str:
        """Return what is shown for the first place that says `at`, behind the modeline."""
        self.client.open(self.file, text)
        return self.client.hover(self.file, *_place(text, text.index(at, text.index("\n")) + 1))


def _place(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at), at - (text.rfind("\n", 0, at) + 1)


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The last version that runs on every Node.js that still gets repairs; ajv is what the server itself judges schemas by.
    return installed(tmp_path_factory.mktemp("language-server"), "yaml-language-server@1.25.0", "ajv@8.17.1")


def started(modules: Path, folder: Path, settings: dict[str, Any]) -> Client:
    (folder / "home").mkdir()
    return Client(
        command=["node", str(modules / "yaml-language-server" / "bin" / "yaml-language-server"), "--stdio"],
        folder=folder,
        settings=settings,
        env={"PATH": os.environ["PATH"], "HOME": str(folder / "home")},
    )


@pytest.fixture(scope="module")
def editor(modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    with started(modules, tmp_path_factory.mktemp("folder"), OFFLINE) as client:
        yield Editor(client)
        assert_nothing_was_fetched(client)


def assert_nothing_was_fetched(client: Client) -> None:
    asked = {message.get("method", "") for message in client.said}
    assert asked <= {"workspace/configuration", "client/registerCapability", "textDocument/publishDiagnostics"}


# --- diagnostics ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [APP, PROJECT, APP + "---\n" + APP.replace("name: bert", "name: other"), ""])
def test_what_is_right_has_no_diagnostic(text: str, editor: Editor) -> None:
    assert editor.diagnostics(MODELINE + text) == []


@pytest.mark.parametrize("file", sorted((ROOT / "specs").glob("*.yaml")), ids=lambda file: file.name)
def test_no_sample_manifest_has_a_diagnostic(file: Path, editor: Editor) -> None:
    text = file.read_text(encoding="utf-8")

    assert editor.diagnostics(text, file) == []
    # The server did judge it.
    assert len(editor.diagnostics(text.replace("kind:", "knd:", 1), file)) == 1


FAULTS = {
    "unknown key": ("    image", "    imagee: x\n    image", "imagee", "Property imagee is not allowed."),
    "unknown key at the root": ("spec:", "specs: 1\nspec:", "specs", "Property specs is not allowed."),
    "number for text": ("pytorch/pytorch:2.3.1", "3", "3", 'Incorrect type. Expected "string".'),
    "number in env": ('EPOCHS: "3"', "EPOCHS: 3", "3", "Incorrect type. Expected one of string, object."),
    "boolean for a number": ("gpuCount: 2", "gpuCount: true", "true", 'Incorrect type. Expected "integer".'),
    "text for a number": ("gpuCount: 2", "gpuCount: two", "two", 'Incorrect type. Expected "integer".'),
    "too large": ("gpuCount: 2", "gpuCount: 9", "9", "Value is above the maximum of 8."),
    "too small": ("gpuCount: 2", "gpuCount: 0", "0", "Value is below the minimum of 1."),
    "too long": ("namePrefix: bert", "namePrefix: bert-tune", "bert-tune", "longer than the maximum length of 8"),
    "too short": ("namePrefix: bert", "namePrefix: b", "b", "shorter than the minimum length of 2"),
    "wrong pattern": ("name: bert", "name: Bert_1", "Bert_1", "must be 1 to 63 lower-case letters"),
    "wrong kind": ("AiApp", "AiAp", "AiAp", 'Value is not accepted. Valid values: "AiApp", "Project".'),
    "wrong version": ("dfsubmit/v1", "dfsubmit/v2", "dfsubmit/v2", 'Value must be "dfsubmit/v1".'),
    "no value": ("image: pytorch/pytorch:2.3.1", "image: ", "", 'Incorrect type. Expected "string".'),
    "list for a mapping": ("  resource:\n    gpuCount: 2\n", "  resource: []\n", "[]", "Incorrect type."),
    "duplicate key": ("  resource", "  namePrefix: b2\n  resource", "namePrefix: b2", "Map keys must be unique"),
    "removed field": ("    image", "    workdir: x\n    image", "workdir: x", "removed it in August 2024"),
    # What is not there has no place: the server points at the key of the mapping that lacks it, and for the root at its start.
    "missing in docker": ("    command: python train.py\n", "", "docker", 'Missing property "command".'),
    "missing at the root": ("metadata:\n  name: bert\n", "", "a", 'Missing property "metadata".'),
    "no kind": ("kind: AiApp\n", "", "a", 'Missing property "kind".'),
}


@pytest.mark.parametrize("name", FAULTS)
def test_one_fault_is_one_diagnostic_at_its_place(name: str, editor: Editor) -> None:
    old, new, underlined, message = FAULTS[name]
    assert old in APP
    text = MODELINE + APP.replace(old, new, 1)
    start = text.index(new, len(MODELINE))
    line = text.count("\n", 0, text.index(underlined, start)) + 1

    (found,) = editor.diagnostics(text)

    assert (found.line, found.text) == (line, underlined)
    assert message in found.message


def test_a_misspelt_key_that_is_required_is_two_diagnostics_for_the_server(editor: Editor) -> None:
    # A schema cannot say that one key was meant to be another: `dfsubmit validate` says so in one finding.
    found = editor.diagnostics(MODELINE + APP.replace("command:", "comand:"))

    assert [(one.text, one.message) for one in found] == [
        ("docker", 'Missing property "command".'),
        ("comand", "Property comand is not allowed."),
    ]


SECOND_WRONG = f"{APP}---\n" + PROJECT.replace("type: local", "type: local, account: nlp")


def test_a_modeline_counts_for_one_document_and_the_next_needs_its_own(editor: Editor) -> None:
    assert editor.diagnostics(MODELINE + SECOND_WRONG) == []
    (found,) = editor.diagnostics(MODELINE + SECOND_WRONG.replace("---\n", f"---\n{MODELINE}"))
    assert (found.text, found.message) == ("account", "Property account is not allowed.")


# --- completion -----------------------------------------------------------------------------------------------------------

BELOW_DOCKER = MODELINE + APP.replace("    command: python train.py\n", "    @\n").replace(
    '    env:\n      EPOCHS: "3"\n', ""
)


@pytest.mark.parametrize(
    ("marked", "offered"),
    [
        (MODELINE + "@\n", {"apiVersion", "kind", "AiApp", "Project"}),
        (MODELINE + "apiVersion: @\n", {"dfsubmit/v1"}),
        (MODELINE + "apiVersion: dfsubmit/v1\nkind: @\n", {"AiApp", "Project"}),
        (MODELINE + "apiVersion: dfsubmit/v1\nkind: AiApp\n@\n", {"metadata", "spec"}),
        (BELOW_DOCKER, {"command", "args", "env", "exposeTcpPorts"}),
        (BELOW_DOCKER.replace("    image: pytorch/pytorch:2.3.1\n", ""), {"image", "command", "args", "env"}),
        (MODELINE + APP.replace("gpuCount: 2", "gpuModel: @"), {"V100", "T4"}),
        (MODELINE + APP.replace('EPOCHS: "3"', "HF_TOKEN:\n        @"), {"fromEnv"}),
        (MODELINE + APP.replace("  docker:", "  data:\n    output:\n      - @\n  docker:"), {"hdfs", "path", "overwrite"}),
        (MODELINE + PROJECT.replace("{type: local}", "\n    type: @"), {"local", "dataforest"}),
        (MODELINE + PROJECT.replace("{type: local}", "\n    type: local\n    @"), {"hdfs", "workspaces", "slots", "runtime"}),
    ],
)  # fmt: skip
def test_what_may_stand_here_is_offered(marked: str, offered: set[str], editor: Editor) -> None:
    assert offered <= set(editor.completions(marked))


def test_what_was_removed_or_belongs_elsewhere_is_not_offered(editor: Editor) -> None:
    assert not {"workdir", "image", "gpuCount", "metadata"} & set(editor.completions(BELOW_DOCKER))
    engine = editor.completions(MODELINE + PROJECT.replace("{type: local}", "\n    type: local\n    @"))
    assert not {"account", "baseUrl"} & set(engine)


def test_an_offer_says_what_it_is_for(editor: Editor) -> None:
    words = editor.completions(BELOW_DOCKER)["command"]["documentation"]
    assert "Script or command that runs the app" in (words if isinstance(words, str) else words["value"])
    kinds = editor.completions(MODELINE + "apiVersion: dfsubmit/v1\nkind: @\n")
    assert kinds["AiApp"]["documentation"].startswith("One AI app: submitted once")


@pytest.mark.parametrize("label", ["AiApp", "Project"])
def test_the_snippet_for_an_empty_file_is_a_manifest_once_the_workspace_is_filled_in(
    label: str, editor: Editor
) -> None:
    body = editor.completions(MODELINE + "@\n")[label]["insertText"]
    text = re.sub(r"\$\{\d+:([^}]*)\}", r"\1", body)

    found = editor.diagnostics(MODELINE + text + "\n")

    assert [one.text for one in found] == (["id of the AI workspace"] if label == "AiApp" else [])


# --- hover ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("apiVersion", ("Format version", "always `dfsubmit/v1`")),
        ("kind", ("Kind", "`AiApp`: One AI app", "`Project`: The settings")),
        ("name: bert", ("Name", "unique in the project", "bert-finetune")),
        ("command", ("Command", "runs the app, in the container", "python train.py")),
        ("gpuCount", ("GPUs", "1 to 8", "Default: `1`")),
        ("memoryMb", ("Memory in MB", "at least 1", "Default: `15360`", "61440")),
        ("queueName", ("Queue", "YARN queue", "Default: `gpu`")),
        ("EPOCHS", ("Value", "{fromEnv: NAME}", "HF_TOKEN")),
        ("workdir", ("Working directory (removed)", "never sent")),
    ],
)
def test_a_field_is_explained_with_its_unit_its_default_and_an_example(
    at: str, said: tuple[str, ...], editor: Editor
) -> None:
    text = APP.replace("gpuCount: 2", "gpuCount: 2\n    memoryMb: 4096").replace(
        "  docker", "  queueName: gpu\n  docker"
    )
    shown = editor.hover(MODELINE + text.replace("    image", "    workdir: x\n    image"), at)

    for words in said:
        assert words in shown


# --- what `init` writes ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def new_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new")
    subprocess.run([sys.executable, "-m", "dfsubmit", "init", folder], check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def opened(new_project: Path, modules: Path) -> Iterator[Editor]:
    """Return the new project in an editor that knows the settings of its folder."""
    written = json.loads((new_project / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    settings: dict[str, Any] = {**OFFLINE, "yaml": dict(OFFLINE["yaml"])}
    for name, value in written.items():
        section, _, key = name.partition(".")
        settings[section][key] = value
    with started(modules, new_project, settings) as client:
        yield Editor(client)
        assert_nothing_was_fetched(client)


@pytest.mark.parametrize("name", ["specs/project.yaml", "specs/hello.yaml"])
def test_what_init_writes_has_no_diagnostic_and_its_modeline_finds_the_schema(
    name: str, new_project: Path, editor: Editor
) -> None:
    file = new_project / name
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=")

    # In an editor that knows nothing of the folder.
    assert editor.diagnostics(text, file) == []
    assert [one.text for one in editor.diagnostics(text.replace("metadata:", "metadat:\nmetadata:"), file)] == [
        "metadat"
    ]


def test_the_settings_of_the_folder_do_what_a_modeline_does(opened: Editor) -> None:
    # One document for each fault; a modeline would count for the first of them alone.
    text = "---\n".join(APP.replace(old, new, 1) for old, new, *_ in FAULTS.values())

    found = opened.diagnostics(text)

    told = sorted((one.text, one.message) for one in found)
    for (text, message), (_, _, underlined, words) in zip(
        told, sorted(FAULTS.values(), key=lambda fault: fault[2:]), strict=True
    ):
        assert text == underlined
        assert words in message


def test_by_the_settings_every_document_of_a_file_is_judged_by_its_own_kind(opened: Editor) -> None:
    (found,) = opened.diagnostics(SECOND_WRONG)
    assert (found.text, found.message) == ("account", "Property account is not allowed.")


def test_the_settings_are_about_manifests_alone(opened: Editor) -> None:
    assert opened.diagnostics("a: 1\n", opened.client.folder / "compose.yaml") == []
    assert len(opened.diagnostics("a: 1\n", opened.client.folder / "specs" / "deep" / "er" / "app.yml")) == 2
    assert scaffold.SCHEMA_FILE == "schema/dfsubmit.v1.schema.json"


# --- the schema by itself -------------------------------------------------------------------------------------------------

AJV = """
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const require = createRequire(process.argv[2]);
const { default: Ajv } = require('ajv/dist/2020.js');
const schema = JSON.parse(readFileSync(process.argv[3], 'utf8'));
// The words for editors are no keywords of the standard; everything else is checked strictly.
const words = ['markdownDescription', 'patternErrorMessage', 'enumDescriptions', 'defaultSnippets', 'deprecationMessage'];
const ajv = new Ajv({ allErrors: true, strict: true, strictTypes: false, strictRequired: false, keywords: words });
const valid = ajv.validateSchema(schema);
const judge = ajv.compile(schema);
const documents = JSON.parse(readFileSync(process.argv[4], 'utf8'));
console.log(JSON.stringify({ valid, errors: documents.map((one) => judge(one) ? 0 : judge.errors.length) }));
"""


def test_a_third_validator_takes_the_schema_and_judges_alike(modules: Path, tmp_path: Path) -> None:
    app = {
        "apiVersion": "dfsubmit/v1",
        "kind": "AiApp",
        "metadata": {"name": "bert"},
        "spec": {"aiWorkspaceId": "a1", "namePrefix": "bert", "docker": {"image": "i:1", "command": "c"}},
    }
    documents = [app, {**app, "extra": 1}, {**app, "kind": "Other"}, {**app, "metadata": {"name": "Bert"}}]
    (tmp_path / "documents.json").write_text(json.dumps(documents), encoding="utf-8")

    said = run_node(AJV, tmp_path, str(modules / "ajv"), str(SCHEMA), str(tmp_path / "documents.json"))

    # For ajv a branch that fails is an error too, beside the one that made it fail.
    assert json.loads(said)["valid"] is True
    assert [bool(errors) for errors in json.loads(said)["errors"]] == [False, True, True, True]
