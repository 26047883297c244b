"""The public names with their types, for type checkers; `__init__.py` loads them lazily."""

from stackyard._component import Component as Component
from stackyard.access.component import ProjectAccess as ProjectAccess
from stackyard.access.config import AccessConfig as AccessConfig
from stackyard.access.config import AudienceConfig as AudienceConfig
from stackyard.access.config import GrantsConfig as GrantsConfig
from stackyard.access.config import SharedDirectoryConfig as SharedDirectoryConfig
from stackyard.access.config import WorkloadsConfig as WorkloadsConfig
from stackyard.access.shared import SharedDirectories as SharedDirectories
from stackyard.access.volumes import SharedVolumes as SharedVolumes
from stackyard.blueprints.catalogue import program as stack_program
from stackyard.bucket.component import PrivateBucket as PrivateBucket
from stackyard.bucket.layout import BucketRef as BucketRef
from stackyard.budget.config import BudgetConfig as BudgetConfig
from stackyard.cluster.component import Cluster as Cluster
from stackyard.cluster.config import ClusterConfig as ClusterConfig
from stackyard.cluster.config import SystemNodesConfig as SystemNodesConfig
from stackyard.cluster.identity import WorkloadIdentity as WorkloadIdentity
from stackyard.cluster.identity_admission import IdentityAdmission as IdentityAdmission
from stackyard.cluster.nodes import NodeGroupWiring as NodeGroupWiring
from stackyard.cluster.nodes import NodeIdentity as NodeIdentity
from stackyard.cluster.nodes import SystemNodes as SystemNodes
from stackyard.cluster.preview import PreviewAccess as PreviewAccess
from stackyard.cluster.priorities import PriorityClasses as PriorityClasses
from stackyard.cluster.system_namespace import SystemNamespace as SystemNamespace
from stackyard.config import Config as Config
from stackyard.contracts import Contract as Contract
from stackyard.contracts import ContractError as ContractError
from stackyard.contracts import DatabaseFacts as DatabaseFacts
from stackyard.contracts import FoundationContract as FoundationContract
from stackyard.contracts import GpuPoolFacts as GpuPoolFacts
from stackyard.contracts import OnPremFacts as OnPremFacts
from stackyard.contracts import ProjectContract as ProjectContract
from stackyard.contracts import ServicesContract as ServicesContract
from stackyard.contracts import UpstreamError as UpstreamError
from stackyard.database.client import DatabaseClient as DatabaseClient
from stackyard.database.component import Database as Database
from stackyard.database.config import DatabaseConfig as DatabaseConfig
from stackyard.database.project import ProjectDatabase as ProjectDatabase
from stackyard.database.rotation import PasswordRotation as PasswordRotation
from stackyard.datasets.branching import BranchServer as BranchServer
from stackyard.datasets.component import DatasetStore as DatasetStore
from stackyard.datasets.config import DatasetConfig as DatasetConfig
from stackyard.datasets.config import DatasetStoreConfig as DatasetStoreConfig
from stackyard.datasets.config import LakefsConfig as LakefsConfig
from stackyard.gpu.component import GpuPool as GpuPool
from stackyard.gpu.config import GpuLimitsConfig as GpuLimitsConfig
from stackyard.gpu.config import GpuPoolConfig as GpuPoolConfig
from stackyard.gpu.config import GpuRequirementConfig as GpuRequirementConfig
from stackyard.gpu.config import MigConfig as MigConfig
from stackyard.gpu.config import TimeSlicingConfig as TimeSlicingConfig
from stackyard.gpu.contract import GpuContract as GpuContract
from stackyard.gpu.device_plugin import DevicePlugin as DevicePlugin
from stackyard.gpu.device_plugin import DevicePluginWiring as DevicePluginWiring
from stackyard.gpu.efa import EfaDevicePlugin as EfaDevicePlugin
from stackyard.gpu.telemetry import GpuTelemetry as GpuTelemetry
from stackyard.images.build import ImageBuild as ImageBuild
from stackyard.images.component import BaseImages as BaseImages
from stackyard.images.component import ProjectImages as ProjectImages
from stackyard.images.config import BaseImageConfig as BaseImageConfig
from stackyard.images.config import BaseImagesConfig as BaseImagesConfig
from stackyard.images.config import BuildConfig as BuildConfig
from stackyard.images.config import ProjectImageConfig as ProjectImageConfig
from stackyard.images.config import ProjectImagesConfig as ProjectImagesConfig
from stackyard.images.repository import ImageRepository as ImageRepository
from stackyard.karpenter.component import Karpenter as Karpenter
from stackyard.karpenter.config import LimitsConfig as LimitsConfig
from stackyard.karpenter.config import NodeImagesConfig as NodeImagesConfig
from stackyard.karpenter.config import NodePoolConfig as NodePoolConfig
from stackyard.karpenter.config import PoolConfig as PoolConfig
from stackyard.karpenter.config import ReservationsConfig as ReservationsConfig
from stackyard.karpenter.config import StaticNodesConfig as StaticNodesConfig
from stackyard.karpenter.interruption import Interruptions as Interruptions
from stackyard.karpenter.objects import ControllerWiring as ControllerWiring
from stackyard.karpenter.objects import NodeWiring as NodeWiring
from stackyard.karpenter.pool import GeneralPool as GeneralPool
from stackyard.karpenter.pool import PoolWiring as PoolWiring
from stackyard.kubernetes import kubeconfig as kubeconfig
from stackyard.models.component import ModelReaders as ModelReaders
from stackyard.models.component import ModelRegistry as ModelRegistry
from stackyard.models.config import ModelRegistryConfig as ModelRegistryConfig
from stackyard.models.lineage import Lineage as Lineage
from stackyard.models.lineage import LineageError as LineageError
from stackyard.models.register import register as register_model
from stackyard.monitoring.audit import AuditTrail as AuditTrail
from stackyard.monitoring.boards import GrafanaBoards as GrafanaBoards
from stackyard.monitoring.cluster_metrics import ClusterMetrics as ClusterMetrics
from stackyard.monitoring.component import Monitoring as Monitoring
from stackyard.monitoring.config import MonitoringConfig as MonitoringConfig
from stackyard.monitoring.config import ThresholdsConfig as ThresholdsConfig
from stackyard.monitoring.log_shipper import LogShipper as LogShipper
from stackyard.monitoring.metrics import MonitoredPrograms as MonitoredPrograms
from stackyard.monitoring.metrics import ProjectMetrics as ProjectMetrics
from stackyard.namespace.component import ProjectNamespace as ProjectNamespace
from stackyard.namespace.config import NamespaceConfig as NamespaceConfig
from stackyard.namespace.config import QuotaConfig as QuotaConfig
from stackyard.naming import StackId as StackId
from stackyard.network.component import Network as Network
from stackyard.network.config import NetworkConfig as NetworkConfig
from stackyard.onprem.component import CloudPlace as CloudPlace
from stackyard.onprem.component import OnPremCluster as OnPremCluster
from stackyard.onprem.component import OnPremWorkloads as OnPremWorkloads
from stackyard.onprem.config import OnPremClusterConfig as OnPremClusterConfig
from stackyard.onprem.config import OnPremConfig as OnPremConfig
from stackyard.onprem.config import OnPremPoolConfig as OnPremPoolConfig
from stackyard.onprem.config import TrainingJobConfig as TrainingJobConfig
from stackyard.pipeline.actor import ClusterActor as ClusterActor
from stackyard.pipeline.cleanup import RunCleanup as RunCleanup
from stackyard.pipeline.component import Pipeline as Pipeline
from stackyard.pipeline.config import ApprovalsConfig as ApprovalsConfig
from stackyard.pipeline.config import ObjectTriggerConfig as ObjectTriggerConfig
from stackyard.pipeline.config import PipelineConfig as PipelineConfig
from stackyard.pipeline.config import TriggersConfig as TriggersConfig
from stackyard.pipeline.inputs import PipelineInputs as PipelineInputs
from stackyard.queueing.component import ProjectQueue as ProjectQueue
from stackyard.queueing.component import StageQueues as StageQueues
from stackyard.references import ClusterApiRef as ClusterApiRef
from stackyard.references import ClusterRef as ClusterRef
from stackyard.references import DatabaseAccess as DatabaseAccess
from stackyard.references import DatabaseRef as DatabaseRef
from stackyard.references import EksProject as EksProject
from stackyard.references import GpuPoolRef as GpuPoolRef
from stackyard.references import OnPremClusterRef as OnPremClusterRef
from stackyard.references import PodPlacement as PodPlacement
from stackyard.references import SecretCustodians as SecretCustodians
from stackyard.references import StackContext as StackContext
from stackyard.references import VpcRef as VpcRef
from stackyard.resource_tag import name_resources as name_resources
from stackyard.retention.config import BackupLifetimeConfig as BackupLifetimeConfig
from stackyard.retention.config import CandidateLifetimeConfig as CandidateLifetimeConfig
from stackyard.retention.config import ImageLifetimeConfig as ImageLifetimeConfig
from stackyard.retention.config import LifetimeConfig as LifetimeConfig
from stackyard.retention.config import LogLifetimeConfig as LogLifetimeConfig
from stackyard.retention.config import ModelLifetimeConfig as ModelLifetimeConfig
from stackyard.retention.config import PersonalLifetimeConfig as PersonalLifetimeConfig
from stackyard.retention.config import RegisteredLifetimeConfig as RegisteredLifetimeConfig
from stackyard.retention.config import RetentionConfig as RetentionConfig
from stackyard.run_settings import ComponentOptions as ComponentOptions
from stackyard.run_settings import RunSettings as RunSettings
from stackyard.serving.component import ModelServers as ModelServers
from stackyard.serving.config import CanaryConfig as CanaryConfig
from stackyard.serving.config import ModelServerConfig as ModelServerConfig
from stackyard.serving.config import ReleaseConfig as ReleaseConfig
from stackyard.serving.config import ReplicasConfig as ReplicasConfig
from stackyard.serving.config import ServingConfig as ServingConfig
from stackyard.tracking.component import TrackingServer as TrackingServer
from stackyard.tracking.config import TrackingConfig as TrackingConfig
from stackyard.tuning.component import Tuning as Tuning
from stackyard.tuning.config import TuningConfig as TuningConfig
from stackyard.tuning.sagemaker import ManagedJobs as ManagedJobs
from stackyard.vault.break_glass import BreakGlass as BreakGlass
from stackyard.vault.component import Vault as Vault
from stackyard.vault.config import SecretConfig as SecretConfig
from stackyard.vault.config import SecretStoreConfig as SecretStoreConfig
from stackyard.vault.config import VaultConfig as VaultConfig
from stackyard.vault.mounted import MountedSecrets as MountedSecrets
from stackyard.vault.secrets import SecretStore as SecretStore

