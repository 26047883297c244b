"""The public names of Stackyard: `from stackyard import DatasetStore, DatasetStoreConfig`.

Names are loaded on first use (PEP 562): `import stackyard` alone loads neither Pulumi nor pydantic,
and a program loads only the components that it uses. Only these names are public, their submodules
may move: docs/compatibility.md. Type checkers read `__init__.pyi`, which a test compares with this.
"""

from __future__ import annotations

from importlib import import_module

_NAMES: dict[str, tuple[str, ...]] = {
    "_component": ("Component",),
    "access.component": ("ProjectAccess",),
    "access.config": (
        "AccessConfig",
        "AudienceConfig",
        "GrantsConfig",
        "SharedDirectoryConfig",
        "WorkloadsConfig",
    ),
    "access.shared": ("SharedDirectories",),
    "access.volumes": ("SharedVolumes",),
    "blueprints.catalogue": ("stack_program",),
    "bucket.component": ("PrivateBucket",),
    "bucket.layout": ("BucketRef",),
    "budget.config": ("BudgetConfig",),
    "cluster.component": ("Cluster",),
    "cluster.config": ("ClusterConfig", "SystemNodesConfig"),
    "cluster.identity": ("WorkloadIdentity",),
    "cluster.identity_admission": ("IdentityAdmission",),
    "cluster.nodes": ("NodeGroupWiring", "NodeIdentity", "SystemNodes"),
    "cluster.preview": ("PreviewAccess",),
    "cluster.priorities": ("PriorityClasses",),
    "cluster.system_namespace": ("SystemNamespace",),
    "config": ("Config",),
    "contracts": (
        "Contract",
        "ContractError",
        "DatabaseFacts",
        "FoundationContract",
        "GpuPoolFacts",
        "OnPremFacts",
        "ProjectContract",
        "ServicesContract",
        "UpstreamError",
    ),
    "database.client": ("DatabaseClient",),
    "database.component": ("Database",),
    "database.config": ("DatabaseConfig",),
    "database.project": ("ProjectDatabase",),
    "database.rotation": ("PasswordRotation",),
    "datasets.branching": ("BranchServer",),
    "datasets.component": ("DatasetStore",),
    "datasets.config": ("DatasetConfig", "DatasetStoreConfig", "LakefsConfig"),
    "gpu.component": ("GpuPool",),
    "gpu.config": (
        "GpuLimitsConfig",
        "GpuPoolConfig",
        "GpuRequirementConfig",
        "MigConfig",
        "TimeSlicingConfig",
    ),
    "gpu.contract": ("GpuContract",),
    "gpu.device_plugin": ("DevicePlugin", "DevicePluginWiring"),
    "gpu.efa": ("EfaDevicePlugin",),
    "gpu.telemetry": ("GpuTelemetry",),
    "images.build": ("ImageBuild",),
    "images.component": ("BaseImages", "ProjectImages"),
    "images.config": (
        "BaseImageConfig",
        "BaseImagesConfig",
        "BuildConfig",
        "ProjectImageConfig",
        "ProjectImagesConfig",
    ),
    "images.repository": ("ImageRepository",),
    "karpenter.component": ("Karpenter",),
    "karpenter.config": (
        "LimitsConfig",
        "NodeImagesConfig",
        "NodePoolConfig",
        "PoolConfig",
        "ReservationsConfig",
        "StaticNodesConfig",
    ),
    "karpenter.interruption": ("Interruptions",),
    "karpenter.objects": ("ControllerWiring", "NodeWiring"),
    "karpenter.pool": ("GeneralPool", "PoolWiring"),
    "kubernetes": ("kubeconfig",),
    "models.component": ("ModelReaders", "ModelRegistry"),
    "models.config": ("ModelRegistryConfig",),
    "models.lineage": ("Lineage", "LineageError"),
    "models.register": ("register_model",),
    "monitoring.audit": ("AuditTrail",),
    "monitoring.boards": ("GrafanaBoards",),
    "monitoring.cluster_metrics": ("ClusterMetrics",),
    "monitoring.component": ("Monitoring",),
    "monitoring.config": ("MonitoringConfig", "ThresholdsConfig"),
    "monitoring.log_shipper": ("LogShipper",),
    "monitoring.metrics": ("MonitoredPrograms", "ProjectMetrics"),
    "namespace.component": ("ProjectNamespace",),
    "namespace.config": ("NamespaceConfig", "QuotaConfig"),
    "naming": ("StackId",),
    "network.component": ("Network",),
    "network.config": ("NetworkConfig",),
    "onprem.component": ("CloudPlace", "OnPremCluster", "OnPremWorkloads"),
    "onprem.config": (
        "OnPremClusterConfig",
        "OnPremConfig",
        "OnPremPoolConfig",
        "TrainingJobConfig",
    ),
    "pipeline.actor": ("ClusterActor",),
    "pipeline.cleanup": ("RunCleanup",),
    "pipeline.component": ("Pipeline",),
    "pipeline.config": (
        "ApprovalsConfig",
        "ObjectTriggerConfig",
        "PipelineConfig",
        "TriggersConfig",
    ),
    "pipeline.inputs": ("PipelineInputs",),
    "queueing.component": ("ProjectQueue", "StageQueues"),
    "references": (
        "ClusterApiRef",
        "ClusterRef",
        "EksProject",
        "DatabaseAccess",
        "DatabaseRef",
        "GpuPoolRef",
        "OnPremClusterRef",
        "PodPlacement",
        "SecretCustodians",
        "StackContext",
        "VpcRef",
    ),
    "resource_tag": ("name_resources",),
    "retention.config": (
        "BackupLifetimeConfig",
        "CandidateLifetimeConfig",
        "ImageLifetimeConfig",
        "LifetimeConfig",
        "LogLifetimeConfig",
        "ModelLifetimeConfig",
        "PersonalLifetimeConfig",
        "RegisteredLifetimeConfig",
        "RetentionConfig",
    ),
    "run_settings": ("ComponentOptions", "RunSettings"),
    "serving.component": ("ModelServers",),
    "serving.config": (
        "CanaryConfig",
        "ModelServerConfig",
        "ReleaseConfig",
        "ReplicasConfig",
        "ServingConfig",
    ),
    "tracking.component": ("TrackingServer",),
    "tracking.config": ("TrackingConfig",),
    "tuning.component": ("Tuning",),
    "tuning.config": ("TuningConfig",),
    "tuning.sagemaker": ("ManagedJobs",),
    "vault.break_glass": ("BreakGlass",),
    "vault.component": ("Vault",),
    "vault.config": ("SecretConfig", "SecretStoreConfig", "VaultConfig"),
    "vault.mounted": ("MountedSecrets",),
    "vault.secrets": ("SecretStore",),
}
"""Submodule -> the public names that it defines."""

_RENAMED = {"register_model": "register", "stack_program": "program"}
"""Public name -> its name in the submodule, if that is too general on its own."""

_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605 - one list of names, the table above


def __getattr__(name: str) -> object:
    """Import the submodule that defines a public name, and store the value."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_MODULE_OF[name]}")
    value: object = getattr(module, _RENAMED.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not, and the names that every module has."""
    return sorted({*globals(), *__all__})
