"""The part of the project program about experiments: runs, studies, models, branches of data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.project.parts.data_roles import branched, tuning_site
from stackyard.contracts import ContractError, DatabaseFacts, FoundationContract, ServicesContract
from stackyard.database.client import DatabaseClient
from stackyard.datasets.branching import BranchServer
from stackyard.images.names import builder
from stackyard.models import documents
from stackyard.models.component import ModelRegistry
from stackyard.models.config import ModelRegistryConfig
from stackyard.namespace.component import ProjectNamespace
from stackyard.naming import StackId, role_arn
from stackyard.tracking.component import TrackingServer
from stackyard.tracking.names import artifact_bucket
from stackyard.tuning import sagemaker
from stackyard.tuning.component import Tuning
from stackyard.tuning.config import TuningConfig

MODEL_READERS = frozenset({"delivery"})
"""Audiences that bake registered models into images; nobody else can read the model bucket."""


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
        self._models: ModelRegistry | None = None

    @staticmethod
    def buckets(stack: StackId, config: ProjectConfig) -> list[str]:
        """Return the names of the buckets that will be declared."""
        artifacts = [artifact_bucket(stack, config.account)] if config.tracking else []
        models = [documents.model_bucket(stack, config.account)] if config.models else []
        return [*artifacts, *models]

    def declare(
        self,
        log_bucket: pulumi.Input[str],
        role_arns: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare the components; `log_bucket` gets the access logs of their buckets.

        `role_arns` has the project's audiences and workloads.
        """
        self._log_bucket, self._role_arns = log_bucket, role_arns
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
            also_used_by=self._other_users(),
            opts=opts,
        )
        if self._config.tuning is not None:
            self._make_tuning(self._config.tuning, self._tracking, client.config_map, opts)
        if self._config.models is not None:
            self._models = self._make_models(self._config.models, self._tracking, opts)
        self._make_branching(self._tracking, opts)

    def _make_models(
        self, config: ModelRegistryConfig, tracking: TrackingServer, opts: pulumi.ResourceOptions
    ) -> ModelRegistry:
        return ModelRegistry(
            "models",
            config,
            stack=self._stack,
            foundation=self._foundation,
            retention=self._config.retention,
            artifacts=tracking.bucket,
            tracking_uri=tracking.uri,
            image=tracking.image,
            namespace=self._namespace.ready,
            log_bucket=self._log_bucket,
            readers={who: arn for who, arn in self._role_arns.items() if who in MODEL_READERS},
            bakers=[builder(model) for model in self._config.baked_models],
            opts=opts,
        )

    def _make_branching(self, tracking: TrackingServer, opts: pulumi.ResourceOptions) -> None:
        project = self._config
        if buckets := branched(self._stack, project):
            BranchServer(
                "lakefs",
                project.lakefs,
                **self._ground("datasets.*.branching"),
                buckets=buckets,
                setup_image=tracking.image,
                opts=opts,
            )

    def _make_tuning(
        self,
        config: TuningConfig,
        tracking: TrackingServer,
        client_program: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> Tuning:
        foundation = self._foundation
        return Tuning(
            "tuning",
            config,
            **self._ground("tuning"),
            site=tuning_site(
                self._stack,
                self._config,
                key_arns=foundation.key_arns,
                subnets=sorted(foundation.private_subnets.values()),
            ),
            role_arns=self._role_arns,
            setup_image=tracking.image,
            client_program=client_program,
            opts=opts,
        )

    def _other_users(self) -> list[str]:
        """Return the roles beside the server's that may use the artifact bucket.

        One copies registered models out of it, SageMaker's jobs write to a directory of theirs.
        """
        managed = self._config.tuning is not None and self._config.tuning.managed is not None
        users = {documents.KEEPER: self._config.models is not None, sagemaker.ROLE: managed}
        location = self._config.location
        return [role_arn(self._stack, location, role) for role, used in users.items() if used]

    def promised(self) -> dict[str, Any]:
        """Return its part of the project's contract."""
        if self._tracking is None:
            return {}
        return {
            "tracking_uri": self._tracking.uri,
            "artifact_bucket": self._tracking.bucket,
            "model_bucket": self._models.bucket if self._models else None,
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
