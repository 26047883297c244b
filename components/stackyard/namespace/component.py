"""A project's namespace on one cluster, and the access of its audiences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.namespace import objects
from stackyard.namespace.config import NamespaceConfig
from stackyard.namespace.rbac import Rule, group
from stackyard.naming import StackId, namespace_name
from stackyard.references import EksProject

SERVICE_ACCOUNTS = ("trainer", "server", "pipeline")
"""Service accounts of pods; a pod gets a token for the API only if it requests one."""

ROLE_API = "rbac.authorization.k8s.io"


class ProjectNamespace(Component):
    """A namespace with restricted pods, a quota, roles, and denial of all other traffic.

    Needs a Kubernetes provider, and an AWS provider for the access entries and identities.
    """

    TYPE: ClassVar[str] = "stackyard:index:ProjectNamespace"

    namespace: pulumi.Output[str]
    """Name of the namespace, the same on every cluster; known once pods may start in it."""

    def __init__(
        self,
        name: str,
        config: NamespaceConfig,
        *,
        stack: StackId,
        eks: EksProject | None,
        gpu_resources: Sequence[str],
        rules: Mapping[str, Sequence[Rule]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: GPU resources that the quota limits, and RBAC rules by audience.

        `eks` has a role for every audience of `rules`. It is None on premises, where the cluster's
        own sign-in assigns people to the same groups.
        """
        super().__init__(name, config, opts=opts)
        self._stack = stack
        self._namespace = namespace_name(stack)
        self._space = k8s.core.v1.Namespace(
            self.named("space"),
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=self._namespace,
                labels={
                    **kubernetes.labels(stack, "namespace"),
                    **kubernetes.log_labels(eks.log_audiences if eks else ()),
                    **objects.pod_security_labels(config.pod_security_version),
                },
            ),
            opts=self.child(),
        )
        bounds = self._bound(config, gpu_resources)
        known = pulumi.Output.all(self._namespace, *bounds)
        self.namespace = known.apply(lambda parts: str(parts[0]))
        self._make_network_policies()
        for account in SERVICE_ACCOUNTS:
            self._make_service_account(account)
        for audience, audience_rules in rules.items():
            self._make_role(audience, audience_rules)
        self._enforce_accounts(list(rules))
        if eks is not None:
            for audience in rules:
                self._enter(eks.cluster_name, audience, eks.role_arns[audience])
            for workload in ("trainer", "server"):
                self._identify(eks.cluster_name, workload, eks.role_arns[workload])
        self.publish()

    def _inside(self) -> pulumi.ResourceOptions:
        return self.child(depends_on=[self._space])

    def _metadata(self, name: str) -> k8s.meta.v1.ObjectMetaArgs:
        labels = kubernetes.labels(self._stack, "namespace")
        return k8s.meta.v1.ObjectMetaArgs(name=name, namespace=self._namespace, labels=labels)

    def _bound(
        self, config: NamespaceConfig, gpu_resources: Sequence[str]
    ) -> list[pulumi.Output[str]]:
        quota = k8s.core.v1.ResourceQuota(
            self.named("quota"),
            metadata=self._metadata("quota"),
            spec=k8s.core.v1.ResourceQuotaSpecArgs(hard=objects.quota(config.quota, gpu_resources)),
            opts=self._inside(),
        )
        limit_range = k8s.core.v1.LimitRange(
            self.named("limits"),
            metadata=self._metadata("limits"),
            spec=objects.container_limits(),
            opts=self._inside(),
        )
        # By URN: a preview knows that of a missing one, too, so nothing is replaced for it.
        return [quota.urn, limit_range.urn]

    def _make_network_policies(self) -> None:
        for policy, spec in objects.network_policies().items():
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

    def _make_role(self, audience: str, rules: Sequence[Rule]) -> None:
        """Bind the group of an audience to its Kubernetes role."""
        members = group(self._namespace, audience)
        k8s.rbac.v1.Role(
            self.named(f"role-{audience}"),
            metadata=self._metadata(audience),
            rules=objects.policy_rules(rules),
            opts=self._inside(),
        )
        subjects = [k8s.rbac.v1.SubjectArgs(kind="Group", name=members, api_group=ROLE_API)]
        if audience in SERVICE_ACCOUNTS:
            subjects.append(
                k8s.rbac.v1.SubjectArgs(
                    kind="ServiceAccount", name=audience, namespace=self._namespace
                )
            )
        k8s.rbac.v1.RoleBinding(
            self.named(f"binding-{audience}"),
            metadata=self._metadata(audience),
            role_ref=k8s.rbac.v1.RoleRefArgs(api_group=ROLE_API, kind="Role", name=audience),
            subjects=subjects,
            opts=self._inside(),
        )

    def _enforce_accounts(self, audiences: Sequence[str]) -> None:
        """Allow each audience to start pods with its own service accounts only."""
        if not audiences:
            return
        name = f"{self._namespace}-accounts"
        metadata = k8s.meta.v1.ObjectMetaArgs(
            name=name, labels=kubernetes.labels(self._stack, "namespace")
        )
        policy = k8s.admissionregistration.v1.ValidatingAdmissionPolicy(
            self.named("accounts"),
            metadata=metadata,
            spec=objects.accounts_policy(self._namespace, audiences),
            opts=self._inside(),
        )
        k8s.admissionregistration.v1.ValidatingAdmissionPolicyBinding(
            self.named("accounts-binding"),
            metadata=metadata,
            spec=k8s.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpecArgs(
                policy_name=name, validation_actions=["Deny"]
            ),
            opts=self.child(depends_on=[policy]),
        )

    def _enter(self, cluster: str, audience: str, role_arn: pulumi.Input[str]) -> None:
        """Map an audience's IAM role to its Kubernetes group.

        Source: https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html.
        """
        aws.eks.AccessEntry(
            self.named(f"entry-{audience}"),
            cluster_name=cluster,
            principal_arn=role_arn,
            kubernetes_groups=[group(self._namespace, audience)],
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
            namespace=self._namespace,
            service_account=workload,
            role_arn=role_arn,
            opts=self.child(),
        )
