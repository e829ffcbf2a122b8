"""What a manifest may say: the frozen models `AiApp` and `Project`, and the request that an `AiApp` stands for.

Everything a person may write stands once, here and in `projectmodel`: names, types, bounds, defaults, and the words that the
editor's hover and `explain` show. `modelbase` has the rules that all models keep. The JSON Schema is generated from the
models (`schema`). Findings for people are made elsewhere (`judge`), and whether a request was submitted before is
decided by its fingerprint (`fingerprint`), which knows nothing of the models.
"""

from functools import partial
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator

from dfsubmit.kinds import API_VERSION
from dfsubmit.modelbase import (
    INTEGER_MAX,
    PATTERN_MEANING,
    VARIABLE_PATTERN,
    Count,
    GpuCount,
    Manifest,
    Name,
    OptionalString,
    Part,
    Port,
    Text,
    WorkspaceId,
)
from dfsubmit.projectmodel import (
    CHOICES,
    ENGINES,
    Choice,
    DataForestEngine,
    Engine,
    GitLedgerSpec,
    LedgerSpec,
    Limits,
    LocalEngine,
    Project,
    ProjectMetadata,
    ProjectSpec,
    SqliteLedgerSpec,
    Submission,
    choice_of,
)
from dfsubmit.request import request_of
from dfsubmit.rules import text_or_model, unique

__all__ = [
    "API_VERSION",
    "CHOICES",
    "ENGINES",
    "INTEGER_MAX",
    "KINDS",
    "PATTERN_MEANING",
    "AiApp",
    "AppSpec",
    "Choice",
    "Data",
    "DataForestEngine",
    "Docker",
    "Engine",
    "EnvValue",
    "GitLedgerSpec",
    "Input",
    "LedgerSpec",
    "Limits",
    "LocalEngine",
    "Metadata",
    "Output",
    "Project",
    "ProjectMetadata",
    "ProjectSpec",
    "Resource",
    "SecretRef",
    "SqliteLedgerSpec",
    "Submission",
    "choice_of",
]


class SecretRef(Part):
    """A secret by reference: the name of an environment variable, read at the moment of submit and never stored."""

    from_env: Annotated[str, Field(pattern=VARIABLE_PATTERN)] = Field(
        title="Environment variable",
        description=(
            "Name of the environment variable of the submitting process that holds the value. "
            "The value is read when the app is submitted and appears in no plan, ledger, log or fingerprint."
        ),
        examples=["HF_TOKEN"],
    )


EnvValue: TypeAlias = Annotated[str | SecretRef, PlainValidator(partial(text_or_model, model=SecretRef))]


class Metadata(Part):
    """How dfsubmit knows an app: its name, which run of it is wanted, and what people wish to note."""

    name: Name = Field(
        title="Name",
        description=(
            "The app's name in its project: 1 to 63 lower-case letters, digits and hyphens, unique in the project. "
            "What was submitted is remembered under it: a file may move, but a renamed app is a new one unless `moved` says so."
        ),
        examples=["bert-finetune"],
    )
    generation: Count = Field(
        1,
        title="Generation",
        description=(
            "Which run of the same spec is wanted, counted from 1. Raise it to submit an unchanged spec once more, on purpose."
        ),
        examples=[2],
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        title="Labels",
        description="Notes for people and for `--select`, text to text. They are not sent, and changing them submits nothing.",
        examples=[{"team": "nlp"}],
    )
    moved: Annotated[tuple[Name, ...], Field(strict=False), AfterValidator(unique)] = Field(
        (),
        title="Earlier names",
        description="Names that this app had before. What was submitted under them counts as submitted under the present name.",
        examples=[["bert-tuning"]],
        json_schema_extra={"uniqueItems": True},
    )


