"""What dfsubmit asks of the place where apps run, and the values it answers with.

An engine is reached through `Engine`; there is one implementation (`dataforest.client`), which talks to the
real service or, through another transport, to the embedded one. The fate of a submit is a value, never an
exception, because "unknown" is a first-class answer that must not be retried blindly. Everything else that
an engine cannot do raises `errors.EngineError`.

All times are aware datetimes. `server_now` is the service's clock as learnt from its `Date` header; whatever is compared
with `started_at` is compared in server time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# YARN states after which an app never changes again (facts sheet, section 9).
TERMINAL_STATES = frozenset({"FINISHED", "FAILED", "KILLED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """One app as the service shows it in a list. Strings that it left out are empty, times None."""

    id: str
    name: str = ""
    queue: str = ""
    workspace: str = ""
    state: str = ""
    final_status: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    yarn_id: str = ""

    @property
    def finished(self) -> bool:
        """Tell whether the app has ended, well or badly."""
        return self.state in TERMINAL_STATES

    @property
    def succeeded(self) -> bool:
        """Tell whether the app ended well: FINISHED alone is not success."""
        return self.state == "FINISHED" and self.final_status == "SUCCEEDED"

    @property
    def killed(self) -> bool:
        """Tell whether the app was killed."""
        return self.state == "KILLED" or (self.finished and self.final_status == "KILLED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of an app; memory in MiB."""

    id: str = ""
    component: str = ""
    image: str = ""
    cpu_count: int | None = None
    memory_mb: int | None = None
    log_url: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppDetail:
    """An app with its containers, which exist only once it runs."""

    app: App
    containers: tuple[Container, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """An AI workspace of the account."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The account's apps at one moment of server time. A list that failed is an error, never an empty Listing."""

    apps: tuple[App, ...]
    server_now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The service started the app."""

    app: App


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An answer that proves that nothing started."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """No connection was opened, so nothing can have started."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled:
    """The gateway turned the request away before the service saw it; `retry_after` in seconds when it said so."""

    message: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Anything else: the app may have started, or may yet start."""

    message: str


Outcome = Accepted | Rejected | NotSent | Throttled | Unknown


class Engine(Protocol):
    """Where apps run. Methods may be called from several threads."""

    def describe(self) -> str:
        """Return where this is, for messages: `local engine in .dfsubmit/local`, `https://…`."""

    def server_now(self) -> datetime:
        """Return the service's clock; asks it once if no answer was seen yet. Raises EngineError."""

    def submit(self, body: Mapping[str, Any], *, deadline: datetime) -> Outcome:
        """Send one submit. Starts nothing that could reach the service after `deadline` (server time).

        Throttling and connections that never opened are retried inside, until the deadline. Never raises
        EngineError, except CredentialsError and NotOfferedError, which prove that nothing started.
        """

    def room(self, most: int) -> int:
        """Return how many submits are worth having open at once, from 1 to `most`; fewer while the service throttles."""

    def list_apps(self) -> Listing:
        """Return all apps of the account. Raises EngineError when the list cannot be had or read whole."""

    def get(self, app_id: str) -> AppDetail:
        """Return one app. Raises NoSuchAppError, EngineError."""

    def kill(self, app_id: str) -> None:
        """Ask for the end of an app. Raises NoSuchAppError, EngineError."""

    def workspaces(self) -> tuple[Workspace, ...]:
        """Return the account's workspaces. Raises EngineError."""

    def read_log(self, container: Container, *, offset: int = 0) -> bytes | None:
        """Return the log from `offset` (bytes) on, or its last bytes when that is negative.

        None where this engine's logs can only be opened in a browser. Raises EngineError.
        """

    def close(self) -> None:
        """Let go of connections."""
