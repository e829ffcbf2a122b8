"""What the proofs share: lines of numbers that a run ends with, so that it shows what it has looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

MEASURED = "measured"


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return a way to have lines shown at the end of the run, also of one that several processes share."""

    def line(text: str) -> None:
        record_property(MEASURED, text)

    return line


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = list(_told(terminalreporter.stats))
    if lines:
        terminalreporter.section(MEASURED)
        for line in lines:
            terminalreporter.write_line(line)


def _told(stats: dict[str, list[Any]]) -> Iterator[str]:
    """Yield what the tests told, each by its own end."""
    for report in (*stats.get("passed", ()), *stats.get("failed", ())):
        if isinstance(report, pytest.TestReport) and report.when == "call":
            yield from (str(text) for name, text in report.user_properties if name == MEASURED)
