"""Which resource types say who may do what, and the inputs that say it."""

from __future__ import annotations

GRANTING: dict[str, tuple[str, ...]] = {
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ("policyDocument",),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("policy",),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": ("policy",),
    "aws:eks/accessEntry:AccessEntry": ("principalArn", "kubernetesGroups"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": (
        "principalArn",
        "policyArn",
        "accessScope",
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": (
        "namespace",
        "serviceAccount",
        "roleArn",
    ),
    "aws:iam/policy:Policy": ("policy",),
    "aws:iam/role:Role": ("assumeRolePolicy",),
    "aws:iam/rolePolicy:RolePolicy": ("role", "policy"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("role", "policyArn"),
    "aws:kms/key:Key": ("policy",),
    "aws:lambda/permission:Permission": ("action", "principal", "sourceArn"),
    "aws:s3/accessPoint:AccessPoint": ("policy",),
    "aws:s3/bucketPolicy:BucketPolicy": ("policy",),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("policy",),
    "aws:sns/topicPolicy:TopicPolicy": ("policy",),
    "aws:sqs/queue:Queue": ("policy",),
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": ("rules",),
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": ("roleRef", "subjects"),
    "kubernetes:rbac.authorization.k8s.io/v1:Role": ("rules",),
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": ("roleRef", "subjects"),
}
"""Policies and bindings, never secret; no other input of these types leaves a worker."""

DOCUMENTS = frozenset({"assumeRolePolicy", "policy", "policyDocument"})
"""Those of the inputs that are IAM policy documents, as JSON text."""
