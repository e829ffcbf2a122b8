"""DF03xx: what only the whole set can tell."""

from __future__ import annotations

from dfsubmit.code import Code
from dfsubmit.codes_model import GOOD_APP
from dfsubmit.diagnostics import Severity

_PROJECT = """\
apiVersion: dfsubmit/v1
kind: Project
metadata: {name: nlp-training}
"""
_LIMITED = f"# file: project.yaml\n{_PROJECT}spec: {{limits: {{maxGpus: 4}}}}\n"
_OUT = "{hdfs: /user/nlp/out, path: out}"
_OVER = "{hdfs: /user/nlp/out, path: out, overwrite: true}"
_IN = "{hdfs: /user/nlp/out, path: data_in}"
_OTHER = GOOD_APP.replace("bert-finetune", "bert-large")


def _renamed(text: str, moved: str) -> str:
    """Return a manifest that says to have had another name."""
    return text.replace("metadata:\n", f"metadata:\n  moved: [{moved}]\n")


def _data(text: str, line: str, kind: str = "output") -> str:
    """Return a manifest with one entry of data."""
    return f"{text}  data:\n    {kind}:\n      - {line}\n"


def _two(first: str, second: str, project: str = "") -> str:
    """Return an example of two apps in files of their own."""
    return f"{project}# file: a.yaml\n{first}# file: b.yaml\n{second}"


def _warning(code: str, title: str, meaning: str, bad: str, good: str) -> Code:
    return Code(code=code, severity=Severity.WARNING, title=title, meaning=meaning, bad=bad, good=good)


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
    _row(
        "DF0307",
        "two apps write one output",
        """\
Two apps store a result at the same path on HDFS. One replaces the result of the other or is refused, as `overwrite` says, and
which one depends on the order in which they end. Paths are compared as HDFS resolves them: `hdfs://NAME/a//b/` is `/a/b`.
Two clusters are told apart where both paths name theirs.""",
        _two(_data(GOOD_APP, _OUT), _data(_OTHER, _OUT)),
        _two(_data(GOOD_APP, _OUT), _data(_OTHER, _OUT.replace("out,", "large,"))),
    ),
    _warning(
        "DF0308",
        "output inside another output",
        """\
An output lies in a folder that is itself an output. If the outer one is written last, it may remove the inner one or be refused
because its folder exists already; no document says which. Put the two side by side.""",
        _two(_data(GOOD_APP, _OUT), _data(_OTHER, _OUT.replace("out,", "out/large,"))),
        _two(_data(GOOD_APP, _OUT), _data(_OTHER, _OUT.replace("out,", "large,"))),
    ),
    _warning(
        "DF0309",
        "reads what another app overwrites",
        """\
An app reads a path, or something in it, that another app of the set writes with `overwrite: true`. dfsubmit promises no order
between apps, so it may read the old result, the new one, or a half of each. Write to a new path for each run, or
apply the reader once the writer has ended. An app that goes on from its own result is not meant.""",
        _two(_data(GOOD_APP, _OVER), _data(_OTHER, _IN, "input")),
        _two(_data(GOOD_APP, _OUT), _data(_OTHER, _IN, "input")),
    ),
    _row(
        "DF0310",
        "two outputs of one app at one path",
        """\
Two outputs of the same app are stored at the same path on HDFS: the second replaces the first or is refused. Give each a path
of its own.""",
        _data(GOOD_APP, f"{_OUT}\n      - {_OUT.replace('path: out', 'path: logs')}"),
        _data(GOOD_APP, f"{_OUT}\n      - {{hdfs: /user/nlp/logs, path: logs}}"),
    ),
    _warning(
        "DF0311",
        "two inputs at one container path",
        """\
Two inputs of the same app land at the same path in the container. What happens to the first is not documented; it is replaced,
or the two are mixed. Give each a path of its own.""",
        _data(GOOD_APP, f"{_IN}\n      - {_IN.replace('nlp/out', 'nlp/words')}", "input"),
        _data(GOOD_APP, f"{_IN}\n      - {{hdfs: /user/nlp/words, path: words}}", "input"),
    ),
    _warning(
        "DF0312",
        "one prefix for many apps",
        """\
More than 20 apps share `namePrefix` in one workspace. Two such apps are never in flight together: when an answer is lost, the
list of apps shows only names that begin with the prefix, and one submit must be told from another. So they are sent
one at a time, and the console shows names that look alike. Vary the prefix, or set `submission.marker: true` in the
Project, which makes every prefix that is sent one of a kind.""",
        "",
        "",
    ),
    _row(
        "DF0313",
        "more GPUs than the Project allows",
        """\
All apps of the set together ask for more GPUs than `limits.maxGpus` of the Project. Apps that have ended count as well, as the
set says what is wanted, not what runs. The finding points at the limit, and at the apps that ask for most.""",
        _two(f"{GOOD_APP}  resource: {{gpuCount: 4}}\n", _OTHER, _LIMITED),
        _two(f"{GOOD_APP}  resource: {{gpuCount: 3}}\n", _OTHER, _LIMITED),
    ),
)
