"""Kinds of faults that only several manifests show, of what is unwise, of secrets in plain text, and of silencers."""

from __future__ import annotations

from typing import Any

import bases
from manuscript import Manuscript, Path, Raw, line_and_column
from mutants import Draft, Fault, Mutant, at_key, at_value, kind, put

NAME, MOVED = ("metadata", "name"), ("metadata", "moved")
DOCKER, RESOURCE = ("spec", "docker"), ("spec", "resource")
OUTPUT, INPUT = ("spec", "data", "output"), ("spec", "data", "input")


def _pair(
    draft: Draft, other: dict[str, Any], at: Path, code: str, *, first: bool = False, one_file: bool = False
) -> Mutant:
    """Return the draft and `other` as two files or two documents, with the fault at a value of the second (or the first)."""
    texts = [Manuscript.of(draft.rng, data) for data in (draft.data, other)]
    place = texts[0 if first else 1].places[0, *at]
    line, column = line_and_column(texts[0 if first else 1].text, place.value)
    if one_file:
        joined = f"{texts[0].text}---\n{texts[1].text}"
        line += 0 if first else texts[0].text.count("\n") + 1
        files = [("both.yaml", joined)]
    else:
        files = [("a.yaml", texts[0].text), ("b.yaml", texts[1].text)]
    return Mutant(
        kind="",
        files=tuple((name, text.encode()) for name, text in files),
        path=files[0 if first or one_file else 1][0],
        code=code,
        line=line,
        column=column,
        sound=tuple((name, text.encode()) for name, text in files),
    )


def _other(draft: Draft, name: str = "other") -> dict[str, Any]:
    return bases.app(draft.rng, name, full=True)


@kind("name used twice, in two files")
def _name_twice(draft: Draft) -> Mutant | None:
    return _pair(draft, _other(draft, "demo"), NAME, "DF0301")


@kind("name used twice, in one file")
def _name_twice_here(draft: Draft) -> Mutant | None:
    return _pair(draft, _other(draft, "demo"), NAME, "DF0301", one_file=True)


@kind("earlier name claimed twice")
def _moved_twice(draft: Draft) -> Mutant | None:
    put(draft, MOVED, ["before"])
    other = _other(draft)
    other["metadata"]["moved"] = ["before"]
    return _pair(draft, other, MOVED, "DF0303")


@kind("earlier name still in use")
def _moved_stale(draft: Draft) -> Mutant | None:
    put(draft, MOVED, ["other"])
    return _pair(draft, _other(draft), MOVED, "DF0304", first=True)


def _with_project(draft: Draft, project: dict[str, Any], at: Path, code: str, *, in_project: bool) -> Mutant:
    texts = {"project.yaml": Manuscript.of(draft.rng, project), "demo.yaml": draft.write()}
    path = "project.yaml" if in_project else "demo.yaml"
    line, column = line_and_column(texts[path].text, texts[path].places[0, *at].value)
    files = tuple((name, made.text.encode()) for name, made in texts.items())
    return Mutant(kind="", files=files, path=path, code=code, line=line, column=column, sound=files)


@kind("prefix too long for a marker")
def _marker(draft: Draft) -> Mutant | None:
    put(draft, ("spec", "namePrefix"), "bert")
    project = bases.project(draft.rng)
    project["spec"]["submission"]["marker"] = True
    return _with_project(draft, project, ("spec", "namePrefix"), "DF0306", in_project=False)


@kind("more GPUs than the Project allows")
def _gpus(draft: Draft) -> Mutant | None:
    if not put(draft, (*RESOURCE, "gpuCount"), draft.rng.randint(5, 8)):
        return None
    project = bases.project(draft.rng)
    project["spec"]["limits"]["maxGpus"] = draft.rng.randint(1, 4)
    return _with_project(draft, project, ("spec", "limits", "maxGpus"), "DF0313", in_project=True)


@kind("second Project")
def _second_project(draft: Draft) -> Mutant | None:
    texts = [Manuscript.of(draft.rng, bases.project(draft.rng)) for _ in range(2)]
    line, column = line_and_column(texts[1].text, texts[1].places[0, "kind"].value)
    line += texts[0].text.count("\n") + 1
    files = (("project.yaml", f"{texts[0].text}---\n{texts[1].text}".encode()),)
    return Mutant(kind="", files=files, path="project.yaml", code="DF0302", line=line, column=column, sound=files)