class Input(Part):
    """A file or folder that is copied from HDFS into the container before the command runs."""

    hdfs: Text = Field(
        title="Source on HDFS",
        description="Path on HDFS that is copied into the container (Data Forest API, AiAppData, 2024).",
        examples=["/user/nlp/data_in"],
    )
    path: Text = Field(
        title="Place in the container",
        description="Path in the container at which the copy lands (Data Forest API, AiAppData, 2024).",
        examples=["data_in"],
    )


class Output(Part):
    """A file or folder that is copied from the container to HDFS after the command has run."""

    hdfs: Text = Field(
        title="Target on HDFS",
        description="Path on HDFS at which the result is stored (Data Forest API, AiAppData, 2024).",
        examples=["/user/nlp/data_out"],
    )
    path: Text = Field(
        title="Place in the container",
        description="Path in the container at which the command leaves its result (Data Forest API, AiAppData, 2024).",
        examples=["data_out"],
    )
    overwrite: bool = Field(
        default=False,
        title="Overwrite",
        description=(
            "Whether a result that already exists at `hdfs` may be replaced. "
            "The API documents no default, so dfsubmit always sends the value (Data Forest API, aiapps/submit, 2024)."
        ),
        examples=[True],
    )


class Data(Part):
    """What is copied into the container before the command runs, and out of it afterwards."""

    input: Annotated[tuple[Input, ...], Field(strict=False)] = Field(
        (),
        title="Inputs",
        description="What is copied from HDFS into the container, in this order (Data Forest API, aiapps/submit, 2024).",
        examples=[[{"hdfs": "/user/nlp/data_in", "path": "data_in"}]],
    )
    output: Annotated[tuple[Output, ...], Field(strict=False)] = Field(
        (),
        title="Outputs",
        description="What is copied from the container to HDFS, in this order (Data Forest API, aiapps/submit, 2024).",
        examples=[[{"hdfs": "/user/nlp/data_out", "path": "data_out", "overwrite": False}]],
    )


class Docker(Part):
    """The image, and what runs in it."""

    image: Text = Field(
        title="Image",
        description=(
            "Docker image as `image:version`. A fixed version makes runs repeatable (Data Forest API, AiAppDocker, 2024)."
        ),
        examples=["pytorch/pytorch:2.3.1"],
    )
    command: Text = Field(
        title="Command",
        description="Script or command that runs the app, in the container (Data Forest API, AiAppDocker, 2024).",
        examples=["python train.py"],
    )
    args: str = Field(
        "",
        title="Arguments",
        description=(
            "Parameters of the command, in one text; not sent when empty. "
            "The API's pages call the field `args`, one of its tables `arg`; dfsubmit sends `args` (Data Forest API, 2024)."
        ),
        examples=["--epochs 3"],
    )
    env: dict[str, EnvValue] = Field(
        default_factory=dict,
        title="Environment",
        description=(
            "Environment variables of the container: name to text, or name to `{fromEnv: NAME}` for a secret. "
            "Numbers and booleans need quotes; not sent when empty (Data Forest API, aiapps/submit, 2024)."
        ),
        examples=[{"EPOCHS": "3", "HF_TOKEN": {"fromEnv": "HF_TOKEN"}}],
    )
    expose_tcp_ports: Annotated[tuple[Port, ...], Field(strict=False)] = Field(
        (),
        title="Exposed TCP ports",
        description="TCP ports, 1 to 65535, reachable from outside; not sent when empty (Data Forest API, AiAppDocker, 2024).",
        examples=[[6006]],
    )
    workdir: OptionalString = Field(
        None,
        title="Working directory (removed)",
        description=(
            "Accepted for the sake of old manifests and never sent: Data Forest removed it in August 2024 (release notes)."
        ),
        examples=["bert-workspace"],
        json_schema_extra={
            "deprecated": True,
            "deprecationMessage": "never sent: Data Forest removed it in August 2024",
        },
    )


