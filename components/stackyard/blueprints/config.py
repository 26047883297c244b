"""Config that all blueprints share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from stackyard.aws_location import AwsLocation, partition_of
from stackyard.blueprints.waiver import Waiver
from stackyard.budget.config import BudgetConfig
from stackyard.config import Config, immutable
from stackyard.field_path import FieldPath
from stackyard.limits import regions, tags
from stackyard.problem import Problem


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

    account: Annotated[str, Field(pattern=r"^[0-9]{12}$")] = immutable()
    """AWS account id (12 digits); the provider refuses credentials of any other account."""

    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")] = immutable()
    """AWS region, for example `eu-central-1`."""

    permissions_boundary: Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=,.@-]{1,128}$")] | None = (
        None
    )
    """Name of the IAM policy that is the permissions boundary of every role of the stack.
    `stackyard bootstrap` creates `stackyard-roles`; its apply roles can create roles only with this
    boundary."""

    tags: dict[str, str] = {}
    """Additional tags of all AWS resources of the stack: at most 40, no key that begins with `aws:`
    or `stackyard:`, and none twice in other letter case."""

    protection: ProtectionConfig = ProtectionConfig()
    """Protection of data and keys from deletion and replacement."""

    waivers: tuple[Waiver, ...] = ()
    """Permissions to delete or replace single stateful or key resources; each expires."""

    budget: BudgetConfig | None = None
    """Monthly budget of the stack; without it no change is refused for its cost."""

    def problems(self) -> Iterator[Problem]:
        """Yield values that AWS refuses in every stack: region, partition of ARNs, and tags."""
        if why := tags.text_problem(self.owner, tags.LONGEST_VALUE):
            yield Problem(("owner",), f"becomes a tag, and {why}")
        yield from tags.problems(("tags",), self.tags)
        if (unknown := regions.problem(self.region)) is not None:
            yield Problem(("region",), *unknown)
        else:
            yield from self._other_partitions()

    def _other_partitions(self) -> Iterator[Problem]:
        """Yield ARNs of a partition that nothing in the stack's region can reach."""
        partition = partition_of(self.region)
        for path, text in _texts(self.model_dump(mode="json", by_alias=True), ()):
            if text.startswith("arn:") and text.split(":")[1] != partition:
                message = f"{text} is not of `{partition}`, the partition of {self.region}"
                yield Problem(path, message, related=(("region",),))

    @property
    def location(self) -> AwsLocation:
        """Account and region."""
        return AwsLocation(self.account, self.region)

    @property
    def boundary_arn(self) -> str | None:
        """ARN of the permissions boundary; None without one."""
        name = self.permissions_boundary
        return self.location.global_arn("iam", f"policy/{name}") if name else None


def signing_problems(path: FieldPath, config: StackConfig) -> Iterator[Problem]:
    """Yield what AWS Signer and CodeBuild refuse of a stack that builds images, declared at `path`.

    AWS Signer takes fewer characters in keys of tags, and both are not in every region.
    """
    yield from tags.signer_problems(("tags",), config.tags)
    for service, lacking in regions.WITHOUT.items():
        if config.region in lacking:
            message = f"{config.region} has no {service} (on {regions.REVIEWED}), which images need"
            hint = "leave it out, or use another region"
            yield Problem(path, message, hint, related=(("region",),))


def _texts(value: Any, path: FieldPath) -> Iterator[tuple[FieldPath, str]]:
    """Yield each text of a config with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from _texts(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _texts(below, (*path, index))
