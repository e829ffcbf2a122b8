"""Which apps `--select` means.

Pure. An expression with `=` asks for a label and its value, anything else for a name; both may be globs (`*`, `?`, `[…]`).
An app is taken when any expression fits it. Rule: an expression that fits no app is an error, because it is a slip of the
pen more often than a wish for nothing.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol, TypeVar

from dfsubmit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Selectable(Protocol):
    """What can be selected: anything with a name and labels."""

    @property
    def name(self) -> str:
        """The manifest's name."""

    @property
    def labels(self) -> Mapping[str, str]:
        """The manifest's labels."""


S = TypeVar("S", bound=Selectable)


def select(apps: Sequence[S], expressions: Sequence[str]) -> tuple[S, ...]:
    """Return the apps that any of `expressions` fits, all when there are none. Raises InputError."""
    if not expressions:
        return tuple(apps)
    for expression in expressions:
        if not any(_fits(app, expression) for app in apps):
            these = "the one app" if len(apps) == 1 else f"any of the {len(apps)} apps"
            raise InputError(f"--select {expression} does not fit {these}", tip=_tip(expression, apps))
    return tuple(app for app in apps if any(_fits(app, expression) for expression in expressions))


def _fits(app: Selectable, expression: str) -> bool:
    label, equals, value = expression.partition("=")
    if not equals:
        return fnmatchcase(app.name, expression)
    return label in app.labels and fnmatchcase(app.labels[label], value)


def _tip(expression: str, apps: Sequence[Selectable]) -> str:
    from dfsubmit.suggest import closest

    meant = closest(expression, [app.name for app in apps])
    if meant is not None:
        return f"did you mean {meant}?"
    return "write a name, a glob such as 'bert-*', or a label such as team=nlp"
