"""What a manifest may say: the frozen models `AiApp` and `Project`.

Everything a person may write stands here once: names, types, bounds, defaults, and the words that the editor's hover and
`explain` show. The JSON Schema is generated from these models (`schema`), and both accept exactly the same
documents; so nothing here may depend on Python alone:

- a pattern means the same in ECMA-262, Rust and Python, apart from Python's `$` before a final line feed;
- lengths count code points; an integer may be written `4.0`, as JSON Schema has it, and is an `int` afterwards;
- null is never a value: what is not wanted is left out;
- one wrong value makes one error, whose `loc` is the path in the document (a wrong key of a map ends in `[key]`).

Findings for people are made elsewhere (`judge`); what the request means for "already submitted" in `fingerprint`.
The models are built when first used, so that importing this module costs little more than importing pydantic.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetPydanticSchema,
    PlainValidator,
    ValidationError,
)
from pydantic.alias_generators import to_camel
from pydantic_core import InitErrorDetails, PydanticCustomError, PydanticKnownError

API_VERSION = "dfsubmit/v1"

# The API says "Integer"; its service is written in Java, whose Integer ends here (inferred).
INTEGER_MAX = 2_147_483_647

WORKSPACE_ID_PATTERN = r"^[0-9A-Za-z]{1,22}$"
NAME_PATTERN = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"
VARIABLE_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
# A part of a relative path: anything but nothing, `..`, control characters and slashes.
_STEP = r"(\.|\.?[^/.\x00-\x1f\x7f][^/\x00-\x1f\x7f]*|\.\.[^/\x00-\x1f\x7f]+)"
_LAST_STEP = r"(\.?[^/.\x00-\x1f\x7f][^/\x00-\x1f\x7f]*|\.\.[^/\x00-\x1f\x7f]+)"
FOLDER_PATTERN = rf"^{_STEP}(/+{_STEP})*/*$"
FILE_PATTERN = rf"^({_STEP}/+)*{_LAST_STEP}$"
_PORT_AND_PATH = r"(:[0-9]{1,5})?(/[0-9A-Za-z._~%!$&'()*+,;=:@/-]*)?"
BASE_URL_PATTERN = rf"^(https://([0-9A-Za-z][0-9A-Za-z.-]*|\[[0-9A-Fa-f:.]+\])|http://(127\.0\.0\.1|localhost|\[::1\])){_PORT_AND_PATH}$"

# What each pattern asks for, in words; the end of a sentence that begins with "must be".
PATTERN_MEANING: dict[str, str] = {
    WORKSPACE_ID_PATTERN: "1 to 22 letters and digits (A-Z, a-z, 0-9)",
    NAME_PATTERN: "1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end",
    VARIABLE_PATTERN: "letters, digits and underscores, not beginning with a digit",
    FOLDER_PATTERN: "a relative path that stays below the Project's own folder (no leading /, no ..)",
    FILE_PATTERN: "a relative path of a file below the Project's own folder (no leading /, no ..)",
    BASE_URL_PATTERN: (
        "an https:// URL without user, query or fragment; http:// is allowed only for 127.0.0.1, localhost and [::1]"
    ),
}


def _integral(value: Any) -> Any:
    """Return `4.0` as `4`: JSON Schema calls both an integer. Anything else is left to the strict int behind."""
    return int(value) if type(value) is float and value.is_integer() else value


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a value that stands twice."""
    if len(set(values)) != len(values):
        twice = next(value for index, value in enumerate(values) if value in values[:index])
        raise PydanticCustomError("not_unique", "'{value}' stands here twice", {"value": twice})
    return values


def _unless_left_out(kind: Any) -> GetPydanticSchema:
    """Make an attribute None when its key is left out, while a null in the document stays an error."""
    return GetPydanticSchema(lambda _source, handler: handler(kind))


