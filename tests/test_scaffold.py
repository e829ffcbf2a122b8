"""What `init` writes: names that fit, files that agree with each other, and an app whose code does what it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit import scaffold
from dfsubmit.advice import advise
from dfsubmit.document import load
from dfsubmit.judge import judge
from dfsubmit.manifest import AiApp, Project
from dfsubmit.modelbase import NAME_PATTERN
from dfsubmit.naming import project_name
from dfsubmit.schema import schema_text

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFESTS = ("specs/project.yaml", "specs/hello.yaml")


def write(folder: Path, texts: Mapping[str, str]) -> None:
    for relative, text in texts.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("relative", MANIFESTS)
def test_a_manifest_has_no_finding_not_even_a_warning(relative: str) -> None:
    loaded = load(scaffold.files("demo")[relative].encode(), relative)
    (document,) = loaded.documents
    manifest = judge(document)
    assert loaded.diagnostics == ()
    assert isinstance(manifest, AiApp | Project), manifest
    assert advise(document, manifest) == ()


@pytest.mark.parametrize("name", ["123", "true", "null", "no", "0x1f", "1e3", "plain", "a" * 63])
def test_a_name_stays_text_whatever_yaml_might_make_of_it(name: str) -> None:
    (document,) = load(scaffold.files(name)["specs/project.yaml"].encode(), "project.yaml").documents
    assert document.data["metadata"]["name"] == name


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("nlp-training", "nlp-training"),
        ("My Über_Project", "my-uber-project"),
        ("--odd..name--", "odd-name"),
        ("데이터", "my-project"),
        ("", "my-project"),
        ("x" * 62 + "--y", "x" * 62),
        ("2024", "2024"),
    ],
)
def test_a_folder_name_becomes_a_project_id(folder: str, name: str) -> None:
    assert project_name(folder) == name


@given(st.text(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_folder_name_becomes_an_id_that_the_model_accepts_and_that_stays(folder: str) -> None:
    name = project_name(folder)
    assert re.fullmatch(NAME_PATTERN, name)
    assert project_name(name) == name


def test_equal_names_give_equal_texts_and_another_name_changes_the_project_alone() -> None:
    one, two, other = scaffold.files("one"), scaffold.files("one"), scaffold.files("other")
    assert one == two
    assert {path for path in one if one[path] != other[path]} == {"specs/project.yaml"}


def test_paths_are_relative_and_texts_end_with_a_line_break() -> None:
    for path, text in scaffold.files("demo").items():
        assert not PurePosixPath(path).is_absolute()
        assert ".." not in PurePosixPath(path).parts
        assert text.endswith("\n")


def test_manifests_and_the_editor_point_to_the_schema_that_is_written_too() -> None:
    texts = scaffold.files("demo")
    assert texts[scaffold.SCHEMA_FILE] == schema_text()
    for manifest in MANIFESTS:
        modeline = texts[manifest].splitlines()[0].removeprefix("# yaml-language-server: $schema=")
        assert os.path.normpath(PurePosixPath(manifest).parent / modeline) == scaffold.SCHEMA_FILE
    schemas = json.loads(texts[".vscode/settings.json"])["yaml.schemas"]
    assert [os.path.normpath(path) for path in schemas] == [scaffold.SCHEMA_FILE]
    assert json.loads(texts[".vscode/extensions.json"]) == {"recommendations": ["redhat.vscode-yaml"]}


def test_the_project_knows_the_workspace_and_hdfs_holds_the_input() -> None:
    texts = scaffold.files("demo")
    project, hello = (load(texts[path].encode(), path).documents[0].data["spec"] for path in MANIFESTS)
    workspace = project["engine"]["workspaces"][hello["aiWorkspaceId"]]
    script = hello["docker"]["command"].split()[1]
    assert f"specs/{workspace}/{script}" in texts
    (item,) = hello["data"]["input"]
    assert any(path.startswith(f"specs/{project['engine']['hdfs']}{item['hdfs']}/") for path in texts)


def test_the_app_counts_the_words_of_its_input(tmp_path: Path) -> None:
    texts = scaffold.files("demo")
    write(tmp_path, texts)
    (hello,) = load(texts["specs/hello.yaml"].encode(), "hello.yaml").documents
    docker = hello.data["spec"]["docker"]
    (tmp_path / "specs/hdfs/user/sample/in/hello").rename(tmp_path / "specs/workspace/data_in")
    done = subprocess.run(
        [sys.executable, "main.py", *docker["args"].split()],
        cwd=tmp_path / "specs/workspace",
        env=docker["env"],
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads((tmp_path / "specs/workspace/data_out/words.json").read_text(encoding="utf-8"))
    assert done.stdout == "counted 36 words in 1 file(s)\n"
    assert result["greeting"] == "hello"
    assert result["words"] == sum(result["counts"].values()) == 36
    assert result["counts"]["hdfs"] == 2
    assert result["longest"] == ["container", "command", "machine", "process", "engine"]


def test_git_ignores_what_the_app_writes_and_nothing_else(tmp_path: Path) -> None:
    texts = scaffold.files("demo")
    write(tmp_path, texts)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    asked = subprocess.run(
        ["git", "-C", tmp_path, "check-ignore", "specs/hdfs/user/sample/out/hello/words.json", *texts],
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.stdout.split() == ["specs/hdfs/user/sample/out/hello/words.json"]


def test_the_code_that_is_written_passes_the_linter_and_the_formatter(tmp_path: Path) -> None:
    write(tmp_path, scaffold.files("demo"))
    configuration = Path(__file__).parent.parent / "pyproject.toml"
    for step in (["check", "--ignore", "INP001,T201"], ["format", "--check"]):
        subprocess.run(
            [sys.executable, "-m", "ruff", *step, "--no-cache", "--config", configuration, tmp_path], check=True
        )
