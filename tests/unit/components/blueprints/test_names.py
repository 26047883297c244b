"""Names of a whole project with the longest path: what AWS takes, and no two alike."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.session import Session

from stackyard.blueprints import catalogue
from stackyard.estate.estate import Estate
from stackyard.limits import documents
from stackyard.naming import LONGEST_SLUG, StackId
from stackyard.serving.config import RESERVED
from tests.support import contracts as upstream
from tests.support.contracts import FOUNDATION, SERVICES
from tests.support.estates import ROOT

STAGES = ("dev", "staging")
UPSTREAMS = {"foundation": FOUNDATION, "services": SERVICES}
DATABASE = {
    "version": 1,
    "host": "db.internal",
    "port": 5432,
    "admin_credentials": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db",
    "rotation_days": 30,
}


def longest(stage: str) -> StackId:
    """The longest path that `validate` accepts, of a stage."""
    room = LONGEST_SLUG - len(f"--{stage}")
    return StackId("a" * (room - 20), "b" * 20, stage)


MODELS = {
    "aws:budgets/budget:Budget": ("budgets", "BudgetName", "name"),
    "aws:cloudwatch/eventRule:EventRule": ("events", "RuleName", "name"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "LogGroupName", "name"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "AlarmName", "name"),
    "aws:ecr/repository:Repository": ("ecr", "RepositoryName", "name"),
    "aws:iam/role:Role": ("iam", "roleNameType", "name"),
    "aws:s3/accessPoint:AccessPoint": ("s3control", "AccessPointName", "name"),
    "aws:scheduler/schedule:Schedule": ("scheduler", "Name", "name"),
    "aws:secretsmanager/secret:Secret": ("secretsmanager", "NameType", "name"),
    "aws:sfn/stateMachine:StateMachine": ("stepfunctions", "Name", "name"),
}
"""Resources whose names are made of the path: botocore's model, its shape, and our input."""


KINDS = {
    "Deployment",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Service",
}
"""What a served model makes under its name."""


@cache
def loader() -> Loader:
    return Session().get_component("data_loader")


@pytest.fixture(scope="module")
def made(run: Any) -> dict[str, Any]:
    """The whole reference project, in two stages, under the longest path."""
    settings = Estate(ROOT).load(StackId("vision", "defects", "prod")).effective
    contracts = {
        FOUNDATION.reference: upstream.foundation(
            admin_arns=["arn:aws:iam::123456789012:role/admin"],
            database=DATABASE,
            mounts_secrets=True,
            base_images={"pytorch": "base/pytorch:1", "sklearn": "base/sklearn:1"},
        ),
        SERVICES.reference: upstream.services(gpu_pools={"training": upstream.GPU_POOL}),
    }
    return {
        stage: run(catalogue.program("project", longest(stage), settings, UPSTREAMS), contracts)
        for stage in STAGES
    }


def test_no_name_is_longer_than_aws_takes(made: Any) -> None:
    """Limits are those of botocore's models of the services."""
    checked = set()
    for run in made.values():
        for (kind, name), inputs in run.inputs.items():
            if kind in MODELS:
                service, shape, field = MODELS[kind]
                most = loader().load_service_model(service, "service-2")["shapes"][shape]["max"]
                assert len(inputs[field]) <= most, (kind, name, inputs[field])
                checked.add(kind)
    assert checked == set(MODELS)


def test_no_two_resources_of_a_kind_have_one_name_in_any_stage(made: Any) -> None:
    """PutRule and others overwrite what has the name; so a cut needs a digest."""
    names = [
        (kind, inputs.get("logGroupName"), inputs[MODELS[kind][2]])
        for run in made.values()
        for (kind, _), inputs in run.inputs.items()
        if kind in MODELS
    ]
    assert len(names) > 80
    assert sorted(map(str, set(names))) == sorted(map(str, names))


def test_every_role_keeps_its_stage_in_its_name(made: Any) -> None:
    """Apply roles may make roles of `*-STAGE-*` only."""
    for stage, run in made.items():
        for name, role in run.of_type("aws:iam/role:Role").items():
            assert f"-{stage}-" in role["name"], name


def test_the_names_of_the_platform_in_a_namespace_are_reserved(made: Any) -> None:
    """A served model has a Deployment, a Service and more of its name, on every cluster."""
    taken = set()
    for (kind, _), inputs in made["dev"].inputs.items():
        metadata = inputs.get("metadata") or {}
        if metadata.get("namespace") == longest("dev").slug and kind.split(":")[-1] in KINDS:
            taken.add(metadata["name"])
    models = {"classifier", "classifier-canary", "inspector"}
    assert {"tuning", "lakefs", "tracking"} <= taken
    assert taken - models <= RESERVED, sorted(taken - models - RESERVED)
    assert not models & RESERVED


def test_no_document_is_larger_than_aws_takes(made: Any) -> None:
    """The mocks' ARNs are shorter than AWS's, so a third is left for what they will grow by."""
    for run in made.values():
        inline: Counter[str] = Counter()
        for (kind, name), inputs in run.inputs.items():
            if (limit := documents.LIMITS.get(kind)) is not None and inputs.get(limit.field):
                size = documents.size(inputs[limit.field], blanks=limit.blanks)
                assert size <= limit.most * 2 / 3, (name, size)
            if kind == "aws:iam/rolePolicy:RolePolicy":
                inline[inputs["role"].rpartition("-")[2]] += documents.size(
                    inputs["policy"], blanks=False
                )
        assert max(inline.values()) <= documents.INLINE * 3 / 4, inline.most_common(3)
