"""Karpenter's controller: it starts nodes for pending pods, and removes unused nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.cluster.identity import WorkloadIdentity
from stackyard.config import Config
from stackyard.karpenter import metrics
from stackyard.karpenter.interruption import Interruptions
from stackyard.karpenter.objects import ControllerWiring
from stackyard.karpenter.pod import HEALTH, beside_its_own_nodes, own_facts, port, probe
from stackyard.karpenter.policy import controller_policy
from stackyard.karpenter.rights import CLUSTER_RULES, DNS_RULES, NAMESPACE_RULES, Rule
from stackyard.karpenter.versions import version_of
from stackyard.limits.nodes import KARPENTER_CPUS, KARPENTER_MIB
from stackyard.naming import StackId

NAME = "karpenter"
"""Name of its Deployment, service account and roles."""

CHART, RELEASE = "oci://public.ecr.aws/karpenter/karpenter-crd", "karpenter-crd"
"""Origin of the chart of the resource definitions, and the name of its release,
https://karpenter.sh/docs/upgrading/upgrade-guide/#crd-upgrades."""

USER = 65_532
"""User of the image."""


class Karpenter(Component):
    """The controller with its resource definitions, its AWS identity and its interruption queue."""

    TYPE: ClassVar[str] = "stackyard:index:Karpenter"

    role_arn: pulumi.Output[str]
    """The role its pods take."""

    queue_name: pulumi.Output[str]
    """The queue of interruption events."""

    def __init__(
        self,
        name: str,
        *,
        stack: StackId,
        wiring: ControllerWiring,
        namespace: pulumi.Input[str],
        namespace_name: str,
        image: str,
        chart: str = CHART,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the cluster, the image, and the namespace: its name, and once it exists.

        `image` needs the release as its tag: `chart`, the origin of the resource definitions, is
        taken in the same version. Raises ValueError without.
        """
        super().__init__(name, Config(), opts=opts)
        self._stack, self._wiring, self._image = stack, wiring, image
        self._namespace = namespace
        self.definitions = self._make_definitions(chart)
        interruptions = Interruptions(self.named("interruptions"), stack=stack, opts=self.child())
        identity = self._make_identity(namespace_name, interruptions)
        account = k8s.core.v1.ServiceAccount(
            self.named("account"), metadata=self._metadata(), opts=self.child()
        )
        rights = self._make_rights()
        self.controller = self._make_controller(
            account, interruptions, [identity, *rights, self.definitions]
        )
        if wiring.scraped_from is not None:
            self._let_scrape(wiring.scraped_from)
        self.role_arn, self.queue_name = identity.role_arn, interruptions.queue_name
        self.publish()

    def _metadata(self, namespace: pulumi.Input[str] | None = None) -> k8s.meta.v1.ObjectMetaArgs:
        return k8s.meta.v1.ObjectMetaArgs(
            name=NAME,
            namespace=self._namespace if namespace is None else namespace,
            labels=kubernetes.labels(self._stack, NAME),
        )

    def _make_definitions(self, chart: str) -> k8s.helm.v3.Release:
        """Declare the resource definitions: Helm deletes those that are templates with the release.

        Not atomic, no clean-up: a failed upgrade may delete no definition, and no node with it.
        """
        version = version_of(self._image)
        if version is None:
            raise ValueError(f"the image of Karpenter needs its release as the tag: {self._image}")
        return k8s.helm.v3.Release(
            self.named("definitions"),
            name=RELEASE,
            namespace=self._namespace,
            chart=chart,
            version=version,
            max_history=5,
            timeout=120,
            opts=self.child(),
        )

    def _make_identity(self, namespace_name: str, interruptions: Interruptions) -> WorkloadIdentity:
        cluster, wiring = self._wiring.cluster, self._wiring
        facts = pulumi.Output.all(interruptions.queue_arn, wiring.node_role_arn)
        policy = facts.apply(
            lambda parts: controller_policy(
                cluster.location, cluster_name=cluster.name, queue=parts[0], node_role=parts[1]
            )
        )
        return WorkloadIdentity(
            self.named("identity"),
            prefix=self._stack.slug,
            cluster=cluster,
            namespace=namespace_name,
            service_account=NAME,
            policy=policy,
            opts=self.child(),
        )

    def _make_rights(self) -> list[pulumi.Resource]:
        metadata = k8s.meta.v1.ObjectMetaArgs(
            name=f"stackyard-{NAME}", labels=kubernetes.labels(self._stack, NAME)
        )
        role = k8s.rbac.v1.ClusterRole(
            self.named("cluster-role"),
            metadata=metadata,
            rules=_rules(CLUSTER_RULES),
            opts=self.child(),
        )
        binding = k8s.rbac.v1.ClusterRoleBinding(
            self.named("cluster-binding"),
            metadata=metadata,
            role_ref=_role_ref("ClusterRole", role.metadata.name),
            subjects=[self._subject()],
            opts=self.child(),
        )
        return [
            binding,
            self._make_role("role", NAMESPACE_RULES, self._metadata()),
            self._make_role("dns-role", DNS_RULES, self._metadata("kube-system")),
        ]

    def _make_role(
        self, key: str, rules: Sequence[Rule], metadata: k8s.meta.v1.ObjectMetaArgs
    ) -> pulumi.Resource:
        role = k8s.rbac.v1.Role(
            self.named(key), metadata=metadata, rules=_rules(rules), opts=self.child()
        )
        return k8s.rbac.v1.RoleBinding(
            self.named(f"{key}-binding"),
            metadata=metadata,
            role_ref=_role_ref("Role", role.metadata.name),
            subjects=[self._subject()],
            opts=self.child(),
        )

    def _subject(self) -> k8s.rbac.v1.SubjectArgs:
        return k8s.rbac.v1.SubjectArgs(kind="ServiceAccount", name=NAME, namespace=self._namespace)

    def _make_controller(
        self,
        account: k8s.core.v1.ServiceAccount,
        interruptions: Interruptions,
        before: Sequence[pulumi.Resource],
    ) -> k8s.apps.v1.Deployment:
        match = k8s.meta.v1.LabelSelectorArgs(match_labels=kubernetes.selector(self._stack, NAME))
        k8s.policy.v1.PodDisruptionBudget(
            self.named("budget"),
            metadata=self._metadata(),
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(max_unavailable=1, selector=match),
            opts=self.child(),
        )
        template = k8s.core.v1.PodTemplateSpecArgs(
            metadata=k8s.meta.v1.ObjectMetaArgs(
                labels={**kubernetes.labels(self._stack, NAME), **kubernetes.NEEDS_ROLE}
            ),
            spec=self._pod(account, interruptions),
        )
        return k8s.apps.v1.Deployment(
            self.named("deployment"),
            metadata=self._metadata(),
            spec=k8s.apps.v1.DeploymentSpecArgs(replicas=2, selector=match, template=template),
            # A pod that starts before its association exists never gets the role's credentials.
            opts=self.child(depends_on=list(before)),
        )

    def _let_scrape(self, collectors: str) -> None:
        """Lead collectors to both pods (only the one that leads has metrics), and admit them."""
        # Without an address of its own, so that collectors find both pods behind it.
        k8s.core.v1.Service(
            self.named("metrics"),
            metadata=self._metadata(),
            spec=k8s.core.v1.ServiceSpecArgs(
                cluster_ip="None",
                selector=kubernetes.selector(self._stack, NAME),
                ports=[
                    k8s.core.v1.ServicePortArgs(
                        name="http-metrics", port=metrics.PORT, target_port=metrics.PORT
                    )
                ],
            ),
            opts=self.child(),
        )
        k8s.networking.v1.NetworkPolicy(
            self.named("scraping"),
            metadata=self._metadata(),
            spec=k8s.networking.v1.NetworkPolicySpecArgs(
                pod_selector=k8s.meta.v1.LabelSelectorArgs(
                    match_labels=kubernetes.selector(self._stack, NAME)
                ),
                policy_types=["Ingress"],
                ingress=[kubernetes.from_namespace(collectors, metrics.PORT)],
            ),
            opts=self.child(),
        )

    def _pod(
        self, account: k8s.core.v1.ServiceAccount, interruptions: Interruptions
    ) -> k8s.core.v1.PodSpecArgs:
        selector = kubernetes.selector(self._stack, NAME)
        return k8s.core.v1.PodSpecArgs(
            service_account_name=account.metadata.name,
            priority_class_name="system-cluster-critical",
            security_context=kubernetes.restricted_pod(USER),
            affinity=beside_its_own_nodes(selector),
            topology_spread_constraints=[kubernetes.spread(selector)],
            containers=[
                k8s.core.v1.ContainerArgs(
                    name="controller",
                    image=self._image,
                    env=[*self._settings(interruptions), *own_facts()],
                    ports=[
                        port("http-metrics", metrics.PORT),
                        port("http", HEALTH),
                    ],
                    liveness_probe=probe("/healthz", delay=30),
                    readiness_probe=probe("/readyz", delay=5),
                    resources=k8s.core.v1.ResourceRequirementsArgs(
                        requests={
                            "cpu": f"{KARPENTER_CPUS * 1000:.0f}m",
                            "memory": f"{KARPENTER_MIB // 1024}Gi",
                        },
                        limits={"cpu": "1", "memory": "1Gi"},
                    ),
                    security_context=kubernetes.restricted_container(read_only=True),
                )
            ],
        )

    def _settings(self, interruptions: Interruptions) -> list[k8s.core.v1.EnvVarArgs]:
        """Return the settings, https://karpenter.sh/docs/reference/settings/."""
        cluster = self._wiring.cluster
        gates = {
            "ReservedCapacity": True,
            "SpotToSpotConsolidation": False,
            # By the conditions that the add-on `eks-node-monitoring-agent` sets.
            "NodeRepair": True,
            "NodeOverlay": False,
            "StaticCapacity": self._wiring.static,
        }
        return kubernetes.environment(
            {
                # Not from the metadata service: its answers do not reach pods.
                "AWS_REGION": cluster.region,
                "CLUSTER_ENDPOINT": cluster.endpoint,
                "CLUSTER_NAME": cluster.name,
                "FEATURE_GATES": ",".join(f"{key}={str(on).lower()}" for key, on in gates.items()),
                "HEALTH_PROBE_PORT": str(HEALTH),
                "INTERRUPTION_QUEUE": interruptions.queue_name,
                "ISOLATED_VPC": str(self._wiring.isolated).lower(),
                "METRICS_PORT": str(metrics.PORT),
            }
        )


def _role_ref(kind: str, name: pulumi.Input[str]) -> k8s.rbac.v1.RoleRefArgs:
    return k8s.rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind=kind, name=name)


def _rules(rules: Sequence[Rule]) -> list[k8s.rbac.v1.PolicyRuleArgs]:
    return [
        k8s.rbac.v1.PolicyRuleArgs(
            api_groups=[rule.group],
            resources=list(rule.resources),
            verbs=list(rule.verbs),
            resource_names=list(rule.names) or None,
        )
        for rule in rules
    ]
