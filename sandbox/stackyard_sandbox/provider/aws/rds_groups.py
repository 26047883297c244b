"""RDS subnet groups and parameter groups.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/rds/subnetgroup/ and
…/parametergroup/.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.rds_instance import TAGS
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties


class SubnetGroup(Resource):
    """The subnets of instances; its id is its name."""

    token = "aws:rds/subnetGroup:SubnetGroup"
    takes = ("name", "namePrefix", "description", "subnetIds")
    replaces = frozenset({"name", "namePrefix"})
    autoname = Autoname(limit=255, lower=True)
    defaults = {"description": "Managed by Pulumi"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the group."""
        aws.client("rds").create_db_subnet_group(
            DBSubnetGroupName=inputs["name"],
            DBSubnetGroupDescription=inputs["description"],
            SubnetIds=inputs["subnetIds"],
            Tags=TAGS.api(inputs.get("tagsAll")),
        )
        return str(inputs["name"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the group."""
        call = aws.client("rds").describe_db_subnet_groups
        codes = ("DBSubnetGroupNotFoundFault", "DBSubnetGroupNotFound")
        answer = call_or_none(call, *codes, DBSubnetGroupName=identity)
        if answer is None or not answer["DBSubnetGroups"]:
            return None
        group = answer["DBSubnetGroups"][0]
        return {
            "name": identity,
            "description": group["DBSubnetGroupDescription"],
            "subnetIds": [subnet["SubnetIdentifier"] for subnet in group["Subnets"]],
            "vpcId": group.get("VpcId"),
            "arn": group["DBSubnetGroupArn"],
            "tagsAll": TAGS.read(aws, group["DBSubnetGroupArn"]),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change description, subnets and tags."""
        if changed(old, new, "description", "subnetIds"):
            aws.client("rds").modify_db_subnet_group(
                DBSubnetGroupName=identity,
                DBSubnetGroupDescription=new["description"],
                SubnetIds=new["subnetIds"],
            )
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the group."""
        with ignoring_missing("DBSubnetGroupNotFoundFault", "DBSubnetGroupNotFound"):
            aws.client("rds").delete_db_subnet_group(DBSubnetGroupName=identity)


class ParameterGroup(Resource):
    """Settings of the database engine; its id is its name."""

    token = "aws:rds/parameterGroup:ParameterGroup"
    takes = ("name", "namePrefix", "family", "description", "parameters", "skipDestroy")
    replaces = frozenset({"name", "namePrefix", "family", "description"})
    autoname = Autoname(limit=255, lower=True)
    defaults = {"description": "Managed by Pulumi"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the group."""
        aws.client("rds").create_db_parameter_group(
            DBParameterGroupName=inputs["name"],
            DBParameterGroupFamily=inputs["family"],
            Description=inputs["description"],
            Tags=TAGS.api(inputs.get("tagsAll")),
        )
        return str(inputs["name"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Set its parameters."""
        if inputs.get("parameters"):
            aws.client("rds").modify_db_parameter_group(
                DBParameterGroupName=identity,
                Parameters=[_parameter(one) for one in inputs["parameters"]],
            )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the group and the parameters that were set."""
        client = aws.client("rds")
        codes = ("DBParameterGroupNotFound", "DBParameterGroupNotFoundFault")
        call = client.describe_db_parameter_groups
        answer = call_or_none(call, *codes, DBParameterGroupName=identity)
        if answer is None or not answer["DBParameterGroups"]:
            return None
        group = answer["DBParameterGroups"][0]
        known = client.describe_db_parameters(DBParameterGroupName=identity)["Parameters"]
        return {
            "name": identity,
            "family": group["DBParameterGroupFamily"],
            "description": group["Description"],
            "parameters": [
                {
                    "name": one["ParameterName"],
                    "value": one["ParameterValue"],
                    "applyMethod": one.get("ApplyMethod", "immediate"),
                }
                for one in known
                if one.get("ParameterValue") is not None
            ]
            or None,
            "arn": group["DBParameterGroupArn"],
            "tagsAll": TAGS.read(aws, group["DBParameterGroupArn"]),
        }

    def completed(self, inputs: Properties) -> Properties:
        """Add the apply method of each parameter, as the official provider does."""
        given = inputs.get("parameters")
        if not isinstance(given, list):
            return inputs
        return {**inputs, "parameters": [{"applyMethod": "immediate", **one} for one in given]}

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Set parameters, reset removed ones, change tags."""
        client = aws.client("rds")
        kept = {one["name"] for one in new.get("parameters") or []}
        gone = [one for one in old.get("parameters") or [] if one["name"] not in kept]
        if gone:
            client.reset_db_parameter_group(
                DBParameterGroupName=identity, Parameters=[_parameter(one) for one in gone]
            )
        if changed(old, new, "parameters"):
            self.finish(aws, identity, new)
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the group."""
        with ignoring_missing("DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"):
            aws.client("rds").delete_db_parameter_group(DBParameterGroupName=identity)


def _parameter(one: Properties) -> Properties:
    return {
        "ParameterName": one["name"],
        "ParameterValue": one["value"],
        "ApplyMethod": one.get("applyMethod", "immediate"),
    }
