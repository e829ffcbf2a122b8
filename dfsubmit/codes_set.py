"""DF030x: what only the whole set can tell."""

from __future__ import annotations

from dfsubmit.code import Code
from dfsubmit.codes_model import GOOD_APP
from dfsubmit.diagnostics import Severity

_PROJECT = """\
apiVersion: dfsubmit/v1
kind: Project
metadata: {name: nlp-training}
"""
_OTHER = GOOD_APP.replace("bert-finetune", "bert-large")


def _renamed(text: str, moved: str) -> str:
    """Return a manifest that says to have had another name."""
    return text.replace("metadata:\n", f"metadata:\n  moved: [{moved}]\n")


def _row(code: str, title: str, meaning: str, bad: str, good: str) -> Code:
    return Code(code=code, severity=Severity.ERROR, title=title, meaning=meaning, bad=bad, good=good)


SET_CODES: tuple[Code, ...] = (
    _row(
        "DF0301",
        "name used twice",
        """\
Two manifests of the set have the same `metadata.name`. The name is what the ledger remembers a submission under, wherever the
file lies, so each name stands for one app. Give one of them another name.""",
        f"# file: a.yaml\n{GOOD_APP}# file: b.yaml\n{GOOD_APP}",
        f"# file: a.yaml\n{GOOD_APP}# file: b.yaml\n{_OTHER}",
    ),
    _row(
        "DF0302",
        "second Project",
        """\
A set is reconciled under one Project: one ledger, one engine, one id. Merge the two, or keep the folders apart and run
dfsubmit once for each.""",
        f"# file: project.yaml\n{_PROJECT}---\n{_PROJECT}",
        f"# file: project.yaml\n{_PROJECT}",
    ),
    _row(
        "DF0303",
        "earlier name claimed twice",
        """\
Two manifests say in `metadata.moved` that they were once called the same. Only one of them can take over what was submitted
under that name; the other is a new app.""",
        f"# file: a.yaml\n{_renamed(GOOD_APP, 'bert')}# file: b.yaml\n{_renamed(_OTHER, 'bert')}",
        f"# file: a.yaml\n{_renamed(GOOD_APP, 'bert')}# file: b.yaml\n{_OTHER}",
    ),
    _row(
        "DF0304",
        "earlier name still in use",
        """\
`metadata.moved` carries a rename: what was submitted under the earlier name belongs to this manifest from now on. But a
manifest with the earlier name is still in the set, and would lose its app. Rename or remove that one, or remove the name
from `moved`.""",
        f"# file: a.yaml\n{_renamed(GOOD_APP, 'bert-large')}# file: b.yaml\n{_OTHER}",
        f"# file: a.yaml\n{_renamed(GOOD_APP, 'bert-small')}# file: b.yaml\n{_OTHER}",
    ),
    _row(
        "DF0305",
        "Project in another file",
        """\
A Project stands in `project.yaml` (or `project.yml`) at the root of the set. Verbs that only need its settings, such as
`status`, read that file alone; a Project elsewhere would hold for some verbs and not for others, and they would look
into different ledgers.""",
        f"# file: settings.yaml\n{_PROJECT}",
        f"# file: project.yaml\n{_PROJECT}",
    ),
)
