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
    """The sections of a project; `ProjectConfig` adds the checks between them."""

    datasets: dict[Name, DatasetConfig] = {}
    """Datasets by name; each is a bucket."""

    lakefs: LakefsConfig = LakefsConfig()
    """The lakeFS server of datasets with `branching: lakefs`."""

    retention: RetentionConfig = RetentionConfig()
    """Retention of each class of data."""

    access: AccessConfig = AccessConfig()
    """Permissions of audiences and workloads."""

    secrets: SecretStoreConfig = SecretStoreConfig()
    """Secrets and their readers; values are never in stack files."""

    namespace: NamespaceConfig = NamespaceConfig()
    """The project's namespace on each cluster."""

    tracking: TrackingConfig | None = None
    """MLflow tracking server; by default none."""

    tuning: TuningConfig | None = None
    """Hyperparameter tuning; requires `tracking`; by default none."""

    models: ModelRegistryConfig | None = None
    """Model registry; requires `tracking`; by default none."""

    monitoring: MonitoringConfig | None = None
    """Alerts, dashboards and logs by audience; by default none."""

    images: ProjectImagesConfig | None = None
    """Container images that the project builds; by default none."""

    serving: ServingConfig | None = None
    """Served models; by default none."""

    training: dict[Name, TrainingJobConfig] = {}
    """Training jobs by name; `stackyard train render` renders their manifests."""

    pipeline: PipelineConfig | None = None
    """Pipeline from new data to a served model; by default none."""

    approvals: ApprovalsConfig = ApprovalsConfig()
    """Rules of pipeline approvals, usually set by the stage."""

    @property
    def store(self) -> DatasetStoreConfig:
        """The datasets as the config of their component."""
        return DatasetStoreConfig(datasets=self.datasets)

    @property
    def baked_models(self) -> dict[str, str]:
        """The image of the project on which each model is built, by served model."""
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
