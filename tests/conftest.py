"""What all tests share: an environment that says nothing of where they run, and lines of numbers that a run ends with.

A CI of GitHub or GitLab tells its jobs where they come from, and dfsubmit reads that; so may the shell of whoever runs the
tests have settings for dfsubmit. Tests say themselves what is set. What they ask of a run stays.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A busy machine makes no test wrong. In a CI, Hypothesis sets that by itself, and draws the same examples every time.
if settings.get_current_profile_name() == "default":
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")

MEASURED = "measured"
_TOLD = ("GITHUB_", "GITLAB_", "CI_", "RUNNER_", "DFSUBMIT_", "NCLOUD_")
_ASKED = ("DFSUBMIT_EXPLORE", "DFSUBMIT_SOAK", "DFSUBMIT_TEST_IMAGE", "DFSUBMIT_WALKS", "DFSUBMIT_YAML_SUITE")

# As early as this, because test modules look at the environment when they are imported.
for _name in [name for name in os.environ if name.startswith(_TOLD) and name not in _ASKED]:
    del os.environ[_name]


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
