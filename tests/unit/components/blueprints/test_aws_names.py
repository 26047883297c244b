"""What the reference estate sends to AWS, held against the models of AWS's own client."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session
import pytest

from stackyard.access.evaluator import Request, decide
from stackyard.blueprints import catalogue
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard.serving.config import RESERVED

ROOT = Path(__file__).parents[4]
CHAIN = ("platform/foundation/prod", "platform/services/prod", "vision/defects/prod")
LONG = ("a" * 32, "b" * 31)
MODELS = botocore.session.get_session()


class Named(NamedTuple):
    """A property of a Pulumi type, and the parameter of AWS's API that it becomes."""

    token: str
    member: str
    service: str
    operation: str
    parameter: str


NAMES = (
    Named("aws:cloudwatch/eventRule:EventRule", "name", "events", "PutRule", "Name"),
    Named("aws:scheduler/schedule:Schedule", "name", "scheduler", "CreateSchedule", "Name"),
    Named(
        "aws:sfn/stateMachine:StateMachine", "name", "stepfunctions", "CreateStateMachine", "name"
    ),
    Named("aws:lambda/function:Function", "name", "lambda", "CreateFunction", "FunctionName"),
    Named("aws:iam/role:Role", "name", "iam", "CreateRole", "RoleName"),
    Named("aws:codebuild/project:Project", "name", "codebuild", "CreateProject", "name"),
    Named("aws:cloudwatch/logGroup:LogGroup", "name", "logs", "CreateLogGroup", "logGroupName"),
    Named("aws:ecr/repository:Repository", "name", "ecr", "CreateRepository", "repositoryName"),
    Named("aws:secretsmanager/secret:Secret", "name", "secretsmanager", "CreateSecret", "Name"),
    Named("aws:s3/bucket:Bucket", "bucket", "s3control", "CreateBucket", "Bucket"),
    Named("aws:s3/accessPoint:AccessPoint", "name", "s3control", "CreateAccessPoint", "Name"),
    Named(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "name",
        "cloudwatch",
        "PutMetricAlarm",
        "AlarmName",
    ),
    Named("aws:budgets/budget:Budget", "name", "budgets", "CreateBudget", "Budget"),
)
ONLY_IN_WORDS = {"aws:lambda/function:Function": 64, "aws:sns/topic:Topic": 256}
"""Limits that the models state in a sentence: a function's name, a topic's name."""


def shape(named: Named) -> Any:
    """Return the shape of a parameter in botocore's model."""
    operation = MODELS.get_service_model(named.service).operation_model(named.operation)
    found = operation.input_shape.members[named.parameter]
    return found.members["BudgetName"] if named.parameter == "Budget" else found


class Estates:
    """The resources of a chain of stacks, whose project may have another path."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run, self._estate, self._contracts = run, Estate(ROOT), dict[str, Any]()

    def made(self, name: str, path: StackId | None = None) -> Any:
        """Run a stack's program and return what it registered."""
        stack = self._estate.one(name)
        loaded = self._estate.load(stack)
        program = catalogue.program(
            loaded.blueprint, path or stack, loaded.effective, self._estate.upstreams(stack)
        )
        done = self._run(program, self._contracts)
        self._contracts[(path or stack).reference] = done.contract
        return done


@pytest.fixture(scope="module")
def reference(run: Callable[..., Any]) -> dict[str, Any]:
    """Return the resources of each stack of the reference estate's last stage."""
    estates = Estates(run)
    return {name: estates.made(name) for name in CHAIN}


@pytest.fixture(scope="module")
def long(run: Callable[..., Any]) -> list[Any]:
    """Return the resources of the same project under the longest path, in two stages."""
    estates = Estates(run)
    for name in CHAIN[:2]:
        estates.made(name)
    return [estates.made(CHAIN[2], StackId(*LONG, stage)) for stage in ("dev", "prod")]


