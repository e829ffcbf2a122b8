"""DF02xx: what can be wrong with one document, judged by itself."""

from __future__ import annotations

from dfsubmit.code import Code
from dfsubmit.diagnostics import Severity

GOOD_APP = """\
apiVersion: dfsubmit/v1
kind: AiApp
metadata:
  name: bert-finetune
spec:
  aiWorkspaceId: 6ZKSGoSJMMwctK257nxgiL
  namePrefix: bert
  docker:
    image: pytorch/pytorch:2.3.1
    command: python train.py
"""

_GOOD_PROJECT = """\
apiVersion: dfsubmit/v1
kind: Project
metadata:
  name: nlp-training
spec:
  engine: {type: local}
"""


def app(*changes: tuple[str, str]) -> str:
    """Return the good example with every (old, new) of `changes` made. Raises ValueError when an old text is not there."""
    text = GOOD_APP
    for old, new in changes:
        if old not in text:
            raise ValueError(old)
        text = text.replace(old, new)
    return text


def added(*lines: str) -> str:
    """Return the good example with `lines` at its end, in the place of keys of `spec.docker`."""
    return GOOD_APP + "".join(f"    {line}\n" for line in lines)


def _row(code: str, title: str, meaning: str, bad: str, good: str = GOOD_APP) -> Code:
    return Code(code=code, severity=Severity.ERROR, title=title, meaning=meaning, bad=bad, good=good)


MODEL_CODES: tuple[Code, ...] = (
    _row(
        "DF0201",
        "unknown key",
        """\
The mapping has a key that manifests do not know. A key that is silently ignored is a setting that silently does not hold,
so unknown keys are refused. Keys are written exactly as the API writes them: `aiWorkspaceId`, not `AIWorkspaceId` or
`ai_workspace_id`. Correct the spelling, move the key to where the help says it belongs, or remove it.""",
        app(("command:", "comand:")),
    ),
    _row(
        "DF0202",
        "missing key",
        """\
A key that every such mapping needs is not there, and there is no value that could be assumed for it. The finding points
at the mapping that lacks it. Add the key; the help shows a line that would do.""",
        app(("    command: python train.py\n", "")),
    ),
    _row(
        "DF0203",
        "text needed",
        """\
The value must be text, but YAML reads what is written as something else: `3` is a number, `true` a boolean, `[a, b]` a list.
Environment variables, labels and versions are where this happens. Put quotes around it; for a list, write one text.""",
        added("env: {EPOCHS: 3}"),
        added('env: {EPOCHS: "3"}'),
    ),
    _row(
        "DF0204",
        "number needed",
        """\
The value must be a number, but it is text, a boolean, a list, a map, or not whole where a whole number is needed. Text in
quotes is never a number, and a number has no unit: memory is in MB, so 16 GiB are `16384`.""",
        GOOD_APP + '  resource: {gpuCount: "4"}\n',
        GOOD_APP + "  resource: {gpuCount: 4}\n",
    ),
    _row(
        "DF0205",
        "true or false needed",
        """\
The value must be `true` or `false`, without quotes. `yes`, `no`, `on` and `off` are plain text in YAML 1.2, and 0 and 1 are
numbers; guessing here could overwrite results.""",
        GOOD_APP + "  data:\n    output:\n      - {hdfs: /user/nlp/out, path: out, overwrite: yes}\n",
        GOOD_APP + "  data:\n    output:\n      - {hdfs: /user/nlp/out, path: out, overwrite: true}\n",
    ),
    _row(
        "DF0206",
        "list needed",
        """\
The value must be a list, also when it has one item only. Write `[item]` on the line, or begin each item with `- ` on lines
of their own.""",
        added("exposeTcpPorts: 6006"),
        added("exposeTcpPorts: [6006]"),
    ),
    _row(
        "DF0207",
        "map needed",
        """\
The value must be a map, that is `key: value` pairs, one to a line, indented below the key. For the environment that is
`NAME: "value"`, not the list of `name` and `value` that Kubernetes has.""",
        added("env:", "  - {name: EPOCHS, value: '3'}"),
        added("env:", "  EPOCHS: '3'"),
    ),
    _row(
        "DF0208",
        "no value",
        """\
The key is there, but nothing follows it, or `null` or `~` does. It cannot be told whether the default or an empty value is
meant, and a value that someone forgot looks the same. Give it a value, or leave the key out to get the default.""",
        app(("  docker:", "  queueName:\n  docker:")),
        app(("  docker:", "  queueName: gpu\n  docker:")),
    ),
    _row(
        "DF0209",
        "number out of range",
        """\
The number is smaller or larger than the API, or dfsubmit, allows. The message names the bounds; `dfsubmit explain` of the
field says where they come from.""",
        GOOD_APP + "  resource: {gpuCount: 9}\n",
        GOOD_APP + "  resource: {gpuCount: 8}\n",
    ),
    _row(
        "DF0210",
        "text too short or too long",
        """\
The text has fewer or more characters than the API allows. Characters are Unicode code points. `namePrefix` has 2 to 8,
because the service appends to it; an image or a command cannot be empty.""",
        app(("namePrefix: bert", "namePrefix: bert-large")),
    ),
    _row(
        "DF0211",
        "text of the wrong form",
        """\
The text does not have the form that its field needs: a character that is not allowed, or a shape such as a path or a URL that
it does not have. The message says what is allowed and names the first character that is not.""",
        app(("name: bert-finetune", "name: Bert_Finetune")),
    ),
    _row(
        "DF0212",
        "not one of the allowed values",
        """\
The field takes one of a few values, spelt exactly, and this is none of them.""",
        _GOOD_PROJECT.replace("type: local", "type: yarn"),
        _GOOD_PROJECT,
    ),
    _row(
        "DF0213",
        "apiVersion missing or wrong",
        """\
Every document says which version of the format it is written in: `apiVersion: dfsubmit/v1`. Where it says something else, it
is not a manifest of dfsubmit or needs a newer dfsubmit, and nothing more is said about the rest of it.""",
        app(("dfsubmit/v1", "apps/v1")),
    ),
    _row(
        "DF0214",
        "kind missing or wrong",
        """\
Every document says what it describes: `kind: AiApp` for an app, `kind: Project` for the settings of a folder. Without a
known kind it cannot be said what the rest should be.""",
        app(("kind: AiApp", "kind: Job")),
    ),
    _row(
        "DF0215",
        "not a manifest",
        """\
The document is a list, a single value, empty, or a map without `apiVersion` and `kind`. Several manifests in one file are
separated by lines of `---`, they are not a list. A file that is no manifest
belongs outside the folders that dfsubmit is given.""",
        "- name: bert-finetune\n  image: pytorch/pytorch:2.3.1\n",
    ),
    _row(
        "DF0216",
        "secret reference of the wrong form",
        """\
An environment variable of the container is text, or a reference to a secret: `{fromEnv: NAME}`, where NAME is an environment
variable of the process that runs dfsubmit. The reference has that one key and nothing else.""",
        added("env: {HF_TOKEN: {fromEnv: HF-TOKEN}}"),
        added("env: {HF_TOKEN: {fromEnv: HF_TOKEN}}"),
    ),
    _row(
        "DF0217",
        "value listed twice",
        """\
The same value stands twice in a list whose values must differ. Remove one.""",
        app(("  name: bert-finetune\n", "  name: bert-finetune\n  moved: [bert-tuning, bert-tuning]\n")),
        app(("  name: bert-finetune\n", "  name: bert-finetune\n  moved: [bert-tuning]\n")),
    ),
)