@kind("Project in another file")
def _project_elsewhere(draft: Draft) -> Mutant | None:
    made = Manuscript.of(draft.rng, bases.project(draft.rng))
    line, column = line_and_column(made.text, made.places[0, "kind"].value)
    files = (("settings.yaml", made.text.encode()),)
    return Mutant(kind="", files=files, path="settings.yaml", code="DF0305", line=line, column=column, sound=files)


@kind("two apps write one output")
def _one_output(draft: Draft) -> Mutant | None:
    other = _other(draft)
    outputs = draft.at(*OUTPUT)
    if not outputs:
        return None
    written = outputs[0]["hdfs"]
    other["spec"]["data"] = {"output": [{"hdfs": draft.rng.choice([written, f"{written}/"]), "path": "o"}]}
    return _pair(draft, other, (*OUTPUT, 0, "hdfs"), "DF0307", one_file=draft.rng.random() < 0.3)


@kind("output inside another app's output")
def _nested(draft: Draft) -> Mutant | None:
    other, outputs = _other(draft), draft.at(*OUTPUT)
    if not outputs:
        return None
    other["spec"]["data"] = {"output": [{"hdfs": f"{outputs[0]['hdfs']}/charts", "path": "o"}]}
    return _pair(draft, other, (*OUTPUT, 0, "hdfs"), "DF0308")


@kind("reads what another app overwrites")
def _overwritten(draft: Draft) -> Mutant | None:
    other, outputs = _other(draft), draft.at(*OUTPUT)
    if not outputs:
        return None
    outputs[0]["overwrite"] = True
    other["spec"]["data"] = {"input": [{"hdfs": f"{outputs[0]['hdfs']}", "path": "i"}]}
    return _pair(draft, other, (*INPUT, 0, "hdfs"), "DF0309")


@kind("two outputs of one app at one path")
def _outputs(draft: Draft) -> Fault | None:
    put(draft, ("spec", "data"), {"output": [{"hdfs": "/a", "path": "a"}, {"hdfs": "/a/", "path": "b"}]})
    return at_value(draft, (*OUTPUT, 1, "hdfs"), "DF0310")


@kind("two inputs at one container path")
def _inputs(draft: Draft) -> Fault | None:
    put(draft, ("spec", "data"), {"input": [{"hdfs": "/a", "path": "in"}, {"hdfs": "/b", "path": "./in"}]})
    return at_value(draft, (*INPUT, 1, "path"), "DF0311")


# --- advice ---------------------------------------------------------------------------------------------------------


@kind("image tag that moves, or none")
def _tag(draft: Draft) -> Fault | None:
    put(draft, (*DOCKER, "image"), draft.rng.choice(["a/b:latest", "a/b", "localhost:5000/a", "a:nightly"]))
    return at_value(draft, (*DOCKER, "image"), "DF0401", "fixed version")


@kind("unknown GPU model")
def _gpu(draft: Draft) -> Fault | None:
    if not put(draft, (*RESOURCE, "gpuModel"), draft.rng.choice(["A100", "v100", "H100"])):
        return None
    return at_value(draft, (*RESOURCE, "gpuModel"), "DF0402", "V100")


@kind("workdir")
def _workdir(draft: Draft) -> Fault | None:
    put(draft, (*DOCKER, "workdir"), "workspace")
    return at_key(draft, (*DOCKER, "workdir"), "DF0403", "remove it")


@kind("prefix with uncertain characters")
def _prefix(draft: Draft) -> Fault | None:
    put(draft, ("spec", "namePrefix"), draft.rng.choice(["bert-1", "Bert", "my_app", "b.c", "1bert"]))
    return at_value(draft, ("spec", "namePrefix"), "DF0404", "lower-case letters and digits")


@kind("relative path on HDFS")
def _hdfs(draft: Draft) -> Fault | None:
    if not put(draft, (*OUTPUT, 0, "hdfs"), draft.rng.choice(["out", "user/nlp/out", "s3://a/b"])):
        return None
    return at_value(draft, (*OUTPUT, 0, "hdfs"), "DF0405")


@kind("variable that no shell can set")
def _variable(draft: Draft) -> Fault | None:
    name = draft.rng.choice(["batch-size", "2FAST", "a b", "a.b"])
    if not put(draft, (*DOCKER, "env", name), "32"):
        return None
    return at_key(draft, (*DOCKER, "env", name), "DF0406", "letters, digits and underscores")


