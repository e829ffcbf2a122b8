"""The road to the embedded service within one process: a transport that hands requests to its face.

The client that talks to the real service talks to the embedded one through this, with `http://localhost` as its base URL,
so the whole stack is exercised, signatures included. What a fault does to the delivery of an answer becomes the exception
that a network would have raised; nothing really waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dfsubmit.local.face import MAX_BODY, Face
from dfsubmit.transport import BrokenError, Whole

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import datetime

    from dfsubmit.local.faults import Faults
    from dfsubmit.local.settings import LocalSettings
    from dfsubmit.transport import Outgoing

BASE_URL = "http://localhost"


class LocalTransport:
    """A transport (`transport.Transport`) that ends in a local Data Forest. May be used by several threads at once."""

    def __init__(
        self,
        settings: LocalSettings,
        *,
        clock: Callable[[], datetime] | None = None,
        rng: random.Random | None = None,
        faults: Faults | None = None,
        pump: bool = True,
    ) -> None:
        self.face = Face(settings, clock=clock, rng=rng, faults=faults, pump=pump)

    def send(self, request: Outgoing) -> Whole:
        """Answer one request. Raises BrokenError where a fault hits the delivery."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers["host"] = request.origin.partition("://")[2]
        small = len(request.body) <= MAX_BODY
        answer = (
            self.face.answer(request.method, request.target, headers, request.body) if small else self.face.too_large()
        )
        delivery = answer.delivery
        if delivery.delay and request.seconds is not None and delivery.delay >= request.seconds:
            raise BrokenError("no whole answer came in time", "the answer did not come in time")
        if delivery.cut is not None:
            kind = "the connection broke before the answer was complete"
            raise BrokenError(kind, "the connection was reset before the answer was whole")
        shown = {name.lower(): value for name, value in answer.headers}
        return Whole(status=answer.status, headers=shown, body=answer.body)

    def close(self) -> None:
        """Let go of the world's file. Apps go on."""
        self.face.close()
