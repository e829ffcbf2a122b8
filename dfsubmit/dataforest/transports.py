"""A transport for each thread that sends, with one TLS context for all of them.

What speaks HTTP is loaded with the first transport that needs it: a run that was given a transport never does.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from dfsubmit.transport import Transport


class Transports:
    """A transport for each thread that asks, made when it first asks; or the one that was `given`, for all."""

    def __init__(self, *, encrypted: bool, proxy: str, given: Transport | None, monotonic: Callable[[], float]) -> None:
        self._encrypted = encrypted
        self._proxy = proxy
        self._given = given
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None
        self._of_thread = threading.local()
        self._all: list[Transport] = [given] if given is not None else []

    def mine(self) -> Transport:
        """Return the calling thread's transport."""
        mine: Transport | None = self._given or getattr(self._of_thread, "transport", None)
        if mine is None:
            mine = self._of_thread.transport = self._new()
        return mine

    def close(self) -> None:
        """Let go of all connections of all threads."""
        with self._lock:
            for transport in self._all:
                transport.close()

    def _new(self) -> Transport:
        from dfsubmit.dataforest.network import NetworkTransport, tls_context  # noqa: PLC0415  # see the module's text

        with self._lock:
            if self._encrypted and self._tls is None:
                self._tls = tls_context()
            transport = NetworkTransport(tls=self._tls, proxy=self._proxy, monotonic=self._monotonic)
            self._all.append(transport)
        return transport
