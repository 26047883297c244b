"""Config that all blueprints share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stackyard.aws_location import AwsLocation
from stackyard.blueprints.waiver import Waiver
from stackyard.budget.config import BudgetConfig
from stackyard.config import Config, immutable


class ProtectionConfig(Config):
    """Protection of stateful and key resources, usually set by the stage."""

    protect: bool = True
    """Refuse to delete or replace stateful and key resources; `false` also lets a stack be
    destroyed together with the content of its buckets, image repositories and databases."""

    retain: bool = False
    """Leave stateful and key resources in the cloud when the stack is destroyed."""


class StackConfig(Config):
    """The fields of a stack file that all blueprints share."""

    owner: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    """Email address of the team that is responsible for the stack; becomes a tag."""

    account: Annotated[str, Field(pattern=r"^\d{12}$")] = immutable()
    """AWS account id (12 digits); the provider refuses credentials of any other account."""

    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = immutable()
    """AWS region, for example `eu-central-1`."""

    permissions_boundary: Annotated[str, Field(pattern=r"^[\w+=,.@-]{1,128}$")] | None = None
    """Name of the IAM policy that is the permissions boundary of every role of the stack.
    `stackyard bootstrap` creates `stackyard-roles`; its apply roles can create roles only with this
    boundary."""

    tags: dict[str, str] = {}
    """Additional tags of all AWS resources of the stack; Stackyard's own tags take precedence."""

    protection: ProtectionConfig = ProtectionConfig()
    """Protection of data and keys from deletion and replacement."""

    waivers: tuple[Waiver, ...] = ()
    """Permissions to delete or replace single stateful or key resources; each expires."""

    budget: BudgetConfig | None = None
    """Monthly budget of the stack; without it no change is refused for its cost."""

    @property
    def location(self) -> AwsLocation:
        """Account and region."""
        return AwsLocation(self.account, self.region)

    @property
    def boundary_arn(self) -> str | None:
        """Where the boundary is; None without one."""
        name = self.permissions_boundary
        return self.location.global_arn("iam", f"policy/{name}") if name else None
