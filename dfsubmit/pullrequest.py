"""The one comment of a pull request that shows a plan: written, found again, and written anew in place, through GitHub's API.

It is known by its first line, a hidden marker with the project's name (`render.markdown.marker`), and by its author: a
stranger may write the same line, and would then own a comment that says what we say. The token of a job cannot tell who it
is; its comments are a bot's, as strangers' are not.

Rules: nothing is written that was not looked for just before, so that an attempt whose answer was lost can be made again;
so is one that came too often, after as long as GitHub says (`ratelimit`), but none that lacks a permission. Of several
comments of ours, which two runs at once can leave, the first stays. Redirects are not followed, and a token is sent over
https alone, or to this machine. What goes in and comes out is GitHub's REST API, version 2022-11-28.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from dfsubmit.dataforest.endpoint import is_loopback
from dfsubmit.errors import DfsubmitError, InputError, UsageError
from dfsubmit.ratelimit import pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# https://docs.github.com/rest/issues/comments: a body has at most 65,536 characters.
LONGEST_BODY = 65_536
_MARKER = re.compile(r"<!-- dfsubmit plan: [A-Za-z0-9._-]+ -->")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_REF = re.compile(r"refs/pull/([1-9][0-9]{0,9})/(?:merge|head)")
_PER_PAGE = 50
_MOST_PAGES = 400
# A page of the longest bodies, each character of which takes four bytes and JSON's marks.
_LARGEST_ANSWER = 32 << 20
_SECONDS = 30.0
_PAUSES = (1.0, 3.0)
# How long one comment is waited for, all pauses together: a job should end well before the minutes that it is given.
_MOST_WAITING = 240.0
_TOO_MANY, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 429, 401, 403, 404


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """Where the comment goes, and what lets us write it."""

    api_url: str
    repository: str
    number: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of the comment: `made`, `updated`, or `absent` where only one that is there was to be updated."""

    how: str
    url: str = ""


class _TryAgainError(DfsubmitError):
    """Nothing is known of the last request but that it may do to make it again, after pauses."""

    pauses: tuple[float, ...] = _PAUSES


class _LimitedError(_TryAgainError):
    """GitHub was asked too often."""

    def __init__(self, message: str, pauses: tuple[float, ...]) -> None:
        # It would be looked for in the permissions: that is what this status means most of the time.
        super().__init__(message, tip="that is GitHub's rate limit, and no missing permission: run it again later")
        self.pauses = pauses


def find_pull_request(environ: Mapping[str, str], number: int | None) -> PullRequest:
    """Return the pull request of this job, as GitHub's runner names it, or that with `number`. Raises UsageError."""
    ref = _REF.fullmatch(environ.get("GITHUB_REF", ""))
    if number is None and ref is None:
        raise UsageError(
            "this is no run for a pull request: GITHUB_REF is not refs/pull/N/merge",
            tip="run it for `on: pull_request`, or give --pull-request N",
        )
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise UsageError("GITHUB_REPOSITORY names no repository", tip="GitHub's runner sets it to OWNER/NAME")
    token = environ.get("GITHUB_TOKEN", "")
    if not token or not (token.isascii() and token.isprintable()):
        raise UsageError(
            "GITHUB_TOKEN is not set" if not token else "GITHUB_TOKEN is no token",
            tip="in the step: env: {GITHUB_TOKEN: ${{ github.token }}}",
        )
    return PullRequest(
        api_url=_checked(environ.get("GITHUB_API_URL") or "https://api.github.com"),
        repository=repository,
        number=number if number is not None else int(ref[1] if ref else 0),
        token=token,
    )


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        usable = safe and bool(parts.hostname) and parts.username is None and not parts.query and not parts.fragment
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            "GITHUB_API_URL names no API that a token may be sent to",
            tip="it must begin with https://, as https://api.github.com",
        )
    return url.rstrip("/")


def marker_of(page: str) -> str:
    """Return the hidden first line of a page. Raises InputError when `plan -o markdown` did not write it."""
    first = page.partition("\n")[0]
    if not _MARKER.fullmatch(first):
        raise InputError("the page does not begin as a plan does", tip="write it with `dfsubmit plan -o markdown`")
    if len(page) > LONGEST_BODY:
        raise InputError(f"the page has {len(page)} characters, and a comment at most {LONGEST_BODY}")
    return first


def publish(
    where: PullRequest,
    page: str,
    *,
    only_update: bool,
    sleep: Callable[[float], None],
    tell: Callable[[str], None],
) -> Published:
    """Show `page` in the comment that its marker names; `tell` gets a line about each wait. Raises DfsubmitError."""
    marker = marker_of(page)
    left = _MOST_WAITING
    with httpx.Client(timeout=_SECONDS, headers=_headers(where), follow_redirects=False) as client:
        comments = _Comments(where, client)
        for number in range(len(_PAUSES)):
            try:
                return comments.put(marker, page, only_update=only_update)
            except _TryAgainError as error:
                pause = error.pauses[number]
                if pause > left:
                    raise _too_long(error, pause) from error
                tell(f"{error.message}; trying again in {pause:.0f} s")
                sleep(pause)
                left -= pause
        return comments.put(marker, page, only_update=only_update)


