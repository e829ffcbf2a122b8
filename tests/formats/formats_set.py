"""One rich set of findings for all formats, and what a CI runner makes of the lines it is given.

The set is written by hand, so that it holds what a stranger may write and no wording of a rule changes it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from dfsubmit.diagnostics import Diagnostic, Edit, Related, Severity, Span
from dfsubmit.render.inspection import Inspection

SECRET = "hunter-two"
KEY = "ncp_iam_" + "MADEUP0123456789"
INJECTIONS = (
    "\n::error::owned",
    "\r\n::add-mask::e",
    " ::stop-commands::x",
    "##[add-mask]e",
    "##vso[task.setvariable variable=x]y",
    "<script>alert(1)</script>",
    "]]><x/>",
    "&amp;&#0;",
    "[click](https://example.invalid)",
    "a | `b` | c",
    "%0A::error::",
    "\x1b[2J\x00\x07",
    "\u202eevil\u2066",
    "\ud800",
    "\ufffe\uffff",
)

BERT = f"""\
apiVersion: dfsubmit/v1
kind: AiApp
metadata: {{name: 이름, labels: {{🐍뱀: "::error::x"}}}}
spec:
  comand: "a | `b` <script>alert(1)</script> ]]> ##[add-mask]x"
  password: {SECRET} # note
  docker:
    image: x
    env: {{A: "\u202egnp", B: "\x1b[2J"}}
"""
ODD = "specs/::error::,b c%0A.yaml"
ODD_TEXT = "::add-mask::x: 1\n##[group]y: 1\n"


def at(line: int, column: int, end_column: int, end_line: int = 0) -> Span:
    return Span(line=line, column=column, end_line=end_line or line, end_column=end_column)


def finding(span: Span | None = None, **changes: Any) -> Diagnostic:
    return Diagnostic(
        **{"code": "DF0201", "message": "unknown key", "path": "specs/bert.yaml", "span": span, **changes}
    )


def _offset(text: str) -> int:
    return BERT.index(text)


FINDINGS = (
    finding(
        at(5, 3, 9),
        message='unknown key "comand" in spec',
        help='did you mean "command"?',
        edits=(Edit(start=_offset("comand"), end=_offset("comand") + 6, text="command", safe=True),),
    ),
    finding(
        at(6, 13, 23),
        code="DF0501",
        message="spec.password holds a password in plain text",
        help="write:\n  {fromEnv: PASSWORD}",
        masked=True,
    ),
    # Points into a line with a secret, from another file.
    finding(
        at(1, 1, 14),
        path=ODD,
        code="DF0301",
        message='the name "::error::" is used twice',
        related=(
            Related(message="first used here", path="specs/bert.yaml", span=at(6, 3, 11)),
            Related(message=f"and here, with {KEY}", path=ODD, span=at(2, 1, 5)),
        ),
    ),
    *(
        finding(at(3, 18, 20), code="DF0211", message=f"metadata.name has {text}", help=f"not {text}")
        for text in INJECTIONS
    ),
    finding(at(3, 37, 39), code="DF0203", message='metadata.labels["🐍뱀"] must be text'),
    finding(at(7, 3, 1, end_line=9), code="DF0207", message="a stretch of several lines"),
    finding(at(9, 14, 17), code="DF0129", message="a character that turns the line around", severity=Severity.WARNING),
    # The same twice, in one line: two marks.
    finding(at(8, 5, 10), code="DF0401", message="image tag that moves", severity=Severity.WARNING),
    finding(at(8, 12, 13), code="DF0401", message="image tag that moves", severity=Severity.WARNING),
    # An edit that would write a key is for nobody.
    finding(at(8, 12, 13), message=f"odd value {KEY}", edits=(Edit(start=0, end=1, text=f'"{KEY}"'),)),
    finding(
        at(9, 10, 11),
        code="DF0999",
        message="a code without a page",
        edits=(Edit(start=len(BERT), end=len(BERT), text="# end\n"), Edit(start=0, end=0, text="# start\n", safe=True)),
    ),
    finding(path="nowhere.yaml", code="DF0001", message="there is no such file or folder", help="name a file"),
    finding(at(1, 2, 3), path="<stdin>", code="DF0103", message="from a pipe"),
    finding(at(1, 1, 2), path="/elsewhere/a.yaml", code="DF0202", message="in another repository"),
)
RICH = Inspection(
    findings=FINDINGS,
    texts={"specs/bert.yaml": BERT, ODD: ODD_TEXT, "<stdin>": "x: 1\n", "/elsewhere/a.yaml": "a"},
    paths=("specs/bert.yaml", "specs/good.yaml", ODD, "<stdin>", "project.yaml", "/elsewhere/a.yaml"),
    files=6,
    manifests=4,
    folder="/repo/sub",
    root="/repo",
)


def inspection(*findings: Diagnostic, **texts: str) -> Inspection:
    """Return what a run found in files whose names are those of `texts`, with .yaml for _yaml."""
    named = {name.replace("_yaml", ".yaml"): text for name, text in texts.items()}
    return Inspection(findings=findings, texts=named, paths=tuple(named), files=len(named), manifests=0)


def is_harmless(character: str) -> bool:
    """Tell whether a character is plainly visible, or a line feed."""
    return character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


# --- the runner of GitHub Actions, by its rules ---------------------------------------------------------------------------

_COMMANDS = frozenset(
    {"error", "warning", "notice", "debug", "add-mask", "set-env", "set-output", "save-state", "add-path", "group"}
    | {"endgroup", "add-matcher", "remove-matcher", "echo", "stop-commands"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a runner was told to do."""

    name: str
    properties: dict[str, str]
    data: str


def runner_lines(output: str) -> list[str]:
    """Return the lines that a runner reads: it ends one at CR, LF and both."""
    return [line for line in re.split(r"\r\n|\r|\n", output) if line]


def obeyed(line: str) -> Command | None:
    """Return the command that GitHub's runner takes `line` for: `::name k=v::data` first, then `##[name k=v]data`."""
    return _current(line.lstrip()) or _former(line)


def _current(line: str) -> Command | None:
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, told = line[2:end].partition(" ")
    if name.lower() not in _COMMANDS:
        return None
    pairs = [part.partition("=") for part in told.strip().split(",") if part]
    properties = {key: _unescaped(value, ":", ",") for key, _, value in pairs if value}
    return Command(name=name.lower(), properties=properties, data=_unescaped(line[end + 2 :]))


def _former(line: str) -> Command | None:
    start = line.find("##[")
    end = line.find("]", start)
    name = line[start + 3 : end].partition(" ")[0].lower() if start >= 0 and end >= 0 else ""
    return Command(name=name, properties={}, data=line[end + 1 :]) if name in _COMMANDS else None


def _unescaped(text: str, *more: str) -> str:
    for character in ("\r", "\n", *more, "%"):
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def azure_obeys(line: str) -> bool:
    """Tell whether Azure Pipelines or TeamCity would take `line` for a command."""
    return re.search(r"##(?:vso|teamcity)?\[", line) is not None
