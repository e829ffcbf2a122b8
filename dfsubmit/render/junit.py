"""Findings as JUnit XML, which nearly every CI service shows: one suite, one test case for each file.

A file with errors is a failed case. It has one failure, whatever the number of its errors, because Jenkins keeps but one;
the failure's text is what `validate` prints. Warnings fail nothing and are the case's output. XML 1.0 has no form at all
for most control characters, so those, as all that is not plainly visible, are shown by their names. The text is
ASCII, other characters are references, so that no locale makes a lie of its declaration.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from dfsubmit.diagnostics import Severity
from dfsubmit.render.findings import finding_blocks, shown
from dfsubmit.render.summary import count
from dfsubmit.render.terminal import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.render.inspection import Inspection

# What a runner takes for a command wherever it stands (`terminal`); names of files have it as it is.
_COMMAND = re.compile(r"#(?=#[A-Za-z]*\[)")
_Block = tuple["Diagnostic", str]
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def junit_text(run: Inspection) -> str:
    """Return the suite: every file that was read, and whatever else has a finding, in the order of paths."""
    blocks: dict[str, list[_Block]] = {path: [] for path in run.paths}
    for finding, text in finding_blocks(run.findings, run.texts):
        blocks.setdefault(finding.path, []).append((finding, text))
    cases = [_case(path, blocks[path], run) for path in sorted(blocks)]
    failed = sum(any(_is_error(finding) for finding, _ in found) for found in blocks.values())
    counts = _attributes(tests=str(len(blocks)), failures=str(failed), errors="0", time="0")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites{_attributes(name='dfsubmit')}{counts}>",
        f"  <testsuite{_attributes(name='dfsubmit validate')}{counts}{_attributes(skipped='0')}>",
        *(line for case in cases for line in case),
        "  </testsuite>",
        "</testsuites>",
    ]
    text = _COMMAND.sub("&#35;", "\n".join(lines))
    return text.encode("ascii", "xmlcharrefreplace").decode() + "\n"


def _is_error(finding: Diagnostic) -> bool:
    return finding.severity is Severity.ERROR


def _case(path: str, found: Sequence[_Block], run: Inspection) -> list[str]:
    """Return the test case of one file."""
    located = "".join(visible(character) for character in run.located(path))
    folder, name = posixpath.split(located)
    attributes = _attributes(classname=folder or "dfsubmit", name=name or located, file=located, time="0")
    errors = [block for block in found if _is_error(block[0])]
    warnings = [text for finding, text in found if not _is_error(finding)]
    inside = _failure(errors) if errors else []
    inside += [f"      <system-out>{_text(warnings)}</system-out>"] if warnings else []
    start = f"    <testcase{attributes}"
    return [f"{start}>", *inside, "    </testcase>"] if inside else [f"{start}/>"]


def _failure(errors: Sequence[_Block]) -> list[str]:
    """Return all errors of a file as one failure: the first in its head, all in its text."""
    first = errors[0][0]
    more = f" (and {count(len(errors) - 1, 'error')} more)" if len(errors) > 1 else ""
    attributes = _attributes(type=first.code, message=f"{shown(first.message)}{more}")
    return [f"      <failure{attributes}>{_text([text for _, text in errors])}</failure>"]


def _attributes(**values: str) -> str:
    return "".join(f' {name}="{value.translate(_ESCAPES)}"' for name, value in values.items())


def _text(blocks: Sequence[str]) -> str:
    """Return blocks of text, their lines kept, as the content of an element."""
    return "\n\n".join(blocks).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
