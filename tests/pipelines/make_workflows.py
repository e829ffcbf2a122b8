"""Writes `.github/workflows/validate-and-plan.yml` and `apply.yml`, from the texts that `dfsubmit init --ci` uses too.

    python tests/pipelines/make_workflows.py

A test keeps the files equal to what this writes.
"""

from __future__ import annotations

from pathlib import Path

from dfsubmit.pipelines.files import files

REPOSITORY = Path(__file__).parents[2]


def main() -> None:
    """Write the files."""
    for relative, text in files("github", "shipped").items():
        (REPOSITORY / relative).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
