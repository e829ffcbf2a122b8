"""The least that submitting can take: a thread a worker, a raw socket each, the same bytes again and again.

    python tests/benchmarks/floor.py PORT REQUESTS WORKERS

Prints the seconds from the first request to the last answer; starting Python is not in them.
"""

from __future__ import annotations

import itertools
import socket
import sys
import threading
import time

_BODY = b'{"namePrefix":"bench"}'
_REQUEST = b"POST /api/v2/aiapps/submit HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (
    len(_BODY),
    _BODY,
)


def main() -> None:
    port, requests, workers = map(int, sys.argv[1:4])
    left = itertools.count()

    def work() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while next(left) < requests:
                connection.sendall(_REQUEST)
                assert connection.recv(65536).startswith(b"HTTP/1.1 200")

    threads = [threading.Thread(target=work) for _ in range(workers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(f"{time.perf_counter() - began}\n")


if __name__ == "__main__":
    main()
