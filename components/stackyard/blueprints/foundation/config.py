"""Config of the `foundation` blueprint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from stackyard.blueprints.config import StackConfig, signing_problems
from stackyard.cluster.config import ClusterConfig, PrincipalArn
from stackyard.database.config import DatabaseConfig
from stackyard.images.config import BaseImagesConfig
from stackyard.limits import documents, regions
from stackyard.naming import IAM_ROLE_LIMIT
from stackyard.network.config import NetworkConfig
from stackyard.network.subnets import zone_names
from stackyard.problem import Problem
from stackyard.retention.config import RetentionConfig
from stackyard.vault.config import VaultConfig
from stackyard.vault.key_policies import emergency_trust, key_policy


class FoundationConfig(StackConfig):
    """The cloud infrastructure of one stage: network, keys, cluster, database."""

    admins: Annotated[list[PrincipalArn], Field(min_length=1)]
    """Roles with full access to keys, secrets and the cluster, for emergencies."""

    operators: Annotated[list[PrincipalArn], Field(min_length=1)]
    """Roles or users that apply stacks; they can access the cluster, but not read secrets."""

    previewers: list[PrincipalArn] = []
    """Roles that preview stacks: they read the cluster, values of Secrets excepted, and dry-run."""

    network: NetworkConfig = NetworkConfig()
    """The VPC."""

    vault: VaultConfig = VaultConfig()
    """The KMS keys."""

    cluster: ClusterConfig = ClusterConfig()
    """The EKS cluster and the nodes that it starts with."""

    database: DatabaseConfig | None = None
    """The PostgreSQL instance, which tracking and tuning require; by default none."""

    base_images: BaseImagesConfig | None = None
    """The base images that projects build on; by default none."""

    retention: RetentionConfig = RetentionConfig()
    """Retention of logs and backups; a foundation has no other data."""

    def problems(self) -> Iterator[Problem]:
        """Yield principals, zones, and sizes of policies that are not allowed."""
        yield from super().problems()
        yield from self._principals()
        yield from self._too_many_people()
        yield from self._zones()
        if self.base_images is not None:
            yield from signing_problems(("base_images",), self)

    def _too_many_people(self) -> Iterator[Problem]:
        """Yield lists of people that make the policy of a key or of a role too large."""
        policy = key_policy("logs", account=self.account, region=self.region, admins=self.admins)
        size, most = documents.size(policy), documents.LIMITS["aws:kms/key:Key"].most
        if size > most:
            message = f"the policy of a key has {size} characters, and KMS takes {most}"
            yield Problem(("admins",), message, "name a role that these people assume")
        people = self.vault.break_glass
        size = documents.size(emergency_trust(people), blanks=False)
        if size > documents.TRUST:
            message = (
                f"{len(people)} people make a trust policy of {size} characters, and IAM takes"
            )
            yield Problem(("vault", "break_glass"), f"{message} {documents.TRUST}", "name fewer")

    def _zones(self) -> Iterator[Problem]:
        """Yield zones that the region does not have, by name or by number."""
        zones, region = self.network.zones, self.region
        for index, zone in enumerate(zones if isinstance(zones, list) else ()):
            if not zone.startswith(region):
                message = f"zone {zone} is not in `region` {region}"
                yield Problem(("network", "zones", index), message, related=(("region",),))
        names = [zone for zone in zone_names(region, zones) if zone.startswith(region)]
        if region in regions.ZONES and (
            missing := regions.zones_problem(region, names, named=isinstance(zones, list))
        ):
            yield Problem(("network", "zones"), *missing, related=(("region",),))

    def _principals(self) -> Iterator[Problem]:
        """Yield principals of other accounts, for which EKS accepts no access entries."""
        people = {"admins": self.admins, "operators": self.operators}
        for field, arns in {**people, "previewers": self.previewers}.items():
            for index, arn in enumerate(arns):
                name = arn.rpartition("/")[2]
                if arn.split(":")[4] != self.account:
                    message = f"{arn} is not of `account` {self.account}"
                    yield Problem((field, index), message)
                elif ":role/aws-service-role/" in arn:
                    message = f"{name} is a role of an AWS service, for which EKS takes no entry"
                    yield Problem((field, index), message, "name a role of people or pipelines")
                elif len(name) > IAM_ROLE_LIMIT or not name:
                    message = f"no role or user has a name of {len(name)} characters ({arn})"
                    yield Problem((field, index), message, f"a name has 1 to {IAM_ROLE_LIMIT}")
