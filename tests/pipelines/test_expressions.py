"""What the tests take the expressions of workflows to mean."""

from __future__ import annotations

from typing import Any

import pytest
from expressions import ExpressionError, evaluate, filled

CONTEXTS = {"inputs": {"files": "", "wait": "0", "prune": False}, "github": {"repository": "team/specs", "event": {}}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("inputs.files || 'specs'", "specs"),
        ("inputs.wait || '600'", "0"),
        ("inputs.prune", False),
        ("github.event.pull_request.head.repo.full_name == github.repository", False),
        ("github.repository == 'Team/Specs' && !inputs.prune", True),
        ("!cancelled() && (inputs.prune || inputs.wait != '1')", True),
        ("'it''s'", "it's"),
    ],
)
def test_an_expression_has_the_value_that_github_gives_it(text: str, value: Any) -> None:
    assert evaluate(text, CONTEXTS, {"cancelled": lambda: False}) == value


@pytest.mark.parametrize("text", ["", "secrets.KEY", "contains()", "inputs.files ||", "(inputs.files", "a b", "%"])
def test_what_is_not_known_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, {**CONTEXTS, "a": {}})


def test_a_text_is_filled_with_values_as_github_writes_them() -> None:
    assert filled("${{ inputs.prune }} ${{ github.event.x }}-${{ inputs.wait }}", CONTEXTS) == "false -0"