def every(stacks: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for stack in stacks:
        for (token, name), inputs in stack.inputs.items():
            yield token, name, inputs


def test_descriptions_of_security_groups_hold_what_ec2_takes(reference: Any) -> None:
    model = MODELS.get_service_model("ec2").operation_model("CreateSecurityGroup")
    text = html.unescape(model.input_shape.members["Description"].documentation)
    also = re.search(r"a-z, A-Z, 0-9, spaces, and (\S+?)<", text)
    assert also is not None
    allowed = re.compile(rf"[a-zA-Z0-9 {re.escape(also[1])}]{{0,255}}")
    found = {
        name: inputs["description"]
        for token, name, inputs in every(reference.values())
        if "ecurityGroup" in token and "description" in inputs
    }
    assert len(found) > 4
    assert {key: text for key, text in found.items() if not allowed.fullmatch(text)} == {}


@pytest.mark.parametrize("named", NAMES, ids=lambda named: named.token.rpartition(":")[2])
def test_names_of_the_longest_path_are_what_the_service_takes(long: Any, named: Named) -> None:
    found = [
        inputs[named.member]
        for token, _, inputs in every(long)
        if token == named.token and named.member in inputs
    ]
    limits = shape(named).metadata
    longest = min(limits.get("max", 1024), ONLY_IN_WORDS.get(named.token, 1024))
    pattern = re.compile(limits.get("pattern", ".*").replace("(?i)", ""))
    assert found, f"the reference project has no {named.token}"
    assert [name for name in found if len(name) > longest] == []
    assert [name for name in found if not pattern.fullmatch(name)] == []


def test_two_stages_share_no_name(long: Any) -> None:
    """PutRule and others overwrite what has the name: the second stage would take the first's."""
    own = {*(named.token for named in NAMES), *ONLY_IN_WORDS}
    dev, prod = (
        {
            (token, inputs[member])
            for token, _, inputs in every([stack])
            for member in ("name", "bucket", "namePrefix", "identifier")
            if token in own and isinstance(inputs.get(member), str)
        }
        for stack in long
    )
    assert len(dev) > 40
    assert dev & prod == set()


def test_a_build_may_pull_what_it_starts_from(reference: Any) -> None:
    checked = 0
    for stack in reference.values():
        for name, project in stack.of_type("aws:codebuild/project:Project").items():
            role = name.removesuffix("-project")
            policy = json.loads(
                stack.inputs["aws:iam/rolePolicy:RolePolicy", f"{role}-role-policy"]["policy"]
            )
            written = json.loads(project["source"]["buildspec"])["phases"]["pre_build"]["commands"]
            (start,) = re.findall(r"^FROM (\S+)", "\n".join(written), re.M)
            host, _, image = start.partition("/")
            if ".dkr.ecr." not in host:
                continue
            account, _, _, region, *_ = host.split(".")
            arn = f"arn:aws:ecr:{region}:{account}:repository/{re.split('[:@]', image)[0]}"
            for action in (
                "BatchCheckLayerAvailability",
                "BatchGetImage",
                "GetDownloadUrlForLayer",
            ):
                request = Request(f"arn:aws:iam::{account}:role/b", f"ecr:{action}", arn)
                assert decide(request, policy).allowed, (name, action, arn)
            other = Request(request.principal, "ecr:BatchGetImage", f"{arn}-other")
            assert not decide(other, policy).allowed
            checked += 1
    assert checked > 3


def test_every_job_outlives_evictions_with_new_pods(reference: Any) -> None:
    """A pod failure policy needs `Never`, and so each attempt asks for credentials anew."""
    jobs = {
        name: inputs["spec"].get("jobTemplate", inputs)["spec"]
        for token, name, inputs in every(reference.values())
        if token in ("kubernetes:batch/v1:Job", "kubernetes:batch/v1:CronJob")
    }
    assert len(jobs) > 4
    for name, job in jobs.items():
        (rule,) = job["podFailurePolicy"]["rules"]
        assert rule["action"] == "Ignore", name
        assert rule["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}], name
        template = job["template"]
        assert template["spec"]["restartPolicy"] == "Never", name
        assert template["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"] == "true", name


def test_every_pod_with_a_role_waits_until_the_role_is_known(reference: Any) -> None:
    """A pod that is admitted before its association takes effect gets no credentials, ever."""
    resources = list(every(reference.values()))
    accounts = {
        (inputs["namespace"], inputs["serviceAccount"])
        for token, _, inputs in resources
        if token == "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    }
    waiting = {}
    for token, name, inputs in resources:
        kind = token.rpartition(":")[2]
        if kind not in ("CronJob", "DaemonSet", "Deployment", "Job") or "spec" not in inputs:
            continue
        template = inputs["spec"].get("jobTemplate", inputs)["spec"]["template"]
        account = template["spec"].get("serviceAccountName", "default")
        has_role = (inputs["metadata"]["namespace"], account) in accounts
        label = template["metadata"]["labels"].get("stackyard.dev/pod-identity")
        assert (label == "required") == has_role, name
        waiting[name] = has_role
    assert sum(waiting.values()) > 8
    assert not all(waiting.values())


def test_no_model_can_have_the_name_of_another_server(reference: Any) -> None:
    """An object that exists is not created: the apply would stop half-way."""
    stack = reference[CHAIN[2]]
    served = set(Estate(ROOT).load(Estate(ROOT).one(CHAIN[2])).effective["serving"]["models"])
    found = {
        inputs["metadata"]["name"]
        for token, _, inputs in every([stack])
        if inputs.get("metadata", {}).get("namespace") == "vision-defects-prod"
        and token.rpartition(":")[2]
        in ("Deployment", "Service", "PodDisruptionBudget", "HorizontalPodAutoscaler")
    }
    others = {name for name in found if name.removesuffix("-canary") not in served}
    assert {"tracking", "tuning", "lakefs"} <= others
    assert others <= RESERVED


def test_the_last_snapshot_of_a_database_has_another_name_in_each_life(reference: Any) -> None:
    """RDS keeps it after a destroy, so the next destroy under one name would fail."""
    stack = reference[CHAIN[0]]
    (instance,) = stack.of_type("aws:rds/instance:Instance").values()
    own = f"{instance['identifier']}-final-"
    (group,) = (name for token, name in stack.inputs if token == "aws:rds/subnetGroup:SubnetGroup")
    assert "name" not in stack.inputs["aws:rds/subnetGroup:SubnetGroup", group]
    assert instance["finalSnapshotIdentifier"] == f"{own}{f'{group}-id'.rpartition('-')[2]}"
