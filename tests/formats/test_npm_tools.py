"""What becomes of the tests that need npm where there is none: skipped on a desk, failed on CI."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from npm_tools import installed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("ci", "outcome"),
    [("", pytest.skip.Exception), ("false", pytest.skip.Exception), ("true", pytest.fail.Exception)],
)
def test_without_npm_a_test_is_skipped_with_the_reason_but_fails_on_ci(
    ci: str, outcome: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome, match="npm and node are not installed"):
        installed(tmp_path, "any@1.0.0")


@pytest.mark.xdist_group("npm")
def test_a_package_that_cannot_be_had_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    # Nothing listens there, so nothing leaves this machine.
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")

    with pytest.raises(pytest.fail.Exception, match=r"npm cannot install made-up-name@1\.0\.0|npm and node are not"):
        installed(tmp_path, "made-up-name@1.0.0")
