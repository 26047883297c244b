"""The sections of a stack file of the `project` blueprint, before they are compared."""

from __future__ import annotations

from stackyard.access.config import AccessConfig
from stackyard.blueprints.config import StackConfig
from stackyard.config import Name
from stackyard.datasets.config import DatasetConfig, DatasetStoreConfig, LakefsConfig
from stackyard.field_path import FieldPath
from stackyard.images.config import ProjectImagesConfig
from stackyard.models.config import ModelRegistryConfig
from stackyard.monitoring.config import MonitoringConfig
from stackyard.namespace.config import NamespaceConfig
from stackyard.onprem.config import TrainingJobConfig
from stackyard.pipeline.config import ApprovalsConfig, PipelineConfig
from stackyard.retention.config import RetentionConfig
from stackyard.serving.config import ServingConfig
from stackyard.tracking.config import TrackingConfig
from stackyard.tuning.config import TuningConfig
from stackyard.vault.config import SecretStoreConfig


class ProjectSections(StackConfig):
    """The sections of a project's stack file, each valid alone; `ProjectConfig` compares them."""

    datasets: dict[Name, DatasetConfig] = {}
    """The datasets by name; each is a bucket."""

    lakefs: LakefsConfig = LakefsConfig()
    """The lakeFS server of datasets with `branching: lakefs`."""

    retention: RetentionConfig = RetentionConfig()
    """How long each class of data lives."""

    access: AccessConfig = AccessConfig()
    """Who may do what."""

    secrets: SecretStoreConfig = SecretStoreConfig()
    """Secrets, readable by the named audiences only; values are never written here."""

    namespace: NamespaceConfig = NamespaceConfig()
    """The namespace on the cluster."""

    tracking: TrackingConfig | None = None
    """The run tracking server; none if it is left out."""

    tuning: TuningConfig | None = None
    """Hyperparameter tuning, which needs `tracking`; none if it is left out."""

    models: ModelRegistryConfig | None = None
    """The model registry, which needs `tracking`; none if it is left out."""

    monitoring: MonitoringConfig | None = None
    """Alerts, dashboards and logs by audience; none if it is left out."""

    images: ProjectImagesConfig | None = None
    """The container images that the project builds; none if it is left out."""

    serving: ServingConfig | None = None
    """The models that answer requests; none if it is left out."""

    training: dict[Name, TrainingJobConfig] = {}
    """Training jobs by name; `stackyard train render` makes their manifests."""

    pipeline: PipelineConfig | None = None
    """The way from new data to a served model; none if it is left out."""

    approvals: ApprovalsConfig = ApprovalsConfig()
    """How people approve what the pipeline made; usually a rule of the stage."""

    @property
    def store(self) -> DatasetStoreConfig:
        """The datasets as their component takes them."""
        return DatasetStoreConfig(datasets=self.datasets)

    @property
    def baked_models(self) -> dict[str, str]:
        """The project's image that each model is baked onto, by served model."""
        models = self.serving.models.items() if self.serving else ()
        return {name: server.base_image for name, server in models if server.base_image}

    def named_gpu_pools(self) -> list[tuple[FieldPath, str]]:
        """Return each GPU pool that a section names, with the path of the name."""
        models = self.serving.models.items() if self.serving else ()
        named: list[tuple[FieldPath, str | None]] = [
            *((("serving", "models", name), server.gpu_pool) for name, server in models),
            *((("training", name), job.gpu_pool) for name, job in self.training.items()),
        ]
        return [((*path, "gpu_pool"), pool) for path, pool in named if pool]
