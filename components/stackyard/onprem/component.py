"""A registered cluster on premises, and a project's part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard import iam, kubernetes
from stackyard._component import Component
from stackyard.config import Config
from stackyard.naming import StackId, namespace_name, role_name
from stackyard.onprem import contract
from stackyard.onprem.config import OnPremClusterConfig
from stackyard.references import OnPremClusterRef


class OnPremCluster(Component):
    """An IAM identity provider for a cluster's service accounts, so that its pods need no keys."""

    TYPE: ClassVar[str] = "stackyard:index:OnPremCluster"

    issuer_arn: pulumi.Output[str]
    """ARN of the identity provider in IAM."""

    def __init__(
        self,
        name: str,
        config: OnPremClusterConfig,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the issuer of the config."""
        super().__init__(name, config, opts=opts)
        provider = aws.iam.OpenIdConnectProvider(
            self.named("issuer"),
            url=config.issuer,
            client_id_lists=[contract.AUDIENCE],
            opts=self.child(),
        )
        self.issuer_arn = provider.arn
        self.publish()


class CloudPlace(Component):
    """The ConfigMap with which pods know that they run in the cloud."""

    TYPE: ClassVar[str] = "stackyard:index:CloudPlace"

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        region: str,
        namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the project's namespace in the cloud."""
        super().__init__(name, Config(), opts=opts)
        k8s.core.v1.ConfigMap(
            self.named("config"),
            metadata=_metadata(stack, contract.LOCATION, namespace),
            data=contract.cloud_environment(region),
            opts=self.child(),
        )
        self.publish()


class OnPremWorkloads(Component):
    """The role and the ConfigMaps of a project's pods on one cluster on premises.

    Training pods have the permissions of the trainer in the cloud and use the same tracking server.
    """

    TYPE: ClassVar[str] = "stackyard:index:OnPremWorkloads"

    role_arn: pulumi.Output[str]
    """ARN of the role of training pods."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        cluster: OnPremClusterRef,
        region: str,
        namespace: pulumi.Input[str],
        trainer_policy: iam.Document,
        clients: Mapping[str, Mapping[str, str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the cluster, the AWS policy of trainers, and client settings by ConfigMap.

        `namespace` is known once pods may start in it.
        """
        super().__init__(name, Config(), opts=opts)
        role = self._make_role(stack, cluster, trainer_policy)
        self.role_arn = role.arn
        environment = role.arn.apply(
            lambda arn: contract.onprem_environment(cluster.name, region, arn)
        )
        settings: dict[str, pulumi.Input[Mapping[str, str]]] = {
            contract.LOCATION: environment,
            **{key: dict(values) for key, values in clients.items()},
        }
        for key, values in settings.items():
            k8s.core.v1.ConfigMap(
                self.named(key),
                metadata=_metadata(stack, key, namespace),
                data=values,
                opts=self.child(),
            )
        self.publish()

    def _make_role(
        self, stack: StackId, cluster: OnPremClusterRef, policy: iam.Document
    ) -> aws.iam.Role:
        trust = contract.pod_trust(
            provider_arn=cluster.issuer_arn,
            issuer=cluster.issuer,
            namespace=namespace_name(stack),
            service_account="trainer",
        )
        role = aws.iam.Role(
            self.named("role"),
            name=role_name(stack, f"trainer-{cluster.name}"),
            description=f"{stack}: trainer on {cluster.name}",
            assume_role_policy=iam.text(trust),
            opts=self.child(),
        )
        if policy["Statement"]:
            aws.iam.RolePolicy(
                self.named("grants"),
                name="grants",
                role=role.name,
                policy=iam.text(policy),
                opts=self.child(),
            )
        return role


def _metadata(
    stack: StackId, name: str, namespace: pulumi.Input[str]
) -> k8s.meta.v1.ObjectMetaArgs:
    labels = kubernetes.labels(stack, name)
    return k8s.meta.v1.ObjectMetaArgs(name=name, namespace=namespace, labels=labels)
