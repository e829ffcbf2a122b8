"""DF04xx: what is allowed but unwise. DF05xx: secrets in plain text. DF0306: what a Project forbids an app."""

from __future__ import annotations

from dfsubmit.code import Code
from dfsubmit.codes_model import GOOD_APP, added, app
from dfsubmit.diagnostics import Severity

_PROJECT = """\
# file: project.yaml
apiVersion: dfsubmit/v1
kind: Project
metadata: {name: nlp-training}
spec: {submission: {marker: true}}
# file: bert.yaml
"""


def _warning(code: str, title: str, meaning: str, bad: str, good: str = GOOD_APP) -> Code:
    return Code(code=code, severity=Severity.WARNING, title=title, meaning=meaning, bad=bad, good=good)


def _error(code: str, title: str, meaning: str, bad: str, good: str) -> Code:
    return Code(code=code, severity=Severity.ERROR, title=title, meaning=meaning, bad=bad, good=good)


def _data(line: str) -> str:
    return f"{GOOD_APP}  data:\n    input:\n      - {line}\n"


ADVICE_CODES: tuple[Code, ...] = (
    _error(
        "DF0306",
        "prefix too long for a marker",
        """\
The Project has `submission.marker: true`: the prefix that is sent is `namePrefix` and a marker made of the app's key and
fingerprint, so that an app in the list is recognised for certain. Together they have the 8 characters that the API allows,
which leaves 2 or 3 to `namePrefix`. Shorten it, or turn the marker off in the Project.""",
        _PROJECT + GOOD_APP,
        _PROJECT + app(("namePrefix: bert", "namePrefix: ber")),
    ),
    _warning(
        "DF0401",
        "image tag that moves",
        """\
The image has no tag, or one that is moved to newer images by convention, such as `latest`. The same manifest then runs
something else next month, and dfsubmit cannot see that it changed. Name a version (`image:2.3.1`) or, best, a digest
(`image@sha256:…`).""",
        app((":2.3.1", ":latest")),
    ),
    _warning(
        "DF0402",
        "unknown GPU model",
        """\
The API's pages name two models: `V100`, which is the default, and `T4`. Others may be on offer, so this is only advice; a model
that the cluster does not have would wait for ever or be refused.""",
        GOOD_APP + "  resource: {gpuModel: P40}\n",
        GOOD_APP + "  resource: {gpuModel: T4}\n",
    ),
    _warning(
        "DF0403",
        "workdir is not sent",
        """\
Data Forest removed `workdir` from its API in August 2024 as a security fix. dfsubmit accepts it so that old manifests stay
valid, and never sends it: what the command finds does not depend on it. Remove the key.""",
        added("workdir: bert-workspace"),
    ),
    _warning(
        "DF0404",
        "prefix with uncertain characters",
        """\
No page says which characters `namePrefix` may have. Lower-case letters and digits with a letter first are safe under the rules
for workspace and app names; anything else may be refused by the service, or make names that cannot be told apart.""",
        app(("namePrefix: bert", "namePrefix: bert-1")),
    ),
    _warning(
        "DF0405",
        "odd HDFS path",
        """\
The path on HDFS begins with neither `/` nor `hdfs://`. The API's samples have absolute paths such as `/user/NAME/data_in`; what
a relative one starts from is not documented.""",
        _data("{hdfs: data_in, path: data_in}"),
        _data("{hdfs: /user/nlp/data_in, path: data_in}"),
    ),
    _warning(
        "DF0406",
        "odd variable name",
        """\
The name of the environment variable is not one that a shell can set or read: letters, digits and underscores, not beginning
with a digit. Programs may see it or not.""",
        added('env: {batch-size: "32"}'),
        added('env: {BATCH_SIZE: "32"}'),
    ),
    _warning(
        "DF0407",
        "container path out of place",
        """\
The path in the container is absolute or leaves its folder with `..`. The API's samples have relative paths, which lie below the
folder in which the command starts; what happens to others is not documented, and the local
engine refuses to leave the folder.""",
        _data("{hdfs: /user/nlp/data_in, path: ../data_in}"),
        _data("{hdfs: /user/nlp/data_in, path: data_in}"),
    ),
    _warning(
        "DF0408",
        "queue in upper case",
        """\
The operation's page calls the default queue `gpu`; only a table of data types writes `GPU`. YARN tells them apart, so the app
might wait in a queue that does not exist.""",
        app(("  docker:", "  queueName: GPU\n  docker:")),
        app(("  docker:", "  queueName: gpu\n  docker:")),
    ),
    _warning(
        "DF0409",
        "port listed twice",
        """\
The same port stands twice in `exposeTcpPorts`. It is sent as it stands; one of the two was probably meant to be another port.""",
        added("exposeTcpPorts: [6006, 8888, 6006]"),
        added("exposeTcpPorts: [6006, 8888]"),
    ),
    _warning(
        "DF0410",
        "image that cannot be pulled",
        """\
The text has not the form of an image's name: a host if need be, a path in lower case, a tag or a digest, with no blank and
no `https://`. The service would take it, and the app would fail when the image is pulled.""",
        app((":2.3.1", ":2.3.1#gpu")),
    ),
    _warning(
        "DF0411",
        "blank at an end",
        """\
The value begins or ends with a blank, or has nothing else in it. YAML keeps a blank inside quotes, and to the service a queue or
a path with one is another than that without.""",
        app(("  docker:", "  queueName: 'gpu '\n  docker:")),
        app(("  docker:", "  queueName: gpu\n  docker:")),
    ),
    _warning(
        "DF0412",
        "quote in a command",
        """\
The command or the arguments have a quote that no other closes, and a shell would wait for it. Often it is one half of a pair that
was meant for YAML: quotes of YAML stand at both ends of the whole value.""",
        app(("command: python train.py", 'command: python train.py"')),
    ),
    _warning(
        "DF0413",
        "comment that may be part of a command",
        """\
In an unquoted text a `#` behind a blank begins a comment, and what follows is not part of the value. Here no blank follows
the `#`, so it may have been meant as part of the command. Quote the whole text if it is; put a blank behind the `#` if
it is a comment.""",
        added("args: --colour #ffffff --fast"),
        added('args: "--colour #ffffff --fast"'),
    ),
    _error(
        "DF0501",
        "credential in plain text",
        """\
The text has the shape of a key that a known service issues: NAVER Cloud (`ncp_iam_…`), AWS, GitHub, GitLab, Hugging Face, Slack,
Google, a private key, a signed token, or a password in a URL. Manifests live in git, where a secret stays for ever, and the
request is stored and shown. Refer to it: `{fromEnv: NAME}` is read from the environment at the moment of submit
and never stored. Replace the key where it was issued, as it has been seen. dfsubmit shows its place, never its value.""",
        added("env: {NCLOUD_SECRET: ncp_iam_EXAMPLEEXAMPLE}"),
        added("env: {NCLOUD_SECRET: {fromEnv: NCLOUD_SECRET}}"),
    ),
    _error(
        "DF0502",
        "value that looks like a secret",
        """\
A name such as API_KEY, TOKEN, SECRET or PASSWORD has a value that looks drawn at random. If it is a secret, refer to it as
`{fromEnv: NAME}` and replace it where it was issued. If it is none, give it a name or a value that looks less like one.""",
        added("env: {API_KEY: 3xAmp1eExAmPl30fK3y}"),
        added("env: {API_KEY: {fromEnv: API_KEY}}"),
    ),
)
