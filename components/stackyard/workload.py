"""Pods of Stackyard's own programs: restricted, with one writable directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard.container import SCRATCH, Program, Size
from stackyard.naming import StackId


@dataclass(frozen=True)
class Workload:
    """The labels, image, files and environment that all pods of one purpose share."""

    stack: StackId
    name: str
    """Component label, and name of the service account."""

    image: str
    files: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """ConfigMaps to mount, read-only, by their mount path."""

    variables: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Environment of every container."""

    needs_role: bool = False
    """Whether its pods wait for their AWS role."""

    memory: str | None = None
    """Directory in memory that the pod's containers share, for data that must not be on a disk."""

    def container(
        self, name: str, program: Program, size: Size, **more: Any
    ) -> k8s.core.v1.ContainerArgs:
        """Return a container; `more` are ports and probes."""
        mounts = [
            k8s.core.v1.VolumeMountArgs(name=f"files-{number}", mount_path=path, read_only=True)
            for number, path in enumerate(self.files)
        ]
        scratch = k8s.core.v1.VolumeMountArgs(name="scratch", mount_path=SCRATCH)
        if self.memory is not None:
            mounts.append(k8s.core.v1.VolumeMountArgs(name="memory", mount_path=self.memory))
        return k8s.core.v1.ContainerArgs(
            name=name,
            image=self.image,
            command=program.command,
            env=kubernetes.environment({**program.environment, **self.variables}),
            resources=k8s.core.v1.ResourceRequirementsArgs(
                requests={"cpu": size.cpu_at_least, "memory": size.memory},
                limits={"cpu": size.cpu, "memory": size.memory},
            ),
            security_context=kubernetes.restricted_container(read_only=True),
            volume_mounts=[scratch, *mounts],
            **more,
        )

    def template(
        self,
        containers: Sequence[k8s.core.v1.ContainerArgs],
        *,
        init: Sequence[k8s.core.v1.ContainerArgs] = (),
        asks_api: bool = False,
        annotations: Mapping[str, str] | None = None,
        **more: Any,
    ) -> k8s.core.v1.PodTemplateSpecArgs:
        """Return a pod template; `more` are further fields of the pod, such as a restart policy.

        `asks_api` gives the pod its service account's token for the cluster's API.
        """
        volumes = [
            k8s.core.v1.VolumeArgs(
                name=f"files-{number}",
                config_map=k8s.core.v1.ConfigMapVolumeSourceArgs(name=config_map),
            )
            for number, config_map in enumerate(self.files.values())
        ]
        scratch = k8s.core.v1.VolumeArgs(
            name="scratch", empty_dir=k8s.core.v1.EmptyDirVolumeSourceArgs(size_limit="2Gi")
        )
        if self.memory is not None:
            memory = k8s.core.v1.EmptyDirVolumeSourceArgs(medium="Memory", size_limit="1Mi")
            volumes.append(k8s.core.v1.VolumeArgs(name="memory", empty_dir=memory))
        spec = k8s.core.v1.PodSpecArgs(
            service_account_name=self.name,
            automount_service_account_token=asks_api,
            security_context=kubernetes.restricted_pod(kubernetes.NOBODY),
            init_containers=list(init) or None,
            containers=list(containers),
            volumes=[scratch, *volumes],
            **more,
        )
        labels = {**self.labels, **(kubernetes.NEEDS_ROLE if self.needs_role else {})}
        return k8s.core.v1.PodTemplateSpecArgs(
            metadata=k8s.meta.v1.ObjectMetaArgs(labels=labels, annotations=annotations),
            spec=spec,
        )

    def job(
        self,
        container: k8s.core.v1.ContainerArgs,
        *,
        retries: int,
        seconds: int,
        kept_seconds: int | None = None,
        asks_api: bool = False,
    ) -> k8s.batch.v1.JobSpecArgs:
        """Return a Job that ends after `seconds` and is kept for `kept_seconds` after that.

        Each attempt is a new pod: a pod that was admitted before its role was known gets no
        credentials ever, and the next one does. Source:
        https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html (eventual consistency).
        """
        evicted = k8s.batch.v1.PodFailurePolicyOnPodConditionsPatternArgs(
            type="DisruptionTarget", status="True"
        )
        ignore = k8s.batch.v1.PodFailurePolicyRuleArgs(action="Ignore", on_pod_conditions=[evicted])
        return k8s.batch.v1.JobSpecArgs(
            backoff_limit=retries,
            active_deadline_seconds=seconds,
            ttl_seconds_after_finished=kept_seconds,
            pod_failure_policy=k8s.batch.v1.PodFailurePolicyArgs(rules=[ignore]),
            template=self.template(
                [container],
                asks_api=asks_api,
                annotations=kubernetes.UNDISTURBED,
                restart_policy="Never",
            ),
        )

    @property
    def labels(self) -> dict[str, str]:
        """Labels of its objects."""
        return kubernetes.labels(self.stack, self.name)

    @property
    def selector(self) -> dict[str, str]:
        """Labels that select its pods."""
        return kubernetes.selector(self.stack, self.name)

    def metadata(
        self, namespace: pulumi.Input[str], suffix: str = ""
    ) -> k8s.meta.v1.ObjectMetaArgs:
        """Return the metadata of an object with this name."""
        name = f"{self.name}-{suffix}" if suffix else self.name
        return k8s.meta.v1.ObjectMetaArgs(name=name, namespace=namespace, labels=self.labels)

    def account(
        self, logical_name: str, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> k8s.core.v1.ServiceAccount:
        """Create its service account, which gets no token for the API."""
        return k8s.core.v1.ServiceAccount(
            logical_name,
            metadata=self.metadata(namespace),
            automount_service_account_token=False,
            opts=opts,
        )


def http_probes(path: str) -> dict[str, k8s.core.v1.ProbeArgs]:
    """Return the probes of a server with a port `http`; its first start may take five minutes."""
    check = k8s.core.v1.HTTPGetActionArgs(path=path, port="http")
    return {
        "startup_probe": k8s.core.v1.ProbeArgs(
            http_get=check, period_seconds=5, failure_threshold=60
        ),
        "readiness_probe": k8s.core.v1.ProbeArgs(http_get=check, period_seconds=10),
        "liveness_probe": k8s.core.v1.ProbeArgs(
            http_get=check, period_seconds=20, failure_threshold=3
        ),
    }
