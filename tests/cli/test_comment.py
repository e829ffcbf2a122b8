"""`dfsubmit comment`: one comment of ours for each project, whatever else there is and whatever goes wrong on the way."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from folder import Folder
from github_api import JOB_TOKEN, LOGINS, PERSON_TOKEN, READING_TOKEN, REPOSITORY, GitHub, Limit

from dfsubmit.ratelimit import pauses

MARKER = "<!-- dfsubmit plan: folder -->"
BOT = LOGINS[JOB_TOKEN]
COMMENTS = f"/repos/{REPOSITORY}/issues/7/comments"


@pytest.fixture(name="github")
def _github() -> Iterator[GitHub]:
    with GitHub() as github:
        yield github


@pytest.fixture(name="page", scope="module")
def _page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return what `plan` writes for a project with one app."""
    folder = Folder.make(tmp_path_factory.mktemp("planned"))
    folder.app("one")
    return folder.run("plan", "-o", "markdown").stdout


@pytest.fixture(name="folder")
def _folder(page: str, tmp_path: Path) -> Folder:
    """Return a folder with the page `plan.md`."""
    (tmp_path / "plan.md").write_text(page)
    return Folder(path=tmp_path)


def comment(
    folder: Folder, github: GitHub, *arguments: str, token: str = JOB_TOKEN, **env: str
) -> subprocess.CompletedProcess[str]:
    return folder.run("comment", *(arguments or ("plan.md",)), env={**github.env(token), **env})


def test_the_plan_is_shown_in_one_comment_that_is_written_anew_in_place(
    page: str, folder: Folder, github: GitHub
) -> None:
    first = comment(folder, github)
    assert page.startswith(f"{MARKER}\n### ")
    assert [(one.login, one.body) for one in github.comments] == [(BOT, page)]
    (folder.path / "plan.md").write_text(page.replace("1 to submit", "2 to submit"))

    second = comment(folder, github)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert [one.body for one in github.comments] == [page.replace("1 to submit", "2 to submit")]
    assert first.stdout == f"Comment: made, {github.url}/1000.\n"
    assert second.stdout == f"Comment: updated, {github.url}/1000.\n"


def test_the_comment_says_of_which_commit_and_by_which_run_it_is(folder: Folder, github: GitHub) -> None:
    event = folder.path / "event.json"
    event.write_text(json.dumps({"pull_request": {"head": {"sha": "c" * 40}}}))

    comment(
        folder,
        github,
        GITHUB_EVENT_PATH=str(event),
        GITHUB_SERVER_URL="https://host.invalid",
        GITHUB_RUN_ID="7",
    )

    foot = github.comments[0].body.splitlines()[-1]
    assert foot == "<sub>commit `cccccccccccc` · [run](https://host.invalid/team/specs/actions/runs/7)</sub>"


@pytest.mark.parametrize(
    "event", ["", "{}", "[]", "no json", '{"pull_request": {"head": {"sha": "`](x)"}}}', '{"pull_request": null}']
)
def test_an_event_that_names_no_commit_is_no_reason_to_fail(event: str, folder: Folder, github: GitHub) -> None:
    (folder.path / "event.json").write_text(event)

    result = comment(folder, github, GITHUB_EVENT_PATH=str(folder.path / "event.json"))

    assert result.returncode == 0
    assert github.comments[0].body == (folder.path / "plan.md").read_text()


def test_the_comments_of_others_are_left_alone_whatever_they_begin_with(folder: Folder, github: GitHub) -> None:
    others = [
        ("stranger", f"{MARKER}\nmine"),
        (BOT, "<!-- dfsubmit plan: other -->\nanother project"),
        (BOT, f"quoted:\n{MARKER}\n"),
        (BOT, f" {MARKER}"),
        (BOT, ""),
    ]
    for login, body in others:
        github.has(login, body)

    result = comment(folder, github)

    assert result.returncode == 0
    assert [(one.login, one.body) for one in github.comments[:-1]] == others
    assert github.comments[-1].body.startswith(MARKER)


