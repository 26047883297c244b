"""The way of a change as a team goes it: the rendered pipelines, played from branch to apply.

The workflows' own steps run in bash; GitHub itself is a stand-in on loopback (`github.py`), and so
are its runners (`workflows.py`). Everything between is real: git, the command, engine and cloud.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from stackyard_cli.app import run as stackyard
from tests.support.clients import ACCOUNT, Clients, KubernetesClients
from tests.support.workspace import Workspace

from .github import GitHub
from .workflows import Job, Runner

STACK, OLD = "trial/review/dev", "trial/old/dev"
FILE = f"stacks/{STACK}.yaml"
TEXT = """\
datasets:
  kept: {kind: raw}
retention:
  raw: {expire_after_days: 1500, transition_after_days: 100}
access:
  audiences:
    scientist:
      trusted: ["arn:aws:iam::123456789012:root"]
      datasets: {kept: read}
namespace:
  quota: {cpu: 4, memory: 8Gi, gpus: 1, pods: 10, storage: 10Gi}
"""
KEPT, LEFT = (f"trial-{name}-{ACCOUNT}" for name in ("review-dev-data-kept", "old-dev-data-left"))
PLATFORM = ["_estate.yaml", "_defaults.yaml", "_stages/dev.yaml"] + [
    f"platform/{blueprint}/{file}.yaml"
    for blueprint in ("foundation", "services")
    for file in ("_defaults", "dev")
]


@dataclass
class Team:
    """A repository with the platform of dev and a small project, and what its pipelines act on."""

    workspace: Workspace
    github: GitHub
    runner: Runner
    aws: Clients
    kube: KubernetesClients

    def edit(self, old: str, new: str, file: str = FILE) -> None:
        self.workspace.edit(file, old, new)

    def append(self, text: str) -> None:
        file = self.github.work / FILE
        file.write_text(file.read_text() + text)

    def comment(self, change: int) -> dict[str, Any]:
        """The only comment of a pull request."""
        [comment] = [each for each in self.github.comments if each["change"] == change]
        return comment

    def days(self) -> set[int]:
        """After how many days objects go, as the service says."""
        found = self.aws("s3").get_bucket_lifecycle_configuration(Bucket=KEPT)["Rules"]
        return {
            rule["Expiration"]["Days"] for rule in found if "Days" in rule.get("Expiration", {})
        }

    def cold(self) -> set[int]:
        """After how many days objects turn cold, as the service says."""
        rules = self.aws("s3").get_bucket_lifecycle_configuration(Bucket=KEPT)["Rules"]
        return {move["Days"] for rule in rules for move in rule.get("Transitions", [])}

    def pods(self) -> str:
        """How many pods the namespace takes, as the API server says."""
        from kubernetes import client

        core = client.CoreV1Api(self.kube("platform-foundation-dev"))
        [quota] = core.list_namespaced_resource_quota("trial-review-dev").items
        return str(quota.spec.hard["pods"])

    def writers(self) -> bool:
        """Whether scientists may write, as IAM says."""
        iam = self.aws("iam")
        role = "trial-review-dev-scientist"
        texts = [
            str(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
            for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        ]
        return "s3:PutObject" in "".join(texts)

    def buckets(self) -> set[str]:
        return {bucket["Name"] for bucket in self.aws("s3").list_buckets()["Buckets"]}


@pytest.fixture(scope="module")
def team(
    applied: Workspace,
    aws: Clients,
    kube: KubernetesClients,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    github = GitHub(folder)
    workspace = Workspace(github.work, applied.sandbox)
    for name in PLATFORM:
        (github.work / "stacks" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(applied.folder / "stacks" / name, github.work / "stacks" / name)
    for name, text in ((FILE, TEXT), (f"stacks/{OLD}.yaml", "datasets: {left: {kind: raw}}\n")):
        (github.work / name).parent.mkdir(parents=True)
        (github.work / name).write_text(text)
    workspace.edit("stacks/_estate.yaml", "personal_days: 730", "personal_days: 100")
    (github.work / "requirements.txt").write_text("stackyard==1 --hash=sha256:main\n")
    github.begin()
    assert stackyard(["ci", "render", "--write", "--estate", str(github.work)]) == 0
    github.publish()
    workspace.run("up", "trial/*/dev", "--yes-to-all")
    runner = Runner(github, folder / "runners", applied.sandbox.directory)
    yield Team(workspace, github, runner, aws, kube)
    github.close()
    github.git("checkout", "-q", "-f", "main")
    left = [stack for stack in (STACK, OLD) if (github.work / f"stacks/{stack}.yaml").exists()]
    workspace.run("destroy", *left, "--yes")


@pytest.fixture(autouse=True)
def _on_main(team: Team) -> None:
    """Begin each test on main, whatever branch the one before has left."""
    team.github.git("checkout", "-q", "-f", "main")


def one(jobs: list[Job]) -> Job:
    [job] = jobs
    return job


def test_the_way_of_a_change(team: Team) -> None:
    """One story: each step begins where the step before has ended."""
    reviewed = _a_pull_request_is_reviewed_in_one_comment(team)
    _the_comment_is_updated_when_the_branch_grows(team, reviewed)
    _the_merge_waits_for_approval_and_is_applied_then(team)
    _what_moved_after_the_review_is_not_applied(team)
    _a_commit_that_nobody_reviewed_is_not_applied(team)


def _a_pull_request_is_reviewed_in_one_comment(team: Team) -> int:
    """Return the id of the comment."""
    team.github.switch("smaller")
    team.edit("expire_after_days: 1500", "expire_after_days: 1400")
    played = team.runner.pull_request(team.github.push(1))
    assert one(played["affected"]).result == one(played["comment"]).result == "success", played
    assert one(played["preview"]).roles == [f"arn:aws:iam::{ACCOUNT}:role/stackyard-preview"]
    comment = team.comment(1)
    assert "1 of 1 affected stacks change\n" in comment["body"]
    assert "changes access" not in comment["body"]
    return int(comment["id"])


def _the_comment_is_updated_when_the_branch_grows(team: Team, reviewed: int) -> None:
    github, calls = team.github, len(team.github.calls)
    team.edit("kept: read", "kept: write")
    team.edit("pods: 10", "pods: 12")
    (github.work / f"stacks/{OLD}.yaml").unlink()
    played = team.runner.pull_request(github.push(1))
    assert [job.result for job in played["preview"]] == ["success", "success"], played
    comment = team.comment(1)
    assert comment["id"] == reviewed, "updated in place"
    written = [call[0] for call in github.calls[calls:] if "comments" in call[1]]
    assert [method for method in written if method != "GET"] == ["PATCH"]
    risky, _, rest = comment["body"].partition("| stack |")
    assert f"🔥 `{OLD}` may lose data: delete `aws:s3/bucket:Bucket`" in risky
    assert f"⚠️ `{STACK}` changes access: update `aws:iam/rolePolicy:RolePolicy`" in risky
    assert "namespace-quota" not in risky
    assert f"`{OLD}` (removed)" in rest
    lines = {
        "datasets-kept-lifecycle": f"`{FILE}:4:",
        "access-scientist-grants": f"`{FILE}:9:",
        "namespace-quota": f"`{FILE}:11:",
    }
    for name, line in lines.items():
        assert re.search(rf"- update .*`{name}`: .* from {re.escape(line)}", rest), rest
    assert (team.days(), team.pods(), team.writers()) == ({1500}, "10", False), "only looked at"


def _the_merge_waits_for_approval_and_is_applied_then(team: Team) -> None:
    runner = team.runner
    before, after = team.github.merge(1)
    held = runner.push(before, after)
    assert one(held["affected"]).result == "success", held
    assert {one(held[name]).result for name in ("apply-2", "destroy")} == {"waiting"}
    assert (team.days(), team.pods(), team.writers()) == ({1500}, "10", False), "not approved"
    assert LEFT in team.buckets()

    runner.approved = {"dev"}
    done = runner.push(before, after)
    assert [one(done[f"apply-{n}"]).result for n in (0, 1, 2)] == ["skipped", "skipped", "success"]
    assert one(done["apply-2"]).roles == [f"arn:aws:iam::{ACCOUNT}:role/stackyard-apply-dev"]
    assert one(done["destroy"]).result == "success", done["destroy"]
    assert (team.days(), team.pods(), team.writers()) == ({1400}, "12", True)
    assert KEPT in team.buckets()
    assert LEFT not in team.buckets()


def _what_moved_after_the_review_is_not_applied(team: Team) -> None:
    github, runner = team.github, team.runner
    github.switch("more-pods")
    team.edit("pods: 12", "pods: 14")
    assert one(runner.pull_request(github.push(2))["preview"]).result == "success"
    # Meanwhile somebody lands another change of the stack, and somebody applies a third by hand.
    github.git("switch", "-q", "main")
    team.edit("transition_after_days: 100", "transition_after_days: 90")
    team.workspace.run("up", STACK, "--yes")
    team.edit("transition_after_days: 90", "transition_after_days: 80")
    github.commit("Colder")
    before, after = github.merge(2)
    refused = one(runner.push(before, after)["apply-2"])
    assert (refused.result, refused.codes[-1]) == ("failure", 3), refused.log
    assert f"{STACK}: state: approved" in refused.log
    assert f"{STACK}: config: approved" in refused.log
    assert "preview again" in refused.log
    assert team.pods() == "12"
    assert team.cold() == {90}


def _a_commit_that_nobody_reviewed_is_not_applied(team: Team) -> None:
    github = team.github
    github.git("switch", "-q", "main")
    before = github.git("rev-parse", "HEAD")
    team.edit("pods: 14", "pods: 99")
    github.commit("Straight to main")
    github.git("push", "-q", "origin", "main")
    played = team.runner.push(before, github.git("rev-parse", "HEAD"))
    assert "was not merged by a pull request" in one(played["affected"]).log
    assert one(played["apply-2"]).result == "skipped"
    assert team.pods() == "12"


def test_a_fork_gets_its_files_checked_and_nothing_else(team: Team) -> None:
    github, calls = team.github, len(team.github.calls)
    github.switch("from-outside")
    team.append("tags: {from: outside}\n")
    played = team.runner.pull_request(github.push(3, fork=True))
    assert one(played["affected"]).result == "success", played
    assert [one(played[name]).result for name in ("preview", "comment")] == ["skipped", "skipped"]
    assert not any(job.roles for jobs in played.values() for job in jobs)
    assert len(github.calls) == calls, "no job called the Git host"


def test_a_change_is_judged_by_the_rules_of_main(team: Team) -> None:
    github = team.github
    github.switch("weaker")
    team.edit("personal_days: 100", "personal_days: 5000", "stacks/_estate.yaml")
    team.edit(
        "  kept: {kind: raw}\n",
        "  kept: {kind: raw}\n  people: {kind: personal, jurisdiction: eu}\n",
    )
    (github.work / "requirements.txt").write_text("stackyard==0 --hash=sha256:mine\n")
    assert team.workspace.run("preview", STACK), "by its own rules it would pass"
    played = team.runner.pull_request(github.push(4))
    for job in (job for jobs in played.values() for job in jobs):
        assert job.installed == "stackyard==1 --hash=sha256:main\n"
    [judged] = [job for job in played["preview"] if "personal-data-bounded" in job.log]
    assert judged.codes[-1] == 3, judged.log
    assert "stopped by policy: personal-data-bounded" in judged.log
    assert f"⛔ `{STACK}` stopped: `policy: personal-data-bounded" in team.comment(4)["body"]


def test_drift_is_told_in_one_issue(team: Team) -> None:
    github, s3 = team.github, team.aws("s3")
    lifecycle = s3.get_bucket_lifecycle_configuration(Bucket=KEPT)["Rules"]
    access = s3.get_public_access_block(Bucket=KEPT)["PublicAccessBlockConfiguration"]
    s3.delete_bucket_lifecycle(Bucket=KEPT)
    assert one(team.runner.schedule()["issue"]).result == "success"
    [issue] = github.issues
    told = issue["body"]
    assert f"| risky | `{STACK}` | `datasets-kept-lifecycle` | `(missing)` |" in told
    s3.delete_public_access_block(Bucket=KEPT)
    team.runner.schedule()
    [issue] = github.issues
    assert issue["state"] == "open"
    assert "`datasets-kept-public-access`" in issue["body"]
    assert issue["body"] != told
    s3.put_bucket_lifecycle_configuration(Bucket=KEPT, LifecycleConfiguration={"Rules": lifecycle})
    s3.put_public_access_block(Bucket=KEPT, PublicAccessBlockConfiguration=access)
