"""Runs a workflow of GitHub's as its runner does: triggers, jobs, contexts, permissions and steps, read from the YAML itself.

Strict: a key, an action or an input of one that is not known here is an error, so that nothing of a workflow goes unrun. What
runs somewhere else is put here: `actions/checkout` is a real fetch from the host, with the token that the job has;
`actions/setup-python` is the Python of the tests, in which dfsubmit is installed; artifacts are folders. Each job has a
workspace and a home of its own, as a fresh machine has. The facts are of https://docs.github.com/actions/reference.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from secrets import token_hex
from typing import Any

from expressions import evaluate, filled, shown
from git_host import Access, GitHost, git
from pipeline_yaml import read

PROGRAMS = Path(sys.executable).parent
# What coverage needs to follow into the processes, when it measures.
PASSED_ON = {name: value for name, value in os.environ.items() if name.startswith(("COVERAGE_", "COV_CORE_"))}
DEFAULT_BRANCH = "main"
RUN_PATIENCE_SECONDS = 120

_WORKFLOW_KEYS = {"name", "on", "permissions", "concurrency", "defaults", "env", "jobs"}
_JOB_KEYS = {
    *("name", "runs-on", "timeout-minutes", "permissions", "outputs", "steps", "needs", "if", "environment", "env"),
}
_STEP_KEYS = {"name", "id", "uses", "with", "run", "env", "if"}
_INPUTS = {
    "actions/checkout": {"persist-credentials", "ref"},
    "actions/setup-python": {"python-version"},
    "actions/upload-artifact": {"name", "path", "if-no-files-found", "overwrite"},
    "actions/download-artifact": {"name", "path"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What starts a run: a push, a pull request, a merge queue, or a hand. `changed` are the paths that it changes."""

    name: str
    ref: str
    sha: str
    changed: tuple[str, ...] = ()
    actor: str = "somebody"
    # Of a pull request: the repository that its branch is in.
    source: str | None = None

    def payload(self) -> dict[str, Any]:
        head = {"pull_request": {"head": {"repo": {"full_name": self.source}}}} if self.source else {}
        return {"repository": {"default_branch": DEFAULT_BRANCH}, **head}


@dataclass(kw_only=True)
class Job:
    """How a job ended: success, failure or skipped; and what it left. `log` is what its steps printed."""

    result: str = "skipped"
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""
    summary: str = ""


