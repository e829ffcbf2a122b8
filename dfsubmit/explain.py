"""Pages about finding codes and manifest fields: `dfsubmit explain`, and the reference file made from the same rows.

Nothing is written twice: a code's page is its row in `codes`, and what dfsubmit says about its example is what it really
says; a field's page is what the models say. A topic may be short: any end of a path that fits one field will do.
Values in, text out; raises InputError for a topic that is nothing.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from dfsubmit.codes import CODES
from dfsubmit.document import load
from dfsubmit.errors import InputError
from dfsubmit.examining import examine
from dfsubmit.fieldpages import candidates, field_page, kind_page, nearest, overview, title_path
from dfsubmit.gathering import Gathering
from dfsubmit.manifest import KINDS
from dfsubmit.render.findings import findings_text
from dfsubmit.sources import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dfsubmit.code import Code

_CODE = re.compile(r"(?i)\[?(?:df)?(\d{3,4})\]?")
_GROUPS = {
    "DF00": "files and sets",
    "DF01": "YAML text",
    "DF02": "one document",
    "DF03": "across documents",
    "DF04": "advice",
    "DF05": "credentials",
    "DF06": "schemas from outside and policies",
    "DF07": "silencers",
}
_EXAMPLE, _PROJECT = "example.yaml", "project.yaml"
_FILE = re.compile(r"^# file: (\S+)\n", re.MULTILINE)
_IS_PROJECT = re.compile(r"^kind: Project$", re.MULTILINE)
_REFERENCE_HEAD = """\
# Findings

What each code means, an example of the fault with what dfsubmit says about it, and the same without the fault.
`dfsubmit explain CODE` prints one of these pages. Codes are stable: a number is never given to something else.

"""


def explain(topic: str) -> str:
    """Return the page about `topic`: a code, a kind, or any end of a field's path. Without a topic, all topics.

    Raises InputError when it is none of these.
    """
    topic = topic.strip()
    if not topic:
        return topics()
    if match := _CODE.fullmatch(topic):
        return _code_page(_code(f"DF{match[1]:>04}"))
    if kind := next((kind for kind in KINDS if kind.casefold() == topic.casefold()), None):
        return kind_page(kind)
    found = candidates(topic)
    if len(found) == 1:
        return field_page(found[0])
    if found:
        paths = [title_path(one) for one in found]
        return "\n".join([f"{topic} may be any of these:", *(f"  dfsubmit explain {path}" for path in paths)]) + "\n"
    raise _unknown(topic)


def topics() -> str:
    """Return every code with its summary, and the fields of every kind."""
    lines = ["Findings: dfsubmit explain CODE"]
    for prefix, what in _GROUPS.items():
        rows = [row for number, row in CODES.items() if number.startswith(prefix)]
        lines += [f"\n  {what}"] if rows else []
        lines += [f"    {row.code}  {row.title}{_severity(row)}" for row in rows]
    lines += ["", "Fields: dfsubmit explain spec.docker.env, say; or any end of a path, such as env"]
    for kind in KINDS:
        lines += ["", *overview(kind)]
    return "\n".join(lines) + "\n"


def reference() -> str:
    """Return the page of every code as one Markdown file."""
    return _REFERENCE_HEAD + "\n".join(_markdown(row) for row in CODES.values())


def said(example: str) -> str:
    """Return what `validate` says about an example; its files are judged, not read from anywhere."""
    gathered = Gathering(project_file=_PROJECT)
    contents = {name: text.encode("utf-8", "surrogateescape") for name, text in files_of(example)}
    for name, content in contents.items():
        gathered.add(examine(SourceFile(path=name, content=content)))
    loaded = {name: load(content, name) for name, content in contents.items()}
    findings = gathered.finish(again=lambda paths: [loaded[path] for path in paths])
    return findings_text(findings, {name: one.text for name, one in loaded.items()}).rstrip("\n")


def files_of(example: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of the files of an example; a line `# file: NAME` begins one."""
    parts = _FILE.split(example)
    if len(parts) == 1:
        yield (_PROJECT if _IS_PROJECT.search(example) else _EXAMPLE), example
    yield from zip(parts[1::2], parts[2::2], strict=True)


def _code(number: str) -> Code:
    if number not in CODES:
        raise InputError(f"there is no finding {number}", tip="`dfsubmit explain` lists all codes and fields")
    return CODES[number]


def _code_page(row: Code) -> str:
    parts = [f"{row.code}: {row.title}{_severity(row)}", row.meaning, *_examples(row)]
    return "\n\n".join(parts) + "\n"


def _examples(row: Code) -> Iterator[str]:
    if row.bad:
        yield f"With the fault:\n\n{textwrap.indent(row.bad.rstrip(), '    ')}"
        if finding := said(row.bad):
            yield f"dfsubmit says:\n\n{textwrap.indent(finding, '    ')}"
    if row.good:
        yield f"Without it:\n\n{textwrap.indent(row.good.rstrip(), '    ')}"


def _severity(row: Code) -> str:
    return "" if row.severity.value == "error" else f" ({row.severity.value})"


def _markdown(row: Code) -> str:
    lines = [f"## {row.code}: {row.title}", "", f"Severity: {row.severity.value}", "", row.meaning, ""]
    if row.bad:
        lines += ["```yaml", row.bad.rstrip(), "```", ""]
        finding = said(row.bad)
        lines += ["```text", finding, "```", ""] if finding else []
    if row.good:
        lines += ["Without the fault:", "", "```yaml", row.good.rstrip(), "```", ""]
    return "\n".join(lines)


def _unknown(topic: str) -> InputError:
    near = nearest(topic)
    tip = f"did you mean {' or '.join(near)}?" if near else "`dfsubmit explain` lists all topics"
    return InputError(f'there is no field, kind or code "{topic}"', tip=tip)
