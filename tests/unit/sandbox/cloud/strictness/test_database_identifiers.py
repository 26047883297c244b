"""The emulator refuses names that RDS refuses."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard_sandbox.cloud.strictness import database_identifiers
from tests.unit.sandbox.cloud.strictness.conftest import Strict


def instance(rds: Any, identifier: str = "db", **named: str) -> None:
    rds.create_db_instance(
        DBInstanceIdentifier=identifier,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUserPassword="not-a-secret",
        **{"MasterUsername": "owner", **named},
    )


def parameters(rds: Any, name: str) -> None:
    rds.create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily="postgres17", Description="d"
    )


@pytest.mark.parametrize("name", ["1st", "two--hyphens", "ends-", "under_score", "a" * 256])
def test_names_of_parameter_groups(strict: Strict, name: str) -> None:
    rds = strict(database_identifiers)("rds")
    with pytest.raises(ClientError, match="DBParameterGroupName is not a valid identifier"):
        parameters(rds, name)
    parameters(rds, "platform-foundation-dev")


@pytest.mark.parametrize(
    ("member", "name", "message"),
    [
        ("MasterUsername", "1owner", "not a valid identifier"),
        ("MasterUsername", "rdsadmin", "reserved word"),
        ("DBName", "with-hyphen", "not a valid identifier"),
        ("DBInstanceIdentifier", "two--hyphens", "identifier"),
    ],
)
def test_names_in_an_instance(strict: Strict, member: str, name: str, message: str) -> None:
    rds = strict(database_identifiers)("rds")
    with pytest.raises(ClientError, match=message):
        instance(rds, **({"identifier": name} if "Identifier" in member else {member: name}))
    instance(rds, DBName="stackyard")


def test_the_default_subnet_group_is_rdss_own(strict: Strict) -> None:
    clients = strict(database_identifiers)
    ec2, rds = clients("ec2"), clients("rds")
    subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
    asked = {"DBSubnetGroupDescription": "d", "SubnetIds": subnets}
    with pytest.raises(ClientError, match="DBSubnetGroupName"):
        rds.create_db_subnet_group(DBSubnetGroupName="default", **asked)
    rds.create_db_subnet_group(DBSubnetGroupName="platform-foundation-dev", **asked)
