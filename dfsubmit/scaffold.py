"""What `dfsubmit init` puts into a folder: a small project that validates and applies as it is.

Pure: names and texts; writing them, and refusing to overwrite, is the verb's work (`cli.init`). The layout is that of a
repository, so that the verbs find `specs/` by themselves, CI files have their place at the root, and the folder of
another project can be filled too:

    specs/       the Project, one app, its code (workspace/) and its input (hdfs/)
    schema/      the JSON Schema that each manifest's first line and the editor's settings point to
    .vscode/     the same for every manifest of the folder, and the extension that reads it

Equal names give equal texts. Nothing here needs an account; the manifests say what to change for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.naming import project_name

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = "specs"
PROJECT_FILE = "specs/project.yaml"
SCHEMA_FILE = "schema/dfsubmit.v1.schema.json"

# Lower-case words that YAML, in one version or another, reads as something else than text.
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})

_PROJECT = """\
# yaml-language-server: $schema=../schema/dfsubmit.v1.schema.json
#
# Where the apps of this folder run. Every path starts at this folder.
#
# To run them on Data Forest, write
#   engine: {type: dataforest, account: <name of your Data Forest account>}
# and give your keys in NCLOUD_ACCESS_KEY and NCLOUD_SECRET_KEY. `dfsubmit doctor` tells what is still missing.
apiVersion: dfsubmit/v1
kind: Project
metadata:
  name: @NAME@                             # part of every entry of the ledger: do not change it later
spec:
  engine:
    type: local                               # runs apps on this machine, no account needed
    hdfs: hdfs                                # this folder stands for HDFS: /user/... is hdfs/user/...
    workspaces:
      SampleWorkspace0000001: workspace       # the code that apps of this AI workspace see
    slots:
      gpu: 2                                  # two apps of the queue 'gpu' run at a time, others wait
"""

# What a Project says more where CI applies it.
_GIT_LEDGER = """\
  ledger:
    type: git                                 # what was submitted is recorded in this repository, for everyone and for CI
    remote: origin
    ref: refs/dfsubmit/ledger                 # or the name of a branch that is used for nothing else
"""

_HELLO = """\
# yaml-language-server: $schema=../schema/dfsubmit.v1.schema.json
#
# One app: input from HDFS, a command, output to HDFS. `dfsubmit plan` shows what would be submitted, `dfsubmit apply --wait`
# submits it and waits. A second apply submits nothing; change a field, and plan names the field.
# What each field means: `dfsubmit explain spec.docker.env`, say; or point at it in the editor.
apiVersion: dfsubmit/v1
kind: AiApp
metadata:
  name: hello                                 # for status, wait, logs and kill; unique in the project
  labels: {topic: example}                    # for --select; not sent, and changing them submits nothing
spec:
  aiWorkspaceId: SampleWorkspace0000001       # on Data Forest: the id of your AI workspace
  namePrefix: hello                           # the app will be called hello-xxxx-xxxx
  data:
    input:
      - {hdfs: /user/sample/in/hello, path: data_in}
    output:
      - {hdfs: /user/sample/out/hello, path: data_out, overwrite: true}
  docker:
    image: python:3.11.9-slim                 # a fixed version; the local engine starts the command without it
    command: python3 main.py
    args: --longest 5
    env: {GREETING: hello}                    # values are texts: numbers stand in quotes
"""

_MAIN = '''\
"""Count the words of data_in/*.txt and write data_out/words.json: the place to begin with your own code."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections import Counter
from pathlib import Path


def main() -> None:
    """Read the input, count, write the result, and say so: what is printed is the app's log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--longest", type=int, default=3, help="how many of the longest words to list")
    options = parser.parse_args()

    texts = [path.read_text(encoding="utf-8") for path in sorted(Path("data_in").glob("*.txt"))]
    counts = Counter(re.findall(r"\\w+", " ".join(texts).lower()))
    longest = sorted(counts, key=lambda word: (-len(word), word))[: options.longest]
    result = {
        "greeting": os.environ.get("GREETING", ""),
        "files": len(texts),
        "words": counts.total(),
        "longest": longest,
        "counts": dict(sorted(counts.items())),
    }

    out = Path("data_out")
    out.mkdir(exist_ok=True)
    (out / "words.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\\n", encoding="utf-8")
    print(f"counted {result['words']} words in {result['files']} file(s)")


if __name__ == "__main__":
    main()
'''

_INPUT = """\
An app reads its input from HDFS, runs a command in a container, and writes its output back.
On the local engine a folder stands for HDFS, and the command is a process of this machine.
"""

_IGNORE_OUTPUT = """\
# Inputs are part of the repository; what apps write is not.
/user/sample/out/
"""

_EDITOR = """\
{
  "yaml.schemas": {
    "./schema/dfsubmit.v1.schema.json": ["specs/**/*.yaml", "specs/**/*.yml"]
  }
}
"""

_EXTENSIONS = """\
{
  "recommendations": ["redhat.vscode-yaml"]
}
"""


def files(name: str, *, git_ledger: bool = False) -> Mapping[str, str]:
    """Return relative path → text of a new project called `name`, or what `project_name` makes of it.

    With `git_ledger` the ledger is a ref of the repository that the folder lies in, as CI needs it.
    """
    # The schema is built from the models, which is slow to import and needed for this one file.
    from dfsubmit.schema import schema_text  # noqa: PLC0415  # see above

    return {
        PROJECT_FILE: _PROJECT.replace("@NAME@", _yaml_text(project_name(name))) + (_GIT_LEDGER if git_ledger else ""),
        "specs/hello.yaml": _HELLO,
        "specs/workspace/main.py": _MAIN,
        "specs/hdfs/user/sample/in/hello/input.txt": _INPUT,
        "specs/hdfs/.gitignore": _IGNORE_OUTPUT,
        SCHEMA_FILE: schema_text(),
        ".vscode/settings.json": _EDITOR,
        ".vscode/extensions.json": _EXTENSIONS,
    }


def _yaml_text(label: str) -> str:
    """Return a label as a YAML scalar that every reader takes for text: quoted where it might be a number or a boolean."""
    plain = label[0].isalpha() and label not in _WORDS_OF_YAML
    return label if plain else f'"{label}"'
