"""SecretStore, the secrets of a project, without their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.references import SecretCustodians
from stackyard.vault.config import SecretConfig, SecretStoreConfig
from stackyard.vault.secret_policies import reader_policy, secret_policy


class SecretStore(Component):
    """Secrets Manager secrets without values; only its named audiences can read each one.

    An administrator sets a value: `aws secretsmanager put-secret-value`. No value is in a stack
    file, in state or in a log, and a preview needs none.
    """

    TYPE: ClassVar[str] = "stackyard:index:SecretStore"

    secret_arns: dict[str, pulumi.Output[str]]
    """Secret ARN by name in the stack file."""

    def __init__(
        self,
        name: str,
        config: SecretStoreConfig,
        *,
        prefix: str,
        key_arn: pulumi.Input[str],
        region: str,
        readers: Mapping[str, pulumi.Input[str]],
        custodians: SecretCustodians,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: `prefix` of every secret's name, the key `secrets`, and the custodians of values.

        `readers` has a role ARN for each audience and workload. Raises ValueError for a reader
        without a role, and if there are no administrators, because nobody could then set a value.
        """
        super().__init__(name, config, opts=opts)
        if config.entries and not custodians.admins:
            raise ValueError("secrets need at least one administrator, to put their values in")
        self.secret_arns = {}
        for key, entry in config.entries.items():
            unknown = sorted(set(entry.readers) - set(readers))
            if unknown:
                raise ValueError(
                    f"secret `{key}` is for readers without a role: {', '.join(unknown)}"
                )
            secret = self._make_secret(key, entry, prefix, key_arn, config.recovery_days)
            self.secret_arns[key] = secret.arn
            roles = pulumi.Output.all(*(readers[audience] for audience in entry.readers))
            self._set_policy(key, secret, roles, custodians)
        for reader in sorted({who for entry in config.entries.values() for who in entry.readers}):
            read = [
                self.secret_arns[key]
                for key, entry in config.entries.items()
                if reader in entry.readers
            ]
            self._allow_reading(reader, readers[reader], read, key_arn, region)
        self.publish()

    def _make_secret(
        self,
        key: str,
        entry: SecretConfig,
        prefix: str,
        key_arn: pulumi.Input[str],
        recovery_days: int,
    ) -> aws.secretsmanager.Secret:
        tags = {"stackyard:readers": " ".join(sorted(entry.readers))}
        if entry.rotation_days:
            tags["stackyard:rotate-days"] = str(entry.rotation_days)
        return aws.secretsmanager.Secret(
            self.named(key),
            name=f"{prefix}/{key}",
            description=entry.description,
            kms_key_id=key_arn,
            recovery_window_in_days=recovery_days,
            tags=tags,
            opts=self.child(),
        )

    def _set_policy(
        self,
        key: str,
        secret: aws.secretsmanager.Secret,
        roles: pulumi.Output[list[str]],
        custodians: SecretCustodians,
    ) -> None:
        aws.secretsmanager.SecretPolicy(
            self.named(f"{key}-policy"),
            secret_arn=secret.arn,
            policy=roles.apply(
                lambda arns: iam.text(
                    secret_policy(
                        readers=arns, writers=custodians.admins, emergency=custodians.emergency
                    )
                )
            ),
            block_public_policy=True,
            opts=self.child(),
        )

    def _allow_reading(
        self,
        reader: str,
        role_arn: pulumi.Input[str],
        secret_arns: Sequence[pulumi.Output[str]],
        key_arn: pulumi.Input[str],
        region: str,
    ) -> None:
        """Allow a reader's role to read: a secret's policy cannot grant the use of the key."""
        aws.iam.RolePolicy(
            self.named(f"{reader}-reads"),
            name="secrets",
            role=pulumi.Output.from_input(role_arn).apply(lambda arn: arn.rpartition("/")[2]),
            policy=pulumi.Output.all(key_arn, *secret_arns).apply(
                lambda known: iam.text(reader_policy(known[1:], key_arn=known[0], region=region))
            ),
            opts=self.child(),
        )
