"""A git host on 127.0.0.1: bare repositories behind the real `git http-backend`, and tokens that may read or push.

As at the hosts that teams use, nobody gets in without a token, and one that may only read is told 403 on a push. Tokens are
given with the user name and password of HTTP's basic authentication (RFC 7617). The host can go away for a moment, and
`faults` are answers that take the place of the real ones to requests with that in their target, first come, first served: a
status, a page, `closed` for none at all, or `""` for the real one.
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from pathlib import Path
from urllib.parse import urlsplit

from http_host import Handler, HttpHost

# What git needs of the environment it is started in, and nothing of the settings of whoever runs the tests.
HERE = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}
AUTHOR = ("-c", "user.name=t", "-c", "user.email=t@t.invalid")
_PUSH = "git-receive-pack"


def git(where: Path, *arguments: str | Path) -> str:
    """Run git and return what it prints. Raises AssertionError with what it complains of."""
    command = ["git", "-C", where, *AUTHOR, *arguments]
    done = subprocess.run(command, env=HERE, capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Access:
    """What a token opens: one repository, and whether for pushes too."""

    repository: str
    push: bool


@dataclass(kw_only=True)
class GitHost(HttpHost):
    """See the module's text. `tokens` may change while the host runs; `refused` counts who was not let in."""

    folder: Path
    tokens: dict[str, Access] = field(default_factory=dict)
    refused: list[tuple[str, int]] = field(default_factory=list)
    faults: dict[str, list[int | str | bytes]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    def repository(self, name: str) -> Path:
        """Make the empty repository `name`, such as team/specs, and return where it is."""
        path = self.folder / f"{name}.git"
        path.mkdir(parents=True)
        git(path, "init", "--quiet", "--bare", "--initial-branch=main")
        git(path, "config", "http.receivepack", "true")
        return path

    def handler(self) -> type[Handler]:
        host = self

        class Answering(Handler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                host.answer(self)

            do_GET = do_POST = _any  # noqa: N815  # the names are the standard library's

        return Answering

    def go_away(self, seconds: float) -> threading.Timer:
        """Let nobody connect for some seconds; join what is returned before the host is closed."""
        self.__exit__()
        back = threading.Timer(seconds, self.__enter__)
        back.start()
        return back

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        body = _body(request)
        self.asked.append((request.command, request.path))
        if _spoilt(request, self._fault(request.path)):
            return
        refusal = self._refusal(request)
        if refusal:
            self.refused.append((request.path, refusal))
            request.send_response(refusal)
            if refusal == 401:
                request.send_header("WWW-Authenticate", 'Basic realm="made-up host"')
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=self._cgi(request, body), capture_output=True, check=True
        )
        _pass_on(request, done.stdout)

    def _fault(self, target: str) -> int | str | bytes:
        waiting = next((found for part, found in self.faults.items() if part in target and found), [])
        return waiting.pop(0) if waiting else ""

    def _refusal(self, request: BaseHTTPRequestHandler) -> int:
        """Return the status of a refusal, or 0."""
        kind, _, given = (request.headers.get("Authorization") or "").partition(" ")
        password = base64.b64decode(given).decode().partition(":")[2] if kind.lower() == "basic" else ""
        access = self.tokens.get(password)
        if access is None:
            return 401
        if not urlsplit(request.path).path.startswith(f"/{access.repository}.git/"):
            return 404
        return 403 if _PUSH in request.path and not access.push else 0

    def _cgi(self, request: BaseHTTPRequestHandler, body: bytes) -> Mapping[str, str]:
        """Return the environment of a CGI program (RFC 3875, section 4.1)."""
        target = urlsplit(request.path)
        return {
            **HERE,
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": request.command,
            "PATH_INFO": target.path,
            "QUERY_STRING": target.query,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "REMOTE_USER": "token",
            "REMOTE_ADDR": "127.0.0.1",
        }


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if request.headers.get("Transfer-Encoding", "").lower() == "chunked":
        return b"".join(iter(lambda: _chunk(request.rfile), b""))
    return request.rfile.read(int(request.headers.get("Content-Length") or 0))


def _chunk(stream: BufferedIOBase) -> bytes:
    size = int(stream.readline().partition(b";")[0], 16)
    content = stream.read(size)
    stream.readline()
    return content


def _spoilt(request: BaseHTTPRequestHandler, fault: int | str | bytes) -> bool:
    """Answer by `fault`, and tell whether there was one."""
    if fault == "":
        return False
    if fault == "closed":
        request.close_connection = True
        return True
    page = fault if isinstance(fault, bytes) else b""
    request.send_response(fault if isinstance(fault, int) else 200)
    request.send_header("Content-Type", "text/html")
    request.send_header("Content-Length", str(len(page)))
    request.end_headers()
    request.wfile.write(page)
    return True


def _pass_on(request: BaseHTTPRequestHandler, answer: bytes) -> None:
    """Send the answer of a CGI program: headers, of which Status is one, an empty line, the content."""
    head, _, content = answer.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
    request.send_response(int(headers.pop("Status", "200").split()[0]))
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)
