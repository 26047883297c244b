from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from stackyard.access.evaluator import Decision, Request, decide
from stackyard.naming import StackId
from stackyard.tuning import sagemaker, storage
from stackyard.tuning.config import TuningConfig
from stackyard.tuning.sagemaker import Site

STACK = StackId("vision", "defects", "dev")
ACCOUNT, REGION = "123456789012", "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data"
SITE = Site(
    stack=STACK,
    account=ACCOUNT,
    region=REGION,
    subnets=["subnet-a", "subnet-b"],
    artifacts="artifacts",
    datasets=["photos"],
    data_key_arn=KEY,
)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/vision-defects-dev-sagemaker"
POLICY = sagemaker.start_policy(SITE, ROLE, instance_types=["ml.m5.xlarge"], max_hours=2)
WITHIN: dict[str, str | list[str]] = {
    "sagemaker:InstanceTypes": ["ml.m5.xlarge"],
    "sagemaker:MaxRuntimeInSeconds": "7200",
    "sagemaker:VpcSubnets": ["subnet-a"],
    "sagemaker:VolumeKmsKey": KEY,
}


def start(name: str = "vision-defects-dev-1", **changes: Any) -> Decision:
    context = {key: value for key, value in {**WITHIN, **changes}.items() if value is not None}
    job = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:hyper-parameter-tuning-job/{name}"
    who = f"arn:aws:iam::{ACCOUNT}:role/scientist"
    return decide(Request(who, "sagemaker:CreateHyperParameterTuningJob", job, context), POLICY)


def test_a_job_within_the_rails_may_start() -> None:
    assert start().allowed


@pytest.mark.parametrize(
    ("rail", "changes"),
    [
        ("DenyOtherInstances", {"sagemaker:InstanceTypes": ["ml.p5.48xlarge"]}),
        ("DenyOtherInstances", {"sagemaker:InstanceTypes": ["ml.m5.xlarge", "ml.p5.48xlarge"]}),
        ("DenyUnnamedInstances", {"sagemaker:InstanceTypes": None}),
        ("DenyLongRuns", {"sagemaker:MaxRuntimeInSeconds": "7201"}),
        ("DenyOtherNetworks", {"sagemaker:VpcSubnets": ["subnet-a", "subnet-x"]}),
        ("DenyNoNetwork", {"sagemaker:VpcSubnets": None}),
        ("DenyOtherKeys", {"sagemaker:VolumeKmsKey": f"{KEY}-other"}),
        ("DenyOtherKeys", {"sagemaker:VolumeKmsKey": None}),
    ],
)
def test_each_rail_stops_what_leaves_it(rail: str, changes: dict[str, Any]) -> None:
    decision = start(**changes)
    assert (decision.allowed, decision.sid) == (False, rail)


def test_jobs_of_other_projects_are_not_granted() -> None:
    assert not start("ranking-recommender-dev-1").allowed


def test_only_the_jobs_role_can_be_passed_and_only_to_sagemaker() -> None:
    def give(role: str, service: str) -> bool:
        who = f"arn:aws:iam::{ACCOUNT}:role/scientist"
        context: dict[str, str | list[str]] = {"iam:PassedToService": service}
        return decide(Request(who, "iam:PassRole", role, context), POLICY).allowed

    assert give(ROLE, "sagemaker.amazonaws.com")
    assert not give(ROLE, "ec2.amazonaws.com")
    assert not give(f"arn:aws:iam::{ACCOUNT}:role/platform-admin", "sagemaker.amazonaws.com")


def test_jobs_write_to_their_own_directory_and_read_datasets_only() -> None:
    policy = sagemaker.job_policy(SITE)

    def may(action: str, key: str) -> bool:
        return decide(Request(ROLE, action, f"arn:aws:s3:::{key}"), policy).allowed

    assert may("s3:PutObject", "artifacts/sagemaker/model.tar.gz")
    assert not may("s3:PutObject", "artifacts/1/run/model")
    assert not may("s3:GetObject", "artifacts/1/run/model")
    assert may("s3:GetObject", "photos/incoming/1.jpg")
    assert not may("s3:PutObject", "photos/incoming/1.jpg")


def test_the_dashboard_gets_its_password_from_inside_only() -> None:
    program = storage.dashboard_command(REGION)
    assert program.command[:3] == list(storage.CONNECT)
    assert not any("postgresql" in word for word in program.command)
    assert storage.STORAGE not in program.environment


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"managed": "sagemaker"}, "needs `instance_types`, which limit its cost"),
        ({"instance_types": ["ml.m5.xlarge"]}, "`instance_types` needs `managed: sagemaker`"),
        ({"managed": "sagemaker", "instance_types": ["m5.xlarge"]}, "pattern"),
    ],
)
def test_contradictions_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TuningConfig.model_validate({"image": "tuning/optuna:5", **config})
