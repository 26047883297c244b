"""A worker whose program makes AWS resources of every kind of identity: named, tagged, neither."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from stackyard import contracts, tags
from stackyard.naming import StackId
from stackyard_cli.engine.messages import Request
from stackyard_cli.engine.worker.main import serve
from stackyard_cli.engine.worker.operate import Program

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ec2.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}


class Network(pulumi.ComponentResource):
    """Ids that only the service assigns, some of them without tags."""

    def __init__(self, name: str, zones: int) -> None:
        super().__init__("test:index:Network", name)
        child = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc(f"{name}-vpc", cidr_block="10.9.0.0/16", opts=child)
        table = aws.ec2.RouteTable(f"{name}-table", vpc_id=vpc.id, opts=child)
        for index in range(zones):
            subnet = aws.ec2.Subnet(
                f"{name}-subnet-{index}",
                vpc_id=vpc.id,
                cidr_block=f"10.9.{index}.0/24",
                availability_zone="eu-central-1a",
                opts=child,
            )
            aws.ec2.RouteTableAssociation(
                f"{name}-association-{index}",
                route_table_id=table.id,
                subnet_id=subnet.id,
                opts=child,
            )


class Data(pulumi.ComponentResource):
    """Keys and buckets, with names that are known and settings that are written after."""

    def __init__(self, name: str, stack: StackId) -> None:
        super().__init__("test:index:Data", name)
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(f"{name}-key", description="data", opts=child)
        aws.kms.Alias(f"{name}-alias", name=f"alias/{stack.slug}", target_key_id=key.id, opts=child)
        for index in range(3):
            bucket = aws.s3.Bucket(
                f"{name}-bucket-{index}", bucket=f"{stack.slug}-{index}", opts=child
            )
            aws.s3.BucketVersioning(
                f"{name}-versioning-{index}",
                bucket=bucket.id,
                versioning_configuration={"status": "Enabled"},
                opts=child,
            )
            role = aws.iam.Role(
                f"{name}-role-{index}",
                name=f"{stack.slug}-{index}",
                assume_role_policy=TRUST,
                opts=child,
            )
            aws.iam.RolePolicy(
                f"{name}-policy-{index}",
                role=role.id,
                name="data",
                policy=json.dumps(POLICY),
                opts=child,
            )
            aws.secretsmanager.Secret(
                f"{name}-secret-{index}",
                name=f"{stack}/{index}",
                kms_key_id=key.arn,
                recovery_window_in_days=0,
                opts=child,
            )


def program(request: Request) -> Program:
    stack = StackId.parse(request.stack)

    def run() -> None:
        provider = aws.Provider(
            "aws",
            region="eu-central-1",
            default_tags=aws.ProviderDefaultTagsArgs(
                tags=tags.stack_tags(stack, "a@b.example", {})
            ),
        )
        options = pulumi.ResourceOptions(providers=[provider])
        pulumi.runtime.register_stack_transformation(_with_provider(options))
        Network("net", 6)
        Data("data", stack)
        contracts.publish({"version": 1})

    return run


def _with_provider(options: pulumi.ResourceOptions) -> pulumi.ResourceTransformation:
    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith("test:"):
            return None
        merged = pulumi.ResourceOptions.merge(args.opts, options)
        return pulumi.ResourceTransformationResult(args.props, merged)

    return add


if __name__ == "__main__":
    serve(program)
