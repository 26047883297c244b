"""The part of the project program about experiments: runs, studies, models, branches of data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.project.parts.data_roles import branched, managed_jobs
from stackyard.blueprints.project.parts.environment import ProjectEnvironment, ProjectWiring
from stackyard.blueprints.wiring import custodians, database_ref
from stackyard.database.client import DatabaseClient
from stackyard.datasets.branching import BranchServer
from stackyard.images.names import builder
from stackyard.models import documents
from stackyard.models.component import ModelReaders, ModelRegistry
from stackyard.models.config import ModelRegistryConfig
from stackyard.naming import StackId, role_arn
from stackyard.references import DatabaseAccess, PodPlacement
from stackyard.tracking.component import TrackingServer
from stackyard.tracking.config import TrackingConfig
from stackyard.tracking.names import artifact_bucket
from stackyard.tuning import sagemaker
from stackyard.tuning.component import Tuning

MODEL_READERS = frozenset({"delivery"})
"""Audiences that bake registered models into images; no others can read the model bucket."""


@dataclass(frozen=True)
class Experiments:
    """The components with outputs for other stacks; None without `tracking` or `models`."""

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
    """Return the names of the buckets that `make_experiments` creates."""
    artifacts = [artifact_bucket(stack, config.account)] if config.tracking else []
    models = [documents.model_bucket(stack, config.account)] if config.models else []
    return [*artifacts, *models]


def make_experiments(environment: ProjectEnvironment, wiring: ProjectWiring) -> Experiments:
    """Create the components; raises ContractError if the foundation has no database."""
    return _Maker(environment, wiring).make()


@dataclass(frozen=True)
class _Maker:
    """Creates the components of this part; only `make` is called from outside."""

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
        environment, opts = self.environment, self.wiring.opts
        access = self.database_access(config.tracking, "tracking")
        tracking = TrackingServer(
            "tracking",
            config.tracking,
            context=environment.context,
            pods=self.pods,
            database=access,
            log_bucket=self.wiring.log_bucket,
            also_used_by=self.other_users(),
            opts=opts,
        )
        if config.tuning is not None:
            Tuning(
                "tuning",
                config.tuning,
                context=environment.context,
                pods=self.pods,
                database=access,
                role_arns=self.wiring.role_arns,
                jobs=managed_jobs(self.stack, config, environment.cluster.subnets),
                opts=opts,
            )
        models = self.make_models(config.models, tracking) if config.models is not None else None
        if buckets := branched(self.stack, config):
            BranchServer(
                "lakefs",
                config.lakefs,
                context=environment.context,
                pods=self.pods,
                database=access,
                buckets=buckets,
                opts=opts,
            )
        return Experiments(tracking, models)

    def make_models(self, config: ModelRegistryConfig, tracking: TrackingServer) -> ModelRegistry:
        role_arns = self.wiring.role_arns
        return ModelRegistry(
            "models",
            config,
            context=self.environment.context,
            pods=self.pods,
            tracking=tracking,
            readers=ModelReaders(
                role_arns={who: arn for who, arn in role_arns.items() if who in MODEL_READERS},
                builders=[builder(model) for model in self.config.baked_models],
            ),
            log_bucket=self.wiring.log_bucket,
            opts=self.wiring.opts,
        )

    @property
    def pods(self) -> PodPlacement:
        """Placement of the pods of this part."""
        return PodPlacement(
            cluster=self.environment.cluster,
            namespace=self.wiring.namespace,
            registry=self.environment.services.registry,
        )

    def database_access(self, config: TrackingConfig, section: str) -> DatabaseAccess:
        """Return the settings with which servers create databases and their pods connect.

        Raises ContractError for a foundation without a database, which `section` needs. The image
        of the tracking server contains the packages that the set-up jobs need.
        """
        environment = self.environment
        foundation, services = environment.foundation, environment.services
        if foundation.database is None:
            raise environment.mismatch(
                f"has no database, and `{section}` of {self.stack} needs one",
                "write `database: {{}}` in its stack file and run `stackyard up {}`",
            )
        client = DatabaseClient(
            "database-client",
            stack=self.stack,
            namespace=self.wiring.namespace,
            opts=self.wiring.opts,
        )
        return DatabaseAccess(
            instance=database_ref(foundation.database, foundation),
            setup_namespace=services.system_namespace,
            setup_image=f"{services.registry}/{config.image}",
            client=client.config_map,
            custodians=custodians(foundation),
            recovery_days=self.config.secrets.recovery_days,
        )

    def other_users(self) -> list[str]:
        """Return the further roles that may use the artifact bucket.

        One copies registered models from it; SageMaker's jobs write to their own directory.
        """
        managed = self.config.tuning is not None and self.config.tuning.managed is not None
        users = {documents.KEEPER: self.config.models is not None, sagemaker.ROLE: managed}
        location = self.config.location
        return [role_arn(self.stack, location, role) for role, used in users.items() if used]