def test_with_the_token_of_a_person_only_that_persons_comment_is_ours(folder: Folder, github: GitHub) -> None:
    github.has(BOT, f"{MARKER}\nof a job")
    mine = github.has(LOGINS[PERSON_TOKEN], f"{MARKER}\nold")

    comment(folder, github, token=PERSON_TOKEN)

    assert github.comments[0].body == f"{MARKER}\nof a job"
    assert github.comments[1] is mine
    assert mine.body == (folder.path / "plan.md").read_text()
    assert len(github.comments) == 2


def test_a_comment_is_found_behind_hundreds_of_others(folder: Folder, github: GitHub) -> None:
    for number in range(120):
        github.has("stranger", f"talk {number}")
    mine = github.has(BOT, f"{MARKER}\r\nold")
    github.has("stranger", "more talk")

    comment(folder, github)

    assert mine.body == (folder.path / "plan.md").read_text()
    assert len(github.comments) == 122


def test_of_two_comments_that_two_runs_left_the_first_stays(folder: Folder, github: GitHub) -> None:
    first = github.has(BOT, f"{MARKER}\nfirst")
    github.has("stranger", "talk")
    github.has(BOT, f"{MARKER}\nsecond")

    comment(folder, github)

    assert [one.login for one in github.comments] == [BOT, "stranger"]
    assert github.comments[0] is first
    assert first.body == (folder.path / "plan.md").read_text()


@pytest.mark.parametrize(
    ("fault", "method", "path"),
    [("lost", "POST", "comments"), (502, "POST", "comments"), (429, "GET", "comments"), ("lost", "GET", "user")],
)
def test_an_answer_that_was_lost_makes_no_second_comment(
    fault: int | str, method: str, path: str, folder: Folder, github: GitHub
) -> None:
    github.faults[method, path] = [fault]

    result = comment(folder, github)

    assert result.returncode == 0, result.stderr
    assert [one.body for one in github.comments] == [(folder.path / "plan.md").read_text()]


def test_a_host_that_does_not_recover_is_an_error(folder: Folder, github: GitHub) -> None:
    github.faults["GET", "user"] = [503] * 9

    result = comment(folder, github)

    assert result.returncode == 1
    assert result.stderr == (
        "GitHub answered 503: made-up fault; trying again in 1 s\n"
        "GitHub answered 503: made-up fault; trying again in 3 s\n"
        "error: GitHub answered 503: made-up fault\n"
    )
    assert len(github.asked) == 3


NO_MORE = {"X-RateLimit-Remaining": "0"}


@pytest.mark.parametrize(
    ("limit", "method", "path"),
    [
        (Limit(headers={"Retry-After": "1"}), "POST", "comments"),
        (Limit(status=429, headers={"Retry-After": "1"}), "GET", "comments"),
        (Limit(headers=NO_MORE, reset_in=0), "POST", "comments"),
    ],
)
def test_a_rate_limit_is_waited_for_as_long_as_github_says(
    limit: Limit, method: str, path: str, folder: Folder, github: GitHub
) -> None:
    github.faults[method, path] = [limit]

    result = comment(folder, github)

    assert result.returncode == 0, result.stderr
    assert [one.body for one in github.comments] == [(folder.path / "plan.md").read_text()]
    said = f"GitHub lets nothing more through for now: GitHub answered {limit.status}: made-up words"
    assert result.stderr == f"{said}; trying again in 1 s\n"


def test_a_limit_is_not_taken_for_a_token_that_may_not_ask_who_it_is(folder: Folder, github: GitHub) -> None:
    """The comments of a person are not a bot's, so one that is there would not be found, and be made a second time."""
    mine = github.has(LOGINS[PERSON_TOKEN], f"{MARKER}\nold")
    github.faults["GET", "user"] = [Limit(headers=NO_MORE, reset_in=0)]

    result = comment(folder, github, token=PERSON_TOKEN)

    assert result.returncode == 0, result.stderr
    assert github.comments == [mine]


@pytest.mark.parametrize(
    "limit",
    [Limit(headers={**NO_MORE, "Retry-After": "3600"}), Limit(status=429, headers=NO_MORE, reset_in=3600)],
)
def test_a_limit_that_lasts_long_is_told_at_once_with_its_time(limit: Limit, folder: Folder, github: GitHub) -> None:
    github.faults["GET", "comments"] = [limit]

    result = comment(folder, github)

    assert result.returncode == 1
    assert re.search(r"it would be 360\d s before another try, and 240 s are waited at most\n", result.stderr)
    assert "tip: that is GitHub's rate limit, and no missing permission: run it again later\n" in result.stderr
    assert github.comments == []


