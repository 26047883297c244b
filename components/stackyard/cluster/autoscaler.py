"""The cluster autoscaler: nodes appear when pods wait for them, and go when nobody needs them."""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.cluster.autoscaler_access import (
    CLUSTER_RULES,
    NAME,
    NAMESPACE_RULES,
    Rule,
    aws_policy,
)
from stackyard.cluster.identity import WorkloadIdentity
from stackyard.config import Config
from stackyard.naming import StackId
from stackyard.references import ClusterRef


class ClusterAutoscaler(Component):
    """The autoscaler with its own AWS identity; it finds the node groups by their tags."""

    TYPE: ClassVar[str] = "stackyard:index:ClusterAutoscaler"

    role_arn: pulumi.Output[str]
    """The role its pods take."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        cluster: ClusterRef,
        namespace: pulumi.Input[str],
        namespace_name: str,
        image: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the cluster, the image, and the namespace: its name, and once it exists."""
        super().__init__(name, Config(), opts=opts)
        self._stack, self._cluster = stack, cluster
        self._namespace, self._image = namespace, image
        identity = WorkloadIdentity(
            self.named("identity"),
            prefix=stack.slug,
            cluster=cluster,
            namespace=namespace_name,
            service_account=NAME,
            policy=aws_policy(
                region=cluster.region, account=cluster.account, cluster_name=cluster.name
            ),
            opts=self.child(),
        )
        self.role_arn = identity.role_arn
        account = k8s.core.v1.ServiceAccount(
            self.named("account"), metadata=self._metadata(), opts=self.child()
        )
        self._make_cluster_role()
        self._make_role()
        self._make_deployment(account, identity)
        self.publish()

    def _metadata(self) -> k8s.meta.v1.ObjectMetaArgs:
        labels = kubernetes.labels(self._stack, NAME)
        return k8s.meta.v1.ObjectMetaArgs(name=NAME, namespace=self._namespace, labels=labels)

    def _subject(self) -> k8s.rbac.v1.SubjectArgs:
        return k8s.rbac.v1.SubjectArgs(kind="ServiceAccount", name=NAME, namespace=self._namespace)

    def _make_cluster_role(self) -> None:
        metadata = k8s.meta.v1.ObjectMetaArgs(
            name=f"stackyard-{NAME}", labels=kubernetes.labels(self._stack, NAME)
        )
        role = k8s.rbac.v1.ClusterRole(
            self.named("cluster-role"),
            metadata=metadata,
            rules=[_rule(rule) for rule in CLUSTER_RULES],
            opts=self.child(),
        )
        k8s.rbac.v1.ClusterRoleBinding(
            self.named("cluster-binding"),
            metadata=metadata,
            role_ref=k8s.rbac.v1.RoleRefArgs(
                api_group="rbac.authorization.k8s.io",
                kind="ClusterRole",
                name=role.metadata.name,
            ),
            subjects=[self._subject()],
            opts=self.child(),
        )

    def _make_role(self) -> None:
        role = k8s.rbac.v1.Role(
            self.named("role"),
            metadata=self._metadata(),
            rules=[_rule(rule) for rule in NAMESPACE_RULES],
            opts=self.child(),
        )
        k8s.rbac.v1.RoleBinding(
            self.named("binding"),
            metadata=self._metadata(),
            role_ref=k8s.rbac.v1.RoleRefArgs(
                api_group="rbac.authorization.k8s.io", kind="Role", name=role.metadata.name
            ),
            subjects=[self._subject()],
            opts=self.child(),
        )

    def _make_deployment(
        self, account: k8s.core.v1.ServiceAccount, identity: WorkloadIdentity
    ) -> None:
        selector = kubernetes.selector(self._stack, NAME)
        k8s.apps.v1.Deployment(
            self.named("deployment"),
            metadata=self._metadata(),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=1,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=selector),
                template=k8s.core.v1.PodTemplateSpecArgs(
                    metadata=k8s.meta.v1.ObjectMetaArgs(
                        labels=kubernetes.labels(self._stack, NAME)
                    ),
                    spec=k8s.core.v1.PodSpecArgs(
                        service_account_name=account.metadata.name,
                        priority_class_name="system-cluster-critical",
                        security_context=kubernetes.restricted_pod(65_534),
                        containers=[self._container()],
                    ),
                ),
            ),
            # A pod that starts before its association exists never gets the role's credentials.
            opts=self.child(depends_on=[identity]),
        )

    def _container(self) -> k8s.core.v1.ContainerArgs:
        cluster = self._cluster.name
        tags = f"k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/{cluster}"
        probe = k8s.core.v1.HTTPGetActionArgs(path="/health-check", port=8085)
        return k8s.core.v1.ContainerArgs(
            name=NAME,
            image=self._image,
            command=[
                "./cluster-autoscaler",
                "--cloud-provider=aws",
                f"--node-group-auto-discovery=asg:tag={tags}",
                "--balance-similar-node-groups",
                "--expander=least-waste",
                "--scale-down-unneeded-time=10m",
                "--skip-nodes-with-local-storage=false",
                "--namespace=$(NAMESPACE)",
            ],
            env=[
                k8s.core.v1.EnvVarArgs(name="AWS_REGION", value=self._cluster.region),
                k8s.core.v1.EnvVarArgs(name="NAMESPACE", value=self._namespace),
            ],
            liveness_probe=k8s.core.v1.ProbeArgs(http_get=probe, initial_delay_seconds=60),
            resources=k8s.core.v1.ResourceRequirementsArgs(
                requests={"cpu": "100m", "memory": "600Mi"},
                limits={"cpu": "500m", "memory": "600Mi"},
            ),
            security_context=kubernetes.restricted_container(read_only=True),
        )


def _rule(rule: Rule) -> k8s.rbac.v1.PolicyRuleArgs:
    return k8s.rbac.v1.PolicyRuleArgs(
        api_groups=[rule.group],
        resources=list(rule.resources),
        verbs=list(rule.verbs),
        resource_names=list(rule.names) or None,
    )
