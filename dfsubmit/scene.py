"""Everything about a run but its manifests: settings, flags and variables, as one value.

Nothing here opens anything; `connections` does.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dfsubmit.enginemark import engine_mark
from dfsubmit.errors import UsageError
from dfsubmit.settings import PREFIX, Settings, switch, variable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dfsubmit.projectmodel import Project


STATE_FOLDER = ".dfsubmit"

# Where a set without a Project keeps its ledger, seen from its folder.
DEFAULT_LEDGER = f"{STATE_FOLDER}/ledger.db"

# In-process, the service dies with the process that called it: nothing can still be on its way.
IN_PROCESS_SETTLE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything about a run but its manifests: the project's settings, made whole by flags and variables."""

    settings: Settings
    project: Project
    root: Path
    environ: Mapping[str, str]

    def __post_init__(self) -> None:
        """Look at what is only needed later. Raises UsageError for a value that makes no sense."""
        _ = (self.timeout, self.settle, self.marker, self.engine_mark)

    @property
    def project_id(self) -> str:
        """Return the project's id."""
        return self.project.metadata.name

    @property
    def engine_type(self) -> str:
        """Return `local` or `dataforest`."""
        return self.settings.engine or self.project.spec.engine.type

    @property
    def in_process(self) -> bool:
        """Tell whether the engine is the embedded one in this very process."""
        return self.engine_type == "local" and not self.settings.base_url

    @property
    def engine_mark(self) -> str:
        """Return which service this run is for, as the ledger knows it. Raises UsageError for a wrong base URL."""
        from dfsubmit.projectmodel import DataForestEngine

        if self.settings.base_url:
            from dfsubmit.dataforest.endpoint import parse_base_url

            return engine_mark(parse_base_url(self.settings.base_url).base_url)
        if self.engine_type == "local":
            return engine_mark("")
        spec = self.project.spec.engine
        real = spec if isinstance(spec, DataForestEngine) else DataForestEngine(type="dataforest")
        return engine_mark(real.base_url)

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether a flag or a variable takes this run to another service than the Project's own."""
        from dfsubmit.projectmodel import DataForestEngine

        spec = self.project.spec.engine
        return self.engine_mark != engine_mark(spec.base_url if isinstance(spec, DataForestEngine) else "")

    @property
    def ledger_forgets(self) -> bool:
        """Tell whether this run's ledger is one that remembers nothing, on purpose."""
        return self.settings.ledger is not None and self.settings.ledger.type == "memory"

    @property
    def timeout(self) -> timedelta:
        """Return the time that one request may take."""
        seconds = _seconds(self.environ, "TIMEOUT_SECONDS", positive=True)
        return timedelta(seconds=self.project.spec.submission.timeout_seconds if seconds is None else seconds)

    @property
    def settle(self) -> timedelta:
        """Return the time after which what was sent must be listed."""
        seconds = _seconds(self.environ, "SETTLE_SECONDS")
        if seconds is not None:
            return timedelta(seconds=seconds)
        submission = self.project.spec.submission
        if self.in_process and "settle_seconds" not in submission.model_fields_set:
            return IN_PROCESS_SETTLE
        return timedelta(seconds=submission.settle_seconds)

    @property
    def marker(self) -> bool:
        """Tell whether the prefix that is sent carries a marker."""
        if variable(self.environ, "MARKER"):
            return switch(self.environ, "MARKER")
        return self.project.spec.submission.marker


def _seconds(environ: Mapping[str, str], name: str, *, positive: bool = False) -> float | None:
    text = variable(environ, name)
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 3600 or (positive and not seconds):  # noqa: PLR2004  # the bounds of the Project's own settings
        bounds = "more than 0, at most 3600" if positive else "from 0 to 3600"
        raise UsageError(f"{PREFIX}{name} is '{text}'", tip=f"write seconds, {bounds}")
    return seconds


def shown(path: Path) -> str:
    """Return `path` as people see it from the working directory."""
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
