"""The model of a `Project`: where its apps run, where it is recorded what was submitted, and how much is allowed.

Import it through `manifest`. The values that an environment variable or a flag may override are resolved by the command line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, PlainValidator

from dfsubmit.modelbase import (
    BASE_URL_PATTERN,
    REF_PATTERN,
    REMOTE_PATTERN,
    Count,
    CountOrZero,
    FilePath,
    Folder,
    Manifest,
    Name,
    OptionalCount,
    OptionalText,
    Part,
    Seconds,
    Text,
    WorkspaceId,
)
from dfsubmit.rules import chosen


class ProjectMetadata(Part):
    """How the ledger knows the project."""

    name: Name = Field(
        title="Project id",
        description=(
            "The project's id: 1 to 63 lower-case letters, digits and hyphens. It is part of every ledger entry, "
            "so changing it makes every app of the project a new one."
        ),
        examples=["nlp-training"],
    )


class LocalEngine(Part):
    """The embedded Data Forest: apps run on this machine, without an account."""

    type: Literal["local"] = Field(
        "local", title="Engine", description="Where apps run: `local` is this machine.", examples=["local"]
    )
    hdfs: Folder = Field(
        "hdfs",
        title="HDFS folder",
        description="Folder that stands for HDFS, relative to the Project's own folder and below it.",
        examples=["hdfs"],
    )
    workspaces: dict[WorkspaceId, Folder] = Field(
        default_factory=dict,
        title="Workspaces",
        description=(
            "AI workspace id to the folder in which the commands of its apps run, "
            "relative to the Project's own folder and below it."
        ),
        examples=[{"6ZKSGoSJMMwctK257nxgiL": "workspace"}],
    )
    slots: dict[Text, Count] = Field(
        default_factory=dict,
        title="Slots",
        description="Queue to the number of its apps that run at the same time, at least 1; the others wait.",
        examples=[{"gpu": 2}],
    )
    runtime: Literal["process", "podman", "docker"] = Field(
        "process",
        title="Runtime",
        description="What runs a command: a plain process (the image is not used), or the image in podman or docker.",
        examples=["podman"],
    )


class DataForestEngine(Part):
    """The real service."""

    type: Literal["dataforest"] = Field(
        title="Engine", description="Where apps run: `dataforest` is the real service.", examples=["dataforest"]
    )
    account: OptionalText = Field(
        None,
        title="Account",
        description="Name of the Data Forest account whose apps are listed; needed when the keys can see several accounts.",
        examples=["nlp"],
    )
    base_url: Annotated[str, Field(pattern=BASE_URL_PATTERN)] = Field(
        "https://df.apigw.ntruss.com",
        title="Base URL",
        description=(
            "Where the service is; `/api/v2` is added where there is no path (Data Forest API, overview, 2026). "
            "It must be https; http is allowed for 127.0.0.1, localhost and [::1] only, as for `dfsubmit emulator`."
        ),
        examples=["http://127.0.0.1:8642"],
    )


ENGINES: dict[str, type[LocalEngine] | type[DataForestEngine]] = {"local": LocalEngine, "dataforest": DataForestEngine}


class SqliteLedgerSpec(Part):
    """A file on this machine."""

    type: Literal["sqlite"] = Field(
        "sqlite",
        title="Ledger type",
        description="How the ledger is kept: `sqlite` is one file on this machine.",
        examples=["sqlite"],
    )
    path: FilePath = Field(
        ".dfsubmit/ledger.db",
        title="Ledger file",
        description="The ledger's file, relative to the Project's own folder and below it.",
        examples=[".dfsubmit/ledger.db"],
    )


class GitLedgerSpec(Part):
    """A ref of a git repository, shared by all who can push to it."""

    type: Literal["git"] = Field(
        title="Ledger type",
        description="How the ledger is kept: `git` is a ref of a git repository, shared by all who can push to it.",
        examples=["git"],
    )
    remote: Annotated[str, Field(pattern=REMOTE_PATTERN)] = Field(
        "origin",
        title="Remote",
        description="Name of a remote of the repository in which the Project lies. `--ledger git:URL` takes a URL, too.",
        examples=["origin"],
    )
    ref: Annotated[str, Field(pattern=REF_PATTERN)] = Field(
        "refs/dfsubmit/ledger",
        title="Ref",
        description=(
            "The ref that holds the ledger, made by the first apply: a full one, which begins with `refs/`, or the name of "
            "a branch that is used for nothing else, for a host that refuses other refs."
        ),
        examples=["dfsubmit-ledger"],
    )


LEDGERS: dict[str, type[SqliteLedgerSpec] | type[GitLedgerSpec]] = {"sqlite": SqliteLedgerSpec, "git": GitLedgerSpec}


def _chosen(name: str, models: Mapping[str, type[Part]]) -> PlainValidator:
    """Return what turns a map into the one of `models` that its `type` names."""
    return PlainValidator(partial(chosen, name=name, models=models))


Engine: TypeAlias = Annotated[LocalEngine | DataForestEngine, _chosen("Engine", ENGINES)]
LedgerSpec: TypeAlias = Annotated[SqliteLedgerSpec | GitLedgerSpec, _chosen("LedgerSpec", LEDGERS)]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A map whose `type` chooses the keys that may stand beside it; the first of `models` need not be named."""

    name: str
    description: str
    type_title: str
    type_description: str
    models: Mapping[str, type[Part]]


