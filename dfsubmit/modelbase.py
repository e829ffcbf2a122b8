"""What all models of manifests share: the base class, and the types of single values.

The models are the one definition of what a document may say, and the JSON Schema is generated from them; both accept
exactly the same documents. So nothing here may depend on Python alone:

- a pattern means the same in ECMA-262, Rust and Python, apart from Python's `$` before a final line feed;
- lengths count code points; an integer may be written `4.0`, as JSON Schema has it, and is an `int` afterwards;
- null is never a value: what is not wanted is left out;
- one wrong value makes one error, whose `loc` is the path in the document (a wrong key of a map ends in `[key]`).

Models are built when first used: importing them costs little more than importing pydantic.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetPydanticSchema
from pydantic.alias_generators import to_camel

from dfsubmit.kinds import API_VERSION
from dfsubmit.rules import integral

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
_HOST = r"[0-9A-Za-z][0-9A-Za-z._-]*|\[[0-9A-Fa-f:.]+\]"
_LOOPBACK = r"127\.0\.0\.1|localhost|\[::1\]"
_PORT = r":([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
BASE_URL_PATTERN = rf"^(https://({_HOST})|http://({_LOOPBACK}))({_PORT})?(/[0-9A-Za-z._~-]+)*/*$"
REMOTE_PATTERN = r"^[0-9A-Za-z_][0-9A-Za-z_.-]*(/[0-9A-Za-z_][0-9A-Za-z_.-]*)*$"
# Narrower than what git allows: no ref that this takes can be an option, a refspec or a path out of `refs`.
REF_PATTERN = r"^[0-9A-Za-z_][0-9A-Za-z_-]*([./][0-9A-Za-z_-]+)*$"

# What each pattern asks for, in words; the end of a sentence that begins with "must be".
PATTERN_MEANING: dict[str, str] = {
    WORKSPACE_ID_PATTERN: "1 to 22 letters and digits (A-Z, a-z, 0-9)",
    NAME_PATTERN: "1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end",
    VARIABLE_PATTERN: "letters, digits and underscores, not beginning with a digit",
    FOLDER_PATTERN: "a relative path that stays below the Project's own folder (no leading /, no ..)",
    FILE_PATTERN: "a relative path of a file below the Project's own folder (no leading /, no ..)",
    REMOTE_PATTERN: "the name of a git remote, such as origin (letters, digits, . _ - and /)",
    REF_PATTERN: "a full git ref such as refs/dfsubmit/ledger, or the name of a branch (letters, digits, . _ - and /)",
    BASE_URL_PATTERN: (
        "an https:// URL without user, query or fragment; http:// is allowed only for 127.0.0.1, localhost and [::1]"
    ),
}


def unless_left_out(kind: Any) -> GetPydanticSchema:
    """Make an attribute None when its key is left out, while a null in the document stays an error."""
    return GetPydanticSchema(lambda _source, handler: handler(kind))


Count = Annotated[int, Field(ge=1, le=INTEGER_MAX), BeforeValidator(integral)]
CountOrZero = Annotated[int, Field(ge=0, le=INTEGER_MAX), BeforeValidator(integral)]
GpuCount = Annotated[int, Field(ge=1, le=8), BeforeValidator(integral)]
Port = Annotated[int, Field(ge=1, le=65535), BeforeValidator(integral)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
WorkspaceId = Annotated[str, Field(pattern=WORKSPACE_ID_PATTERN)]
Folder = Annotated[str, Field(pattern=FOLDER_PATTERN)]
FilePath = Annotated[str, Field(pattern=FILE_PATTERN)]
OptionalText: TypeAlias = Annotated[Text | None, unless_left_out(Text)]
OptionalString: TypeAlias = Annotated[str | None, unless_left_out(str)]
OptionalCount: TypeAlias = Annotated[Count | None, unless_left_out(Count)]
Seconds = Annotated[float, Field(le=3600, allow_inf_nan=False)]


class Part(BaseModel):
    """What all models have in common: frozen, strict, no unknown keys, the API's names in documents."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        defer_build=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        strict=True,
    )


class Manifest(Part):
    """A document of its own."""

    api_version: Literal["dfsubmit/v1"] = Field(
        title="Format version",
        description="Version of the manifest's format; always `dfsubmit/v1`.",
        examples=[API_VERSION],
    )
