"""Valid manifests as data, from small to complete, with values drawn from pools: nothing in them is worth a finding."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

_IMAGES = ("pytorch/pytorch:2.3.1", "tensorflow/tensorflow:2.16.1-gpu", "registry.example.com:5000/nlp/train:1.4.0")
_COMMANDS = (
    "python train.py",
    "bash run.sh",
    "python3 -m trainer.main",
    "sh -c 'echo done'",
    "torchrun --nproc 4 fit.py",
)
_ARGS = ("--epochs 3", "--lr 0.01 --batch 32", "fit fast", "--note 'a: b'", "")
_VARIABLES = ("EPOCHS", "LANG", "MODE", "PYTHONUNBUFFERED", "OMP_NUM_THREADS")
_VALUES = ("3", "C.UTF-8", "fast", "1", "0.5", "yes")
_WORKSPACES = ("6ZKSGoSJMMwctK257nxgiL", "1", "SampleWorkspace0000001", "0aZ9")


def app(rng: random.Random, name: str, *, full: bool | None = None) -> dict[str, Any]:
    """Return an AiApp: with every field, with some, or with what is required alone."""
    chance = {True: 1.0, False: 0.0, None: 0.5}[full]

    def some() -> bool:
        return rng.random() < chance

    metadata: dict[str, Any] = {"name": name}
    if some():
        metadata["generation"] = rng.randint(1, 9)
    if some():
        metadata["labels"] = {"team": rng.choice(["nlp", "vision"]), "year": "2024"}
    if some():
        metadata["moved"] = [f"{name}-old", f"{name}-older"]
    spec: dict[str, Any] = {"aiWorkspaceId": rng.choice(_WORKSPACES), "namePrefix": rng.choice(["bert", "gpt2", "ab"])}
    if some():
        spec["queueName"] = rng.choice(["gpu", "research"])
    if some():
        spec["data"] = _data(rng, name, inputs=some() or rng.random() < 0.5)
    spec["docker"] = _docker(rng, some)
    if some():
        spec["resource"] = {
            "cpuCount": rng.randint(1, 32),
            "gpuCount": rng.randint(1, 8),
            "gpuModel": rng.choice(["V100", "T4"]),
            "memoryMb": rng.choice([1024, 15360, 65536]),
        }
    return shuffled(rng, {"apiVersion": "dfsubmit/v1", "kind": "AiApp", "metadata": metadata, "spec": spec})


def _docker(rng: random.Random, some: Callable[[], bool]) -> dict[str, Any]:
    docker: dict[str, Any] = {"image": rng.choice(_IMAGES), "command": rng.choice(_COMMANDS)}
    if some():
        docker["args"] = rng.choice(_ARGS)
    if some():
        docker["env"] = {one: rng.choice(_VALUES) for one in rng.sample(_VARIABLES, rng.randint(1, 3))}
        if rng.random() < 0.7:
            docker["env"]["HF_TOKEN"] = {"fromEnv": "HF_TOKEN"}
    if some():
        docker["exposeTcpPorts"] = rng.sample([80, 6006, 8080, 8888, 65535], rng.randint(1, 3))
    return docker


def _data(rng: random.Random, name: str, *, inputs: bool) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if inputs:
        data["input"] = [
            {"hdfs": f"/user/nlp/in/{part}", "path": f"in_{part}"} for part in ("a", "b")[: rng.randint(1, 2)]
        ]
    data["output"] = [
        {"hdfs": f"/user/nlp/out/{name}/{part}", "path": f"out_{part}", "overwrite": rng.random() < 0.5}
        for part in ("a", "b")[: rng.randint(1, 2)]
    ]
    return data


def project(rng: random.Random, *, engine: str = "") -> dict[str, Any]:
    """Return a Project with all its settings; `engine` chooses which kind."""
    if (engine or rng.choice(["local", "dataforest"])) == "local":
        chosen: dict[str, Any] = {
            "type": "local",
            "hdfs": "hdfs",
            "workspaces": {"6ZKSGoSJMMwctK257nxgiL": "workspace"},
            "slots": {"gpu": rng.randint(1, 8)},
            "runtime": rng.choice(["process", "podman", "docker"]),
        }
    else:
        chosen = {"type": "dataforest", "account": "nlp", "baseUrl": "https://df.apigw.ntruss.com"}
    spec = {
        "engine": chosen,
        "ledger": {"type": "sqlite", "path": ".dfsubmit/ledger.db"},
        "submission": {"marker": False, "settleSeconds": rng.randint(0, 60), "timeoutSeconds": rng.randint(1, 60)},
        "limits": {"maxSubmit": rng.randint(0, 99), "maxGpus": rng.randint(64, 99)},
    }
    metadata = {"name": "nlp-training"}
    return shuffled(rng, {"apiVersion": "dfsubmit/v1", "kind": "Project", "metadata": metadata, "spec": spec})


def shuffled(rng: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with its keys in another order, now and then, at the top and in `spec`."""
    if rng.random() < 0.3:
        for inner in (document, document["spec"]):
            items = list(inner.items())
            rng.shuffle(items)
            inner.clear()
            inner.update(items)
    return document