@dataclass(kw_only=True)
class Run:
    """A run of one workflow. `jobs` is empty when the event does not start it."""

    jobs: dict[str, Job] = field(default_factory=dict)

    @property
    def log(self) -> str:
        return "".join(job.log for job in self.jobs.values())

    @property
    def results(self) -> dict[str, str]:
        return {name: job.result for name, job in self.jobs.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine of one job, and what it was given to do."""

    folder: Path
    event: Event
    job: Job
    contexts: dict[str, Any]

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"


@dataclass(kw_only=True)
class Actions:
    """The part of the host that runs workflows for `repository`. Secrets are of the repository, or of an environment of it."""

    host: GitHost
    repository: str
    folder: Path
    api_url: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # From the permissions of a job to its token, for an API that must know it before.
    token: Callable[[Mapping[str, str]], str] = lambda _: token_hex()  # a default, not a function
    _process: subprocess.Popen[str] | None = None
    _count: int = 0

    def run(self, workflow: Path, event: Event, inputs: Mapping[str, Any] | None = None) -> Run:
        """Run `workflow` on `event`; with `inputs` as one that another workflow calls."""
        document = _read(workflow)
        self._count += 1
        run = Run()
        if inputs is None and not _starts(document["on"], event):
            return run
        contexts = {
            "github": self._github(event),
            "inputs": _inputs(document["on"], inputs),
            "secrets": {} if self._is_fork(event) else self.secrets,
        }
        for name, job in document["jobs"].items():
            _known(job, _JOB_KEYS)
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            needed = {other: vars(run.jobs[other]) for other in needs}
            failed = any(other["result"] != "success" for other in needed.values())
            functions = _functions(failed=failed)
            here = {**contexts, "needs": needed}
            run.jobs[name] = Job()
            if _holds(job.get("if"), here, functions):
                self._job(run.jobs[name], name, document, here, event)
        return run

    def kill(self) -> None:
        """Take the machine away: everything that the step has started is killed at once."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _is_fork(self, event: Event) -> bool:
        return event.source not in (None, self.repository)

    def _github(self, event: Event) -> dict[str, Any]:
        return {
            "repository": self.repository,
            "ref": event.ref,
            "ref_name": event.ref.removeprefix("refs/heads/").removeprefix("refs/pull/"),
            "sha": event.sha,
            "server_url": self.host.url,
            "event_name": event.name,
            "event": event.payload(),
        }

    def _job(self, job: Job, name: str, document: Mapping[str, Any], contexts: Mapping[str, Any], event: Event) -> None:
        """Run the steps of one job, until one fails."""
        text = document["jobs"][name]
        permissions = text.get("permissions", document["permissions"])
        if self._is_fork(event):
            permissions = dict.fromkeys(permissions, "read")
        token = self.token(permissions)
        if (contents := permissions.get("contents")) is not None:
            self.host.tokens[token] = Access(self.repository, push=contents == "write")
        folder = self.folder / f"run-{self._count}-{name}"
        for part in ("workspace", "home", "temp"):
            (folder / part).mkdir(parents=True)
        here = {
            **contexts,
            "github": {**contexts["github"], "token": token, "workspace": str(folder / "workspace")},
            "runner": {"temp": str(folder / "temp")},
            "steps": {},
        }
        if environment := text.get("environment"):
            here["secrets"] = {**here["secrets"], **self.environments.get(filled(environment, here), {})}
        variables = {**document.get("env", {}), **text.get("env", {})}
        here["env"] = {key: filled(shown(value), here) for key, value in variables.items()}
        self._steps(text["steps"], Machine(folder=folder, event=event, job=job, contexts=here))
        summary = folder / "summary"
        job.summary = summary.read_text() if summary.exists() else ""
        job.outputs = {key: filled(value, here) for key, value in text.get("outputs", {}).items()}
        self.host.tokens.pop(token, None)

    def _steps(self, steps: Sequence[Mapping[str, Any]], machine: Machine) -> None:
        machine.job.result = "success"
        for step in steps:
            _known(step, _STEP_KEYS)
            functions = _functions(failed=machine.job.result != "success")
            if not _holds(step.get("if"), machine.contexts, functions):
                continue
            outputs = self._action(step, machine) if "uses" in step else self._script(step, machine)
            if outputs is None:
                machine.job.result = "failure"
            else:
                machine.contexts["steps"][step.get("id", "")] = {"outputs": outputs}

    def _script(self, step: Mapping[str, Any], machine: Machine) -> dict[str, str] | None:
        """Run one script, and return the outputs that it wrote, or None when it failed."""
        assert "${{" not in step["run"], "no value is put into a script"
        declared = {key: filled(shown(value), machine.contexts) for key, value in step.get("env", {}).items()}
        output = machine.folder / "output"
        output.write_text("")
        # https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax: what `shell: bash` stands for
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        with subprocess.Popen(
            command,
            cwd=machine.workspace,
            env={**self._variables(machine), **machine.contexts["env"], **declared},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            self._process = process
            log, _ = process.communicate(timeout=RUN_PATIENCE_SECONDS)
            self._process = None
        machine.job.log += log
        lines = [line.partition("=") for line in output.read_text().splitlines()]
        return {name: value for name, _, value in lines} if process.returncode == 0 else None

    def _variables(self, machine: Machine) -> dict[str, str]:
        """Return what the runner puts into the environment of every step."""
        event, folder = machine.event, machine.folder
        return {
            **PASSED_ON,
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "LANG": "C.UTF-8",
            # Nothing but what is installed already.
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": event.actor,
            "GITHUB_API_URL": self.api_url,
            "GITHUB_EVENT_NAME": event.name,
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_REF": event.ref,
            "GITHUB_REF_NAME": event.ref.removeprefix("refs/heads/").removeprefix("refs/pull/"),
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_RUN_ID": str(self._count),
            "GITHUB_SERVER_URL": self.host.url,
            "GITHUB_SHA": event.sha,
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "GITHUB_WORKSPACE": str(folder / "workspace"),
            "RUNNER_TEMP": str(folder / "temp"),
        }

    def _action(self, step: Mapping[str, Any], machine: Machine) -> dict[str, str]:
        """Do what one of the actions of GitHub does."""
        given = {key: filled(shown(value), machine.contexts) for key, value in step.get("with", {}).items()}
        name = step["uses"].partition("@")[0]
        _known(given, _INPUTS.get(name, set()), where=name)
        artifact = self.folder / f"artifact-{self._count}-{given.get('name', '')}"
        match name:
            case "actions/checkout":
                assert given.get("persist-credentials") == "false", "a token that stays is one for every later step"
                self._check_out(machine, given.get("ref", ""))
            case "actions/setup-python":
                assert given["python-version"]
            case "actions/upload-artifact":
                shutil.copytree(given["path"], artifact, dirs_exist_ok=given.get("overwrite") == "true")
            case "actions/download-artifact":
                shutil.copytree(artifact, given["path"], dirs_exist_ok=True)
            case _:
                raise AssertionError(f"nothing here knows {name}")
        return {}

    def _check_out(self, machine: Machine, given: str) -> None:
        """Fetch one commit, as `actions/checkout` does: shallow, and detached where the ref is no branch.

        Without a ref it is the event's commit, whatever its branch is at by now.
        """
        ref = given or machine.event.ref
        workspace, token = machine.workspace, machine.contexts["github"]["token"]
        secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        key = f"http.{self.host.url}/.extraheader=AUTHORIZATION: basic {secret}"
        git(workspace, "init", "--quiet", f"--initial-branch={DEFAULT_BRANCH}")
        git(workspace, "remote", "add", "origin", f"{self.host.url}/{self.repository}.git")
        branch = ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""
        kept = f"refs/remotes/origin/{branch}" if branch else ref.replace("refs/", "refs/remotes/", 1)
        wanted = ref if given else machine.event.sha
        git(workspace, "-c", key, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", f"+{wanted}:{kept}")
        git(workspace, "checkout", "--quiet", "--force", *(["-B", branch] if branch else ["--detach"]), kept)


def _functions(*, failed: bool) -> Mapping[str, Callable[[], bool]]:
    return {"cancelled": lambda: False, "always": lambda: True, "success": lambda: not failed}


def _read(path: Path) -> Mapping[str, Any]:
    document: Mapping[str, Any] = read(path)
    _known(document, _WORKFLOW_KEYS)
    assert document["defaults"] == {"run": {"shell": "bash"}}
    return document


def _known(mapping: Mapping[str, Any], keys: set[str], where: str = "") -> None:
    assert mapping.keys() <= keys, f"{where}: nothing here knows {mapping.keys() - keys}"


def _starts(triggers: Mapping[str, Any], event: Event) -> bool:
    if event.name not in triggers:
        return False
    rules = triggers[event.name] or {}
    _known(rules, {"branches", "paths"})
    branch = event.ref.removeprefix("refs/heads/")
    if "branches" in rules and branch not in rules["branches"]:
        return False
    if "paths" not in rules:
        return True
    patterns = [rule.replace("**", "*") for rule in rules["paths"]]
    return any(fnmatchcase(path, pattern) for path in event.changed for pattern in patterns)


def _inputs(triggers: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the inputs of a workflow that is called; one that starts by itself has none."""
    if given is None:
        return {}
    declared = triggers["workflow_call"]["inputs"]
    _known(given, set(declared))
    return {name: given.get(name, one.get("default")) for name, one in declared.items()}


def _holds(condition: str | None, contexts: Mapping[str, Any], functions: Mapping[str, Callable[[], bool]]) -> bool:
    """Tell whether a job or a step runs: without a word about it, when all before it went well."""
    if condition is None:
        return functions["success"]()
    text = condition.strip()
    if text.startswith("${{"):
        text = text.removeprefix("${{").removesuffix("}}")
    asks = any(f"{name}()" in text for name in functions)
    return bool(evaluate(text, contexts, functions)) and (asks or functions["success"]())
