"""A document → the manifest that it is, or every finding that keeps it from being one.

Pydantic's core decides; `judging` finds the words, and is imported when there is something to say.
What is allowed but unwise is `advice`'s; what only several files together can get wrong is `project`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.kinds import API_VERSION
from dfsubmit.prepared import ValidationError, validated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.document import Document
    from dfsubmit.manifest import AiApp, Project
    from dfsubmit.prepared import Kind

    Judged = AiApp | Project | tuple[Diagnostic, ...]
    Judge = Callable[[Document], Judged]


def judge(document: Document) -> Judged:
    """Return the manifest that `document` is, or its findings in the order of their places: at least one error."""
    return _judged(document, _modelled)


def judge_plainly(document: Document, *, leaks: Sequence[Diagnostic] | None = None) -> Judged:
    """Return what `judge` returns, but a manifest with the models' attributes only, and without importing the models.

    `leaks` are the findings of `advice.credentials` if they are known.
    """
    return _judged(document, validated, leaks)


def _judged(
    document: Document,
    validate: Callable[[Kind, Any], AiApp | Project],
    leaks: Sequence[Diagnostic] | None = None,
) -> Judged:
    data = document.data
    known: ValidationError | None = None
    if isinstance(data, dict) and data.get("apiVersion") == API_VERSION:
        kind = data.get("kind")
        if kind in ("AiApp", "Project"):  # whatever stands there, it need not be hashable
            try:
                return validate(kind, data)
            except ValidationError as error:
                known = error
    from dfsubmit.judging.close import judge_closely  # noqa: PLC0415  # most documents are valid

    return judge_closely(document, known, leaks)


def _modelled(kind: Kind, data: Any) -> AiApp | Project:
    """Return the manifest of `kind` that `data` is. Raises ValidationError."""
    from dfsubmit.manifest import KINDS  # noqa: PLC0415  # who only looks for findings needs no models

    return KINDS[kind].model_validate(data)