def test_a_limit_that_does_not_end_is_asked_three_times(folder: Folder, github: GitHub) -> None:
    github.faults["GET", "comments"] = [Limit(headers={"Retry-After": "0"})] * 9

    result = comment(folder, github)

    assert (result.returncode, github.asked.count(("GET", f"{COMMENTS}?per_page=50&page=1"))) == (1, 3)
    assert "tip: that is GitHub's rate limit, and no missing permission" in result.stderr


def test_a_missing_permission_is_told_at_once_however_much_may_still_be_asked(folder: Folder, github: GitHub) -> None:
    left = {"X-RateLimit-Remaining": "12"}
    github.faults["GET", "comments"] = [Limit(message="Resource not accessible", headers=left, reset_in=3600)]

    result = comment(folder, github)

    assert result.returncode == 1
    assert result.stderr == (
        "error: GITHUB_TOKEN has no permission to read the pull request's comments: "
        "GitHub answered 403: Resource not accessible\n"
        "tip: the job needs `permissions: {pull-requests: write}`, which one for a fork never gets\n"
    )
    assert len(github.asked) == 2


DATE = "Fri, 27 Nov 2026 03:00:00 GMT"
PAUSES: list[tuple[int, dict[str, str], str, tuple[float, ...]]] = [
    (403, {"retry-after": "7"}, "", (7.0, 7.0)),
    (403, {"retry-after": "0"}, "", (1.0, 1.0)),
    (429, {"retry-after": "9" * 400}, "", (86_400.0, 86_400.0)),
    (403, {"retry-after": "Fri, 27 Nov 2026 03:00:30 GMT", "date": DATE}, "", (30.0, 30.0)),
    (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795748450", "date": DATE}, "", (51.0, 51.0)),
    (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795748000", "date": DATE}, "", (1.0, 1.0)),
    (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}, "", (60.0, 60.0)),
    (403, {}, "You have exceeded a secondary rate limit.", (60.0, 120.0)),
    (403, {"retry-after": "soon"}, "API Rate Limit exceeded", (60.0, 120.0)),
    (403, {"x-ratelimit-remaining": "5"}, "Resource not accessible by integration", ()),
    (429, {}, "", ()),
    (404, {"retry-after": "7", "x-ratelimit-remaining": "0"}, "rate limit", ()),
    (200, {"x-ratelimit-remaining": "0"}, "", ()),
]


@pytest.mark.parametrize(("status", "headers", "message", "expected"), PAUSES)
def test_what_an_answer_says_of_a_limit_is_read_by_the_clock_of_the_answer(
    status: int, headers: dict[str, str], message: str, expected: tuple[float, ...]
) -> None:
    assert pauses(status, headers, message, tries=2) == expected


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (READING_TOKEN, "permissions: {pull-requests: write}"),
        ("made-up-unknown-token", "GITHUB_TOKEN was not accepted"),
    ],
)
def test_a_token_that_may_not_is_told_and_never_shown(token: str, said: str, folder: Folder, github: GitHub) -> None:
    result = comment(folder, github, "plan.md", "-v", token=token)

    assert result.returncode == 1
    assert said in result.stderr
    assert token not in result.stdout + result.stderr
    assert github.comments == []


