"""References to secrets become values here, at the moment of submit, and nowhere else. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dfsubmit.errors import DfsubmitError

# What opens the repository to a CI job, or holds what does: a manifest that wants it has come from a stranger.
_OF_THE_JOB = re.compile(
    r"GITHUB_TOKEN|GH_TOKEN|ACTIONS_(RUNTIME|ID_TOKEN_REQUEST)_TOKEN"
    r"|CI_JOB_TOKEN|CI_JOB_JWT.*|CI_REPOSITORY_URL|CI_REGISTRY_PASSWORD|CI_DEPLOY_PASSWORD|DFSUBMIT_GIT_TOKEN"
    r"|GIT_CONFIG_VALUE_\d+"
)


class MissingSecretError(DfsubmitError):
    """A variable that a manifest refers to is not set, or not for apps."""


def references(request: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the variables that `request` refers to."""
    for value in request.get("docker", {}).get("env", {}).values():
        if isinstance(value, Mapping):
            yield value["fromEnv"]


def resolve_secrets(request: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the body to send: `request` with each `{fromEnv: NAME}` replaced by the variable's value.

    Raises MissingSecretError that names every variable that is not set, or is not for apps, never a value.
    """
    if kept := sorted({name for name in references(request) if _OF_THE_JOB.fullmatch(name)}):
        raise MissingSecretError(
            f"not given to apps: {', '.join(kept)}, by which a CI job gets at its repository",
            tip="if the app needs a token, make one for it and give it another name",
        )
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
