"""A database that keeps a snapshot of each life goes down and comes up again, under the engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest

from stackyard import Database, DatabaseConfig, RetentionConfig, StackContext, VpcRef, iam
from stackyard.naming import StackId
from stackyard.run_settings import ComponentOptions, RunSettings
from stackyard.vault.key_policies import key_policy
from tests.support.automation import ProgramStack

from .provider_aws_cloud import ACCOUNT, REGION, Cloud, started

STACK = StackId("platform", "foundation", "staging")
LIVES = 3


class Stage(ProgramStack):
    """A VPC with a database, which may be deleted but not without a snapshot."""

    def make(self) -> None:
        provider = aws.Provider("aws", region=REGION, allowed_account_ids=[ACCOUNT])
        opts = pulumi.ResourceOptions(provider=provider)
        policy = key_policy("logs", account=ACCOUNT, region=REGION, admins=[])
        key = aws.kms.Key("key", policy=iam.text(policy), opts=opts)
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=opts)
        subnets = {
            zone: aws.ec2.Subnet(
                f"subnet-{zone}",
                vpc_id=vpc.id,
                cidr_block=f"10.0.{index}.0/24",
                availability_zone=f"{REGION}{zone}",
                opts=opts,
            ).id
            for index, zone in enumerate("ab")
        }
        nodes = aws.ec2.SecurityGroup("nodes", vpc_id=vpc.id, opts=opts)
        keys = dict.fromkeys(("data", "secrets", "logs"), key.arn)
        Database(
            "database",
            DatabaseConfig(),
            context=StackContext(STACK, ACCOUNT, REGION, keys, RetentionConfig()),
            network=VpcRef(vpc.id, subnets),
            clients=nodes.id,
            opts=ComponentOptions(RunSettings(protect=False), providers=[provider]),
        )


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with started() as cloud:
        yield cloud


def test_each_life_of_a_database_leaves_a_snapshot_of_its_own(cloud: Cloud, tmp_path: Path) -> None:
    """RDS refuses the name of a snapshot that exists, and with it the whole destroy."""
    stage, rds = Stage(tmp_path, "aws", cloud.provider), cloud.client("rds")
    for life in range(1, LIVES + 1):
        stage.up()
        stage.destroy()
        assert rds.describe_db_instances()["DBInstances"] == []
        kept = rds.describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
        assert len({one["DBSnapshotIdentifier"] for one in kept}) == len(kept) == life


def test_a_second_snapshot_of_one_name_is_refused(cloud: Cloud) -> None:
    rds = cloud.client("rds")
    last = {"DBInstanceIdentifier": "again", "FinalDBSnapshotIdentifier": "again-final"}

    def create() -> None:
        rds.create_db_instance(
            DBInstanceIdentifier="again",
            DBInstanceClass="db.t4g.medium",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="stackyard",
            ManageMasterUserPassword=True,
        )

    create()
    rds.delete_db_instance(**last)
    create()
    with pytest.raises(rds.exceptions.DBSnapshotAlreadyExistsFault):
        rds.delete_db_instance(**last)
    rds.delete_db_instance(DBInstanceIdentifier="again", SkipFinalSnapshot=True)
