"""The programs that the formats are for, run for real on our output: Microsoft's SARIF validator, GitHub's own writer of
workflow commands, the types of Code Climate reports, and a reader of JUnit files.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from formats_set import RICH, at, finding, inspection, obeyed, runner_lines
from npm_tools import installed, run_node

from dfsubmit.diagnostics import Severity
from dfsubmit.render.formats import render
from dfsubmit.render.sarif import sarif_document

if TYPE_CHECKING:
    from pathlib import Path

    from dfsubmit.render.inspection import Inspection

# One process installs, whatever the number of those that test.
pytestmark = pytest.mark.xdist_group("npm")

EMPTY = inspection()


@pytest.fixture(scope="session")
def sarif_tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of Microsoft's tool. Its wrapper takes any later program, so the program is named too."""
    folder = tmp_path_factory.mktemp("sarif-multitool")
    names = ("sarif-multitool", "sarif-multitool-linux")
    modules = installed(folder, *(f"@microsoft/{name}@5.7.0" for name in names))
    program = modules / "@microsoft" / "sarif-multitool-linux"
    executable = program / "Sarif.Multitool"
    executable.chmod(executable.stat().st_mode | stat.S_IXUSR)
    return program


@pytest.fixture(scope="session")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the small programs."""
    folder = tmp_path_factory.mktemp("readers")
    installed(folder, "@actions/core@1.11.1", "codeclimate-types@0.3.1", "typescript@5.9.3", "junit2json@4.0.0")
    return folder


def complaints(tool: Path, document: dict[str, Any], folder: Path) -> Counter[tuple[str, str]]:
    """Return how often each rule of the validator, those of code scanning too, was broken, by level."""
    (folder / "in.sarif").write_text(json.dumps(document), encoding="utf-8")
    result = folder / "out.sarif"
    subprocess.run(
        [tool / "Sarif.Multitool", "validate", "in.sarif", "--output", result, "--log", "ForceOverwrite",
         "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning;Note"],
        check=True, capture_output=True, timeout=60, cwd=folder,
        # The program needs no ICU; a Debian without it would stop it.
        env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
    )  # fmt: skip
    [run] = json.loads(result.read_text(encoding="utf-8-sig"))["runs"]
    return Counter((one.get("level", "warning"), one["ruleId"]) for one in run["results"])


def test_sarif_fits_the_schema_of_the_standard(sarif_tool: Path) -> None:
    schema = json.loads((sarif_tool / "sarif-2.1.0.json").read_text(encoding="utf-8-sig"))
    validator = jsonschema.validators.validator_for(schema)(schema)

    for run in (RICH, EMPTY):
        validator.validate(sarif_document(run))
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**sarif_document(EMPTY), "version": "2.0.0"})


def test_microsofts_validator_has_no_error_to_report(sarif_tool: Path, tmp_path: Path) -> None:
    found = complaints(sarif_tool, sarif_document(RICH), tmp_path)

    assert [rule for level, rule in found if level == "error"] == []
    # The only warning: there is no page on the web that `informationUri` could name.
    assert [rule for level, rule in found if level == "warning"] == ["SARIF2005"]
    # It says of every message that it could be split; so it has seen them all.
    assert found["note", "SARIF2002"] == len(RICH.findings)


def test_the_validator_does_see_errors(sarif_tool: Path, tmp_path: Path) -> None:
    document = sarif_document(RICH)
    first, second = document["runs"][0]["results"][:2]
    first["ruleIndex"] = 99
    del second["locations"]

    found = complaints(sarif_tool, document, tmp_path)

    assert {("error", "SARIF1009"), ("error", "GH1015")} <= set(found)


ISSUE_COMMANDS = """
import { readFileSync } from 'node:fs';
import core from '@actions/core';
for (const one of JSON.parse(readFileSync(process.argv[2], 'utf8'))) core[one.name](one.message, one.properties);
"""
PROPERTIES = {"file": "file", "title": "title", "line": "startLine", "endLine": "endLine", "col": "startColumn"}


@pytest.mark.parametrize(
    "run",
    [
        RICH,
        inspection(*(finding(at(n, 1, 2), path=f"a,b:{n}%", severity=Severity.WARNING) for n in range(1, 13))),
        inspection(finding(at(2, 3, 4, end_line=5), message="100 %25,::x::\n", help="a\nb")),
    ],
    ids=["rich", "many", "odd"],
)
def test_commands_are_those_that_githubs_own_library_writes(run: Inspection, readers: Path) -> None:
    *lines, _ = runner_lines(render("github", run))
    commands = [command for line in lines if (command := obeyed(line))]
    told = [
        {
            "name": command.name,
            "message": command.data,
            "properties": {PROPERTIES.get(name, name): value for name, value in command.properties.items()},
        }
        for command in commands
    ]
    (readers / "commands.json").write_text(json.dumps(told), encoding="utf-8")

    written = run_node(ISSUE_COMMANDS, readers, "commands.json").splitlines()
    assert [_sorted(line) for line in written] == [_sorted(line) for line in lines]


def _sorted(line: str) -> tuple[str, list[str], str]:
    """Return name, properties in an order of their own, and message of a command, as they are written."""
    _, head, message = line.split("::", 2)
    name, _, properties = head.partition(" ")
    return name, sorted(properties.split(",")), message


def test_the_gitlab_report_has_the_types_of_code_climate(readers: Path) -> None:
    types = "import type { Issue } from 'codeclimate-types';\nexport const issues: Issue[] = "
    (readers / "package.json").write_text('{"type": "module"}')
    compiler = [str(readers / "node_modules" / ".bin" / "tsc"), "--noEmit", "--strict", "--module", "nodenext"]

    def compiled(report: str) -> int:
        (readers / "report.ts").write_text(f"{types}{report};\n", encoding="utf-8")
        done = subprocess.run([*compiler, "--skipLibCheck", "report.ts"], cwd=readers, capture_output=True, check=False)
        return done.returncode

    assert compiled(render("gitlab", RICH)) == 0
    assert compiled(render("gitlab", RICH).replace('"blocker"', '"fatal"')) != 0


READ_JUNIT = """
import { readFileSync } from 'node:fs';
import { parse } from 'junit2json';
console.log(JSON.stringify(await parse(readFileSync(process.argv[2], 'utf8'))));
"""


def test_a_reader_of_junit_files_finds_every_case_and_failure(readers: Path) -> None:
    (readers / "report.xml").write_text(render("junit", RICH), encoding="utf-8")

    report = json.loads(run_node(READ_JUNIT, readers, "report.xml"))

    [suite] = report["testsuite"]
    failed = {case["name"] for case in suite["testcase"] if case.get("failure")}
    assert (suite["tests"], suite["failures"]) == (7, 5)
    assert failed == {"a.yaml", "<stdin>", "nowhere.yaml", "bert.yaml", "::error::,b c%0A.yaml"}
