"""The KMS keys of a stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.vault.config import PURPOSES, Purpose, VaultConfig
from stackyard.vault.key_policies import key_policy


class Vault(Component):
    """One rotating KMS key for each purpose, named `alias/stackyard/<stage>/<purpose>`."""

    TYPE: ClassVar[str] = "stackyard:index:Vault"

    key_arns: dict[str, pulumi.Output[str]]
    """Key ARN by purpose: `data`, `personal`, `secrets`, `logs`, `images`."""

    def __init__(
        self,
        name: str,
        config: VaultConfig,
        *,
        stage: str,
        account: str,
        region: str,
        admins: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stage named in aliases, account and region, and ARNs of administrators."""
        super().__init__(name, config, opts=opts)
        self.key_arns = {}
        for purpose in PURPOSES:
            policy = key_policy(purpose, account=account, region=region, admins=admins)
            key = self._make_key(purpose, config, stage, iam.text(policy))
            self.key_arns[purpose] = key.arn
        self.publish()

    def _make_key(
        self, purpose: Purpose, config: VaultConfig, stage: str, policy: str
    ) -> aws.kms.Key:
        key = aws.kms.Key(
            self.named(purpose),
            description=f"stackyard {stage}: {purpose}",
            deletion_window_in_days=config.deletion_window_days,
            enable_key_rotation=True,
            rotation_period_in_days=config.rotation_days,
            policy=policy,
            tags={"stackyard:purpose": purpose},
            opts=self.child(),
        )
        aws.kms.Alias(
            self.named(f"{purpose}-alias"),
            name=f"alias/stackyard/{stage}/{purpose}",
            target_key_id=key.key_id,
            opts=self.child(),
        )
        return key
