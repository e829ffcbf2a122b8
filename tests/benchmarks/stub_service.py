"""A service that accepts every submit at once, or after a delay, as fast as one process of Python answers.

It is what `apply` is measured against, so that the figures are dfsubmit's own; it checks nothing. Prints its port.

    python tests/benchmarks/stub_service.py [SECONDS]
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from email.utils import formatdate

_NUMBERS = itertools.count()
_LISTS = {
    b"/accounts/getList": {"success": True, "total": 1, "contents": [{"id": "benchAccount0000000001", "name": "bench"}]}
}
_NOTHING = {"success": True, "contents": []}
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Connection(asyncio.Protocol):
    """One connection: requests in a row, answers in the same order."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._came += data
        while (end := self._came.find(_END_OF_HEAD)) >= 0:
            head = self._came[:end]
            named = head.lower().find(_LENGTH)
            length = int(head[named + len(_LENGTH) :].split(b"\r\n", 1)[0]) if named >= 0 else 0
            whole = end + len(_END_OF_HEAD) + length
            if len(self._came) < whole:
                return
            self._came = self._came[whole:]
            self._answer(head.split(b" ", 2)[1])

    def _answer(self, target: bytes) -> None:
        if target.endswith(b"/aiapps/submit"):
            message = _message(_accepted(next(_NUMBERS)))
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, message)
        else:
            found = next((value for path, value in _LISTS.items() if target.endswith(path)), _NOTHING)
            self._transport.write(_message(found))


def _accepted(number: int) -> dict[str, object]:
    return {
        "success": True,
        "id": f"{number:022d}",
        "accountName": "bench",
        "name": f"bench-{number % 36**4:04d}-0000",
        "queueName": "gpu",
        "startedAt": "2026-01-02T03:04:05.678+09:00",
        "finishedAt": "1970-01-01T09:00:00+09:00",
        "elapsedMillis": 0,
        "state": "ACCEPTED",
        "finalStatus": "UNDEFINED",
    }


def _message(value: dict[str, object]) -> bytes:
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 200 OK\r\nDate: {formatdate(usegmt=True)}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve(delay: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(delay), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
