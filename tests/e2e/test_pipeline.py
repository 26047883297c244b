"""Concern 12: an object starts a run, a person decides, and what serves changes or stays.

Jobs and Deployments are real objects of the real control plane, but no container runs there. What
containers would leave, this test leaves in their stead, with their own credentials: the evaluation
report as the trainer, and the baked image as the build.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from kubernetes import client

from tests.support.clients import Assume, Clients, KubernetesClients
from tests.support.workspace import Workspace

from .registry import as_build, push

STACK, NAMESPACE, CLUSTER = "vision/defects/dev", "vision-defects-dev", "platform-foundation-dev"
BUCKET = "vision-defects-dev-reports-123456789012"
DATA = "vision-defects-dev-data-labelled-123456789012"
MODEL = "inspector"
BUILDER = f"vision-defects-dev-image-{MODEL}"
LONG = 90.0


class Line:
    """The pipeline, with the people around it."""

    def __init__(
        self,
        workspace: Workspace,
        aws: Clients,
        assume: Assume,
        kube: KubernetesClients,
        pods: Any,
    ) -> None:
        self.workspace, self.aws, self.assume, self.pods = workspace, aws, assume, pods
        self.arn = workspace.contract(STACK)["pipeline"]
        self.states = aws("stepfunctions")
        self.batch = client.BatchV1Api(kube(CLUSTER))
        self.core = client.CoreV1Api(kube(CLUSTER))
        self.apps = client.AppsV1Api(kube(CLUSTER))

    def as_person(self, audience: str, name: str) -> dict[str, str]:
        """Return the keys of somebody who took an audience's role under their own name."""
        role = self.workspace.contract(STACK)["roles"][audience]
        keys = self.aws("sts").assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "AWS_ENDPOINT_URL": self.workspace.sandbox.environment()["AWS_ENDPOINT_URL"],
        }

    def say(self, who: tuple[str, str], *words: str, code: int = 0, verb: str = "approvals") -> str:
        """Run `stackyard approvals WORDS` as a person."""
        with environment(self.as_person(*who)):
            done = self.workspace.attempt(verb, words[0], STACK, *words[1:])
        assert done.returncode == code, f"{who} {words}: {done.stdout}{done.stderr}"
        return str(done.stdout + done.stderr)

    def report(self, run: str, version: str, f1: float) -> None:
        """Leave what the evaluation's container would leave."""
        keys = self.pods.identity(NAMESPACE, "trainer")
        trainer = {name.lower(): value for name, value in keys.items()}
        document = json.dumps({"version": version, "metrics": {"f1": f1}})
        self.aws("s3", trainer).put_object(
            Bucket=BUCKET, Key=f"evaluations/{run}/evaluation.json", Body=document
        )

    def start(self, version: str, f1: float, starter: str = "alice") -> str:
        """Start a run as a person of `pipeline`, leave its report, and return its name."""
        s3, me = self.own("s3", "pipeline", starter)
        made = s3.put_object(Bucket=BUCKET, Key=f"starts/{me}", Body=b"{}")
        deadline = time.monotonic() + LONG
        while True:
            for run in executions(self):
                found = self.states.describe_execution(executionArn=run["executionArn"])
                if f'"{made["VersionId"]}"' in found["input"]:
                    self.report(run["name"], version, f1)
                    return str(run["name"])
            assert time.monotonic() < deadline, "no run started"
            time.sleep(0.1)

    def own(self, service: str, audience: str, name: str) -> tuple[Any, str]:
        """Return a client with a person's own keys, and the person's user id."""
        keys = self.as_person(audience, name)
        own = {key.lower(): keys[key] for key in keys if key != "AWS_ENDPOINT_URL"}
        return self.aws(service, own), self.aws("sts", own).get_caller_identity()["UserId"]

    def token(self, run: str) -> str:
        """Return what a run's question is answered with; approvers can read it."""
        found = self.states.get_execution_history(executionArn=self.execution(run))["events"]
        asked = [
            each["taskScheduledEventDetails"] for each in found if each["type"] == "TaskScheduled"
        ]
        attributes = json.loads(asked[-1]["parameters"])["MessageAttributes"]
        return str(attributes["token"]["StringValue"])

    def execution(self, run: str) -> str:
        return f"{self.arn.replace(':stateMachine:', ':execution:')}:{run}"

    def passed(self, run: str) -> list[str]:
        """Return the states that a run has entered."""
        found = self.states.get_execution_history(executionArn=self.execution(run))["events"]
        details = (event.get("stateEnteredEventDetails") for event in found)
        return [each["name"] for each in details if each]

    def until(self, run: str, state: str) -> list[str]:
        """Wait until a run has entered a state; return all that it entered."""
        deadline = time.monotonic() + LONG
        while True:
            states = self.passed(run)
            if state in states:
                return states
            described = self.states.describe_execution(executionArn=self.execution(run))
            assert described["status"] == "RUNNING", (states, described.get("cause"))
            assert time.monotonic() < deadline, states
            time.sleep(0.2)

    def ended(self, run: str) -> dict[str, Any]:
        """Wait for the end of a run."""
        deadline = time.monotonic() + LONG
        while True:
            found: dict[str, Any] = self.states.describe_execution(executionArn=self.execution(run))
            if found["status"] != "RUNNING":
                return found
            assert time.monotonic() < deadline, self.passed(run)
            time.sleep(0.2)

    def until_jobs(self, run: str, count: int) -> None:
        """Wait until the cluster has so many Jobs of a run."""
        end = "".join(each for each in run if each.isalnum())[-12:]
        deadline = time.monotonic() + LONG
        while len(found := self._jobs(end)) != count:
            assert time.monotonic() < deadline, found
            time.sleep(0.2)

    def _jobs(self, end: str) -> list[str]:
        names = (job.metadata.name for job in self.batch.list_namespaced_job(NAMESPACE).items)
        return [name for name in names if name.endswith(end)]

    @contextmanager
    def no_room(self) -> Iterator[None]:
        """Let the quota allow no further pod, so that a Job waits and a Deployment stays."""
        quota = self.core.read_namespaced_resource_quota("quota", NAMESPACE)
        full = {"spec": {"hard": {"pods": quota.status.used["pods"]}}}
        self.core.patch_namespaced_resource_quota("quota", NAMESPACE, full)
        try:
            yield
        finally:
            hard = {"spec": {"hard": {"pods": quota.spec.hard["pods"]}}}
            self.core.patch_namespaced_resource_quota("quota", NAMESPACE, hard)

    def serving(self) -> Any:
        return self.apps.read_namespaced_deployment(MODEL, NAMESPACE)