class Resource(Part):
    """What the container gets. Every member is sent, the default where it is left out."""

    cpu_count: Count = Field(
        1,
        title="CPU cores",
        description=(
            "Number of CPU cores, at least 1 (Data Forest API, AiAppResource, 2026). "
            "The upper bound is that of the API's type Integer (inferred)."
        ),
        examples=[4],
    )
    gpu_count: GpuCount = Field(
        1,
        title="GPUs",
        description="Number of GPUs, 1 to 8 (Data Forest API, AiAppResource, 2026). The default of 1 is dfsubmit's.",
        examples=[2],
    )
    gpu_model: Text = Field(
        "V100",
        title="GPU model",
        description="Model of the GPUs. The API's default is `V100`, a sample shows `T4` (Data Forest API, AiAppResource, 2026).",
        examples=["V100", "T4"],
    )
    memory_mb: Count = Field(
        15360,
        title="Memory in MB",
        description=(
            "Memory in MB, at least 1 (Data Forest API, AiAppResource, 2026). The API's default of 15 GB is read as 15360 MB, "
            "and the upper bound is that of its type Integer (both inferred)."
        ),
        examples=[61440],
    )


class AppSpec(Part):
    """The body of aiapps/submit, field for field."""

    ai_workspace_id: WorkspaceId = Field(
        title="AI workspace",
        description="Id of the AI workspace, 1 to 22 letters and digits, from aiworkspaces/getList (Data Forest API, 2024).",
        examples=["6ZKSGoSJMMwctK257nxgiL"],
    )
    name_prefix: Annotated[str, Field(min_length=2, max_length=8)] = Field(
        title="Name prefix",
        description=(
            "First part of the app's name on Data Forest, 2 to 8 characters; the service appends `-xxxx-xxxx` "
            "(Data Forest API, aiapps/submit, 2024). Which characters are allowed is not documented: `[a-z][a-z0-9]*` is safe."
        ),
        examples=["bert"],
    )
    queue_name: Text = Field(
        "gpu",
        title="Queue",
        description="YARN queue in which the app waits for its GPUs (Data Forest API, aiapps/submit, 2024).",
        examples=["gpu"],
    )
    data: Data = Field(
        default_factory=Data,
        title="Data",
        description="What is copied from HDFS into the container and back; sent with empty lists when left out.",
        examples=[{"input": [{"hdfs": "/user/nlp/data_in", "path": "data_in"}]}],
    )
    docker: Docker = Field(
        title="Docker",
        description="The image, and what runs in it (Data Forest API, AiAppDocker, 2024).",
        examples=[{"image": "pytorch/pytorch:2.3.1", "command": "python train.py"}],
    )
    resource: Resource = Field(
        default_factory=Resource,
        title="Resources",
        description="CPU cores, GPUs and memory of the container; every member is sent, its default where it is left out.",
        examples=[{"cpuCount": 4, "gpuCount": 1, "gpuModel": "V100", "memoryMb": 15360}],
    )


class AiApp(Manifest):
    """One AI app: submitted once for each name, spec and generation."""

    kind: Literal["AiApp"] = Field(title="Kind", description="What the document describes.", examples=["AiApp"])
    metadata: Metadata = Field(
        title="Metadata",
        description="How dfsubmit knows the app: its name, which run of it is wanted, labels, earlier names. None of it is sent.",
        examples=[{"name": "bert-finetune"}],
    )
    spec: AppSpec = Field(
        title="Spec",
        description="What is sent to aiapps/submit, field for field.",
        examples=[
            {
                "aiWorkspaceId": "6ZKSGoSJMMwctK257nxgiL",
                "namePrefix": "bert",
                "docker": {"image": "pytorch/pytorch:2.3.1", "command": "python train.py"},
            }
        ],
    )

    def key(self, project: str) -> str:
        """Return what the ledger calls this app in `project`."""
        return f"{project}/{self.metadata.name}"

    def request(self) -> dict[str, Any]:
        """Return the exact body of aiapps/submit, with secrets as `{"fromEnv": NAME}`."""
        return request_of(self)


KINDS: dict[str, type[AiApp] | type[Project]] = {"AiApp": AiApp, "Project": Project}
