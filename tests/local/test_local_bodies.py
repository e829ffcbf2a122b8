"""Bodies of requests: what is accepted, what is not, and that nothing else can happen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dfsubmit.local.bodies import InvalidRequestError, parse, parse_id, parse_search, parse_submit
from dfsubmit.local.world import Transfer

from local_world import body  # isort: skip

FULL = body(
    "python train.py",
    namePrefix="bertbert",
    data={
        "input": [{"hdfs": "/user/a/in", "path": "data_in"}],
        "output": [{"hdfs": "/user/a/out", "path": "data_out", "overwrite": True}],
    },
    docker={
        "image": "pytorch:2",
        "command": "python train.py",
        "args": "--epochs 3",
        "env": {"A": "1"},
        "exposeTcpPorts": [6006],
    },
)


def _submit(value: object) -> Any:
    return parse_submit(json.dumps(value).encode())


def _with(path: str, value: object) -> dict[str, Any]:
    """Return the full body with the member at `path` replaced, or left out when the value is `...`."""
    made: dict[str, Any] = json.loads(json.dumps(FULL))
    place: Any = made
    *above, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in above:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return made


def test_a_full_body_is_read_field_for_field() -> None:
    read = _submit(FULL)
    assert (read.workspace_id, read.name_prefix, read.queue) == (FULL["aiWorkspaceId"], "bertbert", "gpu")
    assert read.inputs == (Transfer(hdfs="/user/a/in", path="data_in"),)
    assert read.outputs == (Transfer(hdfs="/user/a/out", path="data_out", overwrite=True),)
    assert (read.image, read.command, read.args, read.env) == ("pytorch:2", "python train.py", "--epochs 3", {"A": "1"})
    assert (read.cpu_count, read.memory_mb) == (1, 1024)


def test_what_the_documents_leave_open_may_be_left_out() -> None:
    read = _submit(body("true", data={}, resource={}))
    assert (read.cpu_count, read.memory_mb) == (1, 15360)
    assert (read.inputs, read.outputs, read.args, read.env) == ((), (), "", {})


def test_unknown_members_and_workdir_are_ignored() -> None:
    more = _with("docker.workdir", "my-workspace") | {"clientToken": 1}
    more["docker"]["arg"] = 5
    assert _submit(more) == _submit(FULL)


@pytest.mark.parametrize("prefix", ["ab", "abcdefgh", "A-", "한글"])
def test_only_the_length_of_a_prefix_matters(prefix: str) -> None:
    assert _submit(_with("namePrefix", prefix)).name_prefix == prefix


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("aiWorkspaceId", ...),
        ("aiWorkspaceId", ""),
        ("aiWorkspaceId", "x" * 23),
        ("aiWorkspaceId", 7),
        ("namePrefix", ...),
        ("namePrefix", "a"),
        ("namePrefix", "abcdefghi"),
        ("namePrefix", None),
        ("queueName", ...),
        ("queueName", ""),
        ("data", ...),
        ("data", []),
        ("data.input", {}),
        ("data.input.0", "x"),
        ("data.input.0.hdfs", ...),
        ("data.input.0.path", ""),
        ("data.output.0.path", ...),
        ("data.output.0.overwrite", "true"),
        ("data.output.0.overwrite", 0),
        ("docker", ...),
        ("docker.image", ...),
        ("docker.image", ""),
        ("docker.command", ...),
        ("docker.command", ["python"]),
        ("docker.command", "a\0b"),
        ("docker.command", "\ud800"),
        ("docker.args", None),
        ("docker.args", ["--x"]),
        ("docker.env", "A=1"),
        ("docker.env", {"A": 1}),
        ("docker.env", {"": "1"}),
        ("docker.env", {"A=B": "1"}),
        ("docker.env", {"A": "\0"}),
        ("docker.exposeTcpPorts", 6006),
        ("docker.exposeTcpPorts", [65536]),
        ("docker.exposeTcpPorts", [True]),
        ("docker.workdir", 1),
        ("resource", ...),
        ("resource.cpuCount", 0),
        ("resource.cpuCount", 1.0),
        ("resource.gpuCount", 0),
        ("resource.gpuCount", 9),
        ("resource.gpuCount", True),
        ("resource.gpuModel", 100),
        ("resource.memoryMb", "1024"),
    ],
)
def test_a_wrong_member_is_refused(path: str, value: object) -> None:
    with pytest.raises(InvalidRequestError):
        _submit(_with(path, value))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b'{"id": NaN}',
        b'{"id": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
)
def test_what_is_no_json_object_is_refused(content: bytes) -> None:
    for read in (parse, parse_id, parse_search, parse_submit):
        with pytest.raises(InvalidRequestError):
            read(content)


def test_a_list_names_its_account_and_the_others_their_id() -> None:
    assert parse_search(b'{"search":{"accountId":"A"}}') == "A"
    assert parse_id(b'{"id":"A"}') == "A"
    assert parse(b"", may_be_empty=True) == {}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
_MEMBERS = [
    "aiWorkspaceId",
    "queueName",
    "data",
    "data.input",
    "data.input.0",
    "data.output.0.overwrite",
    "docker",
    "docker.env",
    "docker.exposeTcpPorts",
    "resource",
    "resource.memoryMb",
]


@given(st.sampled_from(_MEMBERS), _JSON)
@settings(max_examples=200, deadline=None)
def test_any_value_anywhere_is_read_or_refused(path: str, value: object) -> None:
    reason = ""
    try:
        read = _submit(_with(path, value))
    except InvalidRequestError as error:
        reason = str(error)
    else:
        assert read.command == "python train.py"
    # The reason travels in a header.
    assert reason.isascii()
    assert "\n" not in reason
