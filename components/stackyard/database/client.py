"""The program with which pods of a project find the password of a database."""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.config import Config
from stackyard.database import documents
from stackyard.naming import StackId


class DatabaseClient(Component):
    """The ConfigMap `database-client` of a namespace; it contains a program and no secret."""

    TYPE: ClassVar[str] = "stackyard:index:DatabaseClient"

    config_map: pulumi.Output[str]
    """Name of the ConfigMap."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the namespace of the pods."""
        super().__init__(name, Config(), opts=opts)
        made = k8s.core.v1.ConfigMap(
            self.named("program"),
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=documents.CLIENT,
                namespace=namespace,
                labels=kubernetes.labels(stack, documents.CLIENT),
            ),
            data={"connect.py": documents.pod_program("connect")},
            opts=self.child(),
        )
        self.config_map = made.metadata.name
        self.publish()
