"""The part of the project program about experiments: runs, studies, models, branches of data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.project.parts.data_roles import branched, tuning_site
from stackyard.blueprints.project.parts.environment import ProjectEnvironment, ProjectWiring
from stackyard.contracts import DatabaseFacts
from stackyard.database.client import DatabaseClient
from stackyard.datasets.branching import BranchServer
from stackyard.images.names import builder
from stackyard.models import documents
from stackyard.models.component import ModelRegistry
from stackyard.models.config import ModelRegistryConfig
from stackyard.naming import StackId, role_arn
from stackyard.tracking.component import TrackingServer
from stackyard.tracking.names import artifact_bucket
from stackyard.tuning import sagemaker
from stackyard.tuning.component import Tuning
from stackyard.tuning.config import TuningConfig

MODEL_READERS = frozenset({"delivery"})
"""Audiences that bake registered models into images; nobody else can read the model bucket."""


@dataclass(frozen=True)
class Experiments:
    """The components that other stacks and people ask for; None without `tracking` or `models`."""

    tracking: TrackingServer | None = None
    models: ModelRegistry | None = None

    def contract(self) -> dict[str, Any]:
        """Return the fields of the project's contract about experiments."""
        if self.tracking is None:
            return {}
        return {
            "tracking_uri": self.tracking.uri,
            "artifact_bucket": self.tracking.bucket,
            "model_bucket": self.models.bucket if self.models else None,
        }


def experiment_buckets(stack: StackId, config: ProjectConfig) -> list[str]:
    """Return the names of the buckets that `make_experiments` makes."""
    artifacts = [artifact_bucket(stack, config.account)] if config.tracking else []
    models = [documents.model_bucket(stack, config.account)] if config.models else []
    return [*artifacts, *models]


def make_experiments(environment: ProjectEnvironment, wiring: ProjectWiring) -> Experiments:
    """Make the components; raises ContractError where the foundation has no database."""
    return _Maker(environment, wiring).make()


@dataclass(frozen=True)
class _Maker:
    """Makes the components of this part; only `make` is called from outside."""

    environment: ProjectEnvironment
    wiring: ProjectWiring

    @property
    def stack(self) -> StackId:
        return self.environment.stack

    @property
    def config(self) -> ProjectConfig:
        return self.environment.config

    def make(self) -> Experiments:
        config = self.config
        if config.tracking is None:
            return Experiments()
        client = DatabaseClient(
            "database-client",
            stack=self.stack,
            namespace=self.wiring.namespace,
            opts=self.wiring.opts,
        )
        tracking = TrackingServer(
            "tracking",
            config.tracking,
            **self.server_wiring("tracking"),
            lifetime=config.retention.artifacts,
            log_bucket=self.wiring.log_bucket,
            client_program=client.config_map,
            also_used_by=self.other_users(),
            opts=self.wiring.opts,
        )
        if config.tuning is not None:
            self.make_tuning(config.tuning, tracking, client.config_map)
        models = self.make_models(config.models, tracking) if config.models is not None else None
        self.make_branching(tracking)
        return Experiments(tracking, models)

    def make_models(self, config: ModelRegistryConfig, tracking: TrackingServer) -> ModelRegistry:
        return ModelRegistry(
            "models",
            config,
            stack=self.stack,
            foundation=self.environment.foundation,
            retention=self.config.retention,
            artifacts=tracking.bucket,
            tracking_uri=tracking.uri,
            image=tracking.image,
            namespace=self.wiring.namespace,
            log_bucket=self.wiring.log_bucket,
            readers={
                who: arn for who, arn in self.wiring.role_arns.items() if who in MODEL_READERS
            },
            bakers=[builder(model) for model in self.config.baked_models],
            opts=self.wiring.opts,
        )

    def make_branching(self, tracking: TrackingServer) -> None:
        project = self.config
        if buckets := branched(self.stack, project):
            BranchServer(
                "lakefs",
                project.lakefs,
                **self.server_wiring("datasets.*.branching"),
                buckets=buckets,
                setup_image=tracking.image,
                opts=self.wiring.opts,
            )

    def make_tuning(
        self,
        config: TuningConfig,
        tracking: TrackingServer,
        client_program: pulumi.Input[str],
    ) -> Tuning:
        foundation = self.environment.foundation
        return Tuning(
            "tuning",
            config,
            **self.server_wiring("tuning"),
            site=tuning_site(
                self.stack,
                self.config,
                key_arns=foundation.key_arns,
                subnets=sorted(foundation.private_subnets.values()),
            ),
            role_arns=self.wiring.role_arns,
            setup_image=tracking.image,
            client_program=client_program,
            opts=self.wiring.opts,
        )

    def other_users(self) -> list[str]:
        """Return the roles beside the server's that may use the artifact bucket.

        One copies registered models out of it, SageMaker's jobs write to a directory of theirs.
        """
        managed = self.config.tuning is not None and self.config.tuning.managed is not None
        users = {documents.KEEPER: self.config.models is not None, sagemaker.ROLE: managed}
        location = self.config.location
        return [role_arn(self.stack, location, role) for role, used in users.items() if used]

    def server_wiring(self, section: str) -> dict[str, Any]:
        """Return the wiring that every server with a database has; `section` needs the database."""
        return {
            "stack": self.stack,
            "foundation": self.environment.foundation,
            "services": self.environment.services,
            "facts": self.database(section),
            "namespace": self.wiring.namespace,
            "recovery_days": self.config.secrets.recovery_days,
        }

    def database(self, section: str) -> DatabaseFacts:
        database = self.environment.foundation.database
        if database is None:
            raise self.environment.mismatch(
                f"has no database, and `{section}` of {self.stack} needs one",
                "write `database: {{}}` in its stack file and run `stackyard up {}`",
            )
        return database