CHOICES: tuple[Choice, ...] = (
    Choice(
        name="Engine",
        description="Where apps run. The other keys depend on `type`.",
        type_title="Engine",
        type_description="Where apps run: `local` is this machine, `dataforest` the real service.",
        models=ENGINES,
    ),
    Choice(
        name="LedgerSpec",
        description="Where it is recorded what was submitted. The other keys depend on `type`.",
        type_title="Ledger type",
        type_description="How the ledger is kept: `sqlite` is one file, `git` a ref of a git repository.",
        models=LEDGERS,
    ),
)


def choice_of(model: type[Any]) -> Choice | None:
    """Return the choice that `model` is part of."""
    return next((choice for choice in CHOICES if model in choice.models.values()), None)


class Submission(Part):
    """How submits are sent, and how one whose answer was lost is settled."""

    marker: bool = Field(
        default=False,
        title="Marker",
        description=(
            "Whether the prefix that is sent carries a marker of key and fingerprint, so that an app is recognised for certain. "
            "Every `namePrefix` of the project is then 2 or 3 characters long."
        ),
        examples=[True],
    )
    settle_seconds: Annotated[Seconds, Field(ge=0)] = Field(
        15,
        title="Settle time in seconds",
        description=(
            "Seconds, 0 to 3600, in which the app of a submit without an answer may show up in the list of apps; "
            "after them it counts as not started."
        ),
        examples=[30],
    )
    timeout_seconds: Annotated[Seconds, Field(gt=0)] = Field(
        30,
        title="Timeout in seconds",
        description="Seconds, more than 0 and at most 3600, that one submit may take before its outcome counts as unknown.",
        examples=[60],
    )


class Limits(Part):
    """What one apply may do at most."""

    max_submit: CountOrZero = Field(
        50,
        title="Submits at most",
        description="Number of apps that one apply may submit; more are refused as a whole. `--max-submit` beats it.",
        examples=[10],
    )
    max_gpus: OptionalCount = Field(
        None,
        title="GPUs at most",
        description="Number of GPUs that all apps of the project may ask for together; no limit when left out.",
        examples=[16],
    )


class ProjectSpec(Part):
    """The settings of a project; every one has a default."""

    engine: Engine = Field(
        default_factory=LocalEngine,
        title="Engine",
        description="Where apps run: on this machine (`local`) or on Data Forest (`dataforest`).",
        examples=[{"type": "local"}, {"type": "dataforest", "account": "nlp"}],
    )
    ledger: LedgerSpec = Field(
        default_factory=SqliteLedgerSpec,
        title="Ledger",
        description="Where it is recorded what was submitted: in a file (`sqlite`) or in a git repository (`git`).",
        examples=[{"type": "sqlite", "path": ".dfsubmit/ledger.db"}, {"type": "git", "remote": "origin"}],
    )
    submission: Submission = Field(
        default_factory=Submission,
        title="Submission",
        description="How submits are sent, and how one whose answer was lost is settled.",
        examples=[{"settleSeconds": 30}],
    )
    limits: Limits = Field(
        default_factory=Limits,
        title="Limits",
        description="What one apply may do at most.",
        examples=[{"maxSubmit": 10}],
    )


class Project(Manifest):
    """The settings of a folder of manifests that is reconciled as one set; at most one in a set."""

    kind: Literal["Project"] = Field(title="Kind", description="What the document describes.", examples=["Project"])
    metadata: ProjectMetadata = Field(
        title="Metadata",
        description="How the ledger knows the project.",
        examples=[{"name": "nlp-training"}],
    )
    spec: ProjectSpec = Field(
        default_factory=ProjectSpec,
        title="Spec",
        description="The project's settings; every one has a default.",
        examples=[{"engine": {"type": "local"}}],
    )
