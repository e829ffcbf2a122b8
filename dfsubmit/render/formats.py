"""The forms that the findings of a run can take, each by its name: the table of them, and the way to the renderer.

A renderer's module is imported when its form is asked for. Values in, text out.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from dfsubmit.render.summary import DEFAULT_WIDTH, Counts, summary_line
from dfsubmit.render.terminal import PLAIN, Palette

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from dfsubmit.diagnostics import Diagnostic
    from dfsubmit.render.inspection import Inspection

# The name of a form → the module and function that make it.
_MACHINE: Mapping[str, tuple[str, str]] = {
    "json": ("validate_json", "inspection_json"),
    "jsonl": ("jsonl", "jsonl_text"),
    "github": ("github", "github_text"),
    "sarif": ("sarif", "sarif_text"),
    "gitlab": ("gitlab", "gitlab_text"),
    "junit": ("junit", "junit_text"),
}
FORMATS = ("text", *_MACHINE)


def render(
    form: str,
    run: Inspection,
    *,
    quiet: bool = False,
    told: Collection[Diagnostic] = (),
    palette: Palette = PLAIN,
    width: int = DEFAULT_WIDTH,
) -> str:
    """Return `run` in the form of that name. `quiet` leaves out what is said beside findings; the rest is for text.

    As text, findings that were `told` while the run went on are not told again.
    """
    if form == "text":
        return _text(run, quiet=quiet, told=told, palette=palette, width=width)
    module, name = _MACHINE[form]
    renderer: Callable[..., str] = getattr(importlib.import_module(f"dfsubmit.render.{module}"), name)
    return renderer(run, quiet=quiet) if form == "github" else renderer(run)


def _text(run: Inspection, *, quiet: bool, told: Collection[Diagnostic], palette: Palette, width: int) -> str:
    if not run.findings:
        counts = Counts.of((), files=run.files, manifests=run.manifests, silenced=run.silenced)
        return "" if quiet else f"{summary_line(counts, palette=palette)}\n"
    from dfsubmit.render.findings import findings_text, report_text  # noqa: PLC0415  # where there is something to show

    if quiet:
        return findings_text(run.findings, run.texts, told=told, palette=palette, width=width)
    return report_text(
        run.findings,
        run.texts,
        files=run.files,
        manifests=run.manifests,
        silenced=run.silenced,
        told=told,
        palette=palette,
        width=width,
    )
