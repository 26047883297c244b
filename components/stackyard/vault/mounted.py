"""Secrets that pods mount: for each a class that the driver on the nodes reads."""

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
    """A SecretProviderClass for each secret, so that a pod gets those it names and no others.

    It names the secret and opens nothing: the driver reads as the pod's own role. No audience may
    make or change one.
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
