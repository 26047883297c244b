from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import botocore.session
import moto.ec2
import pytest
from pydantic import ValidationError

from stackyard.access.evaluator import Decision, Request, decide
from stackyard.instances import has_local_storage
from stackyard.naming import StackId
from stackyard.tuning import sagemaker, storage
from stackyard.tuning.config import TuningConfig
from stackyard.tuning.sagemaker import JobContext

STACK = StackId("vision", "defects", "dev")
ACCOUNT, REGION = "123456789012", "eu-central-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/data"
SITE = JobContext(
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
    "sagemaker:VolumeKmsKeyArn": KEY,
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
        ("DenyOtherKeys", {"sagemaker:VolumeKmsKeyArn": f"{KEY}-other"}),
        ("DenyOtherKeys", {"sagemaker:VolumeKmsKeyArn": None}),
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


IN_THE_ACCOUNT = f"{REGION}:{ACCOUNT}"
SUBNET, OTHER = (f"arn:aws:ec2:{IN_THE_ACCOUNT}:subnet/subnet-{each}" for each in ("a", "x"))
INTERFACE = f"arn:aws:ec2:{IN_THE_ACCOUNT}:network-interface/eni-1"
OWN_IMAGE = f"arn:aws:ecr:{IN_THE_ACCOUNT}:repository/vision/defects/dev/trainer"
ALGORITHM = f"arn:aws:ecr:{REGION}:492215442770:repository/sagemaker-xgboost"
CALLS = {
    "ecr:GetAuthorizationToken": "*",
    **{
        f"ecr:{call}": OWN_IMAGE
        for call in ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")
    },
    **{
        f"ec2:{call}": INTERFACE
        for call in (
            "CreateNetworkInterface",
            "CreateNetworkInterfacePermission",
            "DeleteNetworkInterface",
            "DeleteNetworkInterfacePermission",
        )
    },
    **{
        f"ec2:Describe{what}": "*"
        for what in ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    },
    "kms:CreateGrant": KEY,
    "kms:DescribeKey": KEY,
    "logs:DescribeLogStreams": f"arn:aws:logs:{IN_THE_ACCOUNT}:log-group:/aws/sagemaker/Jobs",
    "iam:PassRole": ROLE,
    **{
        f"sagemaker:{verb}{kind}": f"arn:aws:sagemaker:{IN_THE_ACCOUNT}:{name}/candidate"
        for kind, name in {
            "Model": "model",
            "Endpoint": "endpoint",
            "EndpointConfig": "endpoint-config",
        }.items()
        for verb in ("Create", "Delete", "Describe")
    },
}
"""What the execution role of a job in a VPC, with a volume key, and of AutoML has to hold. Source:
github.com/awsdocs/amazon-sagemaker-developer-guide, doc_source/sagemaker-roles.md."""


def job_may(action: str, resource: str, **context: str) -> bool:
    facts = {"aws:ResourceAccount": resource.split(":")[4] if ":" in resource else ACCOUNT}
    asked = {**facts, "ec2:Subnet": SUBNET, "iam:PassedToService": "sagemaker.amazonaws.com"}
    request = Request(ROLE, action, resource, {**asked, **context})
    return decide(request, sagemaker.job_policy(SITE)).allowed


@pytest.mark.parametrize("action", CALLS)
def test_the_role_of_a_job_has_what_sagemaker_asks_of_it(action: str) -> None:
    assert job_may(action, CALLS[action])


def test_a_job_joins_the_subnets_of_the_project_only() -> None:
    assert job_may("ec2:CreateNetworkInterface", SUBNET)
    assert not job_may("ec2:CreateNetworkInterface", OTHER)
    assert not job_may("ec2:DeleteNetworkInterface", INTERFACE, **{"ec2:Subnet": OTHER})


def test_a_job_pulls_images_of_its_project_and_of_aws_only() -> None:
    assert job_may("ecr:BatchGetImage", ALGORITHM)
    assert not job_may("ecr:BatchGetImage", OWN_IMAGE.replace("defects", "scratches"))


def test_a_job_uses_no_other_key_and_passes_no_other_role() -> None:
    assert not job_may("kms:CreateGrant", f"{KEY}-other")
    assert not job_may("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/platform-admin")


def test_a_type_with_disks_of_its_own_starts_without_the_key_and_no_other_does() -> None:
    """SageMaker refuses a volume key for them, so with it no g5 could ever start."""
    types = ["ml.m5.xlarge", "ml.g5.xlarge"]
    policy = sagemaker.start_policy(SITE, ROLE, instance_types=types, max_hours=2)

    def starts(*chosen: str, key: str | None) -> bool:
        context = {**WITHIN, "sagemaker:InstanceTypes": list(chosen)}
        del context["sagemaker:VolumeKmsKeyArn"]
        if key is not None:
            context["sagemaker:VolumeKmsKeyArn"] = key
        job = f"arn:aws:sagemaker:{IN_THE_ACCOUNT}:training-job/vision-defects-dev-1"
        who = f"arn:aws:iam::{ACCOUNT}:role/scientist"
        request = Request(who, "sagemaker:CreateTrainingJob", job, context)
        return decide(request, policy).allowed

    assert starts("ml.g5.xlarge", key=None)
    assert starts("ml.m5.xlarge", key=KEY)
    assert not starts("ml.m5.xlarge", key=None)
    assert not starts("ml.m5.xlarge", "ml.g5.xlarge", key=None)


def test_types_with_disks_are_those_of_ec2() -> None:
    path = Path(moto.ec2.__file__).parent / "resources" / "instance_types.json.gz"
    known = json.loads(gzip.decompress(path.read_bytes()))
    model = botocore.session.get_session().get_service_model("sagemaker")
    offered = {name.removeprefix("ml.") for name in model.shape_for("TrainingInstanceType").enum}
    wrong = {
        name: known[name]["InstanceStorageSupported"]
        for name in offered & set(known)
        if has_local_storage(name) != known[name]["InstanceStorageSupported"]
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("CreateHyperParameterTuningJob", "HyperParameterTuningJobName"),
        ("CreateAutoMLJobV2", "AutoMLJobName"),
        ("CreateTrainingJob", "TrainingJobName"),
    ],
)
def test_the_longest_path_leaves_room_in_the_name_of_a_job(operation: str, member: str) -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    limits = model.operation_model(operation).input_shape.members[member].metadata
    long = StackId("a" * 32, "b" * 32, "staging")
    name = f"{sagemaker.job_prefix(long)}-sweep-07"
    assert len(name) <= limits["max"]
    assert sagemaker.job_prefix(long) != sagemaker.job_prefix(StackId("a" * 32, "b" * 32, "prod"))
    assert sagemaker.job_prefix(STACK) == STACK.slug
