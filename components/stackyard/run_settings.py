"""RunSettings, the protection of data, keys and roles in a run; safe by default."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi


@dataclass(frozen=True)
class RunSettings:
    """Settings for every resource of one program; the defaults never lose data.

    A program passes one object to its top-level components (`ComponentOptions`); components below
    them inherit it, as they inherit providers.
    """

    protect: bool = True
    """Refuse to delete or replace stateful and key resources: Pulumi's `protect` option, and the
    deletion protection of RDS and EKS.
    https://www.pulumi.com/docs/iac/concepts/resources/options/protect/."""

    retain: bool = False
    """Leave stateful and key resources in the cloud when their stack is destroyed.
    https://www.pulumi.com/docs/iac/concepts/resources/options/retainondelete/."""

    force_delete: bool = False
    """Delete buckets with their objects, image repositories with their images, and databases
    without a final snapshot.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html."""

    permissions_boundary: str | None = None
    """ARN of the permissions boundary of every IAM role; a principal can then be limited to
    creating roles with this boundary.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html."""


class ComponentOptions(pulumi.ResourceOptions):
    """Resource options of a top-level component, with the settings of the run.

    `ComponentOptions(RunSettings(protect=False), providers=[aws])` requests less protection than
    the default. Further options may be added with `pulumi.ResourceOptions.merge(these, others)`.
    """

    def __init__(
        self,
        settings: RunSettings,
        *,
        parent: pulumi.Resource | None = None,
        providers: list[pulumi.ProviderResource] | None = None,
        depends_on: Sequence[pulumi.Resource] | None = None,
    ) -> None:
        super().__init__(parent=parent, providers=providers, depends_on=depends_on)
        self.settings = settings
