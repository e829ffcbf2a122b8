"""What the proofs share: a line of numbers, printed past the capture, so that a run shows what it has looked at."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Return a way to print a line past the capture."""

    def line(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}", end="", flush=True)  # noqa: T201  # the numbers are to be seen

    return line
