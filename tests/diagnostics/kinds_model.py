"""Kinds of faults in the keys of a document, and in its kind and version."""

from __future__ import annotations

import re
from collections.abc import Sequence

from manuscript import Path, Raw
from mutants import PROJECT, Draft, Fault, at_key, at_top, at_value, kind, rename

DOCKER, RESOURCE = ("spec", "docker"), ("spec", "resource")
REQUIRED = [
    ("metadata", "name"),
    ("spec", "aiWorkspaceId"),
    ("spec", "namePrefix"),
    (*DOCKER, "image"),
    (*DOCKER, "command"),
]


def misspelt(draft: Draft, key: str) -> str:
    """Return `key` with one slip in its middle: two letters swapped, one doubled, one lost, one wrong."""
    while True:
        at = draft.rng.randrange(1, len(key) - 1)
        slip = draft.rng.choice(
            [
                key[:at] + key[at + 1] + key[at] + key[at + 2 :],
                key[:at] + key[at] + key[at:],
                key[:at] + key[at + 1 :],
                key[:at] + draft.rng.choice("qxz") + key[at + 1 :],
            ]
        )
        if slip != key:
            return slip


def _misspell(draft: Draft, paths: Sequence[Path]) -> Fault | None:
    long = [path for path in paths if len(str(path[-1])) > 3]
    if not long:
        return None
    path = draft.rng.choice(long)
    slip = misspelt(draft, path[-1])
    if slip in draft.at(*path[:-1]):
        return None
    rename(draft, path, slip)
    return at_key(draft, (*path[:-1], slip), "DF0201", f'did you mean "{path[-1]}"?')


@kind("key misspelt at the top")
def _key_top(draft: Draft) -> Fault | None:
    return _misspell(draft, [path for path in draft.fixed_keys() if len(path) == 1])


@kind("key misspelt in a section")
def _key_section(draft: Draft) -> Fault | None:
    return _misspell(draft, [path for path in draft.fixed_keys() if len(path) == 2])


@kind("key misspelt in a subsection")
def _key_subsection(draft: Draft) -> Fault | None:
    return _misspell(draft, [path for path in draft.fixed_keys() if len(path) == 3])


@kind("key misspelt in a list's entry")
def _key_entry(draft: Draft) -> Fault | None:
    return _misspell(draft, [path for path in draft.fixed_keys() if len(path) == 5])


@kind("key misspelt in a Project", PROJECT)
def _key_project(draft: Draft) -> Fault | None:
    return _misspell(draft, [path for path in draft.fixed_keys() if len(path) > 1])


@kind("key in another letter case")
def _key_case(draft: Draft) -> Fault | None:
    paths = list(draft.fixed_keys())
    path = draft.rng.choice(paths)
    slip = draft.rng.choice([path[-1].upper(), path[-1].capitalize(), path[-1].lower()])
    if slip == path[-1]:
        return None
    rename(draft, path, slip)
    return at_key(draft, (*path[:-1], slip), "DF0201", f'did you mean "{path[-1]}"?')


@kind("key in snake_case or kebab-case")
def _key_snake(draft: Draft) -> Fault | None:
    paths = [path for path in draft.fixed_keys() if re.search("[A-Z]", path[-1])]
    path = draft.rng.choice(paths)
    mark = draft.rng.choice("_-")
    slip = re.sub("[A-Z]", lambda match: mark + match[0].lower(), path[-1])
    rename(draft, path, slip)
    return at_key(draft, (*path[:-1], slip), "DF0201", f'did you mean "{path[-1]}"?')


@kind("key of another tool in place of ours")
def _key_habit(draft: Draft) -> Fault | None:
    theirs = {
        "command": ["cmd", "entrypoint"],
        "env": ["environment", "variables"],
        "resource": ["resources"],
        "docker": ["container"],
        "queueName": ["queue"],
        "gpuCount": ["gpus"],
        "memoryMb": ["memory"],
        "labels": ["annotations"],
    }
    paths = [path for path in draft.fixed_keys() if path[-1] in theirs]
    path = draft.rng.choice(paths)
    other = draft.rng.choice(theirs[path[-1]])
    rename(draft, path, other)
    return at_key(draft, (*path[:-1], other), "DF0201", f'"{path[-1]}"')


@kind("key that nobody knows")
def _key_unknown(draft: Draft) -> Fault | None:
    path = draft.rng.choice([(), ("metadata",), ("spec",), DOCKER, RESOURCE])
    parent = draft.at(*path)
    if parent is None:
        return None
    key = draft.rng.choice(["volumes", "restartPolicy", "x-team-notes", "nodeSelector", "sidecars"])
    parent[key] = draft.rng.choice(["some", 3, True, ["a"], {"b": "c"}])
    return at_key(draft, (*path, key), "DF0201", "keys known here are:")


@kind("key one level too high")
def _key_too_high(draft: Draft) -> Fault | None:
    path = draft.rng.choice([(*DOCKER, "image"), (*DOCKER, "command"), (*DOCKER, "args"), (*RESOURCE, "gpuCount")])
    parent = draft.at(*path[:-1])
    if parent is None or path[-1] not in parent or len(parent) < 2:
        return None
    draft.data["spec"][path[-1]] = parent.pop(path[-1])
    return at_key(draft, ("spec", path[-1]), "DF0201", f"belongs under {'.'.join(path[:-1])}")


@kind("key of the other engine", PROJECT)
def _key_engine(draft: Draft) -> Fault | None:
    engine = draft.data["spec"]["engine"]
    key, value = ("account", "nlp") if engine["type"] == "local" else ("runtime", "process")
    engine[key] = value
    other = "dataforest" if engine["type"] == "local" else "local"
    return at_key(draft, ("spec", "engine", key), "DF0201", f"type: {other}")


