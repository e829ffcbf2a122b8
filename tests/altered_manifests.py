"""Manifests with something changed here and there: what people, programs and strangers write in place of a value."""

from __future__ import annotations

import random

LONG = """\
# A run of the grid over learning rates
apiVersion: dfsubmit/v1
kind: AiApp
metadata:
  name: app-0000001
  generation: 2
  labels:
    team: vision
    cost-center: "0690"
spec:
  aiWorkspaceId: lWv0uofbL4hx9gqsA4J6vC
  namePrefix: bert
  data:
    input:
      - hdfs: /user/vision/in/0000001
        path: data_in
      - hdfs: /user/vision/vocabulary/394
        path: vocabulary
    output:
      - hdfs: /user/vision/out/0000001
        path: data_out
        overwrite: false
  docker:
    image: pytorch/pytorch:2.5.1
    command: python train.py
    args: --epochs 5 --rate 59e-3
    env:
      EPOCHS: "5"
      MODE: train
      API_KEY: no
      HF_TOKEN: {fromEnv: HF_TOKEN}
    exposeTcpPorts:
      - 47177
  resource:
    cpuCount: 25
    gpuCount: 6
    gpuModel: T4
    memoryMb: 228352
"""
SHORT = """\
---
apiVersion: dfsubmit/v1
kind: AiApp
metadata: {name: small, labels: {team: nlp}}
spec:
    # indented
    aiWorkspaceId: 6ZKSGoSJMMwctK257nxgiL
    namePrefix: small  # not at the end of its line
    docker:
        command: >-
            python train.py
            # part of the command
        image: 'pytorch/pytorch:2.5.1'
        exposeTcpPorts:
        - 6006
        - 6007
"""
NESTED = (
    LONG.replace("name: app-0000001", "name: app-0000002")
    .replace("      - hdfs", "      -   hdfs")
    .replace("        path", "          path")
    .replace("        overwrite", "          overwrite")
)
MANIFESTS = (LONG, SHORT, NESTED)

# What people, programs and strangers write in place of a value.
VALUES = (
    *(
        "a",
        "A",
        "0",
        "1",
        "-1",
        "9",
        "10",
        "65535",
        "65536",
        "999999999",
        "9999999999",
        "2147483648",
        "007",
        "0o17",
        "0x1F",
    ),
    *(
        "1e3",
        "12e-3",
        "1.5",
        ".5",
        "1_000",
        "12:30",
        "2026-01-02",
        "~",
        "null",
        "Null",
        "NULL",
        "true",
        "True",
        "false",
    ),
    *(
        "yes",
        "no",
        "on",
        "nan",
        ".nan",
        ".inf",
        '"5"',
        '"true"',
        "'5'",
        '"a b"',
        '""',
        "''",
        "a b",
        "a: b",
        "a:",
        "a #b",
    ),
    *("a#b", "#", "- a", "-", "--a", "--a -", "--a  b", "--token abcd1234efgh5678", "--api-key=abcd1234efgh5678"),
    *(
        "&a b",
        "*a",
        "!!str 5",
        "|",
        ">",
        "{}",
        "[]",
        "[a",
        "{a: b}",
        "a, b",
        "a]",
        "@a",
        "`a",
        "%a",
        "?",
        "? a",
        "a\tb",
    ),
    *(
        "gpu",
        "GPU",
        "T4",
        "t4",
        "V100",
        "A100",
        "a-",
        "-a",
        "a_b",
        "a.b",
        "a/b",
        "/a",
        "/a/",
        "//a",
        "/a/../b",
        "/a/.",
        "./a",
    ),
    *("../a", "a/../b", "..", ".", "hdfs://nn/a", "/a b", "a" * 9, "a" * 22, "a" * 23, "a" * 63, "a" * 64, "1" * 22),
    *(
        "pytorch",
        "pytorch:latest",
        "pytorch/pytorch:2.5.1",
        "a:b:c",
        "dfsubmit:1",
        "AKIAABCDEFGHIJKLMNOP",
        "hf_" + "a1" * 20,
    ),
    *(
        "a1b2c3d4e5f6g7h8",
        "sk-" + "a" * 24,
        "ncp_iam_abcdefgh12345678",
        "bert",
        "app-0000001",
        "éa",
        "a\u2028b",
        "a\x7fb",
        "",
    ),
)
# Each is fine in some place.
FINE = (
    "a",
    "bert",
    "a-1",
    "a.b",
    "no",
    "1",
    "8",
    "80",
    "12a",
    '"5"',
    "/a/b",
    "a/b",
    "true",
    "T4",
    "--a 1",
    "a:1",
    "pytorch/pytorch:2.5.1",
)
PIECES = (
    *VALUES,
    "\n",
    "\n\n",
    " ",
    "  ",
    ":",
    ": ",
    '"',
    "'",
    "# dfsubmit: ignore[DF0401] why",
    "\r\n",
    "---\n",
    "...\n",
    "\ufeff",
)

