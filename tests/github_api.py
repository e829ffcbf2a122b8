"""GitHub's comments on 127.0.0.1: as much of the REST API as `dfsubmit comment` speaks, kept in memory.

A token has a login, whether it may write, and whether it may ask who it is; that of a job may not. `faults` are answers that
take the place of the real ones, first come, first served: a status, a content, a `Limit`, or `lost` for a request that is
carried out and whose answer never comes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from http_host import Handler, HttpHost

JOB_TOKEN = "made-up-job-token"
PERSON_TOKEN = "made-up-person-token"
READING_TOKEN = "made-up-reading-token"
LOGINS = {JOB_TOKEN: "github-actions[bot]", PERSON_TOKEN: "somebody", READING_TOKEN: "github-actions[bot]"}
REPOSITORY = "team/specs"


@dataclass(kw_only=True)
class Comment:
    """A comment of pull request 7."""

    id: int
    login: str
    body: str

    def shown(self, url: str) -> dict[str, Any]:
        kind = "Bot" if self.login.endswith("[bot]") else "User"
        return {
            "id": self.id,
            "user": {"login": self.login, "type": kind},
            "body": self.body,
            "html_url": f"{url}/{self.id}",
        }


@dataclass(frozen=True, kw_only=True)
class Limit:
    """An answer of GitHub's rate limits; `reset_in` is in seconds from when it is given."""

    status: int = 403
    message: str = "made-up words"
    headers: Mapping[str, str] = field(default_factory=dict)
    reset_in: int | None = None

    def answer(self) -> tuple[int, bytes, dict[str, str]]:
        reset = {} if self.reset_in is None else {"x-ratelimit-reset": str(int(time.time()) + self.reset_in)}
        return self.status, json.dumps({"message": self.message}).encode(), {**self.headers, **reset}


@dataclass(kw_only=True)
class GitHub(HttpHost):
    """See the module's text."""

    comments: list[Comment] = field(default_factory=list)
    faults: dict[tuple[str, str], list[int | str | bytes | Limit]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def handler(self) -> type[Handler]:
        github = self

        class Answering(Handler):
            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
                reply = github.answer(self.command, self.path, token, body)
                if reply is None:
                    self.close_connection = True
                    return
                status, content, headers = reply
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_DELETE = _any  # noqa: N815  # the names are the standard library's

        return Answering

    def has(self, login: str, body: str) -> Comment:
        comment = Comment(id=1000 + len(self.comments), login=login, body=body)
        self.comments.append(comment)
        return comment

    def env(self, token: str = JOB_TOKEN) -> dict[str, str]:
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_TOKEN": token,
        }

    def answer(self, method: str, target: str, token: str, body: bytes) -> tuple[int, bytes, dict[str, str]] | None:
        parts = urlsplit(target)
        self.asked.append((method, target))
        waiting = self.faults.get((method, parts.path.rpartition("/")[2]), [])
        fault = waiting.pop(0) if waiting else None
        if isinstance(fault, int):
            location = {"Location": f"{self.url}/elsewhere"} if 300 <= fault < 400 else {}
            return fault, json.dumps({"message": "made-up fault"}).encode(), location
        if isinstance(fault, Limit):
            return fault.answer()
        if isinstance(fault, bytes):
            return 200, fault, {}
        status, content = self._carried_out(method, parts.path, parse_qs(parts.query), token, body)
        return None if fault == "lost" else (status, content, {})

    def _carried_out(
        self, method: str, path: str, query: dict[str, list[str]], token: str, body: bytes
    ) -> tuple[int, bytes]:
        login = LOGINS.get(token, "")
        if not login:
            status, value = 401, {"message": "Bad credentials"}
        elif method != "GET" and token == READING_TOKEN:
            status, value = 403, {"message": "Resource not accessible by integration"}
        elif path == "/user":
            person = not login.endswith("[bot]")
            status, value = (200, {"login": login}) if person else (403, {"message": "Resource not accessible"})
        elif path == f"/repos/{REPOSITORY}/issues/7/comments":
            return self._all(method, query, login, body)
        else:
            return self._one(method, path, body)
        return status, json.dumps(value).encode()

    def _all(self, method: str, query: dict[str, list[str]], login: str, body: bytes) -> tuple[int, bytes]:
        if method == "POST":
            return 201, json.dumps(self.has(login, json.loads(body)["body"]).shown(self.url)).encode()
        size, page = int(query["per_page"][0]), int(query["page"][0])
        shown = [one.shown(self.url) for one in self.comments[(page - 1) * size : page * size]]
        return 200, json.dumps(shown).encode()

    def _one(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        places = {f"/repos/{REPOSITORY}/issues/comments/{comment.id}": comment for comment in self.comments}
        if (comment := places.get(path)) is None:
            return 404, b'{"message": "Not Found"}'
        if method == "DELETE":
            self.comments.remove(comment)
            return 204, b""
        comment.body = json.loads(body)["body"]
        return 200, json.dumps(comment.shown(self.url)).encode()
