"""Secrets that pods mount: one SecretProviderClass for each, read by the CSI driver on the node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.config import Config
from stackyard.naming import StackId
from stackyard.vault import mounts


class MountedSecrets(Component):
    """A SecretProviderClass for each secret; a pod mounts only the secrets that it names.

    It contains the secret's name and grants no access: the driver reads with the pod's own role. No
    audience may create or change one.
    """

    TYPE: ClassVar[str] = "stackyard:index:MountedSecrets"

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        region: str,
        namespace: pulumi.Input[str],
        secret_arns: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the secrets that pods of the namespace mount, by name in the stack file."""
        super().__init__(name, Config(), opts=opts)
        for secret, arn in secret_arns.items():
            k8s.apiextensions.CustomResource(
                self.named(secret),
                api_version=mounts.API_VERSION,
                kind=mounts.KIND,
                metadata=k8s.meta.v1.ObjectMetaArgs(
                    name=secret, namespace=namespace, labels=kubernetes.labels(stack, "secrets")
                ),
                spec=pulumi.Output.from_input(arn).apply(
                    lambda known: mounts.provider_class(known, region)
                ),
                opts=self.child(),
            )
        self.publish()
