"""A project's namespace on one cluster, and the ways into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.namespace import accounts, objects
from stackyard.namespace.config import NamespaceConfig
from stackyard.namespace.rbac import Rule, group
from stackyard.naming import StackId, namespace_name

SERVICE_ACCOUNTS = ("trainer", "server", "pipeline")
"""Who pods may run as; none gets a token for the API unless its pod asks for one."""

ROLE_API = "rbac.authorization.k8s.io"


class ProjectNamespace(Component):
    """A closed namespace: restricted pods, a quota, no traffic but what is named, and roles.

    Needs an AWS provider for the ways in, and a Kubernetes provider for the rest.
    """

    TYPE: ClassVar[str] = "stackyard:index:ProjectNamespace"

    namespace: str
    """Its name, the same on every cluster."""

    ready: pulumi.Output[str]
    """The same, known once pods may start in it."""

    def __init__(
        self,
        name: str,
        config: NamespaceConfig,
        *,
        stack: StackId,
        cluster_name: str | None,
        gpu_resources: Sequence[str],
        rules: Mapping[str, Sequence[Rule]],
        role_arns: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: GPU resources to bound, RBAC rules by audience, roles of who comes in.

        `cluster_name` is the EKS cluster, None on premises: who may do what is the same there, and
        the cluster's own sign-in puts people into the groups. `role_arns` has every audience of
        `rules`, and the workloads `trainer` and `server`; it is for EKS only.
        """
        super().__init__(name, config, opts=opts)
        self._stack = stack
        self.namespace = namespace_name(stack)
        self._space = k8s.core.v1.Namespace(
            self.named("space"),
            metadata={
                "name": self.namespace,
                "labels": {
                    **kubernetes.labels(stack, "namespace"),
                    **objects.pod_security_labels(config.pod_security_version),
                },
            },
            opts=self.child(),
        )
        bounds = self._bound(config, gpu_resources)
        self.ready = pulumi.Output.all(self.namespace, *bounds).apply(lambda parts: str(parts[0]))
        self._wall()
        for account in SERVICE_ACCOUNTS:
            self._make_service_account(account)
        for audience, audience_rules in rules.items():
            self._let(audience, audience_rules)
        self._hold_to_accounts(list(rules))
        if cluster_name is not None:
            for audience in rules:
                self._enter(cluster_name, audience, role_arns[audience])
            for workload in ("trainer", "server"):
                self._identify(cluster_name, workload, role_arns[workload])
        self.publish()

    def _inside(self) -> pulumi.ResourceOptions:
        return self.child(depends_on=[self._space])

    def _metadata(self, name: str) -> Any:
        labels = kubernetes.labels(self._stack, "namespace")
        return {"name": name, "namespace": self.namespace, "labels": labels}

    def _bound(
        self, config: NamespaceConfig, gpu_resources: Sequence[str]
    ) -> list[pulumi.Output[str]]:
        quota = k8s.core.v1.ResourceQuota(
            self.named("quota"),
            metadata=self._metadata("quota"),
            spec={"hard": objects.quota(config.quota, gpu_resources)},
            opts=self._inside(),
        )
        limits: Any = [dict(objects.CONTAINER_LIMITS)]
        limit_range = k8s.core.v1.LimitRange(
            self.named("limits"),
            metadata=self._metadata("limits"),
            spec={"limits": limits},
            opts=self._inside(),
        )
        return [quota.id, limit_range.id]

    def _wall(self) -> None:
        for policy, specification in objects.network_policies().items():
            spec: Any = specification
            k8s.networking.v1.NetworkPolicy(
                self.named(policy),
                metadata=self._metadata(policy),
                spec=spec,
                opts=self._inside(),
            )

    def _make_service_account(self, account: str) -> None:
        k8s.core.v1.ServiceAccount(
            self.named(f"account-{account}"),
            metadata=self._metadata(account),
            automount_service_account_token=False,
            opts=self._inside(),
        )

    def _let(self, audience: str, rules: Sequence[Rule]) -> None:
        """Give the group of an audience its Kubernetes role."""
        members = group(self.namespace, audience)
        granted: Any = list(rules)
        k8s.rbac.v1.Role(
            self.named(f"role-{audience}"),
            metadata=self._metadata(audience),
            rules=granted,
            opts=self._inside(),
        )
        subjects: Any = [{"kind": "Group", "name": members, "api_group": ROLE_API}]
        if audience in SERVICE_ACCOUNTS:
            account = {"kind": "ServiceAccount", "name": audience, "namespace": self.namespace}
            subjects.append(account)
        k8s.rbac.v1.RoleBinding(
            self.named(f"binding-{audience}"),
            metadata=self._metadata(audience),
            role_ref={"api_group": ROLE_API, "kind": "Role", "name": audience},
            subjects=subjects,
            opts=self._inside(),
        )

    def _hold_to_accounts(self, audiences: Sequence[str]) -> None:
        """Let each audience start pods as its own service accounts only."""
        if not audiences:
            return
        metadata: Any = {
            "name": f"{self.namespace}-accounts",
            "labels": kubernetes.labels(self._stack, "namespace"),
        }
        specification: Any = accounts.policy(self.namespace, audiences)
        policy = k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
            self.named("accounts"), metadata=metadata, spec=specification, opts=self._inside()
        )
        k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            self.named("accounts-binding"),
            metadata=metadata,
            spec={"policy_name": metadata["name"], "validation_actions": ["Deny"]},
            opts=self.child(depends_on=[policy]),
        )

    def _enter(self, cluster: str, audience: str, role_arn: pulumi.Input[str]) -> None:
        """Put an audience's IAM role into its group.

        Source: https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html.
        """
        aws.eks.AccessEntry(
            self.named(f"entry-{audience}"),
            cluster_name=cluster,
            principal_arn=role_arn,
            kubernetes_groups=[group(self.namespace, audience)],
            type="STANDARD",
            opts=self.child(),
        )

    def _identify(self, cluster: str, workload: str, role_arn: pulumi.Input[str]) -> None:
        """Give pods of a service account an IAM role, without keys.

        Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html.
        """
        aws.eks.PodIdentityAssociation(
            self.named(f"identity-{workload}"),
            cluster_name=cluster,
            namespace=self.namespace,
            service_account=workload,
            role_arn=role_arn,
            opts=self.child(),
        )