@kind("required key left out")
def _missing(draft: Draft) -> Fault | None:
    path = draft.rng.choice(REQUIRED)
    parent = draft.at(*path[:-1])
    if len(parent) < 2:
        return None
    del parent[path[-1]]
    return at_key(draft, path[:-1], "DF0202", f"add the line: {path[-1]}: ")


@kind("required key of an entry left out")
def _missing_in_entry(draft: Draft) -> Fault | None:
    entries = [path for path in draft.paths() if len(path) == 4 and path[1] == "data"]
    if not entries:
        return None
    path = draft.rng.choice(entries)
    key = draft.rng.choice(["hdfs", "path"])
    del draft.at(*path)[key]
    return at_value(draft, path, "DF0202", f"add the line: {key}: ")


@kind("whole section left out")
def _missing_section(draft: Draft) -> Fault | None:
    path = draft.rng.choice([("metadata",), ("spec",), DOCKER])
    del draft.at(*path[:-1])[path[-1]]
    if path == DOCKER:
        return at_key(draft, ("spec",), "DF0202", "docker:")
    return at_top(draft, "DF0202", f"{path[-1]}:")


@kind("kind left out")
def _no_kind(draft: Draft) -> Fault | None:
    del draft.data["kind"]
    return at_top(draft, "DF0214", "add the line: kind: AiApp")


@kind("apiVersion left out")
def _no_version(draft: Draft) -> Fault | None:
    del draft.data["apiVersion"]
    return at_top(draft, "DF0213", "add the line: apiVersion: dfsubmit/v1")


@kind("another tool's kind")
def _other_kind(draft: Draft) -> Fault | None:
    draft.data["kind"] = draft.rng.choice(["Job", "Deployment", "Workflow", "CronJob"])
    return at_value(draft, ("kind",), "DF0214", "write kind: AiApp")


@kind("kind misspelt")
def _kind_slip(draft: Draft) -> Fault | None:
    draft.data["kind"] = draft.rng.choice(["AIApp", "AiAp", "aiapp", "AiApps", "Ai-App"])
    return at_value(draft, ("kind",), "DF0214", 'did you mean "AiApp"?')


@kind("kind of the wrong type")
def _kind_type(draft: Draft) -> Fault | None:
    draft.data["kind"] = draft.rng.choice([3, True, ["AiApp"], Raw("null"), Raw("~")])
    return at_value(draft, ("kind",), "DF0214", "AiApp")


@kind("another version")
def _other_version(draft: Draft) -> Fault | None:
    draft.data["apiVersion"] = draft.rng.choice(["dfsubmit/v2", "apps/v1", "batch/v1", "v1"])
    return at_value(draft, ("apiVersion",), "DF0213", "dfsubmit/v1")


@kind("version misspelt")
def _version_slip(draft: Draft) -> Fault | None:
    draft.data["apiVersion"] = draft.rng.choice(["dfsumbit/v1", "dfsubmit/V1", "dfsubmit-v1", "dfsubmits/v1"])
    return at_value(draft, ("apiVersion",), "DF0213", 'did you mean "dfsubmit/v1"?')


@kind("document that is no manifest")
def _foreign(draft: Draft) -> Fault | None:
    draft.data.clear()
    draft.data.update(draft.rng.choice([{"name": "x", "image": "a:1"}, {"jobs": [{"run": "ls"}]}, {"version": "3"}]))
    return at_top(draft, "DF0215", "apiVersion: dfsubmit/v1")


@kind("document that is a list")
def _list_document(draft: Draft) -> Fault | None:
    draft.data = [draft.data]  # type: ignore[assignment]  # that is the fault
    made = draft.write(tidy=True)
    return Fault(text=made.text, offset=0, code="DF0215", help="lines of ---")


@kind("keys of spec at the top")
def _spec_left_out(draft: Draft) -> Fault | None:
    inner = draft.data.pop("spec")
    draft.data.update(inner)
    return at_key(draft, (next(iter(inner)),), "DF0201", "put the line spec:")


@kind("several required keys left out")
def _several(draft: Draft) -> Fault | None:
    for name in ("aiWorkspaceId", "namePrefix"):
        del draft.at("spec")[name]
    return at_key(draft, ("spec",), "DF0202", "add, with your own values:")


@kind("entry of a list in two")
def _split_entry(draft: Draft) -> Fault | None:
    entries = draft.at("spec", "data", "input")
    if not entries:
        return None
    entries[:1] = [{"hdfs": "/user/nlp/x"}, {"path": "x"}]
    return at_key(draft, ("spec", "data", "input", 1, "path"), "DF0202", "remove the dash")


@kind("kind of the other spec")
def _kind_of_other_spec(draft: Draft) -> Fault | None:
    draft.data["kind"] = "Project"
    return at_value(draft, ("kind",), "DF0214", "write kind: AiApp")


@kind("memory in another unit under another name")
def _memory_name(draft: Draft) -> Fault | None:
    if draft.at(*RESOURCE, "memoryMb") is None:
        return None
    key, value = draft.rng.choice([("memory", "16Gi"), ("memoryGb", 16), ("mem", "16G")])
    rename(draft, (*RESOURCE, "memoryMb"), key)
    draft.at(*RESOURCE)[key] = value
    return at_key(draft, (*RESOURCE, key), "DF0201", "write memoryMb: 16384")


@kind("key in another spelling beside itself")
def _spelt_twice(draft: Draft) -> Fault | None:
    if draft.at(*RESOURCE, "cpuCount") is None:
        return None
    draft.at(*RESOURCE)["cpucount"] = 8
    return at_key(draft, (*RESOURCE, "cpucount"), "DF0201", '"cpuCount" is there already')