def test_the_pull_request_can_be_named_and_one_that_is_not_there_is_told(folder: Folder, github: GitHub) -> None:
    other = comment(folder, github, "plan.md", "--pull-request", "8", GITHUB_REF="refs/heads/main")
    this = comment(folder, github, "plan.md", "--pull-request", "7", GITHUB_REF="refs/heads/main")

    assert (other.returncode, this.returncode) == (1, 0)
    assert "is there a pull request 8 in team/specs" in other.stderr


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"GITHUB_REF": "refs/heads/main"}, "this is no run for a pull request"),
        ({"GITHUB_REF": "refs/pull/7/merge\n"}, "this is no run for a pull request"),
        ({"GITHUB_REPOSITORY": "../../user"}, "GITHUB_REPOSITORY names no repository"),
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set"),
        ({"GITHUB_TOKEN": "a\nb"}, "GITHUB_TOKEN is no token"),
        ({"GITHUB_API_URL": "http://host.invalid"}, "GITHUB_API_URL names no API that a token may be sent to"),
        ({"GITHUB_API_URL": "https://user@host.invalid"}, "GITHUB_API_URL names no API"),
        ({"GITHUB_API_URL": "https://["}, "GITHUB_API_URL names no API"),
    ],
)
def test_what_the_runner_should_have_set_is_named(
    env: dict[str, str], said: str, folder: Folder, github: GitHub
) -> None:
    result = comment(folder, github, **env)

    assert result.returncode == 64
    assert f"error: {said}" in result.stderr
    assert github.asked == []


@pytest.mark.parametrize("page", ["", "# Mine\n", f"text\n{MARKER}\n", "<!-- dfsubmit plan: a b -->\n"])
def test_only_a_page_that_plan_wrote_is_shown(page: str, folder: Folder, github: GitHub) -> None:
    (folder.path / "plan.md").write_text(page)

    result = comment(folder, github)

    assert result.returncode == 1
    assert "tip: write it with `dfsubmit plan -o markdown`" in result.stderr
    assert github.asked == []


def test_a_page_that_is_longer_than_a_comment_may_be_is_told(folder: Folder, github: GitHub) -> None:
    (folder.path / "plan.md").write_text(f"{MARKER}\n{'x' * 65_536}")

    result = comment(folder, github)

    assert (result.returncode, github.asked) == (1, [])
    assert "and a comment at most 65536" in result.stderr


def test_the_longest_plan_fits_with_its_last_line(folder: Folder, github: GitHub) -> None:
    folder.path.joinpath("plan.md").write_text(f"{MARKER}\n{'x' * 59_900}")

    assert comment(folder, github).returncode == 0


def test_redirects_are_not_followed(folder: Folder, github: GitHub) -> None:
    github.faults["GET", "comments"] = [307]

    result = comment(folder, github)

    assert result.returncode == 1
    assert "GitHub answered 307" in result.stderr
    assert [path for _, path in github.asked if "elsewhere" in path] == []


@pytest.mark.parametrize("content", [b"<html>", b"{}", b'["x"]', b'[{"user": null}, 1]', b"[" * 100_000])
def test_an_answer_that_makes_no_sense_is_an_error_and_no_bug(content: bytes, folder: Folder, github: GitHub) -> None:
    github.faults["GET", "comments"] = [content]

    result = comment(folder, github)

    assert result.returncode == 1
    assert result.stderr.startswith("error: ")
    assert "bug" not in result.stderr


def test_without_a_plan_of_the_last_commit_the_comment_says_so(folder: Folder, github: GitHub) -> None:
    comment(folder, github)
    Folder.make(folder.path)
    (folder.path / "specs" / "bad.yaml").write_text("kind: AiApp\n")
    assert folder.run("plan").returncode == 1

    result = comment(folder, github, "--outdated")

    assert result.returncode == 0, result.stderr
    assert len(github.comments) == 1
    assert github.comments[0].body.startswith(f"{MARKER}\n### ❌ No plan of the last commit\n")
    assert result.stdout.startswith("Comment: updated, ")


def test_where_there_is_no_comment_nothing_can_be_outdated(folder: Folder, github: GitHub) -> None:
    Folder.make(folder.path)

    result = comment(folder, github, "--outdated")

    assert (result.returncode, result.stdout, github.comments) == (0, "Comment: absent.\n", [])


@pytest.mark.parametrize("arguments", [("--quiet",), ("plan.md", "--outdated")])
def test_it_takes_a_page_or_outdated(arguments: tuple[str, ...], folder: Folder, github: GitHub) -> None:
    result = comment(folder, github, *arguments)

    assert result.returncode == 64
    assert "comment takes either a page or --outdated" in result.stderr


def test_the_api_is_asked_for_nothing_but_comments(folder: Folder, github: GitHub) -> None:
    comment(folder, github)

    assert github.asked == [("GET", "/user"), ("GET", f"{COMMENTS}?per_page=50&page=1"), ("POST", COMMENTS)]
