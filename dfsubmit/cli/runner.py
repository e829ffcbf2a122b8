"""What a CI runner wants beside the output: values for later steps, and a page for the summary of the job.

GitHub names a file for each in `GITHUB_OUTPUT` and `GITHUB_STEP_SUMMARY`; where these are not set, nothing is written. Only
numbers, `true`, `false` and tokens of our own making become outputs, so no value can begin another one. A file that
cannot be written is a warning: what the run was for is done by then.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dfsubmit.cli.output import Output
    from dfsubmit.plan import Plan
    from dfsubmit.results import Done

OUTPUT = "GITHUB_OUTPUT"
SUMMARY = "GITHUB_STEP_SUMMARY"
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")


def tell_of_plan(plan: Plan, environ: Mapping[str, str], out: Output, page: Callable[[], str] | None = None) -> None:
    """Write the outputs of `plan`, and its page where there is one to write."""
    from dfsubmit.plan import Action

    if environ.get(OUTPUT):
        _outputs(
            {
                "has_changes": "true" if plan.has_changes else "false",
                "submit_count": len(plan.of(Action.SUBMIT)),
                "kill_count": len(plan.of(Action.KILL)),
                "unresolved_count": len(plan.of(Action.UNRESOLVED)),
                "plan_token": plan.token,
            },
            environ,
            out,
        )
    if page is not None:
        _page(page, environ, out)


def tell_of_apply(results: Sequence[Done], environ: Mapping[str, str], out: Output, page: Callable[[], str]) -> None:
    """Write how many changes ended how, and the page that tells of them."""
    from dfsubmit.render.plan import apply_summary

    counts = apply_summary(results)
    names = ("submitted", "adopted", "unchanged", "failed", "unresolved")
    _outputs({name: counts[name] for name in names}, environ, out)
    _page(page, environ, out)


def _outputs(values: Mapping[str, str | int], environ: Mapping[str, str], out: Output) -> None:
    for value in values.values():
        if not _PLAIN.fullmatch(str(value)):
            raise AssertionError("an output of a step is a plain word")
    _append(OUTPUT, "".join(f"{name}={value}\n" for name, value in values.items()), environ, out)


def _page(page: Callable[[], str], environ: Mapping[str, str], out: Output) -> None:
    # The page is made only where somebody wants it.
    if environ.get(SUMMARY):
        _append(SUMMARY, page() + "\n", environ, out)


def _append(variable: str, text: str, environ: Mapping[str, str], out: Output) -> None:
    name = environ.get(variable)
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) and error.strerror else "it names no file"
        out.warning(f"the file that {variable} names cannot be written: {told}", tip=f"unset {variable} to do without")
