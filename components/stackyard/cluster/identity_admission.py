"""Keeps pods that need an AWS role out of the cluster until EKS knows their role.

An association of a service account with a role takes effect some seconds after it was made, and a
pod that was admitted before never gets credentials: EKS's webhook adds them at admission only
(https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html). The API server refuses such
a pod, and the controller of its Deployment, DaemonSet or Job tries again, so it comes in once the
webhook adds the credentials. Without EKS's webhook, nothing is refused.
"""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from stackyard import kubernetes
from stackyard._component import Component
from stackyard.config import Config
from stackyard.naming import StackId

NAME = "stackyard-pod-identity"

WEBHOOK = "pod-identity-webhook"
"""EKS's webhook, https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html."""

VARIABLE = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
"""The environment variable with which the webhook leads a container to its credentials."""


class IdentityAdmission(Component):
    """The admission policy on pods with the label `stackyard.dev/pod-identity`."""

    TYPE: ClassVar[str] = "stackyard:index:IdentityAdmission"

    binding: pulumi.Output[str]
    """Name of the policy's binding; known once the policy holds."""

    def __init__(
        self, name: str, *, stack: StackId, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Wiring: the stack, for labels."""
        super().__init__(name, Config(), opts=opts)
        registration = k8s.admissionregistration.v1
        labels = kubernetes.labels(stack, "pod-identity")
        metadata = k8s.meta.v1.ObjectMetaArgs(name=NAME, labels=labels)
        policy = registration.ValidatingAdmissionPolicy(
            self.named("policy"), metadata=metadata, spec=with_credentials_only(), opts=self.child()
        )
        bound = registration.ValidatingAdmissionPolicyBinding(
            self.named("policy-binding"),
            metadata=metadata,
            spec=registration.ValidatingAdmissionPolicyBindingSpecArgs(
                policy_name=NAME,
                validation_actions=["Deny"],
                param_ref=registration.ParamRefArgs(
                    name=WEBHOOK, parameter_not_found_action="Allow"
                ),
            ),
            opts=self.child(depends_on=[policy]),
        )
        self.binding = bound.metadata.name
        self.publish()


def with_credentials_only() -> k8s.admissionregistration.v1.ValidatingAdmissionPolicySpecArgs:
    """Return the policy: a container without credentials is refused.

    https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
    """
    registration = k8s.admissionregistration.v1
    named = f"c.?env.orValue([]).exists(e, e.name == '{VARIABLE}')"
    return registration.ValidatingAdmissionPolicySpecArgs(
        failure_policy="Fail",
        param_kind=registration.ParamKindArgs(
            api_version="admissionregistration.k8s.io/v1", kind="MutatingWebhookConfiguration"
        ),
        match_constraints=registration.MatchResourcesArgs(
            object_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=kubernetes.NEEDS_ROLE),
            resource_rules=[
                registration.NamedRuleWithOperationsArgs(
                    api_groups=[""],
                    api_versions=["v1"],
                    operations=["CREATE"],
                    resources=["pods"],
                )
            ],
        ),
        validations=[
            registration.ValidationArgs(
                expression=f"object.spec.containers.all(c, {named})",
                message="EKS does not know the role of this pod yet; its controller tries again",
                reason="Forbidden",
            )
        ],
    )
