"""References to secrets become values here, at the moment of submit, and nowhere else. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dfsubmit.errors import DfsubmitError


class MissingSecretError(DfsubmitError):
    """A variable that a manifest refers to is not set."""


def references(request: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the variables that `request` refers to."""
    for value in request.get("docker", {}).get("env", {}).values():
        if isinstance(value, Mapping):
            yield value["fromEnv"]


def resolve_secrets(request: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the body to send: `request` with each `{fromEnv: NAME}` replaced by the variable's value.

    Raises MissingSecretError that names every variable that is not set, never a value.
    """
    # CI systems hand a secret that does not exist over as an empty one; an app without it would run for nothing.
    missing = sorted({name for name in references(request) if not environ.get(name)})
    if missing:
        names = ", ".join(f"{name} (it is empty)" if name in environ else name for name in missing)
        raise MissingSecretError(
            f"not set in the environment: {names}", tip="export it, or give it to the CI job as a secret"
        )
    docker = dict(request["docker"])
    if "env" in docker:
        docker["env"] = {
            name: environ[value["fromEnv"]] if isinstance(value, Mapping) else value
            for name, value in docker["env"].items()
        }
    return {**request, "docker": docker}


def redact(text: str, request: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Return `text` with every secret value that `request` refers to blotted out."""
    for name in references(request):
        value = environ.get(name, "")
        if value:
            text = text.replace(value, "***")
    return text
