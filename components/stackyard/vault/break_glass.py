"""BreakGlass, the emergency role: named people with MFA read a stage's secrets with it."""

from __future__ import annotations

from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.aws_location import AwsLocation
from stackyard.naming import StackId, role_arn, role_name
from stackyard.references import StackContext
from stackyard.vault.config import VaultConfig
from stackyard.vault.key_policies import emergency_trust
from stackyard.vault.secret_policies import READ

ROLE = "break-glass"

SESSION_SECONDS = 3600
"""Minimum that IAM allows for the maximum session duration of a role:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html."""


class BreakGlass(Component):
    """A role for emergencies only; the audit trail raises an alarm when somebody assumes it."""

    TYPE: ClassVar[str] = "stackyard:index:BreakGlass"

    role_arn: pulumi.Output[str]
    """ARN of the role."""

    def __init__(
        self,
        name: str,
        config: VaultConfig,
        *,
        context: StackContext,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the foundation of the stage; the role can read the secrets of this stage."""
        super().__init__(name, config, opts=opts)
        stack, location = context.stack, context.location
        role = aws.iam.Role(
            self.named("role"),
            name=role_name(stack, ROLE),
            description=f"Emergencies of {stack.stage}: opens its secrets; its use rings",
            assume_role_policy=iam.text(emergency_trust(config.break_glass)),
            max_session_duration=SESSION_SECONDS,
            opts=self.child(),
        )
        aws.iam.RolePolicy(
            self.named("role-policy"),
            name="open",
            role=role.name,
            policy=pulumi.Output.from_input(context.key_arns["secrets"]).apply(
                lambda key: iam.text(policy(key, stack.stage, location))
            ),
            opts=self.child(),
        )
        self.role_arn = role.arn
        self.publish()


def break_glass_arn(stack: StackId, location: AwsLocation) -> str:
    """Return the role's ARN before it exists."""
    return role_arn(stack, location, ROLE)


def policy(key_arn: str, stage: str, location: AwsLocation) -> dict[str, Any]:
    """Return the permissions of the role: read the secrets whose names contain the stage.

    RDS chooses the name of the secret with a database instance's password; there the KMS key
    separates the stages.
    """
    secrets = location.arn("secretsmanager", "secret")
    return iam.document(
        iam.statement("FindSecrets", ("secretsmanager:ListSecrets",), ("*",)),
        iam.statement("OpenSecrets", READ, (f"{secrets}:*/*/{stage}/*", f"{secrets}:rds!db-*")),
        iam.statement("OpenKey", ("kms:Decrypt", "kms:DescribeKey"), (key_arn,)),
    )
