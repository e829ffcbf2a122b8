"""The pipelines of this project and those that `init --ci` writes, as files and as what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from dfsubmit.pipelines.files import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REPOSITORY = Path(__file__).parents[2]
ACTION = REPOSITORY / ".github" / "actions" / "dfsubmit" / "action.yml"
WORKFLOWS = tuple(sorted((REPOSITORY / ".github" / "workflows").glob("*.yml")))


def write(folder: Path) -> tuple[Path, ...]:
    """Write the workflows of `init --ci github` below `folder`."""
    for relative, text in files("github").items():
        (folder / relative).parent.mkdir(parents=True, exist_ok=True)
        (folder / relative).write_text(text)
    return tuple(folder / relative for relative in files("github"))


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def steps_of(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the steps of a workflow's jobs, or of a composite action."""
    for job in (document["runs"],) if "runs" in document else document["jobs"].values():
        yield from job["steps"]
