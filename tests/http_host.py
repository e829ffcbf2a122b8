"""A server of HTTP on 127.0.0.1 in a thread of its own, for hosts that tests stand in for."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Handler(BaseHTTPRequestHandler):
    """Answers requests without a word on standard error."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the standard library's
        del format, args


class HttpHost:
    """Serves while it is entered, at the same port each time."""

    port: int = 0

    def handler(self) -> type[Handler]:
        """Return what answers one request."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self.handler())
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
