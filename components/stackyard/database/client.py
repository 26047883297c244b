"""What pods of a project need to open a database: the program that finds its password."""

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
    """The ConfigMap `database-client` of a namespace; it holds a program and no secret."""

    TYPE: ClassVar[str] = "stackyard:index:DatabaseClient"

    config_map: pulumi.Output[str]
    """Its name."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the namespace that the pods are in."""
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
