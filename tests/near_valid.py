"""Documents that are valid, and documents that are almost: for the tests that hold schema and models against each other.

`near_valid` takes a source of randomness (a seeded one, or Hypothesis's, which can shrink) and returns plain data as YAML
gives it: text keys, numbers of any size, infinities and NaN included.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

Path = tuple[str | int, ...]

APP: dict[str, Any] = {
    "apiVersion": "dfsubmit/v1",
    "kind": "AiApp",
    "metadata": {"name": "bert-finetune", "generation": 2, "labels": {"team": "nlp"}, "moved": ["bert", "bert-tuning"]},
    "spec": {
        "aiWorkspaceId": "6ZKSGoSJMMwctK257nxgiL",
        "namePrefix": "bert",
        "queueName": "gpu",
        "data": {
            "input": [{"hdfs": "/user/nlp/data_in", "path": "data_in"}],
            "output": [{"hdfs": "/user/nlp/data_out", "path": "data_out", "overwrite": True}],
        },
        "docker": {
            "image": "pytorch/pytorch:2.3.1",
            "command": "python train.py",
            "args": "--epochs 3",
            "env": {"EPOCHS": "3", "HF_TOKEN": {"fromEnv": "HF_TOKEN"}},
            "exposeTcpPorts": [6006, 8080],
            "workdir": "w",
        },
        "resource": {"cpuCount": 4, "gpuCount": 1, "gpuModel": "V100", "memoryMb": 15360},
    },
}
SMALL_APP: dict[str, Any] = {
    "apiVersion": "dfsubmit/v1",
    "kind": "AiApp",
    "metadata": {"name": "a"},
    "spec": {"aiWorkspaceId": "1", "namePrefix": "ab", "docker": {"image": "i", "command": "c"}},
}
PROJECT: dict[str, Any] = {
    "apiVersion": "dfsubmit/v1",
    "kind": "Project",
    "metadata": {"name": "nlp-training"},
    "spec": {
        "engine": {
            "type": "local",
            "hdfs": "hdfs",
            "workspaces": {"6ZKSGoSJMMwctK257nxgiL": "workspace"},
            "slots": {"gpu": 2},
            "runtime": "process",
        },
        "ledger": {"type": "sqlite", "path": ".dfsubmit/ledger.db"},
        "submission": {"marker": True, "settleSeconds": 15, "timeoutSeconds": 30.5},
        "limits": {"maxSubmit": 50, "maxGpus": 16},
    },
}
REMOTE_PROJECT: dict[str, Any] = {
    "apiVersion": "dfsubmit/v1",
    "kind": "Project",
    "metadata": {"name": "nlp"},
    "spec": {
        "engine": {"type": "dataforest", "account": "nlp", "baseUrl": "https://df.apigw.ntruss.com/api/v2"},
        "ledger": {"type": "git", "remote": "origin", "ref": "refs/dfsubmit/ledger"},
    },
}
SMALL_PROJECT: dict[str, Any] = {"apiVersion": "dfsubmit/v1", "kind": "Project", "metadata": {"name": "p"}}
VALID = (APP, SMALL_APP, PROJECT, REMOTE_PROJECT, SMALL_PROJECT)

ALPHABET = "ab0-_./A\U0001f600e\u0301\u00e9 \n\r\t\x00\x85\u2028$"
NUMBERS = (
    *(0, 1, 2, 3, 8, 9, 65535, 65536, 2**31 - 1, 2**31, 2**53, 10**30, -(10**30), -1, 3600, 3601),
    *(0.0, -0.0, 1.0, 4.0, 4.5, 1e3, 8.0, 8.5, 1e300, 1e-9, 65535.0, 2147483647.0, 2147483647.5, 3600.0, 3600.5),
    *(math.inf, -math.inf, math.nan),
)
WORDS = (
    *(
        "",
        "a",
        "ab",
        "abc",
        "gpu",
        "local",
        "dataforest",
        "sqlite",
        "git",
        "refs/a..b",
        "process",
        "podman",
        "AiApp",
        "Project",
        "dfsubmit/v1",
    ),
    *(
        "a\n",
        "ab\n",
        "a-b",
        "-a",
        "a-",
        "A",
        "..",
        ".",
        "...",
        "a/..",
        "../a",
        "a/../b",
        "/a",
        "a//b",
        "a/",
        "./a",
        ".a/..b",
    ),
    *(
        "a\nb",
        "\n",
        "a\x00",
        "1" * 22,
        "1" * 23,
        "1" * 22 + "\n",
        "a" * 63,
        "a" * 64,
        "\U0001f600" * 8,
        "\U0001f600" * 9,
    ),
    *(
        "https://h",
        "https://h/",
        "https://h:1/a",
        "https://u@h",
        "http://localhost",
        "http://localhost.x",
        "http://[::1]:8080/a",
    ),
    *(
        "http://127.0.0.1",
        "http://127.0.0.1:65536",
        "https://h?q",
        "https://h#f",
        "https://",
        "https://h\n",
        "HTTPS://h",
    ),
    *("FOO", "_F1", "1F", "FOO\n", "F-O", "true", "null", "3"),
)
KEYS = (
    *(
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "name",
        "generation",
        "labels",
        "moved",
        "docker",
        "image",
        "command",
        "args",
    ),
    *(
        "env",
        "fromEnv",
        "hdfs",
        "path",
        "overwrite",
        "input",
        "output",
        "type",
        "account",
        "baseUrl",
        "workspaces",
        "slots",
    ),
    *(
        "runtime",
        "maxGpus",
        "settleSeconds",
        "gpuCount",
        "workdir",
        "memoryMb",
        "engine",
        "Kind",
        "from_env",
        "name_prefix",
        "",
    ),
)
PARTS: tuple[Any, ...] = (
    *(
        {},
        [],
        [[]],
        {"a": {}},
        {"fromEnv": "A"},
        {"fromEnv": "A", "x": "y"},
        {"fromEnv": 1},
        {"fromEnv": None},
        {"fromEnv": ""},
    ),
    *(
        {"type": "local"},
        {"type": "dataforest"},
        {"type": "other", "hdfs": 1},
        {"account": "a"},
        {"type": None},
        {"type": ["local"]},
    ),
    *(
        {"type": "dataforest", "hdfs": "h"},
        {"type": "local", "baseUrl": "https://h"},
        {"type": "dataforest", "account": ""},
    ),
    *(
        {"": 1},
        {"gpu": 0},
        {"gpu": 4.0},
        ["a", "a"],
        ["a", "b"],
        [1, 1.0],
        [1, True],
        [80, 80.0],
        [{"hdfs": "a", "path": "b"}],
    ),
)


def near_valid(rng: random.Random) -> Any:
    """Return a valid document with up to three changes, each of which may or may not make it invalid."""
    document = copy.deepcopy(VALID[rng.randrange(len(VALID))])
    for _ in range(rng.choice((0, 0, 1, 1, 1, 1, 2, 3))):
        document = change(document, rng)
    return document


def change(document: Any, rng: random.Random) -> Any:
    """Return `document` with one key or value dropped, renamed, added, repeated or replaced."""
    paths = [path for path in paths_of(document) if path]
    if not paths or rng.randrange(40) == 0:
        return any_value(rng)
    path = paths[rng.randrange(len(paths))]
    parent = value_at(document, path[:-1])
    last = path[-1]
    action = rng.randrange(10)
    if action == 0:
        del parent[last]
    elif action == 1 and isinstance(parent, dict):
        parent[any_key(rng)] = parent.pop(last)
    elif action == 2:  # one of the ten actions
        add_to(parent[last] if isinstance(parent[last], dict | list) else parent, rng)
    else:
        parent[last] = any_value(rng)
    return document


def add_to(parent: dict[str, Any] | list[Any], rng: random.Random) -> None:
    """Add a key or an item, often one that stands there already."""
    if isinstance(parent, dict):
        parent[any_key(rng)] = any_value(rng)
    elif parent and rng.randrange(2):
        parent.append(copy.deepcopy(parent[0]))
    else:
        parent.append(any_value(rng))


def any_value(rng: random.Random) -> Any:
    """Return a value that a careless or a hostile person might write."""
    kind = rng.randrange(12)
    if kind == 0:
        return None
    if kind == 1:
        return rng.randrange(2) == 0
    if kind <= 4:  # a quarter of the values are numbers
        return NUMBERS[rng.randrange(len(NUMBERS))]
    if kind <= 6:  # a sixth are text of the lengths at which a bound may lie
        return text(rng, rng.choice((0, 1, 2, 3, 8, 9, 22, 23, 63, 64)))
    if kind <= 9:  # a quarter are words that mean something somewhere
        return WORDS[rng.randrange(len(WORDS))]
    return copy.deepcopy(PARTS[rng.randrange(len(PARTS))])


def any_key(rng: random.Random) -> str:
    return KEYS[rng.randrange(len(KEYS))] if rng.randrange(3) else text(rng, rng.randrange(4))


def text(rng: random.Random, length: int) -> str:
    characters = ALPHABET if rng.randrange(2) else "ab0"
    return "".join(characters[rng.randrange(len(characters))] for _ in range(length))


def paths_of(value: Any, above: Path = ()) -> list[Path]:
    """Return the paths of `value` and of everything in it."""
    below: list[Path] = []
    if isinstance(value, dict):
        below = [path for key, member in value.items() for path in paths_of(member, (*above, key))]
    elif isinstance(value, list):
        below = [path for index, member in enumerate(value) for path in paths_of(member, (*above, index))]
    return [above, *below]


def value_at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value
