"""The road to the embedded service within one process: an httpx transport that hands requests to its face.

The client that talks to the real service talks to the embedded one through this, with `http://localhost` as its base URL,
so the whole stack is exercised, signatures included. What a fault does to the delivery of an answer becomes the exception
that a network would have raised; nothing really waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from dfsubmit.local.face import MAX_BODY, Face

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import datetime

    from dfsubmit.local.faults import Faults
    from dfsubmit.local.settings import LocalSettings

BASE_URL = "http://localhost"


class LocalTransport(httpx.BaseTransport):
    """An httpx transport that ends in a local Data Forest. May be used by several threads at once."""

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

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request. Raises httpx.TransportError where a fault hits the delivery."""
        body = request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        target = request.url.raw_path.decode("ascii")
        small = len(body) <= MAX_BODY
        answer = self.face.answer(request.method, target, headers, body) if small else self.face.too_large()
        delivery = answer.delivery
        patience = request.extensions.get("timeout", {}).get("read")
        if delivery.delay and patience is not None and delivery.delay >= patience:
            raise httpx.ReadTimeout("the answer did not come in time", request=request)
        if delivery.cut is not None:
            raise httpx.ReadError("the connection was reset before the answer was whole", request=request)
        return httpx.Response(answer.status, headers=list(answer.headers), content=answer.body, request=request)

    def close(self) -> None:
        """Let go of the world's file. Apps go on."""
        self.face.close()
