"""One app that the manifests ask for, and where it is written: what `planner` compares with the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a desired app is written: 1-based line and column."""

    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredApp:
    """One app that the manifests ask for; `request` is the submit body with references in place of secrets."""

    name: str
    generation: int
    fingerprint: str
    request: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)
    moved: tuple[str, ...] = ()
    place: Place
