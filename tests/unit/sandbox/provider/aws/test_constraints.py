"""The sandbox's provider refuses what AWS's own description of a call does not allow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from moto import mock_aws

from stackyard_sandbox.provider.aws import catalogue, constraint_patterns, constraints
from stackyard_sandbox.provider.aws.cloud import Clients, Cloud, Endpoint
from stackyard_sandbox.provider.aws.ledger import Ledger, read

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
SECRET = "x" * 65_537

HANDLERS = Path(constraints.__file__).parent
USED = sorted(
    {
        service
        for module in HANDLERS.glob("*.py")
        for service in re.findall(r"\.client\(\"([\w-]+)\"\)", module.read_text())
    }
)

REFUSED: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "enum": (
        *("lambda", "put_function_recursion_config"),
        {"FunctionName": "acts", "RecursiveLoop": "Maybe"},
        "Maybe.*RecursiveLoop.*enum value set: .*Allow",
    ),
    "pattern": (
        *("iam", "create_role"),
        {"RoleName": "a role", "AssumeRolePolicyDocument": TRUST},
        r"'a role' at 'RoleName'.*regular expression pattern",
    ),
    "longest text": (
        *("iam", "create_role"),
        {"RoleName": "r" * 65, "AssumeRolePolicyDocument": TRUST},
        "RoleName.*length less than or equal to 64",
    ),
    "largest number": (
        *("iam", "create_role"),
        {"RoleName": "r", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 43_201},
        "'43201' at 'MaxSessionDuration'.*value less than or equal to 43200",
    ),
    "in a list, all at once": (
        *("backup", "create_backup_plan"),
        {
            "BackupPlan": {
                "BackupPlanName": "a",
                "Rules": [{"RuleName": "daily!", "TargetBackupVaultName": "v"}],
            }
        },
        r"2 validation errors.*Plan\.Rules\[0\]\.RuleName.*Plan\.Rules\[0\]\.TargetBackupVaultName",
    ),
    "key of a map": (
        *("lambda", "create_function"),
        {
            "FunctionName": "acts",
            "Role": "arn:aws:iam::123456789012:role/acts",
            "Code": {"ZipFile": b"x"},
            "Environment": {"Variables": {"a-b": "c"}},
        },
        r"Environment.Variables \(key\)",
    ),
    "sensitive": (
        *("secretsmanager", "create_secret"),
        {"Name": "s", "SecretString": SECRET},
        r"'\*\*\*' at 'SecretString'.*length less than or equal to 65536",
    ),
}


@pytest.fixture
def clients() -> Iterator[Any]:
    with mock_aws():
        session = boto3.Session("test", "test", region_name="eu-central-1")

        def client(service: str, ledger: Ledger | None = None) -> Any:
            made = session.client(service)
            constraints.hold_calls(made, ledger)
            return made

        yield client


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_model_does_not_allow_is_refused_before_the_call(clients: Any, case: str) -> None:
    service, operation, parameters, message = REFUSED[case]
    with pytest.raises(ClientError, match=message) as refused:
        getattr(clients(service), operation)(**parameters)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert refused.value.operation_name == "".join(p.title() for p in operation.split("_"))
    assert SECRET[:100] not in str(refused.value)


def test_what_the_model_allows_reaches_the_service(clients: Any) -> None:
    tags = [{"Key": "team", "Value": "Größe 3 µm"}]
    made = clients("iam").create_role(
        RoleName="r" * 64, AssumeRolePolicyDocument=TRUST, MaxSessionDuration=43_200, Tags=tags
    )
    assert made["Role"]["RoleName"] == "r" * 64


def test_calls_values_and_refusals_are_counted_without_values(clients: Any, tmp_path: Path) -> None:
    iam = clients("iam", Ledger(tmp_path))
    iam.create_role(RoleName="held", AssumeRolePolicyDocument=TRUST)
    iam.get_role(RoleName="held")
    with pytest.raises(ClientError):
        iam.get_role(RoleName="not so")
    result = read(tmp_path)
    assert (result.calls, result.values) == (3, 4)
    (refusal,) = result.refused
    assert (refusal.operation, refusal.path) == ("iam:GetRole", "RoleName")
    assert "not so" not in json.dumps(refusal.rule)


def test_the_clients_of_a_sandbox_are_held(tmp_path: Path) -> None:
    endpoint = Endpoint("http://127.0.0.1:9", "eu-central-1", "123456789012", "test", "test")
    role = Clients(endpoint, tmp_path).get("iam", "eu-central-1", endpoint.url)
    with pytest.raises(ClientError, match="RoleName"):
        role.get_role(RoleName="not so")
    assert read(tmp_path).calls == 1


class MadeError(Exception):
    """Raised instead of sending a call that passed."""


@pytest.mark.parametrize(
    ("token", "inputs"),
    [
        ("signer/signingProfile:SigningProfile", {"name": "signs", "platformId": "Notation"}),
        ("eks/cluster:Cluster", {"name": "c", "roleArn": "r", "vpcConfig": {}}),
        ("eks/addon:Addon", {"clusterName": "c", "addonName": "vpc-cni"}),
        ("eks/accessEntry:AccessEntry", {"clusterName": "c", "principalArn": "p"}),
    ],
)
def test_what_has_no_tags_is_made_without_tags(
    tmp_path: Path, token: str, inputs: dict[str, Any]
) -> None:
    def made(**_: Any) -> None:
        raise MadeError

    endpoint = Endpoint("http://127.0.0.1:9", "eu-central-1", "123456789012", "test", "test")
    cloud = Cloud(Clients(endpoint, tmp_path), endpoint.region, endpoint.account, {})
    cloud.client(token.partition("/")[0]).meta.events.register("before-call", made)
    handler = catalogue.handler(f"aws:{token}")
    assert handler is not None
    with pytest.raises(MadeError):
        handler.create(cloud, inputs)


@pytest.mark.parametrize("service", USED)
def test_every_pattern_of_a_service_in_use_can_be_asked(service: str) -> None:
    model = get_session().get_service_model(service)
    for name in model.shape_names:
        pattern = model.shape_for(name).metadata.get("pattern")
        if pattern and (service, name) not in constraint_patterns.UNUSABLE:
            constraint_patterns.compiled(pattern)


def test_every_unusable_pattern_is_still_in_the_model() -> None:
    for service, name in constraint_patterns.UNUSABLE:
        assert get_session().get_service_model(service).shape_for(name).metadata.get("pattern")