# Faults of LONG: what stands there, and what stands there instead.
FAULTS = {
    "a key twice": ("kind: AiApp\n", "kind: AiApp\nkind: AiApp\n"),
    "a misspelt key": ("    image: ", "    imge: "),
    "a key in another spelling": ("    gpuCount: ", "    gpu_count: "),
    "a key at the wrong place": ("  docker:\n", "  gpuCount: 2\n  docker:\n"),
    "a text for a number": ("    memoryMb: ", "    memoryMb: about "),
    "a unit": ("    memoryMb: 228352", "    memoryMb: 15 GB"),
    "a number that is too large": ("    gpuCount: 6", "    gpuCount: 16"),
    "a number for a text": ('EPOCHS: "5"', "EPOCHS: 5"),
    "a word for a truth": ("overwrite: false", "overwrite: nope"),
    "a key that is missing": ("    command: python train.py\n", ""),
    "two keys that are missing": ("  aiWorkspaceId: lWv0uofbL4hx9gqsA4J6vC\n  namePrefix: bert\n", ""),
    "a text that is too long": ("  namePrefix: ", "  namePrefix: much-too-long-"),
    "an odd character": ("  name: app-0000001", "  name: App_0000001"),
    "another kind": ("kind: AiApp", "kind: AiApps"),
    "another version": ("dfsubmit/v1", "dfsubmit/v2"),
    "a bracket that nothing closes": ("    exposeTcpPorts:\n      - ", "    exposeTcpPorts: [\n      - "),
    "a quote that nothing closes": ('EPOCHS: "5"', 'EPOCHS: "5'),
    "a line that is too far right": ("  docker:\n", "   docker:\n"),
    "a colon without a blank": ("    command: ", "    command:"),
    "a moving tag": ("pytorch/pytorch:2.5.1", "pytorch/pytorch:latest"),
    "an unknown model": ("gpuModel: T4", "gpuModel: A100"),
    "a secret": ("API_KEY: no", "API_KEY: a1b2c3d4e5f6g7h8i9"),
}


def altered(text: str, dice: random.Random) -> str:
    """Return a manifest with one to three things changed, most often one."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        lines = text.splitlines(keepends=True)
        at = dice.randrange(len(lines))
        match dice.randrange(12):
            case 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7:
                head, colon, _ = lines[at].rpartition(": ")
                lines[at] = f"{head}{colon}{dice.choice(dice.choice((VALUES, FINE)))}\n"
            case 8:
                place = dice.randrange(len(lines[at]))
                lines[at] = lines[at][:place] + dice.choice(PIECES) + lines[at][place + dice.randint(0, 2) :]
            case 9:
                lines.insert(at, dice.choice(lines))
            case 10:
                del lines[at]
            case _:
                lines[at] = dice.choice((" ", "  ", "# ", "- ")) + lines[at]
        text = "".join(lines)
    return text
