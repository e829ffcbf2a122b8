"""plan, show, apply and the verbs that follow, as a user starts them: whole outputs and exit codes."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cli_program import CONSOLE_SCRIPT, PASSED_ON
from folder import Folder, last_line


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.make(tmp_path)


def test_the_whole_way_from_plan_to_status(folder: Folder) -> None:
    folder.app("one", "echo hello from one")
    folder.app("two", "echo hello from two")
    plan = folder.run("plan", "--detailed-exitcode")
    assert plan.returncode == 2
    assert plan.stdout == (
        "  + one  submit: new  specs/one.yaml:3\n"
        "  + two  submit: new  specs/two.yaml:3\n"
        "\n"
        "Plan: 2 to submit, 0 to kill, 0 unchanged, 0 unresolved.\n"
    )
    applied = folder.run("apply", "--yes", "--wait")
    assert applied.returncode == 0, applied.stderr
    assert applied.stdout == "Apply: 2 submitted, 0 adopted, 0 unchanged, 0 failed, 0 unresolved.\n"
    again = folder.run("apply", "--yes", "--wait")
    assert again.stdout == "Apply: 0 submitted, 0 adopted, 2 unchanged, 0 failed, 0 unresolved.\n"
    settled = folder.run("plan", "--detailed-exitcode")
    assert settled.returncode == 0
    assert re.search(
        r"^  = one  unchanged: one-[0-9a-z]{4}-[0-9a-z]{4} FINISHED/SUCCEEDED$", settled.stdout, re.MULTILINE
    )
    status = folder.run("status")
    assert last_line(status.stdout) == "2 apps: 2 succeeded."
    logs = folder.run("logs", "one")
    assert logs.stdout.startswith("hello from one\n")


def test_planning_creates_nothing(folder: Folder) -> None:
    folder.app("one")
    before = sorted(folder.path.rglob("*"))
    for verb in ("plan", "status", "render", "validate"):
        assert folder.run(verb).returncode == 0
    assert sorted(folder.path.rglob("*")) == before


def test_layout_comments_and_file_name_change_nothing_and_one_field_is_one_submit(folder: Folder) -> None:
    path = folder.app("one")
    assert folder.run("apply", "--yes").returncode == 0
    text = path.read_text()
    path.unlink()
    moved = path.with_name("renamed.yaml")
    moved.write_text("# a comment\n" + text.replace("{name: one}", "\n  name:   'one'  # the same"))
    assert folder.run("plan", "--detailed-exitcode").returncode == 0
    moved.write_text(text.replace('"true"', '"echo changed"'))
    plan = folder.run("plan")
    assert "  + one  submit: spec changed" in plan.stdout
    assert '      spec.docker.command: "true" -> "echo changed"\n' in plan.stdout
    assert last_line(plan.stdout) == "Plan: 1 to submit, 0 to kill, 0 unchanged, 0 unresolved."


def test_plans_for_equal_inputs_are_the_same_bytes(folder: Folder) -> None:
    folder.app("one")
    folder.app("two")
    first = folder.run("plan", "-o", "json")
    assert first.returncode == 0
    assert first.stdout == folder.run("plan", "-o", "json").stdout
    document = json.loads(first.stdout)
    assert document["summary"] == {"submit": 2, "kill": 0, "unchanged": 0, "unresolved": 0, "orphan": 0}
    assert [change["source"]["line"] for change in document["changes"]] == [3, 3]


def test_a_saved_plan_is_applied_once_and_then_stale(folder: Folder) -> None:
    folder.app("one")
    assert folder.run("plan", "--out", "saved.plan").returncode == 0
    shown = folder.run("show", "saved.plan", "--detailed-exitcode")
    assert shown.returncode == 2
    assert last_line(shown.stdout) == "Plan: 1 to submit, 0 to kill, 0 unchanged, 0 unresolved."
    folder.app("later")
    applied = folder.run("apply", "saved.plan", "--yes")
    assert applied.returncode == 0, applied.stderr
    assert applied.stdout == "Apply: 1 submitted, 0 adopted, 0 unchanged, 0 failed, 0 unresolved.\n"
    assert len(folder.world()) == 1
    stale = folder.run("apply", "saved.plan", "--yes")
    assert stale.returncode == 6
    assert "the plan is stale: one (now submitted as one-" in stale.stderr
    assert len(folder.world()) == 1


def test_an_unrelated_change_does_not_make_a_saved_plan_stale(folder: Folder) -> None:
    folder.app("one")
    assert folder.run("plan", "--out", "saved.plan").returncode == 0
    folder.app("other")
    assert folder.run("apply", "--yes", "--select", "other").returncode == 0
    assert folder.run("apply", "saved.plan", "--yes").returncode == 0
    assert len(folder.world()) == 2


def test_an_edited_plan_is_refused(folder: Folder) -> None:
    folder.app("one")
    folder.run("plan", "--out", "saved.plan")
    path = folder.path / "saved.plan"
    path.write_text(path.read_text().replace('"command": "true"', '"command": "echo evil"'))
    refused = folder.run("apply", "saved.plan", "--yes")
    assert refused.returncode == 1
    assert "was changed after it was written" in refused.stderr
    assert folder.world() == []


def test_expect_applies_exactly_what_was_looked_at(folder: Folder) -> None:
    folder.app("one")
    token = json.loads(folder.run("plan", "-o", "json").stdout)["token"]
    folder.app("two")
    folder.app("one", "echo other")
    refused = folder.run("apply", "--yes", "--expect", token)
    assert refused.returncode == 6
    assert folder.world() == []
    folder.app("one")
    applied = folder.run("apply", "--yes", "--expect", token)
    assert applied.stdout == "Apply: 1 submitted, 0 adopted, 0 unchanged, 0 failed, 0 unresolved.\n"
    assert [app["name"][:4] for app in folder.world()] == ["one-"]


def test_limits_refuse_before_anything_is_sent(folder: Folder) -> None:
    for number in range(3):
        folder.app(f"app-{number}")
    refused = folder.run("apply", "--yes", "--max-submit", "2")
    assert refused.returncode == 5
    assert "submits 3 apps, more than the limit of 2" in refused.stderr
    assert folder.world() == []


def test_without_a_terminal_and_without_yes_it_fails_at_once(folder: Folder) -> None:
    folder.app("one")
    refused = folder.run("apply")
    assert refused.returncode == 1
    assert "--yes" in refused.stderr
    assert folder.world() == []


def test_dry_run_shows_the_plan_and_sends_nothing(folder: Folder) -> None:
    folder.app("one")
    shown = folder.run("apply", "--dry-run")
    assert shown.returncode == 0
    assert last_line(shown.stdout) == "Plan: 1 to submit, 0 to kill, 0 unchanged, 0 unresolved."
    assert folder.world() == []
    assert not (folder.path / "specs" / ".dfsubmit" / "ledger.db").exists()


def test_select_takes_a_part_and_calls_nothing_an_orphan(folder: Folder) -> None:
    folder.app("one", meta=", labels: {team: red}")
    folder.app("two")
    applied = folder.run("apply", "--yes", "--select", "team=red")
    assert applied.stdout == "Apply: 1 submitted, 0 adopted, 0 unchanged, 0 failed, 0 unresolved.\n"
    assert "orphan" not in folder.run("plan", "--select", "two").stdout


def test_a_removed_manifest_is_an_orphan_until_prune_kills_its_app(folder: Folder) -> None:
    folder.app("one", "sleep 60")
    path = folder.app("two", "sleep 60")
    assert folder.run("apply", "--yes").returncode == 0
    path.unlink()
    plan = folder.run("plan")
    assert re.search(r"^  ! two  orphan: manifest removed; two-\S+ (ACCEPTED|RUNNING)$", plan.stdout, re.MULTILINE)
    reported = folder.run("apply", "--yes")
    assert reported.stdout == "Apply: 0 submitted, 0 adopted, 1 unchanged, 0 failed, 0 unresolved.\n"
    assert re.search(
        r"^warning: two: manifest removed, but two-\S+ is (ACCEPTED|RUNNING)$", reported.stderr, re.MULTILINE
    )
    pruned = folder.run("apply", "--yes", "--prune")
    assert pruned.returncode == 0, pruned.stderr
    assert "manifest removed, but" not in pruned.stderr + folder.run("apply", "--yes").stderr
    assert folder.run("wait", "two").returncode == 103
    assert folder.run("kill", "one", "--yes").stdout == "Kill: 1 killed, 0 not running, 0 failed.\n"
    assert folder.run("wait", "one", "--timeout", "30").returncode == 103


def test_wait_tells_by_its_exit_code_how_apps_ended(folder: Folder) -> None:
    folder.app("good")
    folder.app("bad", "echo why it failed; exit 3")
    assert folder.run("apply", "--yes").returncode == 0
    assert folder.run("wait", "good").returncode == 0
    failed = folder.run("wait")
    assert failed.returncode == 100
    assert "| why it failed" in failed.stderr
    assert "| why it failed" in folder.run("status").stdout
    assert "| why it failed" in folder.run("plan").stdout
    assert folder.run("wait", "nothing").returncode == 102


def test_wait_ends_at_its_timeout(folder: Folder) -> None:
    folder.app("slow", "sleep 60")
    assert folder.run("apply", "--yes").returncode == 0
    assert folder.run("wait", "--timeout", "0").returncode == 101
    assert folder.run("wait", "--timeout", "0.3").returncode == 124
    assert folder.run("kill", "slow", "--yes").returncode == 0


def test_a_secret_reaches_the_app_and_nothing_else(folder: Folder) -> None:
    canary = "canary-5d1c0b"
    folder.app(
        "one",
        'test "$TOKEN" = "$EXPECTED" && echo fits',
        more=f", env: {{TOKEN: {{fromEnv: MINE}}, EXPECTED: {canary[:6]}}}",
    )
    folder.app("two", 'test -n "$TOKEN"', more=", env: {TOKEN: {fromEnv: MINE}}")
    outputs = [folder.run("plan", "--out", "saved.plan", env={"MINE": canary})]
    outputs.append(folder.run("apply", "--yes", "--wait", "-vv", "--select", "two", env={"MINE": canary}))
    assert outputs[-1].returncode == 0, outputs[-1].stderr
    outputs += [folder.run(verb, "-vv") for verb in ("plan", "status", "validate", "render")]
    outputs.append(folder.run("ledger", "export"))
    assert all(canary not in run.stdout + run.stderr for run in outputs)
    for path in folder.path.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes(), path
    missing = folder.run("apply", "--yes")
    assert missing.returncode == 1
    assert "one: not set in the environment: MINE" in missing.stderr


def test_sigterm_lets_what_is_in_flight_end_and_exits_143(folder: Folder) -> None:
    for number in range(200):
        folder.app(f"app-{number}", "true", prefix="same")
    with subprocess.Popen(
        [CONSOLE_SCRIPT, "apply", "--yes", "--max-submit", "500"],
        cwd=folder.path,
        env={**PASSED_ON},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    ) as process:
        deadline = time.monotonic() + 30
        while len(folder.world()) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 143
    started = {app["id"] for app in folder.world()}
    assert 3 <= len(started) < 200
    entries = folder.ledger()
    assert {entry["app"]["id"] for entry in entries if entry["event"] == "accepted"} == started
    assert sum(entry["event"] == "intent" for entry in entries) == len(started)


def test_on_a_terminal_it_asks_and_takes_no_for_an_answer(folder: Folder) -> None:
    folder.app("one")
    master, slave = pty.openpty()
    with subprocess.Popen(
        [CONSOLE_SCRIPT, "apply"],
        cwd=folder.path,
        env={**PASSED_ON, "TERM": "xterm"},
        stdin=slave,
        stderr=slave,
        stdout=subprocess.PIPE,
    ) as process:
        os.close(slave)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(master, 4096)
        os.write(master, b"n\n")
        assert process.wait(timeout=30) == 1
    os.close(master)
    assert b"Submit 1?" in shown
    assert folder.world() == []


def test_on_a_terminal_waiting_counts_an_app_as_soon_as_it_has_ended(folder: Folder) -> None:
    folder.app("long", "sleep 60")
    folder.app("short")
    folder.run("apply", "--yes")
    master, slave = pty.openpty()
    with subprocess.Popen(
        [CONSOLE_SCRIPT, "wait"],
        cwd=folder.path,
        env={**PASSED_ON, "TERM": "xterm"},
        stderr=slave,
        stdout=subprocess.PIPE,
    ) as process:
        os.close(slave)
        shown = b""
        while b"waiting for apps 1/2: short" not in shown:  # the other app still runs
            shown += os.read(master, 4096)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    os.close(master)
    folder.run("kill", "long", "--yes")


def test_four_appliers_at_once_submit_each_app_once(folder: Folder) -> None:
    for number in range(12):
        folder.app(f"app-{number}", prefix=f"p{number}")
    runs = [
        subprocess.Popen(
            [CONSOLE_SCRIPT, "apply", "--yes"],
            cwd=folder.path,
            env={**PASSED_ON},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(4)
    ]
    ends = [(*run.communicate(timeout=120), run.returncode) for run in runs]
    assert all(code in (0, 4) for _, _, code in ends), ends
    assert len(folder.world()) == 12
    assert folder.run("apply", "--yes").stdout.startswith("Apply: 0 submitted, 0 adopted, 12 unchanged")


def test_the_emulator_serves_the_same_engine_over_http(folder: Folder) -> None:
    folder.app("one", "echo over http")
    with subprocess.Popen(
        [CONSOLE_SCRIPT, "emulator", "--port", "0"],
        cwd=folder.path,
        env={**PASSED_ON},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        env = {
            "NCLOUD_ACCESS_KEY": "LOCALEXAMPLEACCESSKEY",
            "NCLOUD_SECRET_KEY": "LOCALEXAMPLESECRETKEY",
            "DFSUBMIT_ENGINE": "dataforest",
            "DFSUBMIT_BASE_URL": url,
        }
        applied = folder.run("apply", "--yes", "--wait", env=env)
        assert applied.returncode == 0, applied.stderr
        assert folder.run("logs", "one", env=env).stdout.startswith("over http\n")
        wrong = folder.run("status", env={**env, "NCLOUD_SECRET_KEY": "MADEUPWRONGKEY"})
        assert "MADEUPWRONGKEY" not in wrong.stdout + wrong.stderr
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)
    assert len(folder.world()) == 1


def test_a_workspace_that_the_account_does_not_have_is_warned_of_and_refused_by_the_service(folder: Folder) -> None:
    path = folder.app("one")
    path.write_text(path.read_text().replace("FolderWorkspace0000001", "FolderWorkspace0000002"))
    refused = folder.run("apply", "--yes")
    assert refused.returncode == 1
    assert "did you mean FolderWorkspace0000001?" in refused.stderr
    assert refused.stdout == "Apply: 0 submitted, 0 adopted, 0 unchanged, 1 failed, 0 unresolved.\n"
    assert "earlier attempt rejected" in folder.run("plan").stdout


def test_what_is_tried_out_here_does_not_count_as_submitted_to_the_real_service(folder: Folder) -> None:
    project = folder.path / "specs" / "project.yaml"
    local = project.read_text()
    project.write_text(re.sub(r"engine: .*", "engine: {type: dataforest}", local))
    folder.app("one")
    tried = folder.run("apply", "--engine", "local", "--yes")
    assert tried.returncode == 0, tried.stderr
    assert folder.run("plan", "--offline").stdout.endswith("Plan: 1 to submit, 0 to kill, 0 unchanged, 0 unresolved.\n")
    assert folder.run("plan", "--engine", "local").stdout.endswith(
        "Plan: 0 to submit, 0 to kill, 1 unchanged, 0 unresolved.\n"
    )


def test_a_ledger_of_another_engine_is_refused(folder: Folder) -> None:
    folder.app("one")
    assert folder.run("apply", "--yes").returncode == 0
    keys = {"NCLOUD_ACCESS_KEY": "MADEUPACCESSKEY", "NCLOUD_SECRET_KEY": "MADEUPSECRETKEY"}
    ledger = "sqlite:specs/.dfsubmit/ledger.db"
    for verb in (["plan", "--offline"], ["apply", "--yes"], ["recover"]):
        refused = folder.run(*verb, "--engine", "dataforest", "--ledger", ledger, env=keys)
        assert refused.returncode == 1, refused.stdout
        assert (
            "records what was submitted to the local engine, and this run is for df.apigw.ntruss.com" in refused.stderr
        )


def test_a_renamed_folder_without_a_project_submits_nothing_again(folder: Folder) -> None:
    folder.app("one")
    project = folder.path / "specs" / "project.yaml"
    project.unlink()
    assert folder.run("apply", "--yes").returncode == 0
    (folder.path / "specs").rename(folder.path / "jobs")
    for verb in (["plan"], ["apply", "--yes"]):
        refused = folder.run(*verb, "-f", "jobs")
        assert refused.returncode == 1, refused.stdout
        assert "records what was submitted as specs; as jobs, every app would be submitted again" in refused.stderr
    (folder.path / "jobs" / "project.yaml").write_text(
        "apiVersion: dfsubmit/v1\nkind: Project\nmetadata: {name: specs}\n"
    )
    kept = folder.run("apply", "--yes", "-f", "jobs")
    assert last_line(kept.stdout) == "Apply: 0 submitted, 0 adopted, 1 unchanged, 0 failed, 0 unresolved."


def test_a_renamed_app_is_shown_once_under_its_new_name(folder: Folder) -> None:
    folder.app("one")
    assert folder.run("apply", "--yes").returncode == 0
    for old, new in (("one", "two"), ("two", "three")):
        (folder.path / "specs" / f"{old}.yaml").unlink()
        folder.app(new, prefix="one", meta=f", moved: [{old}]")
        assert folder.run("apply", "--yes").stdout.startswith("Apply: 0 submitted, 0 adopted, 1 unchanged")
    status = folder.run("status")
    assert [line.split()[0] for line in status.stdout.splitlines()[1:-2]] == ["three"]


def test_a_saved_plan_is_only_applied_beside_the_manifests_it_was_made_from(tmp_path: Path) -> None:
    first, second = Folder.make(tmp_path / "a"), Folder.make(tmp_path / "b")
    first.app("one", "echo first")
    second.app("one", "echo second")
    assert first.run("plan", "--out", "../saved.plan").returncode == 0
    refused = second.run("apply", "../saved.plan", "--yes")
    assert refused.returncode == 6
    assert "the manifests no longer ask for this: one" in refused.stderr
    assert second.world() == []


def test_a_folder_of_a_set_without_a_project_is_not_taken_for_a_set_of_its_own(tmp_path: Path) -> None:
    folder = Folder.make(tmp_path)
    (folder.path / "specs" / "project.yaml").unlink()
    (folder.path / "specs" / "sub").mkdir()
    folder.app("one").rename(folder.path / "specs" / "sub" / "one.yaml")
    assert folder.run("apply", "--yes").returncode == 0
    refused = folder.run("apply", "--yes", "-f", "specs/sub")
    assert refused.returncode == 1
    assert "specs/.dfsubmit/ledger.db records what was submitted from specs" in refused.stderr
    above = folder.run("apply", "--yes", "-f", ".")
    assert above.returncode == 1
    assert len(folder.world()) == 1


def test_an_empty_secret_counts_as_not_set(folder: Folder) -> None:
    folder.app("one", more=", env: {TOKEN: {fromEnv: MINE}}")
    refused = folder.run("apply", "--yes", env={"MINE": ""})
    assert refused.returncode == 1
    assert "not set in the environment: MINE (it is empty)" in refused.stderr
    assert folder.world() == []


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "CI_JOB_TOKEN", "GIT_CONFIG_VALUE_0"])
def test_what_opens_the_repository_to_a_job_is_given_to_no_app(name: str, folder: Folder) -> None:
    folder.app("one", more=f", env: {{X: {{fromEnv: {name}}}}}")
    refused = folder.run("apply", "--yes", env={name: "made-up"})
    assert refused.returncode == 1
    assert f"one: not given to apps: {name}, by which a CI job gets at its repository" in refused.stderr
    assert "made-up" not in refused.stderr
    assert folder.world() == []


def test_a_lost_ledger_is_warned_of_where_the_service_lists_apps_like_these(folder: Folder) -> None:
    folder.app("one")
    first = folder.run("apply", "--yes")
    assert "ledger is empty" not in first.stderr
    for part in (folder.path / "specs" / ".dfsubmit").glob("ledger.db*"):
        part.unlink()
    assert "the ledger is empty, but the service lists apps with the same prefixes" in folder.run("apply").stderr
    assert len(folder.world()) == 1


def test_a_workspace_that_is_the_sets_own_folder_hides_no_manifest(folder: Folder) -> None:
    project = folder.path / "specs" / "project.yaml"
    project.write_text(project.read_text().replace("workspace}", "'.'}"))
    folder.app("one")
    assert "2 files, 2 manifests" in folder.run("validate").stdout
    assert "  + one" in folder.run("plan").stdout


def test_what_lies_in_the_folders_for_data_is_no_manifest(folder: Folder) -> None:
    folder.app("one")
    (folder.path / "specs" / "workspace" / "training.yaml").write_text("learning_rate: 0.1\n")
    assert "2 files, 2 manifests" in folder.run("validate").stdout


@pytest.mark.parametrize("argument", ["specs/workspace/two.yaml", "specs/workspace", "specs/workspace/*.yaml"])
def test_what_an_argument_leads_to_is_read_also_in_a_folder_for_data(folder: Folder, argument: str) -> None:
    folder.app("one")
    (folder.path / "specs" / "workspace" / "two.yaml").write_text("apiVersion: dfsubmit/v1\nkind: AiAp\n")
    result = folder.run("validate", "-f", argument)
    assert (result.returncode, "specs/workspace/two.yaml:2:7: error" in result.stdout) == (1, True)
    assert folder.run("validate", "-f", "specs", "-f", argument).returncode == 1
    assert "of 1 file" in folder.run("fmt", "--check", argument).stderr
    assert folder.run("validate").returncode == 0


@pytest.mark.parametrize(
    ("variable", "value", "exit_code", "said"),
    [
        ("BASE_URL", "http://service.example", 64, "service.example must be reached by https://"),
        ("BASE_URL", "service", 64, "must begin with https://"),
        ("TIMEOUT_SECONDS", "0", 64, "DFSUBMIT_TIMEOUT_SECONDS is '0'"),
        ("SETTLE_SECONDS", "soon", 64, "DFSUBMIT_SETTLE_SECONDS is 'soon'"),
        ("MARKER", "perhaps", 64, "DFSUBMIT_MARKER is 'perhaps'"),
        ("MARKER", "1", 1, "the namePrefix of long is longer than 3 characters"),
    ],
)
def test_a_setting_that_no_apply_could_carry_out_is_refused_by_the_plan(
    folder: Folder, variable: str, value: str, exit_code: int, said: str
) -> None:
    folder.app("long", prefix="longer")
    assert folder.run("plan", "--out", "some.plan").returncode == 0
    for arguments in (("plan",), ("apply", "--yes"), ("apply", "some.plan", "--yes")):
        refused = folder.run(*arguments, env={f"DFSUBMIT_{variable}": value})
        assert (refused.returncode, said in refused.stderr) == (exit_code, True)
    assert folder.world() == []
