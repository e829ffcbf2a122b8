"""What `judge` does with a document that is not plainly a valid manifest: find out what was meant, and say what is wrong.

One fault gives one finding: what an unknown key was meant to be is settled first (`strays`), and the document is judged as if
it had been written so. A document that does not say what it is (`apiVersion`, `kind`) gets one finding and nothing about
the rest, unless it is clear what was meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dfsubmit.advice import credentials
from dfsubmit.diagnostics import Diagnostic
from dfsubmit.judging.fault import make_fault
from dfsubmit.judging.fields import fields_of, shape_at
from dfsubmit.judging.gathered import misplaced, missing_findings
from dfsubmit.judging.mistyped import memory_meant
from dfsubmit.judging.strays import Repair, Stray
from dfsubmit.judging.wording import (
    alternatives,
    kind_finding,
    patch_finding,
    stray_finding,
    version_finding,
    worded,
)
from dfsubmit.kinds import API_VERSION
from dfsubmit.manifest import KINDS, AiApp, Project
from dfsubmit.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

    from dfsubmit.document import Document
    from dfsubmit.judging.paths import Path

# Unknown keys may stand inside what was moved; each round settles one more level, and manifests have six.
_ROUNDS = 8
# Another version of the format, which this dfsubmit does not know.
_OTHER_VERSION = re.compile(r"dfsubmit/v[0-9]\w*")


def judge_closely(
    document: Document, known: ValidationError | None = None, leaks: Sequence[Diagnostic] | None = None
) -> AiApp | Project | tuple[Diagnostic, ...]:
    """Return what `judge.judge` returns, whatever the document looks like.

    `known` is what the model of the document's own `apiVersion` and `kind` has said already, `leaks` what `credentials` has.
    """
    leaks = credentials(document) if leaks is None else leaks
    kind = _kind(document.data)
    if _is_patch(document.data):
        return _settled([patch_finding(document), *leaks])
    if kind is None or _is_foreign(document.data):
        return _settled([_not_ours(document), *leaks])
    if known is None:
        try:
            return KINDS[kind].model_validate(document.data)
        except ValidationError as error:
            known = error
    meant = _kind_by_spec(document.data)
    if meant is not None and meant != kind:
        return _settled([kind_finding(document, document.data.get("kind"), meant), *leaks])
    return _settled([*_findings(document, kind, known), *leaks])


def _is_patch(data: Any) -> bool:
    """Tell whether all keys begin with the mark that a patch or a quoted mail has in front of every line."""
    marks = {key[:1] for key in data} if isinstance(data, dict) and len(data) > 1 else set()
    return len(marks) == 1 and marks <= {"+", "-", ">"}


def _kind(data: Any) -> str | None:
    """Return the kind that a document surely is; None when it cannot be told."""
    if not isinstance(data, dict):
        return None
    key = "kind" if "kind" in data else closest("kind", data)
    if key is not None:
        if not isinstance(data[key], str):
            return _kind_by_spec(data)
        return data[key] if data[key] in KINDS else closest(data[key], KINDS)
    return _kind_by_spec(data) if "apiVersion" in data else None


def _kind_by_spec(data: dict[str, Any]) -> str | None:
    """Return the one kind whose spec has a key of this one's."""
    spec = data.get("spec")
    if not isinstance(spec, dict):
        return None
    fitting = []
    for kind, model in KINDS.items():
        shape = shape_at(model, ("spec",), data)
        if shape is not None and any(key in fields_of(inner) for inner in shape.models for key in spec):
            fitting.append(kind)
    return fitting[0] if len(fitting) == 1 else None


def _is_foreign(data: dict[str, Any]) -> bool:
    """Tell whether the document says that it is another tool's, or of another version."""
    version = data.get("apiVersion")
    if not isinstance(version, str) or version == API_VERSION:
        return False
    return _OTHER_VERSION.fullmatch(version) is not None or closest(version, [API_VERSION]) is None


def _not_ours(document: Document) -> Diagnostic:
    """Return the one finding for a document that does not say what it is."""
    data = document.data
    if isinstance(data, dict) and _is_foreign(data):
        return version_finding(document, data["apiVersion"])
    if isinstance(data, dict) and ("kind" in data or "apiVersion" in data):
        return kind_finding(document, data.get("kind"))
    if isinstance(data, dict) and data:
        message = "this is not a manifest of dfsubmit: it has no apiVersion and no kind"
        help_text = f"add the lines:\napiVersion: {API_VERSION}\nkind: AiApp\n(kind is {alternatives(KINDS)})"
    else:
        names: dict[type[Any], str] = {list: "a list", dict: "an empty map", type(None): "null"}
        what = names.get(type(data), "a single value")
        message = f"a manifest is a map, but this document is {what}"
        help_text = (
            "separate several manifests by lines of ---"
            if isinstance(data, list)
            else f"a manifest begins with the lines apiVersion: {API_VERSION} and kind: AiApp"
        )
    span = document.span(())
    return Diagnostic(code="DF0215", message=message, path=document.path, span=span, help=help_text)


def _findings(document: Document, kind: str, error: ValidationError) -> list[Diagnostic]:
    """Return one finding for each fault behind `error`."""
    repair = Repair(model=KINDS[kind], kind=kind, data=document.data)
    errors = error.errors(include_url=False)
    lacking = {found["loc"] for found in errors if found["type"] == "missing"}
    for _ in range(_ROUNDS):
        unknown = [found["loc"] for found in errors if found["type"] == "extra_forbidden"]
        if not unknown:
            break
        repair.take(unknown)
        errors = _errors(repair)
    # A value that does not fit where its key was guessed to belong says that the guess may be wrong: say only once.
    guesses = {stray.path for stray in repair.strays if not stray.is_sure}
    doubtful = guesses & {repair.source(found["loc"]) for found in errors if _is_wrong_shape(found)}
    errors = [
        found for found in errors if found["type"] != "extra_forbidden" and repair.source(found["loc"]) not in doubtful
    ]
    meant_in_mb = {stray.path for stray in repair.strays if memory_meant(document, stray) is not None}
    together, said = misplaced(document, [stray for stray in repair.strays if stray.path not in meant_in_mb])
    faults = [make_fault(document, repair.model, repair, found) for found in errors]
    missing = [fault for fault in faults if fault.type == "missing"]
    wrong = [fault for fault in faults if fault.type != "missing" and fault.path not in meant_in_mb]
    return [
        *together,
        *(_stray(document, stray, lacking, doubtful) for stray in repair.strays if stray.path not in said),
        *missing_findings(missing),
        *(worded(fault) for fault in wrong),
    ]


def _stray(document: Document, stray: Stray, lacking: set[Path], doubtful: set[Path]) -> Diagnostic:
    return stray_finding(
        document, stray, required=stray.target in lacking, doubtful=stray.path in doubtful or stray.target is None
    )


def _errors(repair: Repair) -> list[ErrorDetails]:
    try:
        repair.model.model_validate(repair.data)
    except ValidationError as error:
        return error.errors(include_url=False)
    return []


def _is_wrong_shape(error: ErrorDetails) -> bool:
    return error["type"].endswith("_type") or error["type"] in {"env_value", "string_pattern_mismatch"}


def _settled(findings: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return `findings` by place, one for each place and code."""
    by_place = {(finding.code, finding.span): finding for finding in reversed(findings)}
    return tuple(sorted(by_place.values(), key=lambda one: (one.span.line, one.span.column) if one.span else (0, 0)))