@contextmanager
def environment(values: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def line(
    applied: Workspace,
    aws: Clients,
    assume: Assume,
    kube: KubernetesClients,
    pods: Any,
) -> Line:
    return Line(applied, aws, assume, kube, pods)


@pytest.fixture(scope="module")
def from_event(line: Line) -> str:
    """A run that new labels started; nobody pressed a button."""
    before = {run["name"] for run in executions(line)}
    line.aws("s3").put_object(Bucket=DATA, Key=f"work/{uuid4()}/done.json", Body=b"{}")
    deadline = time.monotonic() + LONG
    while not (new := {run["name"] for run in executions(line)} - before):
        assert time.monotonic() < deadline, "no run started"
        time.sleep(0.1)
    (run,) = new
    line.report(run, "defects/7", 0.9)
    return run


def executions(line: Line) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = line.states.list_executions(stateMachineArn=line.arn)[
        "executions"
    ]
    return found


@pytest.fixture
def changed(line: Line) -> Iterator[Callable[[str, str], None]]:
    """Change the state machine's definition for one test: hours are too long to wait for."""
    before = line.states.describe_state_machine(stateMachineArn=line.arn)["definition"]

    def change(old: str, new: str) -> None:
        assert before.count(old) == 1, f"{old!r} occurs {before.count(old)} times"
        line.states.update_state_machine(
            stateMachineArn=line.arn, definition=before.replace(old, new)
        )

    yield change
    line.states.update_state_machine(stateMachineArn=line.arn, definition=before)


def test_new_labels_train_and_evaluate_and_an_approved_model_serves(
    line: Line, from_event: str
) -> None:
    line.until(from_event, "Approve")
    end = "".join(each for each in from_event if each.isalnum())[-12:]
    for job in ("fit", "judge"):
        found = line.batch.read_namespaced_job(f"{job}-{end}", NAMESPACE)
        assert found.status.succeeded == 1
    trained = line.core.list_namespaced_pod(NAMESPACE, label_selector=f"job-name=fit-{end}")
    node = line.core.read_node(trained.items[0].spec.node_name)
    assert node.metadata.labels["stackyard.dev/gpu-pool"] == "training"
    row = next(
        row
        for row in json.loads(line.say(("delivery", "bob"), "list", "--json"))
        if row["run"] == from_event
    )
    assert (row["candidate"], row["champion"], row["started_by"]) == ("defects/7", "none", "nobody")
    with as_build(BUILDER, line.aws, line.assume) as registry:
        assert push(registry, f"{STACK}/{MODEL}", from_event, from_event) == "pushed"
    line.say(("delivery", "bob"), "approve", from_event, "--comment", "looks right")
    assert line.ended(from_event)["status"] == "SUCCEEDED"
    assert line.passed(from_event)[-4:] == ["Find image", "Deploy", "Watch", "Done"]
    found, (pod,) = line.serving(), line.serving().spec.template.spec.containers
    images = line.aws("ecr").describe_images(
        repositoryName=f"{STACK}/{MODEL}", imageIds=[{"imageTag": from_event}]
    )["imageDetails"]
    assert pod.image.endswith(f"/{STACK}/{MODEL}@{images[0]['imageDigest']}")
    assert found.metadata.annotations["stackyard.dev/version"] == "defects/7"
    assert found.status.available_replicas == found.spec.replicas == 2
    managers = {entry.manager for entry in found.metadata.managed_fields}
    assert "stackyard-release" in managers
    preview = line.workspace.answer("preview", STACK, "--expect-no-changes")
    assert preview, "a release is no drift"


def test_a_worse_model_never_asks_and_nobody_else_may_answer(line: Line) -> None:
    before = line.serving().spec.template.spec.containers[0].image
    worse, better = line.start("defects/8", 0.7), line.start("defects/9", 0.95)
    assert line.ended(worse)["status"] == "SUCCEEDED"
    states = line.passed(worse)
    assert states[-1] == "Worse"
    assert "Approve" not in states

    line.until(better, "Approve")
    refused = line.say(("delivery", "alice"), "approve", better, code=3)
    assert "prevents self-approval" in refused
    assert "not authorized" in line.say(("developer", "carol"), "approve", better, code=1)
    line.say(("delivery", "bob"), "reject", better, "--comment", "too slow")
    assert line.ended(better)["status"] == "SUCCEEDED"
    assert line.passed(better)[-1] == "Rejected"
    assert line.serving().spec.template.spec.containers[0].image == before


def test_a_question_that_nobody_answers_expires(
    line: Line, changed: Callable[[str, str], None]
) -> None:
    changed('"TimeoutSeconds": 259200', '"TimeoutSeconds": 2')
    run = line.start("defects/10", 0.96)
    found = line.ended(run)
    assert (found["status"], found["error"]) == ("FAILED", "Expired")
    assert "Bake" not in line.passed(run)


def test_a_version_that_does_not_come_up_is_taken_back(
    line: Line, changed: Callable[[str, str], None]
) -> None:
    before = line.serving().spec.template.spec.containers[0].image
    changed('"patience_seconds": 600', '"patience_seconds": 1')
    run = line.start("defects/11", 0.97)
    with as_build(BUILDER, line.aws, line.assume) as registry:
        assert push(registry, f"{STACK}/{MODEL}", run, run) == "pushed"
    line.until(run, "Approve")
    with line.no_room():
        line.say(("delivery", "bob"), "approve", run)
        found = line.ended(run)
    assert (found["status"], found["error"]) == ("FAILED", "Undone")
    assert line.serving().spec.template.spec.containers[0].image == before
    assert line.serving().metadata.annotations["stackyard.dev/version"] == "defects/7"


def test_a_person_starts_a_run_in_their_own_name_and_stops_it(line: Line) -> None:
    states, _ = line.own("stepfunctions", "pipeline", "alice")
    with line.no_room():
        run = json.loads(line.say(("pipeline", "alice"), "start", "--json", verb="pipeline"))["run"]
        line.until(run, "Train")
        line.until_jobs(run, 1)
        states.stop_execution(executionArn=line.execution(run))
        found = line.states.describe_execution(executionArn=line.execution(run))
        assert found["status"] == "ABORTED", "at once, whatever the state retries"
        line.until_jobs(run, 0)
    assert line.passed(run)[-1] == "Train"
    assert "A person" in line.passed(run)
    told = line.states.describe_execution(executionArn=line.execution(run))["input"]
    assert json.loads(told)["object"]["key"].endswith(":alice")
    rows = json.loads(line.say(("pipeline", "alice"), "runs", "--json", verb="pipeline"))
    assert next(row for row in rows if row["run"] == run)["status"] == "aborted"
    done = line.workspace.attempt("pipeline", "start", STACK)
    assert done.returncode == 1
    assert "is not an assumed-role session" in done.stderr, "the administrator is a user"


def test_nobody_starts_or_answers_in_anothers_name(line: Line) -> None:
    """Alice starts runs, may answer them as well, and claims that Bob did."""
    states, _ = line.own("stepfunctions", "pipeline", "alice")
    with pytest.raises(ClientError, match="AccessDenied"):
        states.start_execution(stateMachineArn=line.arn, input='{"started_by": {"person": "bob"}}')
    s3, starter = line.own("s3", "pipeline", "alice")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=BUCKET, Key=f"starts/{starter.replace('alice', 'bob')}", Body=b"{}")

    answers, alice = line.own("s3", "delivery", "alice")
    tokens, _ = line.own("stepfunctions", "delivery", "alice")
    bob = alice.replace("alice", "bob")
    absent, hidden = line.start("defects/12", 0.98), line.start("defects/13", 0.98)
    yes = json.dumps({"decision": "approve"})
    for writer in (answers, line.aws("s3")):
        with pytest.raises(ClientError, match="AccessDenied"):
            writer.put_object(Bucket=BUCKET, Key=f"answers/{bob}/{absent}", Body=yes)
    # Below her own name she can write whatever she likes, but not as somebody else.
    answers.put_object(Bucket=BUCKET, Key=f"answers/{alice}/{bob}/{hidden}", Body=yes)
    for run, by in ((absent, bob), (hidden, f"{alice}/{bob}")):
        line.until(run, "Approve")
        told = json.dumps({"by": by, "person": "bob", "decision": "approve"})
        tokens.send_task_success(taskToken=line.token(run), output=told)
    ends = {run: line.ended(run).get("error") for run in (absent, hidden)}
    assert ends == {absent: "Unproven", hidden: "Approvedbystarter"}