def _too_long(error: _TryAgainError, pause: float) -> DfsubmitError:
    return DfsubmitError(
        f"{error.message}; it would be {pause:.0f} s before another try, and {_MOST_WAITING:.0f} s are waited at most",
        tip=error.tip,
    )


def _headers(where: PullRequest) -> dict[str, str]:
    return {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {where.token}",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "dfsubmit",
    }


class _Comments:
    """The comments of one pull request."""

    def __init__(self, where: PullRequest, client: httpx.Client) -> None:
        self._where = where
        self._client = client
        self._all = f"repos/{where.repository}/issues/{where.number}/comments"

    def put(self, marker: str, page: str, *, only_update: bool) -> Published:
        """Write `page` into the first comment of ours with `marker`, remove what else there is of them, or make one."""
        mine = list(self._mine(marker))
        for extra in mine[1:]:
            self._ask("DELETE", self._path(extra))
        if mine:
            return Published(how="updated", url=_url(self._ask("PATCH", self._path(mine[0]), {"body": page})))
        if only_update:
            return Published(how="absent")
        return Published(how="made", url=_url(self._ask("POST", self._all, {"body": page})))

    def _mine(self, marker: str) -> Iterator[Mapping[str, Any]]:
        login = self._login()
        for comment in self._listed():
            user = comment.get("user") or {}
            ours = user.get("login") == login if login else user.get("type") == "Bot"
            if ours and str(comment.get("body") or "").partition("\n")[0].rstrip("\r") == marker:
                yield comment

    def _login(self) -> str:
        """Return who the token belongs to; empty for that of a job or an app, which GitHub does not let ask."""
        answer = self._ask("GET", "user", allowed=(_FORBIDDEN,))
        return str(answer.get("login") or "") if isinstance(answer, dict) else ""

    def _listed(self) -> Iterator[Mapping[str, Any]]:
        for number in range(1, _MOST_PAGES + 1):
            found = self._ask("GET", f"{self._all}?per_page={_PER_PAGE}&page={number}")
            if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
                raise DfsubmitError("the list of comments cannot be read")
            yield from found
            if len(found) < _PER_PAGE:
                return

    def _path(self, comment: Mapping[str, Any]) -> str:
        number = comment.get("id")
        if not isinstance(number, int):
            raise DfsubmitError("the list of comments cannot be read")
        return f"repos/{self._where.repository}/issues/comments/{number}"

    def _ask(
        self, method: str, path: str, body: Mapping[str, str] | None = None, *, allowed: tuple[int, ...] = ()
    ) -> Any:
        """Return the answer's JSON, None where it has none. Raises _TryAgainError, DfsubmitError."""
        try:
            with self._client.stream(method, f"{self._where.api_url}/{path}", json=body) as response:
                content = _read(response)
        except httpx.HTTPError as error:
            raise _TryAgainError(f"GitHub cannot be reached: {str(error) or type(error).__name__}") from error
        said = _message(response, content)
        # Before anything else is made of the status: a limit hides what the answer would have been.
        if waits := pauses(response.status_code, response.headers, said, tries=len(_PAUSES)):
            raise _LimitedError(f"GitHub lets nothing more through for now: {_answered(response, said)}", waits)
        if response.status_code in allowed:
            return None
        if not response.is_success:
            raise self._refused(method, response, said)
        try:
            return json.loads(content) if content else None
        except (ValueError, RecursionError) as error:
            raise DfsubmitError(
                "what GitHub answered is not JSON", tip=f"is GITHUB_API_URL right? {self._where.api_url}"
            ) from error

    def _refused(self, method: str, response: httpx.Response, message: str) -> DfsubmitError:
        said, status = _answered(response, message), response.status_code
        if status == _TOO_MANY or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            return _TryAgainError(said)
        if status == _FORBIDDEN:
            what = "read the pull request's comments" if method == "GET" else "write to the pull request"
            said = f"GITHUB_TOKEN has no permission to {what}: {said}"
        tips = {
            _UNAUTHORIZED: "GITHUB_TOKEN was not accepted; a job's own token is github.token",
            _FORBIDDEN: "the job needs `permissions: {pull-requests: write}`, which one for a fork never gets",
            _NOT_FOUND: f"is there a pull request {self._where.number} in {self._where.repository}, and may GITHUB_TOKEN see it?",
        }
        return DfsubmitError(said, tip=tips.get(status, ""))


def _read(response: httpx.Response) -> bytes:
    content = bytearray()
    for piece in response.iter_bytes():
        content += piece
        if len(content) > _LARGEST_ANSWER:
            raise DfsubmitError("what GitHub answered is too large")
    return bytes(content)


def _answered(response: httpx.Response, message: str) -> str:
    return f"GitHub answered {response.status_code}{f': {message}' if message else ''}"


def _message(response: httpx.Response, content: bytes) -> str:
    """Return what an answer that is no success says of itself, where it says something."""
    if response.is_success:
        return ""
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    message = answer.get("message") if isinstance(answer, dict) else None
    return message[:200] if isinstance(message, str) else ""


def _url(comment: Any) -> str:
    return str(comment.get("html_url") or "") if isinstance(comment, dict) else ""
