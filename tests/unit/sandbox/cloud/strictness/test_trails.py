"""The emulator refuses a trail that CloudTrail refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.cloudtrail.models import CloudTrailBackend

from stackyard import iam
from stackyard_sandbox.cloud.strictness import key_users, trails

ACCOUNT = "123456789012"
GROUP = f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:audit:*"
SERVICE = {"Service": "cloudtrail.amazonaws.com"}


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("create_trail", "update_trail"):
        monkeypatch.setattr(CloudTrailBackend, name, getattr(CloudTrailBackend, name))
    # Which buckets a trail may have is another test's subject.
    monkeypatch.setattr(key_users, "_permitted", lambda *_, **__: True)
    trails.install()
    with mock_aws():
        session = boto3.Session("test", "test", region_name="eu-central-1")
        session.client("s3").create_bucket(
            Bucket="records", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        yield session.client


def _role(clients: Any, trust: dict[str, Any]) -> str:
    made = clients("iam").create_role(RoleName="audit", AssumeRolePolicyDocument=json.dumps(trust))
    return str(made["Role"]["Arn"])


def _trail(clients: Any, name: str = "audit", **settings: Any) -> Any:
    return clients("cloudtrail").create_trail(Name=name, S3BucketName="records", **settings)


def test_a_role_that_asks_for_the_source_account_is_refused(clients: Any) -> None:
    asked = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    role = _role(clients, iam.assumable_by(SERVICE, conditions=asked))
    with pytest.raises(ClientError, match="InvalidCloudWatchLogsRoleArnException"):
        _trail(clients, CloudWatchLogsLogGroupArn=GROUP, CloudWatchLogsRoleArn=role)


def test_a_role_that_trusts_the_service_is_taken(clients: Any) -> None:
    role = _role(clients, iam.assumable_by(SERVICE))
    made = _trail(clients, CloudWatchLogsLogGroupArn=GROUP, CloudWatchLogsRoleArn=role)
    assert made["CloudWatchLogsRoleArn"] == role
    clients("iam").update_assume_role_policy(
        RoleName="audit",
        PolicyDocument=json.dumps(iam.assumable_by({"Service": "ec2.amazonaws.com"})),
    )
    with pytest.raises(ClientError, match="Check the trust relationships"):
        clients("cloudtrail").update_trail(Name="audit", CloudWatchLogsRoleArn=role)


def test_a_region_has_five_trails_and_no_sixth(clients: Any) -> None:
    for number in range(5):
        _trail(clients, f"trail-{number}")
    with pytest.raises(ClientError, match="MaximumNumberOfTrailsExceededException"):
        _trail(clients, "one-more")
