"""What every stack file may say, whatever its blueprint."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stackyard.blueprints.waiver import Waiver
from stackyard.budget.config import BudgetConfig
from stackyard.config import Config, immutable


class ProtectionConfig(Config):
    """What happens to stateful and key resources; a rule of the stage, not of a team."""

    protect: bool = False
    """Refuse to delete or replace stateful and key resources."""

    retain: bool = False
    """Leave stateful and key resources in the cloud when the stack is destroyed."""


class StackConfig(Config):
    """The part of a stack file that all blueprints share."""

    owner: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    """Mail address of the people who answer for this stack; becomes a tag."""

    account: Annotated[str, Field(pattern=r"^\d{12}$")] = immutable()
    """The AWS account (12 digits); the provider refuses credentials of any other."""

    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")] = immutable()
    """The AWS region, for example `eu-central-1`."""

    permissions_boundary: Annotated[str, Field(pattern=r"^[\w+=,.@-]{1,128}$")] | None = None
    """Name of the IAM policy of the account that bounds every role of the stack; `stackyard
    bootstrap` makes `stackyard-roles`, without which its apply roles can make none."""

    tags: dict[str, str] = {}
    """Further tags for every AWS resource of the stack; Stackyard's own tags win."""

    protection: ProtectionConfig = ProtectionConfig()
    """Protection of data and keys against delete and replace."""

    waivers: tuple[Waiver, ...] = ()
    """Consents to delete or replace single resources that hold data or keys; each expires."""

    budget: BudgetConfig | None = None
    """What the stack may cost in a month; without it nothing is stopped for its cost."""

    @property
    def boundary_arn(self) -> str | None:
        """Where the boundary is; None without one."""
        name = self.permissions_boundary
        return f"arn:aws:iam::{self.account}:policy/{name}" if name else None
