"""Kinds of faults in the values of a document: types, bounds, forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from manuscript import Path, Raw
from mutants import PROJECT, Draft, Fault, at_key, at_value, kind, put

DOCKER, RESOURCE = ("spec", "docker"), ("spec", "resource")
ENV = (*DOCKER, "env")

# --- types ----------------------------------------------------------------------------------------------------------

TEXTS = [
    ("metadata", "labels", "year"),
    (*ENV, "EPOCHS"),
    (*DOCKER, "args"),
    ("spec", "namePrefix"),
    ("spec", "queueName"),
]


def _in_place_of_text(draft: Draft, raw: str, code: str = "DF0203", help_text: str | None = None) -> Fault | None:
    path = draft.rng.choice(TEXTS)
    if not put(draft, path, Raw(raw)):
        return None
    return at_value(draft, path, code, f'quote it: "{raw}"' if help_text is None else help_text)


@kind("unquoted whole number for text")
def _number(draft: Draft) -> Fault | None:
    return _in_place_of_text(draft, draft.rng.choice(["3", "2024", "-1", "007", "0"]))


@kind("unquoted fraction for text")
def _fraction(draft: Draft) -> Fault | None:
    return _in_place_of_text(draft, draft.rng.choice(["1.10", "0.5", "12e3", "1.", "+.5", ".inf", ".nan"]))


@kind("unquoted octal or hexadecimal number for text")
def _octal(draft: Draft) -> Fault | None:
    return _in_place_of_text(draft, draft.rng.choice(["0o17", "0x1F", "0xdeadbeef"]))


@kind("unquoted boolean for text")
def _boolean(draft: Draft) -> Fault | None:
    return _in_place_of_text(draft, draft.rng.choice(["true", "False", "TRUE"]))


@kind("unquoted null for text")
def _null_text(draft: Draft) -> Fault | None:
    raw = draft.rng.choice(["null", "NULL", "~"])
    return _in_place_of_text(draft, raw, "DF0208", "value" if raw == "~" else f'quote it: "{raw}"')


@kind("nothing behind a key")
def _nothing(draft: Draft) -> Fault | None:
    paths = [path for path in draft.fixed_keys() if path[-1] not in {"kind", "apiVersion"}]
    path = draft.rng.choice(paths)
    put(draft, path, Raw(""))
    return at_key(draft, path, "DF0208")


@kind("null written out")
def _null(draft: Draft) -> Fault | None:
    path = draft.rng.choice([path for path in draft.paths() if path[-1] not in {"kind", "apiVersion"}])
    put(draft, path, Raw(draft.rng.choice(["null", "~"])))
    return at_value(draft, path, "DF0208")


@kind("list for a text")
def _list_text(draft: Draft) -> Fault | None:
    path = draft.rng.choice([(*DOCKER, "command"), (*DOCKER, "args")])
    put(draft, path, ["python", "train.py"])
    return at_value(draft, path, "DF0203", f"{path[-1]}: python train.py")


@kind("map for a text")
def _map_text(draft: Draft) -> Fault | None:
    path = draft.rng.choice([(*DOCKER, "image"), ("metadata", "name"), ("spec", "namePrefix"), (*DOCKER, "command")])
    put(draft, path, {"value": "x"})
    return at_value(draft, path, "DF0203")


NUMBERS = [("metadata", "generation"), (*RESOURCE, "cpuCount"), (*RESOURCE, "gpuCount"), (*RESOURCE, "memoryMb")]


@kind("quoted number")
def _quoted(draft: Draft) -> Fault | None:
    path = draft.rng.choice(NUMBERS)
    mark = draft.rng.choice("'\"")
    if not put(draft, path, Raw(f"{mark}4{mark}")):
        return None
    return at_value(draft, path, "DF0204", f"remove the quotes: {path[-1]}: 4")


@kind("word for a number")
def _word(draft: Draft) -> Fault | None:
    path = draft.rng.choice(NUMBERS)
    if not put(draft, path, Raw(draft.rng.choice(["four", "all", "max", "4x"]))):
        return None
    return at_value(draft, path, "DF0204", "number")


@kind("memory with a unit")
def _unit(draft: Draft) -> Fault | None:
    raw, plain = draft.rng.choice([("16Gi", "16384"), ("16GB", "16384"), ("512Mi", "512"), ("2 G", "2048")])
    path = (*RESOURCE, "memoryMb")
    if not put(draft, path, Raw(raw)):
        return None
    return at_value(draft, path, "DF0204", f"memoryMb: {plain}")


@kind("fraction for a whole number")
def _not_whole(draft: Draft) -> Fault | None:
    path = draft.rng.choice(NUMBERS)
    if not put(draft, path, Raw(draft.rng.choice(["1.5", "0.5", "2.25", ".inf"]))):
        return None
    return at_value(draft, path, "DF0204")


@kind("boolean, list or map for a number")
def _odd_number(draft: Draft) -> Fault | None:
    path = draft.rng.choice(NUMBERS)
    if not put(draft, path, draft.rng.choice([True, False, [4], {"count": 4}])):
        return None
    return at_value(draft, path, "DF0204")


@kind("yes or no for a boolean")
def _yes(draft: Draft) -> Fault | None:
    word = draft.rng.choice(["yes", "no", "on", "off", "Yes", "n"])
    if not put(draft, ("spec", "data", "output", 0, "overwrite"), Raw(word)):
        return None
    meant = "true" if word.lower() in {"yes", "on"} else "false"
    return at_value(draft, ("spec", "data", "output", 0, "overwrite"), "DF0205", f"overwrite: {meant}")


@kind("quoted boolean or number for a boolean", PROJECT)
def _odd_boolean(draft: Draft) -> Fault | None:
    path = ("spec", "submission", "marker")
    put(draft, path, Raw(draft.rng.choice(['"true"', "'false'", "0", "1", "2"])))
    return at_value(draft, path, "DF0205", "marker: ")


@kind("single value for a list")
def _no_list(draft: Draft) -> Fault | None:
    path, value = draft.rng.choice([((*DOCKER, "exposeTcpPorts"), 6006), (("metadata", "moved"), Raw("old"))])
    put(draft, path, value)
    return at_value(draft, path, "DF0206", f"{path[-1]}: [{value}]")


@kind("map for a list")
def _map_list(draft: Draft) -> Fault | None:
    path = ("spec", "data", draft.rng.choice(["input", "output"]))
    if not put(draft, path, {"hdfs": "/a", "path": "a"}):
        return None
    return at_value(draft, path, "DF0206")


@kind("single value for a map")
def _no_map(draft: Draft) -> Fault | None:
    path = draft.rng.choice([("metadata",), DOCKER, RESOURCE, ("spec", "data"), ENV, ("metadata", "labels")])
    put(draft, path, draft.rng.choice(["text", 3, True]))
    return at_value(draft, path, "DF0207")


@kind("list for a map")
def _list_map(draft: Draft) -> Fault | None:
    if draft.rng.random() < 0.5:
        put(draft, ENV, [{"name": "EPOCHS", "value": "3"}])
        return at_value(draft, ENV, "DF0207", 'env: {EPOCHS: "3"}')
    put(draft, ENV, ["EPOCHS=3"])
    return at_value(draft, ENV, "DF0207", 'env: {EPOCHS: "3"}')


# --- bounds and forms -----------------------------------------------------------------------------------------------


def _one_of(draft: Draft, rows: Sequence[tuple[Path, Any]], code: str, help_text: str = "") -> Fault | None:
    path, value = draft.rng.choice(rows)
    if not put(draft, path, value):
        return None
    return at_value(draft, path, code, help_text)


@kind("number too large")
def _too_large(draft: Draft) -> Fault | None:
    rows: list[tuple[Path, Any]] = [((*RESOURCE, "gpuCount"), 9), ((*RESOURCE, "gpuCount"), 64)]
    return _one_of(draft, rows, "DF0209", "the largest value is 8")


@kind("number too small")
def _too_small(draft: Draft) -> Fault | None:
    return _one_of(draft, [(path, draft.rng.choice([0, -1])) for path in NUMBERS], "DF0209", "the smallest value is 1")


@kind("port out of range")
def _port(draft: Draft) -> Fault | None:
    ports = draft.at(*DOCKER, "exposeTcpPorts")
    if ports is None:
        return None
    ports.append(draft.rng.choice([0, 65536, 70000, -80]))
    return at_value(draft, (*DOCKER, "exposeTcpPorts", len(ports) - 1), "DF0209", " value is ")


@kind("number out of range in a Project", PROJECT)
def _project_range(draft: Draft) -> Fault | None:
    rows: list[tuple[Path, Any]] = [
        (("spec", "limits", "maxSubmit"), -1),
        (("spec", "limits", "maxGpus"), 0),
        (("spec", "submission", "settleSeconds"), -1),
        (("spec", "submission", "settleSeconds"), 3601),
        (("spec", "submission", "timeoutSeconds"), 0),
    ]
    return _one_of(draft, rows, "DF0209")


@kind("prefix too short or too long")
def _prefix(draft: Draft) -> Fault | None:
    value, said = draft.rng.choice(
        [("b", "make it longer"), ("bertlarge", '"bertlarg"'), ("abcdefghijkl", '"abcdefgh"')]
    )
    return _one_of(draft, [(("spec", "namePrefix"), value)], "DF0210", said)


@kind("empty text")
def _empty(draft: Draft) -> Fault | None:
    paths = [(*DOCKER, "image"), (*DOCKER, "command"), ("spec", "queueName"), ("spec", "data", "output", 0, "hdfs")]
    return _one_of(draft, [(path, "") for path in paths], "DF0210")


@kind("name with a wrong character")
def _name(draft: Draft) -> Fault | None:
    slips = ["Demo", "demo_one", "demo.v2", "demo one", "-demo", "demo-", "démo"]
    return _one_of(draft, [(("metadata", "name"), slip) for slip in slips], "DF0211", "for example")


@kind("name too long or empty")
def _long_name(draft: Draft) -> Fault | None:
    return _one_of(draft, [(("metadata", "name"), slip) for slip in ("a" * 64, "")], "DF0211", "1 to 63")


@kind("workspace id of the wrong form")
def _workspace(draft: Draft) -> Fault | None:
    slips = ["6ZKS-GoSJ", "my workspace", "a" * 23, "", "6ZKSGoSJ_"]
    return _one_of(draft, [(("spec", "aiWorkspaceId"), slip) for slip in slips], "DF0211", "1 to 22 letters and digits")


@kind("secret reference to a wrong name")
def _reference(draft: Draft) -> Fault | None:
    slip = draft.rng.choice(["HF-TOKEN", "2FA", "HF TOKEN", "$HF_TOKEN", ""])
    if not put(draft, (*ENV, "HF_TOKEN"), {"fromEnv": slip}):
        return None
    return at_value(draft, (*ENV, "HF_TOKEN", "fromEnv"), "DF0216")


@kind("secret reference without fromEnv")
def _no_reference(draft: Draft) -> Fault | None:
    if not put(draft, (*ENV, "HF_TOKEN"), {}):
        return None
    return at_key(draft, (*ENV, "HF_TOKEN"), "DF0216", "HF_TOKEN: {fromEnv: HF_TOKEN}")


@kind("earlier name listed twice")
def _moved(draft: Draft) -> Fault | None:
    put(draft, ("metadata", "moved"), ["old", "older", "old"])
    return at_value(draft, ("metadata", "moved", 2), "DF0217", "remove one")


@kind("not one of the choices", PROJECT)
def _choice(draft: Draft) -> Fault | None:
    rows: list[tuple[Path, Any]] = [
        (("spec", "engine", "type"), "yarn"),
        (("spec", "ledger", "type"), "postgres"),
    ]
    if draft.data["spec"]["engine"]["type"] == "local":
        rows.append((("spec", "engine", "runtime"), "kubernetes"))
    else:
        rows = rows[1:]
    path, value = draft.rng.choice(rows)
    put(draft, path, value)
    return at_value(draft, path, "DF0212")


@kind("choice misspelt", PROJECT)
def _choice_slip(draft: Draft) -> Fault | None:
    engine = draft.data["spec"]["engine"]
    slips = {"local": "locall", "dataforest": "data-forest"}
    meant = engine["type"]
    engine["type"] = slips[meant]
    return at_value(draft, ("spec", "engine", "type"), "DF0212", f'did you mean "{meant}"?')


@kind("folder or address of the wrong form", PROJECT)
def _folder(draft: Draft) -> Fault | None:
    rows: list[tuple[Path, Any]] = [
        (("spec", "ledger", "path"), "/var/ledger.db"),
        (("spec", "ledger", "path"), "../l.db"),
    ]
    if draft.data["spec"]["engine"]["type"] == "local":
        rows += [(("spec", "engine", "hdfs"), "/data"), (("spec", "engine", "hdfs"), "../data")]
    else:
        rows += [(("spec", "engine", "baseUrl"), "df.example"), (("spec", "engine", "baseUrl"), "http://df.example")]
    return _one_of(draft, rows, "DF0211")