@kind("container path out of its folder")
def _path(draft: Draft) -> Fault | None:
    if not put(draft, (*OUTPUT, 0, "path"), draft.rng.choice(["/out", "../out", "a/../../b"])):
        return None
    return at_value(draft, (*OUTPUT, 0, "path"), "DF0407")


@kind("queue in upper case")
def _queue(draft: Draft) -> Fault | None:
    put(draft, ("spec", "queueName"), "GPU")
    return at_value(draft, ("spec", "queueName"), "DF0408", "queueName: gpu")


@kind("port listed twice")
def _port(draft: Draft) -> Fault | None:
    put(draft, (*DOCKER, "exposeTcpPorts"), [6006, 80, 6006])
    return at_value(draft, (*DOCKER, "exposeTcpPorts", 2), "DF0409", "remove one")


# --- secrets and silencers ------------------------------------------------------------------------------------------


def _secret(draft: Draft, name: str, value: str, code: str) -> Fault | None:
    """Put a secret in the environment; the fault is at its first character, behind a quote where there is one."""
    if not put(draft, (*DOCKER, "env", name), value):
        return None
    made = draft.write()
    at = made.text.index(value)
    return Fault(text=made.text, offset=at, code=code, help=f"{{fromEnv: {name}}}")


@kind("key of a known service in plain text")
def _known(draft: Draft) -> Fault | None:
    made_up = ["ncp_iam_MADEUPMADEUP0123", "AKIA" + "MADEUP0123456789"[:16], "hf_" + "MadeUp" * 6]
    return _secret(draft, "SERVICE", draft.rng.choice(made_up), "DF0501")


@kind("value that looks like a secret")
def _random(draft: Draft) -> Fault | None:
    value = draft.rng.choice(["m4deUp9fQ2xZ7", "x7Kp2mQ9vR4tLw8s", "9f86d081884c7d659a2f"])
    return _secret(draft, draft.rng.choice(["API_KEY", "DB_PASSWORD", "ACCESS_TOKEN"]), value, "DF0502")


def _comment(draft: Draft, comment: str, code: str, at: str) -> Fault | None:
    text = draft.write(tidy=True).text
    head = f"{comment}\n"
    return Fault(text=head + text, offset=comment.index(at), code=code)


@kind("silencer without a reason")
def _no_reason(draft: Draft) -> Fault | None:
    return _comment(draft, "# dfsubmit: ignore[DF0401]", "DF0702", "#")


@kind("silencer of an unknown code")
def _no_code(draft: Draft) -> Fault | None:
    return _comment(draft, "# dfsubmit: ignore[DF9999] tested", "DF0703", "DF9999")


@kind("silencer of what cannot be silenced")
def _not_silent(draft: Draft) -> Fault | None:
    return _comment(draft, "# dfsubmit: ignore[DF0201] tested", "DF0704", "DF0201")


@kind("silencer of nothing")
def _idle(draft: Draft) -> Fault | None:
    return _comment(draft, "# dfsubmit: ignore[DF0401] tested", "DF0705", "#")


@kind("image that cannot be pulled")
def _odd_image(draft: Draft) -> Fault | None:
    put(draft, (*DOCKER, "image"), draft.rng.choice(["https://hub.example/a:1", "PyTorch/a:1", "a/b :1", "a:1#old"]))
    return at_value(draft, (*DOCKER, "image"), "DF0410")


@kind("blank at an end of a value")
def _blank_end(draft: Draft) -> Fault | None:
    put(draft, ("spec", "queueName"), draft.rng.choice(["gpu ", " gpu"]))
    return at_value(draft, ("spec", "queueName"), "DF0411", 'write "gpu"')


@kind("quote in a command that is not closed")
def _command_quote(draft: Draft) -> Fault | None:
    put(draft, (*DOCKER, "command"), draft.rng.choice(['python "train.py', "python train.py'"]))
    return at_value(draft, (*DOCKER, "command"), "DF0412", "close it")


@kind("comment in place of the rest of a command")
def _cut_command(draft: Draft) -> Fault | None:
    put(draft, (*DOCKER, "args"), Raw("--colour #fff --fast"))
    made = draft.write(tidy=True)
    return Fault(
        text=made.text, offset=made.places[0, *DOCKER, "args"].value + 9, code="DF0413", help="quote all of it"
    )
