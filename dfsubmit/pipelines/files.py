"""From the texts beside this module to the files of a pipeline. Pure, but for reading these texts.

One text makes two files: the one that `init --ci` writes, which installs a release of dfsubmit and needs nothing but it, and
the workflow that this project ships, which others call. Lines between `#:written` and `#:end` are in the first alone,
those between `#:shipped` and `#:end` in the second alone; `@INSTALL@` is the step that installs dfsubmit, `@BRANCHES@` the
default branch, of which GitHub wants the name.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Literal

from dfsubmit import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

Host = Literal["github", "gitlab"]
Kind = Literal["written", "shipped"]

HOSTS: tuple[Host, ...] = ("github", "gitlab")
USUAL_BRANCHES = ("main", "master")
# Place in the repository → text.
_FILES: dict[Host, dict[str, str]] = {
    "github": {
        ".github/workflows/validate-and-plan.yml": "github-validate-and-plan.yml",
        ".github/workflows/apply.yml": "github-apply.yml",
    },
    "gitlab": {".gitlab-ci.yml": "gitlab.yml"},
}
_INSTALL: dict[Kind, str] = {
    "written": """\
      - name: Install dfsubmit
        run: python -m pip install --quiet "dfsubmit==@VERSION@"
""",
    "shipped": """\
      - name: Install dfsubmit
        env:
          VERSION: ${{ inputs.version }}
        # Without a version it is the one that is checked out.
        run: python -m pip install --quiet "${VERSION:+dfsubmit==}${VERSION:-.}"
""",
}
# What no file can set: who may push, and the keys.
_NEXT: dict[Host, str] = {
    "github": """\
Settings > Environments: make data-forest, with the secrets NCLOUD_ACCESS_KEY and NCLOUD_SECRET_KEY, for apply
optional, Settings > Secrets > Actions: the same two, of a sub account that only reads; plans then show what apps are doing
""",
    "gitlab": """\
Settings > CI/CD > Variables: NCLOUD_ACCESS_KEY and NCLOUD_SECRET_KEY, masked and protected, for the environment data-forest
Settings > CI/CD > Job token permissions: allow Git push requests to the repository, so that apply can push the ledger;
  where that is not offered: a variable DFSUBMIT_GIT_TOKEN, masked and protected, with a project access token that may push
""",
}
_BLOCK = re.compile(r"^#:(written|shipped)\n(.*?)^#:end\n", re.MULTILINE | re.DOTALL)


def files(host: Host, kind: Kind = "written", *, branch: str = "") -> Mapping[str, str]:
    """Return relative path → text of the pipeline for `host`; an empty `branch` stands for the usual default branches."""
    return {path: text(name, kind, branch) for path, name in _FILES[host].items()}


def next_steps(host: Host) -> tuple[str, ...]:
    """Return what a person has to set on `host`, one line each."""
    return tuple(_NEXT[host].splitlines())


def text(name: str, kind: Kind, branch: str = "") -> str:
    """Return the text called `name`, made for `kind` and the default branch `branch`."""
    source = (resources.files(__package__) / name).read_text(encoding="utf-8")
    made = _BLOCK.sub(lambda block: block[2] if block[1] == kind else "", source)
    branches = (
        f"[{json.dumps(branch)}]" if branch and branch not in USUAL_BRANCHES else f"[{', '.join(USUAL_BRANCHES)}]"
    )
    return made.replace("@INSTALL@\n", _INSTALL[kind]).replace("@BRANCHES@", branches).replace("@VERSION@", __version__)
