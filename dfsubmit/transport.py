"""One HTTP exchange as values, and the seam at which it is carried: a network, or the embedded service in this process.

`dataforest` sends through a `Transport` and knows no other way out; `dataforest.network` is the real one, and
`local.transport` hands requests to the embedded service. Nothing here loads a library, so that a run which never leaves its
process pays for none. A transport raises only what stands here; whatever else comes out of one counts as
`BrokenError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class TransportError(Exception):
    """An exchange that brought no whole answer. `kind` says what went wrong in our words, the text what was told of it."""

    def __init__(self, kind: str, told: str = "") -> None:
        super().__init__(told)
        self.kind = kind


class OpeningError(TransportError):
    """Not a byte of the request was handed to the network. `lasting` says that another try cannot end otherwise."""

    def __init__(self, kind: str, told: str = "", *, lasting: bool = False) -> None:
        super().__init__(kind, told)
        self.lasting = lasting


class BrokenError(TransportError):
    """The request may have arrived, in part or whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request to send. `origin` is `scheme://host[:port]`, `target` the path with its query as it was signed.

    `seconds` bounds each wait for the other side, and `end` (monotonic seconds) the exchange as a whole; `may_send` has the last
    word before the first byte leaves. None sets no bound.
    """

    method: str
    origin: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    seconds: float | None = None
    end: float | None = None
    may_send: Callable[[], bool] | None = None


class Incoming(Protocol):
    """An answer whose body is yet to be read. Close it when enough was read."""

    @property
    def status(self) -> int:
        """Return the status code."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers, their names in lower case; of one that comes twice, the last."""

    def pieces(self) -> Iterable[bytes]:
        """Yield the body as it comes. Raises BrokenError."""

    def close(self) -> None:
        """Let go of the answer, and of its connection where the body was not read to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """An answer that is there already."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def pieces(self) -> Iterable[bytes]:
        """Return the body, in one piece."""
        return (self.body,)

    def close(self) -> None:
        """Do nothing: there is no connection."""


class Transport(Protocol):
    """A way to a service."""

    def send(self, request: Outgoing) -> Incoming:
        """Send `request` and return its answer. Raises OpeningError, BrokenError."""

    def close(self) -> None:
        """Let go of connections."""