_Integer = Annotated[int, BeforeValidator(_integral)]
Count = Annotated[_Integer, Field(ge=1, le=INTEGER_MAX)]
Port = Annotated[_Integer, Field(ge=1, le=65535)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
WorkspaceId = Annotated[str, Field(pattern=WORKSPACE_ID_PATTERN)]
Folder = Annotated[str, Field(pattern=FOLDER_PATTERN)]
FilePath = Annotated[str, Field(pattern=FILE_PATTERN)]
OptionalText: TypeAlias = Annotated[Text | None, _unless_left_out(Text)]
OptionalString: TypeAlias = Annotated[str | None, _unless_left_out(str)]
OptionalCount: TypeAlias = Annotated[Count | None, _unless_left_out(Count)]
_Seconds = Annotated[float, Field(le=3600, allow_inf_nan=False)]


class _Part(BaseModel):
    """What all models have in common: frozen, strict, no unknown keys, the API's names in documents."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        allow_inf_nan=False,
        defer_build=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        strict=True,
    )


class SecretRef(_Part):
    """A secret by reference: the name of an environment variable, read at the moment of submit and never stored."""

    from_env: Annotated[str, Field(pattern=VARIABLE_PATTERN)] = Field(
        title="Environment variable",
        description=(
            "Name of the environment variable of the submitting process that holds the value. "
            "The value is read when the app is submitted and appears in no plan, ledger, log or fingerprint."
        ),
        examples=["HF_TOKEN"],
    )


def _env_value(value: Any) -> str | SecretRef:
    """Return a literal value or a reference, with one error for anything else."""
    if isinstance(value, str | SecretRef):
        return value
    if isinstance(value, dict):
        return SecretRef.model_validate(value)
    raise PydanticCustomError("env_value", "Input should be a string or a mapping with fromEnv")


EnvValue: TypeAlias = Annotated[str | SecretRef, PlainValidator(_env_value, json_schema_input_type=Any)]


class Metadata(_Part):
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
    moved: Annotated[tuple[Name, ...], Field(strict=False), AfterValidator(_unique)] = Field(
        (),
        title="Earlier names",
        description="Names that this app had before. What was submitted under them counts as submitted under the present name.",
        examples=[["bert-tuning"]],
        json_schema_extra={"uniqueItems": True},
    )


class Input(_Part):
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


class Output(_Part):
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


class Data(_Part):
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


class Docker(_Part):
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
    )


class Resource(_Part):
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
    gpu_count: Annotated[_Integer, Field(ge=1, le=8)] = Field(
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


class AppSpec(_Part):
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


class _Manifest(_Part):
    """A document of its own."""

    api_version: Literal["dfsubmit/v1"] = Field(
        title="Format version",
        description="Version of the manifest's format; always `dfsubmit/v1`.",
        examples=[API_VERSION],
    )


class AiApp(_Manifest):
    """One AI app: submitted once for each name, spec and generation."""

    kind: Literal["AiApp"] = Field(title="Kind", description="What the document describes.", examples=["AiApp"])
    metadata: Metadata = Field(
        title="Metadata",
        description="How dfsubmit knows the app: its name, which run of it is wanted, labels, earlier names. None of it is sent.",
        examples=[{"name": "bert-finetune"}],
    )
    spec: AppSpec = Field(title="Spec", description="What is sent to aiapps/submit, field for field.")

    def key(self, project: str) -> str:
        """Return what the ledger calls this app in `project`."""
        return f"{project}/{self.metadata.name}"

    def request(self) -> dict[str, Any]:
        """Return the exact body of aiapps/submit, with secrets as `{"fromEnv": NAME}`.

        All six fields and every default are explicit, because the API documents its defaults in part only; args, env and
        exposeTcpPorts are left out when empty, as the API's own sample does; workdir is never sent.
        """
        spec = self.spec
        return {
            "aiWorkspaceId": spec.ai_workspace_id,
            "namePrefix": spec.name_prefix,
            "queueName": spec.queue_name,
            "data": {
                "input": [{"hdfs": item.hdfs, "path": item.path} for item in spec.data.input],
                "output": [
                    {"hdfs": item.hdfs, "path": item.path, "overwrite": item.overwrite} for item in spec.data.output
                ],
            },
            "docker": _docker_body(spec.docker),
            "resource": {
                "cpuCount": spec.resource.cpu_count,
                "gpuCount": spec.resource.gpu_count,
                "gpuModel": spec.resource.gpu_model,
                "memoryMb": spec.resource.memory_mb,
            },
        }


def _docker_body(docker: Docker) -> dict[str, Any]:
    body: dict[str, Any] = {"image": docker.image, "command": docker.command}
    if docker.args:
        body["args"] = docker.args
    if docker.env:
        body["env"] = {
            name: value if isinstance(value, str) else {"fromEnv": value.from_env} for name, value in docker.env.items()
        }
    if docker.expose_tcp_ports:
        body["exposeTcpPorts"] = list(docker.expose_tcp_ports)
    return body


class ProjectMetadata(_Part):
    """How the ledger knows the project."""

    name: Name = Field(
        title="Project id",
        description=(
            "The project's id: 1 to 63 lower-case letters, digits and hyphens. It is part of every ledger entry, "
            "so changing it makes every app of the project a new one."
        ),
        examples=["nlp-training"],
    )


class LocalEngine(_Part):
    """The embedded Data Forest: apps run on this machine, without an account."""

    type: Literal["local"] = Field("local", title="Engine", description="Where apps run: here, on this machine.")
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


class DataForestEngine(_Part):
    """The real service."""

    type: Literal["dataforest"] = Field(title="Engine", description="Where apps run: on Data Forest.")
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
            "Where the service is, without `/api/v2`. It must be https; http is allowed for 127.0.0.1, localhost and [::1] only, "
            "for `dfsubmit emulator` (Data Forest API, overview, 2026)."
        ),
        examples=["http://127.0.0.1:8642"],
    )


ENGINES: dict[str, type[LocalEngine] | type[DataForestEngine]] = {"local": LocalEngine, "dataforest": DataForestEngine}


def _engine(value: Any) -> LocalEngine | DataForestEngine:
    """Return the engine that `type` names, with one error when it names none."""
    if isinstance(value, LocalEngine | DataForestEngine):
        return value
    if not isinstance(value, dict):
        raise PydanticKnownError("model_type", {"class_name": "Engine"})
    name = value.get("type", "local")
    model = ENGINES.get(name) if isinstance(name, str) else None
    if model is None:
        wrong = InitErrorDetails(
            type="literal_error", loc=("type",), input=name, ctx={"expected": "'local' or 'dataforest'"}
        )
        raise ValidationError.from_exception_data("Engine", [wrong], hide_input=True)
    return model.model_validate(value)


Engine: TypeAlias = Annotated[LocalEngine | DataForestEngine, PlainValidator(_engine, json_schema_input_type=Any)]


class LedgerSpec(_Part):
    """Where it is recorded what was submitted."""

    type: Literal["sqlite"] = Field(
        "sqlite", title="Ledger type", description="How the ledger is kept: an SQLite file."
    )
    path: FilePath = Field(
        ".dfsubmit/ledger.db",
        title="Ledger file",
        description="The ledger's file, relative to the Project's own folder and below it.",
        examples=[".dfsubmit/ledger.db"],
    )


class Submission(_Part):
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
    settle_seconds: Annotated[_Seconds, Field(ge=0)] = Field(
        15,
        title="Settle time in seconds",
        description=(
            "Seconds, 0 to 3600, in which the app of a submit without an answer may show up in the list of apps; "
            "after them it counts as not started."
        ),
        examples=[30],
    )
    timeout_seconds: Annotated[_Seconds, Field(gt=0)] = Field(
        30,
        title="Timeout in seconds",
        description="Seconds, more than 0 and at most 3600, that one submit may take before its outcome counts as unknown.",
        examples=[60],
    )


class Limits(_Part):
    """What one apply may do at most."""

    max_submit: Annotated[_Integer, Field(ge=0, le=INTEGER_MAX)] = Field(
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


class ProjectSpec(_Part):
    """The settings of a project; every one has a default."""

    engine: Engine = Field(
        default_factory=LocalEngine,
        title="Engine",
        description="Where apps run: on this machine (`local`) or on Data Forest (`dataforest`).",
        examples=[{"type": "local"}, {"type": "dataforest", "account": "nlp"}],
    )
    ledger: LedgerSpec = Field(
        default_factory=LedgerSpec,
        title="Ledger",
        description="Where it is recorded what was submitted.",
        examples=[{"type": "sqlite", "path": ".dfsubmit/ledger.db"}],
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


class Project(_Manifest):
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


KINDS: dict[str, type[AiApp] | type[Project]] = {"AiApp": AiApp, "Project": Project}
