"""The verbs that need no engine, from the command line to the last byte: validate, render, schema, explain."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import jsonschema
import pytest
from cli_program import BAD, GOOD, Run, bad_file, good_file, in_folder

from dfsubmit.cli import boundary
from dfsubmit.cli.checking import load_settings_or_show
from dfsubmit.cli.output import Output
from dfsubmit.cli.schema import OUTPUTS, schema_text
from dfsubmit.document import load
from dfsubmit.errors import InputError
from dfsubmit.render.published import published_schema
from dfsubmit.schema import schema_text as manifest_schema_text
from dfsubmit.settings import Flags, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

dfsubmit = pytest.fixture(in_folder, name="dfsubmit")
good = pytest.fixture(good_file, name="good")
bad = pytest.fixture(bad_file, name="bad")

HEAD = re.compile(r"^(\S+):(\d+):(\d+): (error|warning)\[(DF\d{4})\]: ", re.MULTILINE)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder, with no variable of ours set."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("DFSUBMIT_"):
            monkeypatch.delenv(name)
    return tmp_path


def ended(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the program in this process; return exit code, standard output, standard error."""
    code = boundary.run(arguments)
    out, err = capfd.readouterr()
    return code, out, err


def snapshot(folder: Path) -> Sequence[tuple[str, int, int, bytes]]:
    """Return every name below `folder` with its mode, change time and content."""
    return [
        (str(path), path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in [folder, *sorted(folder.rglob("*"))]
    ]


# -- validate -----------------------------------------------------------------------------------------------------------


def test_a_right_manifest_is_all_good_with_denominators(good: Path, dfsubmit: Run) -> None:
    result = dfsubmit("validate", good.name)

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "All good: 1 file, 1 manifest, no errors, no warnings.\n"


def test_every_fault_of_every_file_is_shown_at_its_place_in_one_run(good: Path, bad: Path, dfsubmit: Run) -> None:
    (bad.parent / "broken.yaml").write_text("a: [")
    assert good.exists()

    result = dfsubmit("validate", ".")

    places = [(path, int(line)) for path, line, _, _, _ in HEAD.findall(result.stdout)]
    assert result.returncode == 1
    assert places == sorted(places)
    assert {("bad.yaml", 6), ("bad.yaml", 7), ("broken.yaml", 1)} <= set(places)
    assert 'did you mean "command"?' in result.stdout
    assert result.stdout.splitlines()[-1].startswith("Checked 3 files, 1 manifest: ")


@pytest.mark.parametrize(
    "arguments", [["bad.yaml"], ["-f", "bad.yaml"], ["-f", "b*.yaml"], ["bad.yaml", "-f", "bad.yaml"]]
)
def test_files_may_be_given_with_or_without_the_option(
    arguments: list[str], bad: Path, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bad.parent == here

    code, out, _ = ended(capfd, "validate", *arguments)

    assert code == 1
    assert "\nChecked 1 file, 0 manifests: " in out


def test_standard_input_is_read_when_asked_for(dfsubmit: Run, tmp_path: Path) -> None:
    (tmp_path / "in").write_text(BAD)

    with (tmp_path / "in").open() as stream:
        result = dfsubmit("validate", "-", stdin=stream)

    assert result.returncode == 1
    assert result.stdout.startswith("<stdin>:6:")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["validate"], "specs: error[DF0001]: "),
        (["validate", "nowhere.yaml"], "nowhere.yaml: error[DF0001]: "),
        (["validate", "*.none"], "*.none: error[DF0001]: "),
        (["validate", "good.yaml", "nowhere"], "nowhere: error[DF0001]: "),
        (["validate", "empty.yaml"], "empty.yaml:1:1: error[DF0010]: "),
    ],
    ids=str,
)
def test_nothing_to_read_is_an_error(
    arguments: list[str], said: str, good: Path, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert good.parent == here
    (here / "empty.yaml").write_text("# only a remark\n")

    code, out, _ = ended(capfd, *arguments)

    assert code == 1
    assert out.startswith(said)


def test_quiet_prints_findings_alone(good: Path, bad: Path, here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert good.parent == bad.parent == here

    assert ended(capfd, "validate", "-q", "good.yaml") == (0, "", "")
    code, out, _ = ended(capfd, "validate", "-q", "bad.yaml")
    assert code == 1
    assert HEAD.match(out)
    assert "Checked" not in out


def test_warnings_pass_and_fail_only_with_strict(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "old.yaml").write_text(GOOD.replace("docker: {", "docker: {workdir: somewhere, "))

    loose, strict = ended(capfd, "validate", "old.yaml"), ended(capfd, "validate", "old.yaml", "--strict")

    assert (loose[0], strict[0]) == (0, 1)
    assert "0 errors, 1 warning." in loose[1]
    assert "1 error, 0 warnings." in strict[1]
    assert "warning[" in loose[1]
    assert "error[" in strict[1]


def test_json_holds_the_same_findings_and_fits_its_published_schema(
    good: Path, bad: Path, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert good.parent == bad.parent == here

    code, out, err = ended(capfd, "validate", ".", "-o", "json")
    _, text, _ = ended(capfd, "validate", ".")

    document = json.loads(out)
    jsonschema.validate(document, json.loads(schema_text("validate")))
    found = [
        (one["path"], str(one["line"]), str(one["column"]), one["severity"], one["code"])
        for one in document["findings"]
    ]
    assert (code, err) == (1, "")
    assert found == HEAD.findall(text)
    assert document["summary"] == {"files": 2, "manifests": 1, "errors": len(found), "warnings": 0}


def test_a_schema_from_outside_is_one_more_judge(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "app.yaml").write_text(GOOD)
    labels = {"properties": {"metadata": {"properties": {"labels": {"required": ["owner"]}}}}}
    (here / "policy.json").write_text(json.dumps(labels))
    (here / "anything.json").write_text("{}")

    refused = ended(capfd, "validate", "app.yaml", "--schema", "policy.json")
    passed = ended(capfd, "validate", "app.yaml", "--schema", "anything.json")

    assert (refused[0], passed[0]) == (1, 0)
    assert re.match(r"app\.yaml:3:\d+: error\[DF06\d\d\]: .*owner", refused[1])


@pytest.mark.parametrize(
    "content", [None, "{", "[]", '{"type": 5}', "\xff"], ids=["missing", "cut", "list", "wrong", "bytes"]
)
def test_a_schema_that_is_none_is_said_to_be_none(
    content: str | None, good: Path, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (here / "own.json").write_text(content, encoding="latin-1")

    code, _, err = ended(capfd, "validate", good.name, "--schema", "own.json")

    assert code == 1
    assert err.startswith("error: own.json")


def test_validate_needs_no_right_to_write_and_leaves_no_trace(tmp_path: Path) -> None:
    folder, home = tmp_path / "project", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    (folder / "a.yaml").write_text(GOOD)
    (folder / "b.yaml").write_text(BAD)
    (folder / "project.yaml").write_text("apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {name: p}\n")
    run = in_folder(folder)
    # Warm up the byte code of our own package: the interpreter's cache is not what is looked at here.
    run("validate", ".")
    for path in (folder, home):
        path.chmod(0o555)
    before = snapshot(tmp_path)

    result = run("validate", ".", env={"HOME": str(home), "TMPDIR": str(home)})

    assert result.returncode == 1
    assert snapshot(tmp_path) == before
    for path in (folder, home):
        path.chmod(0o755)


def test_the_answer_is_the_same_whatever_the_environment_holds(bad: Path, dfsubmit: Run) -> None:
    bare = dfsubmit("validate", bad)
    full = dfsubmit(
        "validate", bad,
        env={"NCLOUD_ACCESS_KEY": "AKIDEXAMPLE000000001", "NCLOUD_SECRET_KEY": "made-up", "HTTPS_PROXY": "http://127.0.0.1:1",
             "TERM": "xterm", "HF_TOKEN": "made-up", "LANG": "C"},
    )  # fmt: skip

    assert (full.returncode, full.stdout, full.stderr) == (bare.returncode, bare.stdout, bare.stderr)


# -- render -------------------------------------------------------------------------------------------------------------


def two_apps(folder: Path) -> None:
    (folder / "specs").mkdir()
    (folder / "specs" / "b.yaml").write_text(GOOD)
    (folder / "specs" / "a.yaml").write_text(
        GOOD.replace("bert-finetune", "zz").replace("team: nlp", "team: vision").replace("python train.py", '"no"')
    )


def test_render_prints_the_exact_bodies_by_name_and_fits_its_published_schema(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    two_apps(here)

    code, out, err = ended(capfd, "render", "-o", "json")

    document = json.loads(out)
    jsonschema.validate(document, json.loads(schema_text("render")))
    assert (code, err) == (0, "2 of 2 apps rendered\n")
    assert [one["name"] for one in document["requests"]] == ["bert-finetune", "zz"]
    assert document["requests"][0]["source"]["path"] == "specs/b.yaml"
    assert document["requests"][0]["request"] == {
        "aiWorkspaceId": "6ZKSGoSJMMwctK257nxgiL",
        "namePrefix": "bert",
        "queueName": "gpu",
        "data": {"input": [], "output": []},
        "docker": {
            "image": "pytorch/pytorch:2.3.1",
            "command": "python train.py",
            "env": {"HF_TOKEN": {"fromEnv": "HF_TOKEN"}},
        },
        "resource": {"cpuCount": 1, "gpuCount": 1, "gpuModel": "V100", "memoryMb": 15360},
    }


def test_the_yaml_means_the_same_as_the_json_and_names_the_place(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    two_apps(here)

    bodies = [one["request"] for one in json.loads(ended(capfd, "render", "-o", "json")[1])["requests"]]
    _, text, _ = ended(capfd, "render")

    loaded = load(text.encode(), "rendered")
    assert [document.data for document in loaded.documents] == bodies
    assert text.startswith("# bert-finetune, generation 1, from specs/b.yaml:3\naiWorkspaceId: ")
    assert '\n  command: "no"\n' in text


def test_lists_of_every_kind_mean_the_same_in_both_forms(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = """
  data:
    input: [{hdfs: /user/a, path: in}, {hdfs: "hdfs://b/c: d", path: "- x"}]
    output: [{hdfs: /user/o, path: out, overwrite: true}]
"""
    (here / "a.yaml").write_text(GOOD.replace("command:", "exposeTcpPorts: [6006, 80], command:").rstrip() + data)

    body = json.loads(ended(capfd, "render", "-f", "a.yaml", "-o", "json")[1])["requests"][0]["request"]
    code, text, _ = ended(capfd, "render", "-f", "a.yaml")

    assert code == 0
    assert load(text.encode(), "rendered").documents[0].data == body
    assert body["data"]["input"][1] == {"hdfs": "hdfs://b/c: d", "path": "- x"}
    assert body["docker"]["exposeTcpPorts"] == [6006, 80]


def test_no_value_of_a_secret_is_rendered(here: Path, dfsubmit: Run) -> None:
    two_apps(here)
    secret = "canary-" + "5f3a9c"

    for form in ("yaml", "json"):
        result = dfsubmit("render", "-o", form, env={"HF_TOKEN": secret})
        assert result.returncode == 0
        assert secret not in result.stdout + result.stderr


def test_render_takes_only_what_is_selected(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    two_apps(here)

    code, out, err = ended(capfd, "render", "--select", "team=vision")

    assert (code, err) == (0, "1 of 2 apps rendered\n")
    assert out.startswith("# zz, ")


def test_findings_forbid_to_render_and_go_to_standard_error(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    two_apps(here)
    (here / "specs" / "c.yaml").write_text(BAD)

    code, out, err = ended(capfd, "render")

    assert (code, out) == (1, "")
    assert err.startswith("specs/c.yaml:6:")
    assert "\nerror: the manifests have errors; nothing was done\ntip: `dfsubmit validate`" in err


# -- schema -------------------------------------------------------------------------------------------------------------


def test_schema_prints_the_schema_of_manifests_byte_for_byte(dfsubmit: Run) -> None:
    assert dfsubmit("schema").stdout == manifest_schema_text()


@pytest.mark.parametrize("verb", OUTPUTS)
def test_the_schema_of_every_machine_output_is_a_schema(verb: str) -> None:
    schema = json.loads(schema_text(verb))

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"dfsubmit {verb} -o json"
    assert "schemaVersion" in schema["required"]
    assert schema["description"].startswith("What ")


def test_a_published_schema_refuses_what_its_verb_never_prints() -> None:
    schema = json.loads(schema_text("validate"))
    finding: dict[str, Any] = dict.fromkeys(("code", "message", "help", "path"), "x")
    finding |= dict.fromkeys(("line", "column", "endLine", "endColumn"), None)
    finding |= {"severity": "error", "related": [], "edits": []}
    document = {
        "schemaVersion": 1,
        "summary": {"files": 1, "manifests": 1, "errors": 1, "warnings": 0},
        "findings": [finding],
    }

    jsonschema.validate(document, schema)
    for wrong in ({"severity": "fatal"}, {"line": "3"}, {"related": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document, "findings": [finding | wrong]}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schemaVersion": 1, "findings": []}, schema)


def test_a_type_without_a_schema_is_refused_and_not_published_wrongly() -> None:
    class Odd(TypedDict):
        member: set[int]

    with pytest.raises(TypeError, match="no JSON Schema is known for set"):
        published_schema(Odd, "odd")


def test_check_passes_a_current_file_and_shows_what_differs_in_another(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    current, other = here / "current.json", here / "other.json"
    current.write_text(manifest_schema_text())
    other.write_text(manifest_schema_text().replace('"2020-12', '"2019-09').replace("2020-12/schema", "2019-09/schema"))

    assert ended(capfd, "schema", "--check", "current.json") == (0, "", "current.json is current\n")
    code, out, err = ended(capfd, "schema", "--check", "other.json")

    assert code == 1
    assert "--- other.json" in out
    assert "\n-" in out
    assert err == "error: other.json is not what dfsubmit schema prints\ntip: dfsubmit schema > other.json\n"


def test_what_a_stranger_put_into_the_file_is_shown_visible(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "s.json").write_text("\x1b[2J\u202e\n" + manifest_schema_text())

    _, out, _ = ended(capfd, "schema", "--check", "s.json")

    assert "\n-\\x1b[2J<U+202E>\n" in out


@pytest.mark.parametrize(("change", "said"), [("\r\n", "line ends only"), ("x" * 40 + "\n", "lines more")])
def test_check_sees_every_byte_and_stays_short(
    change: str, said: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / "s.json").write_bytes(manifest_schema_text().replace("\n", change).encode())

    code, out, _ = ended(capfd, "schema", "--check", "s.json")

    assert code == 1
    assert said in out
    assert len(out.splitlines()) <= 21


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_check_of_what_cannot_be_read_is_an_error(
    content: bytes | None, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (here / "s.json").write_bytes(content)

    code, out, err = ended(capfd, "schema", "--check", "s.json")

    assert (code, out) == (1, "")
    assert err.startswith("error: s.json")


# -- explain ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("topic", "said"), [("DF0201", "DF0201"), ("spec.docker.env", "fromEnv"), ("", "DF0201")])
def test_explain_tells_about_codes_and_fields(topic: str, said: str, dfsubmit: Run) -> None:
    result = dfsubmit("explain", *([topic] if topic else []))

    assert (result.returncode, result.stderr) == (0, "")
    assert said in result.stdout
    assert result.stdout.endswith("\n")
    assert not result.stdout.endswith("\n\n")


def test_a_topic_that_does_not_exist_is_an_error_with_a_tip(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = ended(capfd, "explain", "spec.docker.comand")

    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert "\ntip: " in err
    assert here.is_dir()


# -- the Project alone ---------------------------------------------------------------------------------------------------

PROJECT = "apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {name: mine}\n"


def project_of(folder: Path) -> str:
    """Return the id of the Project that a verb would find which does not care about the other manifests."""
    settings = resolve(Flags(file=(str(folder),)), {})
    project, root = load_settings_or_show(settings, Output())
    assert root == folder
    return project.metadata.name


def test_the_project_is_found_whatever_the_other_manifests_look_like(tmp_path: Path) -> None:
    (tmp_path / "project.yaml").write_text(PROJECT)
    (tmp_path / "bad.yaml").write_text("a: [")

    assert project_of(tmp_path) == "mine"


def test_without_a_project_its_id_is_made_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "my-apps"
    folder.mkdir()
    (folder / "a.yaml").write_text(GOOD)

    assert project_of(folder) == "my-apps"


def test_a_project_that_cannot_be_read_is_an_error_with_its_findings(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "project.yaml").write_text(PROJECT.replace("name", "nmae"))

    with pytest.raises(InputError, match="the Project cannot be read"):
        project_of(tmp_path)
    assert "project.yaml:3:" in capfd.readouterr().err


@pytest.mark.parametrize("strict", [(), ("--strict",)])
def test_of_a_large_set_every_finding_is_told_once_and_what_the_set_alone_can_tell_comes_last(
    here: Path, capfd: pytest.CaptureFixture[str], strict: tuple[str, ...]
) -> None:
    (here / "specs").mkdir()
    for number in range(150):
        text = GOOD.replace("bert-finetune", f"app-{number}").replace("namePrefix: bert", f"namePrefix: p{number}")
        if number in (3, 140):
            text = text.replace("command:", "comand:")
        if number in (5, 120):
            text = text.replace("  docker:", "  data: {output: [{hdfs: /user/nlp/out, path: out}]}\n  docker:")
        if number == 7:
            text = text.replace("pytorch:2.3.1", "pytorch:latest")
        (here / "specs" / f"{number:03}.yaml").write_text(text)

    code, out, err = ended(capfd, "validate", *strict)
    _, document, _ = ended(capfd, "validate", *strict, "-o", "json")

    assert (code, err) == (1, "")
    found = [f"{one['path']}:{one['line']}" for one in json.loads(document)["findings"]]
    shown = [
        line.split(": ")[0].rpartition(":")[0] for line in out.splitlines() if re.match(r"\S+: (error|warning)\[", line)
    ]
    assert sorted(shown) == sorted(found)
    assert [Path(place).name.partition(":")[0] for place in shown[:2]] == ["003.yaml", "007.yaml"]
    assert "150 files" in out.splitlines()[-1]


# -- more than one verb -------------------------------------------------------------------------------------------------


def test_a_pipeline_of_the_program_with_itself_works(dfsubmit: Run, tmp_path: Path) -> None:
    two_apps(tmp_path)
    program = Path(str(dfsubmit("--version").args[0]))

    result = subprocess.run(
        ["sh", "-c", f"{program} schema > s.json && {program} validate -o json specs | {program} schema --check s.json"],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip

    assert (result.returncode, result.stderr) == (0, "s.json is current\n")
