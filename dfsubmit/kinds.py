"""What kinds of documents there are, for whoever has one in hand; importing it costs nothing, unlike the models."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from dfsubmit.manifest import AiApp
    from dfsubmit.projectmodel import Project

API_VERSION = "dfsubmit/v1"


def is_app(model: AiApp | Project | None) -> TypeGuard[AiApp]:
    """Tell whether `model` is an AiApp, of the models themselves or as `prepared` makes them."""
    return model is not None and model.kind == "AiApp"


def is_project(model: AiApp | Project | None) -> TypeGuard[Project]:
    """Tell whether `model` is a Project, likewise."""
    return model is not None and model.kind == "Project"
