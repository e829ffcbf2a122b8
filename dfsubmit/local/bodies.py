"""Request bodies: bytes → checked values, or `InvalidRequestError` with the field that is wrong.

Pure. Types are checked as the API facts document them (sections 5 and 6). Where the documents are silent or contradict
themselves, these are the choices: unknown members are ignored (so is `workdir`, which the API gave up); `data.input`,
`data.output`, `args`, `env`, `exposeTcpPorts` and each member of `resource` may be left out; a port may be 0, because the
documented sample sends it; `overwrite` left out means false. Only JSON is understood, though the service also takes XML.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dfsubmit.local.world import ID_SIZE, Submission, Transfer

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX_SIZES = range(2, 9)
_GPU_COUNTS = range(1, 9)
_PORTS = range(65536)
_DEFAULT_MEMORY_MB = 15360


class InvalidRequestError(Exception):
    """The body is not what the operation takes; the text says where, in words of our own."""


def parse(body: bytes, *, may_be_empty: bool = False) -> dict[str, Any]:
    """Return the JSON object in `body`. Raises InvalidRequestError."""
    if may_be_empty and not body:
        return {}
    try:
        data = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError("the body is not JSON") from error
    if not isinstance(data, dict):
        raise InvalidRequestError("the body is not an object")
    return data


def parse_id(body: bytes) -> str:
    """Return the app's id of getDetail and kill. Raises InvalidRequestError."""
    return _identifier(parse(body), "id")


def parse_search(body: bytes) -> str:
    """Return the account's id of a getList. Raises InvalidRequestError."""
    return _identifier(_object(parse(body), "search"), "accountId")


def parse_submit(body: bytes) -> Submission:
    """Return what a submit asks for. Raises InvalidRequestError."""
    data = parse(body)
    prefix = _text(data, "namePrefix")
    if len(prefix) not in _PREFIX_SIZES:
        raise InvalidRequestError("namePrefix must have 2 to 8 characters")
    transfers, docker, resource = (_object(data, name) for name in ("data", "docker", "resource"))
    _resource_rest(resource)
    _ports(docker)
    _text(docker, "workdir", default="")
    return Submission(
        workspace_id=_identifier(data, "aiWorkspaceId"),
        name_prefix=prefix,
        queue=_text(data, "queueName"),
        inputs=tuple(_transfer(item) for item in _list(transfers, "input")),
        outputs=tuple(_transfer(item) for item in _list(transfers, "output")),
        image=_text(docker, "image"),
        command=_text(docker, "command"),
        args=_text(docker, "args", default=""),
        env=_env(docker),
        cpu_count=_count(resource, "cpuCount", 1),
        memory_mb=_count(resource, "memoryMb", _DEFAULT_MEMORY_MB),
    )


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _object(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if not isinstance(value, dict):
        raise InvalidRequestError(f"{name} must be an object")
    return value


def _list(data: Mapping[str, Any], name: str) -> list[Any]:
    value = data.get(name, [])
    if not isinstance(value, list):
        raise InvalidRequestError(f"{name} must be an array")
    return value


def _clean(value: object, name: str) -> str:
    """Return `value` if it is a string that a file, a process and a database can hold."""
    if not isinstance(value, str) or "\0" in value:
        raise InvalidRequestError(f"{name} must be a string")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequestError(f"{name} has half a character") from error
    return value


def _text(data: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    """Return a string; one without a default is required and not empty."""
    if name not in data and default is not None:
        return default
    value = _clean(data.get(name), name)
    if default is None and not value:
        raise InvalidRequestError(f"{name} must not be empty")
    return value


def _identifier(data: Mapping[str, Any], name: str) -> str:
    value = _text(data, name)
    if len(value) > ID_SIZE:
        raise InvalidRequestError(f"{name} has more than {ID_SIZE} characters")
    return value


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _count(data: Mapping[str, Any], name: str, default: int) -> int:
    value = data.get(name, default)
    if not _is_integer(value) or value < 1:
        raise InvalidRequestError(f"{name} must be an integer of 1 or more")
    return int(value)


def _resource_rest(resource: Mapping[str, Any]) -> None:
    if _count(resource, "gpuCount", 1) not in _GPU_COUNTS:
        raise InvalidRequestError("gpuCount must be 1 to 8")
    _text(resource, "gpuModel", default="V100")


def _ports(docker: Mapping[str, Any]) -> None:
    for port in _list(docker, "exposeTcpPorts"):
        if not _is_integer(port) or port not in _PORTS:
            raise InvalidRequestError("exposeTcpPorts must hold integers of 0 to 65535")


def _env(docker: Mapping[str, Any]) -> dict[str, str]:
    env = docker.get("env", {})
    if not isinstance(env, dict):
        raise InvalidRequestError("env must be an object")
    for name, value in env.items():
        if not _clean(name, "a name in env") or "=" in name:
            raise InvalidRequestError("a name in env must not be empty, nor hold '='")
        _clean(value, "a value in env")
    return env


def _transfer(item: object) -> Transfer:
    if not isinstance(item, dict):
        raise InvalidRequestError("input and output must hold objects")
    overwrite = item.get("overwrite", False)
    if not isinstance(overwrite, bool):
        raise InvalidRequestError("overwrite must be true or false")
    return Transfer(hdfs=_text(item, "hdfs"), path=_text(item, "path"), overwrite=overwrite)
