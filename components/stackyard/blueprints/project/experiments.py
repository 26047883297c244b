"""The part of the project program about experiments: tracking, tuning and the model registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from stackyard.blueprints.contracts import (
    ContractError,
    DatabaseFacts,
    FoundationContract,
    ServicesContract,
)
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.database.client import DatabaseClient
from stackyard.namespace.component import ProjectNamespace
from stackyard.naming import StackId
from stackyard.tracking.component import TrackingServer, artifact_bucket


class Experiments:
    """Declares what the stack file has sections for."""

    def __init__(
        self,
        stack: StackId,
        config: ProjectConfig,
        upstreams: Mapping[str, StackId],
        foundation: FoundationContract,
        services: ServicesContract,
        namespace: ProjectNamespace,
    ) -> None:
        """`upstreams` names the stacks that the two contracts are of."""
        self._stack, self._config, self._upstreams = stack, config, upstreams
        self._foundation, self._services = foundation, services
        self._namespace = namespace
        self._tracking: TrackingServer | None = None

    @staticmethod
    def buckets(stack: StackId, config: ProjectConfig) -> list[str]:
        """Return the names of the buckets that will be declared."""
        return [artifact_bucket(stack, config.account)] if config.tracking else []

    def declare(self, log_bucket: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        """Declare the components; `log_bucket` gets the access logs of their buckets."""
        if self._config.tracking is None:
            return
        client = DatabaseClient(
            "database-client", stack=self._stack, namespace=self._namespace.ready, opts=opts
        )
        self._tracking = TrackingServer(
            "tracking",
            self._config.tracking,
            **self._ground("tracking"),
            lifetime=self._config.retention.artifacts,
            log_bucket=log_bucket,
            client_program=client.config_map,
            opts=opts,
        )

    def promised(self) -> dict[str, Any]:
        """Return its part of the project's contract."""
        if self._tracking is None:
            return {}
        return {
            "tracking_uri": self._tracking.uri,
            "artifact_bucket": self._tracking.bucket,
        }

    def _ground(self, section: str) -> dict[str, Any]:
        """Return the wiring that tracking and tuning share."""
        return {
            "stack": self._stack,
            "foundation": self._foundation,
            "services": self._services,
            "facts": self._database(section),
            "namespace": self._namespace.ready,
            "recovery_days": self._config.secrets.recovery_days,
        }

    def _database(self, section: str) -> DatabaseFacts:
        if self._foundation.database is None:
            below = self._upstreams["foundation"]
            raise ContractError(
                str(below),
                f"has no database, and `{section}` of {self._stack} needs one",
                f"write `database: {{}}` in its stack file and run `stackyard up {below}`",
            )
        return self._foundation.database
