"""The prepared judge and the models say the same of every document, and the file that it reads is that of the models."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from near_valid import near_valid
from pydantic import BaseModel, ValidationError

from dfsubmit import prepared
from dfsubmit.manifest import KINDS
from dfsubmit.prepared import FILE, validated
from dfsubmit.preparing import prepared_text

if TYPE_CHECKING:
    from pathlib import Path


def plain(value: Any) -> Any:
    """Return what a value of a model, or of one that was prepared, has as attributes, with the name of its class."""
    if isinstance(value, BaseModel | prepared._Plain):  # noqa: SLF001  # there is no other way to tell
        return type(value).__name__, {name: plain(member) for name, member in vars(value).items()}
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return type(value), [plain(item) for item in value] if isinstance(value, list | tuple) else value


def verdict(judge: Any, document: Any) -> Any:
    try:
        return plain(judge(document))
    except ValidationError as error:
        # As text, in which NaN is like itself.
        return repr(error.errors(include_url=False)), error.title


def agree(document: Any) -> bool:
    """Hold the two against each other, and tell whether the document is valid."""
    kind = document.get("kind") if isinstance(document, dict) else None
    if kind not in ("AiApp", "Project"):
        return False
    said = verdict(lambda value: validated(kind, value), document)
    assert said == verdict(KINDS[kind].model_validate, document), document
    return bool(said[0] == kind)


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_both_say_the_same(rng: random.Random) -> None:
    agree(near_valid(rng))


def test_both_say_the_same_of_a_fixed_thousand_of_which_many_are_valid_and_many_are_not() -> None:
    verdicts = [agree(near_valid(random.Random(seed))) for seed in range(1_000)]
    assert verdicts.count(True) > 200
    assert verdicts.count(False) > 200


def test_the_file_is_what_the_models_make() -> None:
    written = FILE.read_text(encoding="utf-8")
    if json.loads(written)["pydantic"] == pydantic.VERSION:
        assert written == prepared_text(), "run python -m dfsubmit.preparing"
    else:
        # Another pydantic may say the same in other words; that it means the same is what the tests above show.
        made, stands = json.loads(prepared_text())["models"], json.loads(written)["models"]
        assert made.keys() == stands.keys()


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"models": {}}', '{"models": {"AiApp": {"type": "no such type"}}}']
)
def test_without_a_file_that_is_of_use_the_models_judge(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "prepared.json"
    file.write_text(content)
    monkeypatch.setattr(prepared, "FILE", file)
    prepared._judges.cache_clear()  # noqa: SLF001  # as in a new process
    try:
        for seed in range(50):
            agree(near_valid(random.Random(seed)))
    finally:
        monkeypatch.undo()
        prepared._judges.cache_clear()  # noqa: SLF001  # as in a new process


def test_right_documents_need_no_pydantic() -> None:
    code = (
        "import sys\n"
        "from dfsubmit.prepared import validated\n"
        "validated('Project', {'apiVersion': 'dfsubmit/v1', 'kind': 'Project', 'metadata': {'name': 'a'}})\n"
        "print(sorted(name for name in sys.modules if name.startswith('pydantic')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['pydantic_core._pydantic_core']\n"
