"""Read-only access to the cluster for previews, and an admission policy that allows dry runs only.

An exact preview is a server-side dry run, and the API server authorises a dry run by its verb
(`create`, `patch`), like the change itself. So RBAC gives the group these verbs, and a
ValidatingAdmissionPolicy refuses each of its requests that would be stored:
https://kubernetes.io/docs/reference/using-api/api-concepts/#dry-run-authorization.

The group has no access to Secrets (a dry-run patch returns the whole object), to tokens of service
accounts, and to `exec`, `attach` and port forwarding of pods. It can only read roles (RBAC would
demand the rights that they grant) and admission policies (no admission policy applies to them).
Where a dry run is forbidden, Pulumi's provider compares with the manifest that was applied last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.cluster.access import PREVIEW_GROUP
from stackyard.config import Config
from stackyard.naming import StackId

READ = ("get", "list", "watch")
TRY = ("create", "patch")
"""Verbs of a server-side dry run."""

RESOURCES: Mapping[str, Sequence[str]] = {
    "": (
        *("configmaps", "endpoints", "events", "limitranges", "namespaces", "nodes"),
        *("persistentvolumeclaims", "persistentvolumes", "pods", "podtemplates"),
        *("replicationcontrollers", "resourcequotas", "serviceaccounts", "services"),
    ),
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    "apps": ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "discovery.k8s.io": ("endpointslices",),
    "karpenter.k8s.aws": ("ec2nodeclasses",),
    "karpenter.kwok.sh": ("kwoknodeclasses",),
    "karpenter.sh": ("nodeclaims", "nodepools"),
    "kueue.x-k8s.io": (
        *("clusterqueues", "cohorts", "localqueues", "resourceflavors", "topologies"),
        *("workloadpriorityclasses", "workloads"),
    ),
    "networking.k8s.io": ("ingresses", "networkpolicies"),
    "policy": ("poddisruptionbudgets",),
    "scheduling.k8s.io": ("priorityclasses",),
    "secrets-store.csi.x-k8s.io": ("secretproviderclasses",),
    "storage.k8s.io": ("csidrivers", "storageclasses"),
}
"""Resources by API group that hold no secret values and grant no rights, each by name. RBAC has no
exceptions from `*`, which would include Secrets, tokens, and `exec` of pods."""

READ_ONLY: Mapping[str, Sequence[str]] = {
    "admissionregistration.k8s.io": (
        *("validatingadmissionpolicies", "validatingadmissionpolicybindings"),
    ),
    "rbac.authorization.k8s.io": (
        *("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
    ),
}
"""Resources that grant or restrict rights."""

NAME = "stackyard-preview"


class PreviewAccess(Component):
    """The cluster role of previews, and the admission policy that refuses their changes."""

    TYPE: ClassVar[str] = "stackyard:index:PreviewAccess"

    def __init__(
        self, name: str, *, stack: StackId, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Wiring: the stack, for labels."""
        super().__init__(name, Config(), opts=opts)
        metadata = k8s.meta.v1.ObjectMetaArgs(name=NAME, labels=kubernetes.labels(stack, "preview"))
        registration = k8s.admissionregistration.v1
        policy = registration.ValidatingAdmissionPolicy(
            self.named("policy"), metadata=metadata, spec=dry_runs_only(), opts=self.child()
        )
        guarded = registration.ValidatingAdmissionPolicyBinding(
            self.named("policy-binding"),
            metadata=metadata,
            spec=registration.ValidatingAdmissionPolicyBindingSpecArgs(
                policy_name=NAME, validation_actions=["Deny"]
            ),
            opts=self.child(depends_on=[policy]),
        )
        role = k8s.rbac.v1.ClusterRole(
            self.named("role"), metadata=metadata, rules=rules(), opts=self.child()
        )
        # The rights exist only while the policy that bounds them exists.
        k8s.rbac.v1.ClusterRoleBinding(
            self.named("binding"),
            metadata=metadata,
            role_ref=k8s.rbac.v1.RoleRefArgs(
                api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=NAME
            ),
            subjects=[
                k8s.rbac.v1.SubjectArgs(
                    api_group="rbac.authorization.k8s.io", kind="Group", name=PREVIEW_GROUP
                )
            ],
            opts=self.child(depends_on=[role, guarded]),
        )
        self.publish()


def rules() -> list[k8s.rbac.v1.PolicyRuleArgs]:
    """Return the rules of the cluster role."""
    return [
        *(_rule(group, names, [*READ, *TRY]) for group, names in RESOURCES.items()),
        *(_rule(group, names, READ) for group, names in READ_ONLY.items()),
    ]


def dry_runs_only() -> k8s.admissionregistration.v1.ValidatingAdmissionPolicySpecArgs:
    """Return the admission policy, which allows the group's dry runs and refuses its other writes.

    https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
    """
    registration = k8s.admissionregistration.v1
    return registration.ValidatingAdmissionPolicySpecArgs(
        failure_policy="Fail",
        match_constraints=registration.MatchResourcesArgs(
            resource_rules=[
                registration.NamedRuleWithOperationsArgs(
                    api_groups=["*"],
                    api_versions=["*"],
                    operations=["CREATE", "UPDATE", "DELETE", "CONNECT"],
                    resources=["*/*"],
                )
            ]
        ),
        match_conditions=[
            registration.MatchConditionArgs(
                name="of-previews", expression=f"'{PREVIEW_GROUP}' in request.userInfo.groups"
            )
        ],
        validations=[
            registration.ValidationArgs(
                expression="has(request.dryRun) && request.dryRun",
                message="previews may try changes (dryRun=All), and make none",
                reason="Forbidden",
            )
        ],
    )


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> k8s.rbac.v1.PolicyRuleArgs:
    return k8s.rbac.v1.PolicyRuleArgs(
        api_groups=[group], resources=list(resources), verbs=list(verbs)
    )
