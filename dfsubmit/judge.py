"""A document → the manifest that it is, or every finding that keeps it from being one.

Pydantic's core decides; `judging` finds the words, and is imported when there is something to say.
What is allowed but unwise is `advice`'s; what only several files together can get wrong is `project`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from dfsubmit.advice import advise, advise_in_project, credentials, has_room_for_marker
from dfsubmit.manifest import KINDS, AiApp, Project
from dfsubmit.modelbase import API_VERSION

if TYPE_CHECKING:
    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.document import Document

__all__ = ["advise", "advise_in_project", "credentials", "has_room_for_marker", "judge"]


def judge(document: Document) -> AiApp | Project | tuple[Diagnostic, ...]:
    """Return the manifest that `document` is, or its findings in the order of their places: at least one error."""
    data = document.data
    known: ValidationError | None = None
    if isinstance(data, dict) and data.get("apiVersion") == API_VERSION:
        kind = data.get("kind")
        model = KINDS.get(kind) if isinstance(kind, str) else None
        if model is not None:
            try:
                return model.model_validate(data)
            except ValidationError as error:
                known = error
    from dfsubmit.judging.close import judge_closely  # noqa: PLC0415  # most documents are valid

    return judge_closely(document, known)
