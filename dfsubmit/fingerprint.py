r"""The canonical form of a request and its digest: frozen for ever.

A fingerprint decides whether a request was submitted before. Changing one, for any request that some version
accepted, would submit a customer's whole fleet again; so this module knows nothing of the models, carries its own copy of the
defaults, and is pinned by `tests/golden/fingerprints.json`, which is never regenerated.

The canonical form, version 1, of (request, generation), so that any language can write it:

1.  The request is the body of aiapps/submit with every secret as `{"fromEnv": NAME}`: objects with string keys, arrays,
    strings, integers, booleans. There are no floats and no nulls (TypeError): `4.0` is written 4 before it gets here.
2.  Left out of the request, where type and value are equal (true is not 1):
        queueName "gpu"; data.input []; data.output []; overwrite false in each object of data.output;
        docker.args ""; docker.env {}; docker.exposeTcpPorts [];
        resource.cpuCount 1, .gpuCount 1, .gpuModel "V100", .memoryMb 15360;
    and after that data and resource themselves, if they are empty objects.
3.  Everything else stays as it is, and so does every member that this version does not know, at any depth, whatever its value.
    The order of arrays counts; Unicode is not normalised.
4.  The envelope is the object {"canonical": 1, "generation": G, "request": R}, without generation when it is 1.
5.  It is written as JSON in UTF-8: no white space between tokens; members sorted by the code points of their keys (not by
    UTF-16 units); integers in decimal digits; strings between quotes, in which `"` and `\` stand behind a backslash, U+0008,
    U+0009, U+000A, U+000C and U+000D are written \b \t \n \f \r, other characters below U+0020 are written \u00xx with
    lower-case hexadecimal digits, and all other characters stand for themselves.

The fingerprint is "sha256:" and the SHA-256 of those bytes in lower-case hexadecimal digits.

A later version that adds a field with a default adds that default to the table below, and changes nothing else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_VERSION = 1
_FIRST_GENERATION = 1

# The defaults as of canonical form 1. They are not those of the models: when the models change, these stay.
_REQUEST: Mapping[str, Any] = MappingProxyType({"queueName": "gpu"})
_DATA: Mapping[str, Any] = MappingProxyType({"input": [], "output": []})
_OUTPUT: Mapping[str, Any] = MappingProxyType({"overwrite": False})
_DOCKER: Mapping[str, Any] = MappingProxyType({"args": "", "env": {}, "exposeTcpPorts": []})
_RESOURCE: Mapping[str, Any] = MappingProxyType({"cpuCount": 1, "gpuCount": 1, "gpuModel": "V100", "memoryMb": 15360})

# What `json` writes a text with when it may keep all characters.
_quoted = json.encoder.encode_basestring


def canonical(request: Mapping[str, Any], generation: int) -> bytes:
    """Return the canonical form (see the module's text).

    Raises TypeError for a float, a null or any other foreign value, ValueError for a generation below 1.
    """
    if type(generation) is not int:
        raise TypeError(f"a generation is an int, not a {type(generation).__name__}")
    if generation < _FIRST_GENERATION:
        raise ValueError(f"a generation is at least {_FIRST_GENERATION}, not {generation}")
    envelope: dict[str, Any] = {"canonical": _VERSION, "request": _reduced(request)}
    if generation != _FIRST_GENERATION:
        envelope["generation"] = generation
    return _written(envelope).encode()


def fingerprint(request: Mapping[str, Any], generation: int) -> str:
    """Return `sha256:` and 64 hexadecimal digits for `request`, with secrets by reference, and `generation` (from 1)."""
    return "sha256:" + hashlib.sha256(canonical(request, generation)).hexdigest()


def _reduced(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return `request` without the defaults; nothing of the argument is changed."""
    reduced = _without(request, _REQUEST)
    if isinstance(data := reduced.get("data"), Mapping):
        _keep_unless_empty(reduced, "data", _reduced_data(data))
    if isinstance(docker := reduced.get("docker"), Mapping):
        reduced["docker"] = _without(docker, _DOCKER)
    if isinstance(resource := reduced.get("resource"), Mapping):
        _keep_unless_empty(reduced, "resource", _without(resource, _RESOURCE))
    return reduced


def _reduced_data(data: Mapping[str, Any]) -> dict[str, Any]:
    reduced = _without(data, _DATA)
    if isinstance(output := reduced.get("output"), list | tuple):
        reduced["output"] = [_without(item, _OUTPUT) if isinstance(item, Mapping) else item for item in output]
    return reduced


def _keep_unless_empty(owner: dict[str, Any], name: str, value: dict[str, Any]) -> None:
    if value:
        owner[name] = value
    else:
        del owner[name]


def _without(members: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in defaults or not _same(value, defaults[name])}


def _same(value: Any, default: Any) -> bool:
    """Tell whether both are the same JSON value; a tuple is an array and any mapping an object."""
    if isinstance(default, list):
        return isinstance(value, list | tuple) and not value
    if isinstance(default, dict):
        return isinstance(value, Mapping) and not value
    return type(value) is type(default) and bool(value == default)


def _written(value: Any) -> str:
    """Return `value` as JSON, by rule 5."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    # To tell that a dict is a mapping takes the abstract class several times as long.
    if type(value) is dict or isinstance(value, Mapping):
        return "{" + ",".join([f"{_quoted(_key(name))}:{_written(value[name])}" for name in sorted(value)]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([_written(item) for item in value]) + "]"
    raise TypeError(f"a {type(value).__name__} has no canonical form")


def _key(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a key that is a {type(name).__name__} has no canonical form")
    return name
