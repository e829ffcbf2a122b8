"""Findings as SARIF 2.1.0, which code hosts and editors read: rules, results, places, and fixes that can be applied.

Paths are relative to `SRCROOT`, the repository's root. Columns count code points. A rule is listed when something was
found by it. What a manifest says stands in messages, with every character made visible and without the `](` that
would make a link of it; curly brackets stand for themselves, as no message has arguments. Files are quoted only
where nothing secret can be, and a fix that would write a secret is left out. No time and no machine is named, so that
equal findings make equal files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dfsubmit import __version__
from dfsubmit.codes import CODES
from dfsubmit.diagnostics import Span
from dfsubmit.leaks import secret_ranges, without_keys
from dfsubmit.render.findings import shown, shown_lines
from dfsubmit.render.inspection import STDIN
from dfsubmit.render.jsontext import json_text
from dfsubmit.render.lines import Lines, Offsets, lines_of
from dfsubmit.render.marks import marks
from dfsubmit.render.terminal import neutral

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from dfsubmit.code import Code
    from dfsubmit.diagnostics import Diagnostic, Related
    from dfsubmit.render.inspection import Inspection

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"
MARK = "dfsubmitFinding/v1"
# What GitHub takes of a rule's description.
_LONGEST_DESCRIPTION = 1024
_START = Span(line=1, column=1, end_line=1, end_column=1)
# A stretch that is longer shows no more for being quoted.
_LONGEST_SNIPPET = 200


def sarif_text(run: Inspection) -> str:
    """Return the run as it is printed."""
    return json_text(sarif_document(run))


def sarif_document(run: Inspection) -> dict[str, Any]:
    """Return the run as JSON values."""
    findings = run.in_order()
    codes = sorted({finding.code for finding in findings})
    places = _Places(run, lines_of(findings, run.texts))
    results = [
        _result(finding, codes.index(finding.code), mark, places)
        for finding, mark in zip(findings, marks(run, findings), strict=True)
    ]
    told = {
        "tool": {
            "driver": {
                "name": "dfsubmit",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(code, CODES.get(code)) for code in codes],
            }
        },
        "invocations": [{"executionSuccessful": True}],
        "originalUriBaseIds": {
            ROOT: {"description": {"text": "The root of the repository that the manifests lie in."}}
        },
        "columnKind": "unicodeCodePoints",
        "results": results,
        "properties": {"files": run.files, "manifests": run.manifests},
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [told]}


class _Places:
    """How places are written: with the paths of one run, and with its texts."""

    def __init__(self, run: Inspection, files: Mapping[str, Lines]) -> None:
        self._run = run
        self._files = files
        self._offsets: dict[str, Offsets] = {}

    def file(self, path: str) -> dict[str, Any]:
        """Return the file as an artifactLocation."""
        if path == STDIN:
            return {"uri": "stdin:", "description": {"text": "standard input"}}
        located = self._run.located(path)
        address = quote(located, errors="replace")
        return {"uri": f"file://{address}"} if located.startswith("/") else {"uri": address, "uriBaseId": ROOT}

    def physical(self, path: str, span: Span | None) -> dict[str, Any]:
        """Return the place as a physicalLocation; with the text there, where that can be shown."""
        place: dict[str, Any] = {"artifactLocation": self.file(path)}
        if span is None:
            # The whole file; code hosts want to hear of a line.
            return {**place, "region": _region(_START)}
        region: dict[str, Any] = _region(span)
        snippet = self._files[path].clear(span) if path in self._files else ""
        if snippet and len(snippet) <= _LONGEST_SNIPPET and neutral(snippet) == snippet:
            region["snippet"] = {"text": snippet}
        return {**place, "region": region}

    def replaced(self, path: str, start: int, end: int) -> dict[str, int] | None:
        """Return the characters `start:end` of a file as a region; None when its text is not known."""
        if path not in self._run.texts:
            return None
        if path not in self._offsets:
            self._offsets[path] = Offsets(self._run.texts[path])
        return _region(self._offsets[path].span(start, end))


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _result(finding: Diagnostic, rule: int, mark: str, places: _Places) -> dict[str, Any]:
    text = shown(finding.message)
    if finding.help:
        text += "\nhelp: " + "\n".join(shown_lines(finding.help))
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity.value,
        "message": _unlinked(text),
        "locations": [{"physicalLocation": places.physical(finding.path, finding.span)}],
        "partialFingerprints": {MARK: mark},
    }
    if finding.related:
        result["relatedLocations"] = [_related(number, one, places) for number, one in enumerate(finding.related, 1)]
    if fix := _fix(finding, places):
        result["fixes"] = [fix]
    return result


def _related(number: int, related: Related, places: _Places) -> dict[str, Any]:
    place = places.physical(related.path, related.span)
    return {"id": number, "physicalLocation": place, "message": _unlinked(shown(related.message))}


def _unlinked(text: str) -> dict[str, str]:
    """Return a message with foreign text in it, which no reader takes for a link."""
    return {"text": text.replace("](", "] (")}


def _fix(finding: Diagnostic, places: _Places) -> dict[str, Any] | None:
    """Return the edits of a finding as one fix; None when there are none, or not all of them may be handed on."""
    if not finding.edits or any(secret_ranges(line) for edit in finding.edits for line in edit.text.split("\n")):
        return None
    replacements = []
    for edit in finding.edits:
        region = places.replaced(finding.path, edit.start, edit.end)
        if region is None:
            return None
        replacements.append({"deletedRegion": region, "insertedContent": {"text": edit.text}})
    change = {"artifactLocation": places.file(finding.path), "replacements": replacements}
    described = {"description": _unlinked("\n".join(shown_lines(finding.help)))} if finding.help else {}
    safe = all(edit.safe for edit in finding.edits)
    return {**described, "artifactChanges": [change], "properties": {"safe": safe}}


def _rule(code: str, row: Code | None) -> dict[str, Any]:
    """Return what is known of a code. Nothing in it comes from a manifest."""
    if row is None:
        more = {"text": f"dfsubmit explain {code} says more."}
        return {"id": code, "shortDescription": {"text": code}, "fullDescription": more, "help": more}
    description = " ".join(row.meaning.split())
    return {
        "id": code,
        "name": "".join(word[:1].upper() + word[1:] for word in _words(row.title)),
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": _cut(description)},
        "help": {"text": _help(row, _plain), "markdown": _help(row, _fenced)},
        "defaultConfiguration": {"level": row.severity.value},
        "properties": {"tags": ["security"] if code.startswith("DF05") else ["correctness"]},
    }


def _words(title: str) -> Iterable[str]:
    return "".join(character if character.isalnum() else " " for character in title).split()


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_DESCRIPTION else f"{text[: _LONGEST_DESCRIPTION - 3]}..."


def _help(row: Code, example: Callable[[str], str]) -> str:
    parts = [row.meaning.strip()]
    parts += ["With the fault:", example(row.bad)] if row.bad else []
    parts += ["Without it:", example(row.good)] if row.good else []
    # An example that shows what a key looks like would alarm whoever scans the file for keys.
    return without_keys("\n\n".join([*parts, f"dfsubmit explain {row.code} says more."]))


def _plain(example: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in example.rstrip().split("\n"))


def _fenced(example: str) -> str:
    return f"```yaml\n{example.rstrip()}\n```"