__all__ = [
    "AccessConfig",
    "ApprovalsConfig",
    "AudienceConfig",
    "AuditTrail",
    "BackupLifetimeConfig",
    "BaseImageConfig",
    "BaseImages",
    "BaseImagesConfig",
    "BranchServer",
    "BreakGlass",
    "BucketRef",
    "BudgetConfig",
    "BuildConfig",
    "CanaryConfig",
    "CandidateLifetimeConfig",
    "CloudPlace",
    "Cluster",
    "ClusterActor",
    "ClusterApiRef",
    "ClusterConfig",
    "ClusterMetrics",
    "ClusterRef",
    "Component",
    "ComponentOptions",
    "Config",
    "Contract",
    "ContractError",
    "ControllerWiring",
    "Database",
    "DatabaseAccess",
    "DatabaseClient",
    "DatabaseConfig",
    "DatabaseFacts",
    "DatabaseRef",
    "DatasetConfig",
    "DatasetStore",
    "DatasetStoreConfig",
    "DevicePlugin",
    "DevicePluginWiring",
    "EfaDevicePlugin",
    "EksProject",
    "FoundationContract",
    "GeneralPool",
    "GpuContract",
    "GpuLimitsConfig",
    "GpuPool",
    "GpuPoolConfig",
    "GpuPoolFacts",
    "GpuPoolRef",
    "GpuRequirementConfig",
    "GpuTelemetry",
    "GrafanaBoards",
    "GrantsConfig",
    "IdentityAdmission",
    "ImageBuild",
    "ImageLifetimeConfig",
    "ImageRepository",
    "Interruptions",
    "Karpenter",
    "LakefsConfig",
    "LifetimeConfig",
    "LimitsConfig",
    "Lineage",
    "LineageError",
    "LogLifetimeConfig",
    "LogShipper",
    "ManagedJobs",
    "MigConfig",
    "ModelLifetimeConfig",
    "ModelReaders",
    "ModelRegistry",
    "ModelRegistryConfig",
    "ModelServerConfig",
    "ModelServers",
    "MonitoredPrograms",
    "Monitoring",
    "MonitoringConfig",
    "MountedSecrets",
    "NamespaceConfig",
    "Network",
    "NetworkConfig",
    "NodeGroupWiring",
    "NodeIdentity",
    "NodeImagesConfig",
    "NodePoolConfig",
    "NodeWiring",
    "ObjectTriggerConfig",
    "OnPremCluster",
    "OnPremClusterConfig",
    "OnPremClusterRef",
    "OnPremConfig",
    "OnPremFacts",
    "OnPremPoolConfig",
    "OnPremWorkloads",
    "PasswordRotation",
    "PersonalLifetimeConfig",
    "Pipeline",
    "PipelineConfig",
    "PipelineInputs",
    "PodPlacement",
    "PoolConfig",
    "PoolWiring",
    "PreviewAccess",
    "PriorityClasses",
    "PrivateBucket",
    "ProjectAccess",
    "ProjectContract",
    "ProjectDatabase",
    "ProjectImageConfig",
    "ProjectImages",
    "ProjectImagesConfig",
    "ProjectMetrics",
    "ProjectNamespace",
    "ProjectQueue",
    "QuotaConfig",
    "RegisteredLifetimeConfig",
    "ReleaseConfig",
    "ReplicasConfig",
    "ReservationsConfig",
    "RetentionConfig",
    "RunCleanup",
    "RunSettings",
    "SecretConfig",
    "SecretCustodians",
    "SecretStore",
    "SecretStoreConfig",
    "ServicesContract",
    "ServingConfig",
    "SharedDirectories",
    "SharedDirectoryConfig",
    "SharedVolumes",
    "StackContext",
    "StackId",
    "StageQueues",
    "StaticNodesConfig",
    "SystemNamespace",
    "SystemNodes",
    "SystemNodesConfig",
    "ThresholdsConfig",
    "TimeSlicingConfig",
    "TrackingConfig",
    "TrackingServer",
    "TrainingJobConfig",
    "TriggersConfig",
    "Tuning",
    "TuningConfig",
    "UpstreamError",
    "Vault",
    "VaultConfig",
    "VpcRef",
    "WorkloadIdentity",
    "WorkloadsConfig",
    "kubeconfig",
    "name_resources",
    "register_model",
    "stack_program",
]
