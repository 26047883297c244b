"""The one table of the risks of each resource type: data, access, network reach, safeguards.

Protection, the pull-request comment, drift, the upgrade preview (`rehearse`), the comparison of
permissions and the blast radius all read it, so that they cannot disagree about a type. Tokens are
Pulumi's: https://www.pulumi.com/registry/packages/aws/ and
https://www.pulumi.com/registry/packages/kubernetes/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DataClass = Literal["ephemeral", "rebuildable", "stateful", "key"]
"""Severity of the loss when a resource of this type is deleted.

Nothing is lost (`ephemeral`), time to create it again (`rebuildable`), data (`stateful`), or the
key without which data cannot be decrypted (`key`)."""

PROTECTED: frozenset[DataClass] = frozenset({"stateful", "key"})
"""Classes whose resources are protected and retained, if the stage asks for it."""


@dataclass(frozen=True, kw_only=True)
class Risk:
    """The risks of one resource type."""

    data_class: DataClass = "rebuildable"
    """Severity of the loss when a resource of this type is deleted."""

    access: bool = False
    """A change of it can change permissions."""

    network: bool = False
    """A change of it can change network reachability."""

    safeguard: bool = False
    """It decides the retention of data, or the encryption of the disk."""

    grants: tuple[str, ...] = ()
    """Inputs that allow something; they are never secret, so a worker process may send them."""

    denies: tuple[str, ...] = ()
    """Inputs that forbid something: removing one grants a permission; they are never secret."""

    @property
    def access_inputs(self) -> tuple[str, ...]:
        """The inputs that decide permissions."""
        return (*self.grants, *self.denies)


def _access(
    *grants: str, denies: tuple[str, ...] = (), data_class: DataClass = "rebuildable"
) -> Risk:
    return Risk(access=True, grants=grants, denies=denies, data_class=data_class)


_EPHEMERAL = Risk(data_class="ephemeral")
_STATEFUL = Risk(data_class="stateful")
_KEY = Risk(data_class="key")
_NETWORK = Risk(network=True)
_SAFEGUARD = Risk(safeguard=True)

_ACCESS: Mapping[str, Risk] = {
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": _access("policyDocument"),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": _access("policy"),
    # The POSIX user and the root directory of every client of the access point.
    "aws:efs/accessPoint:AccessPoint": _access("posixUser", "rootDirectory"),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": _access("policy"),
    "aws:eks/accessEntry:AccessEntry": _access("principalArn", "kubernetesGroups"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": _access(
        "principalArn", "policyArn", "accessScope"
    ),
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": _access(
        "namespace", "serviceAccount", "roleArn"
    ),
    "aws:iam/instanceProfile:InstanceProfile": _access("name", "role"),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _access("url", "clientIdLists"),
    "aws:iam/policy:Policy": _access("policy"),
    "aws:iam/role:Role": _access("assumeRolePolicy", denies=("permissionsBoundary",)),
    "aws:iam/rolePolicy:RolePolicy": _access("role", "policy"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _access("role", "policyArn"),
    # Policies may name keys by alias: "adding, deleting, or updating an alias can allow or deny
    # permission", https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html.
    "aws:kms/alias:Alias": _access("name", "targetKeyId"),
    "aws:kms/key:Key": _access("policy", data_class="key"),
    "aws:lambda/permission:Permission": _access("action", "principal", "sourceArn"),
    "aws:s3/accessPoint:AccessPoint": _access("policy"),
    # Ownership by the bucket's owner disables ACLs.
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _access(denies=("rule",)),
    "aws:s3/bucketPolicy:BucketPolicy": _access("policy"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _access(
        denies=("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": _access("policy"),
    "aws:sns/topicPolicy:TopicPolicy": _access("policy"),
    "aws:sqs/queue:Queue": _access("policy", data_class="stateful"),
    "aws:sqs/queuePolicy:QueuePolicy": _access("policy"),
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy": _access(
        denies=("spec",)
    ),
    "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding": _access(
        denies=("spec",)
    ),
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole": _access("rules", "aggregationRule"),
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": _access("roleRef", "subjects"),
    "kubernetes:rbac.authorization.k8s.io/v1:Role": _access("rules"),
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": _access("roleRef", "subjects"),
}

_DATA: Mapping[str, Risk] = {
    # Metrics and log events go with what holds them; nothing writes the past again.
    "aws:amp/workspace:Workspace": _STATEFUL,
    "aws:cloudwatch/logGroup:LogGroup": _STATEFUL,
    "aws:dynamodb/table:Table": _STATEFUL,
    "aws:ebs/volume:Volume": _STATEFUL,
    "aws:ecr/repository:Repository": _STATEFUL,
    "aws:efs/fileSystem:FileSystem": _STATEFUL,
    # It contains no data, but its loss stops every workload.
    "aws:eks/cluster:Cluster": _STATEFUL,
    "aws:rds/cluster:Cluster": _STATEFUL,
    "aws:rds/instance:Instance": _STATEFUL,
    "aws:s3/bucket:Bucket": _STATEFUL,
    "aws:secretsmanager/secret:Secret": _KEY,
    "aws:signer/signingProfile:SigningProfile": _KEY,
    # Objects of a kind go with its definition, and nodes with their NodePool.
    "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition": _STATEFUL,
    "kubernetes:batch/v1:Job": _EPHEMERAL,
    "kubernetes:core/v1:PersistentVolume": _STATEFUL,
    "kubernetes:core/v1:PersistentVolumeClaim": _STATEFUL,
    "kubernetes:core/v1:Pod": _EPHEMERAL,
    # Definitions are templates of charts; they go with the release.
    "kubernetes:helm.sh/v3:Release": _STATEFUL,
}

_REACH: Mapping[str, Risk] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _NETWORK,
    "aws:ec2/eip:Eip": _NETWORK,
    "aws:ec2/internetGateway:InternetGateway": _NETWORK,
    "aws:ec2/natGateway:NatGateway": _NETWORK,
    "aws:ec2/networkAcl:NetworkAcl": _NETWORK,
    "aws:ec2/route:Route": _NETWORK,
    "aws:ec2/routeTable:RouteTable": _NETWORK,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _NETWORK,
    "aws:ec2/securityGroup:SecurityGroup": _NETWORK,
    "aws:ec2/subnet:Subnet": _NETWORK,
    "aws:ec2/vpc:Vpc": _NETWORK,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _NETWORK,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _NETWORK,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _NETWORK,
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": _NETWORK,
}

_SAFEGUARDS: Mapping[str, Risk] = {
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _SAFEGUARD,
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": _SAFEGUARD,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _SAFEGUARD
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _SAFEGUARD,
}

_NONE_OF_THESE = (
    "aws:amp/alertManagerDefinition:AlertManagerDefinition",
    "aws:amp/ruleGroupNamespace:RuleGroupNamespace",
    "aws:budgets/budget:Budget",
    "aws:cloudtrail/trail:Trail",
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:codebuild/project:Project",
    "aws:ec2/flowLog:FlowLog",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:efs/mountTarget:MountTarget",
    "aws:eks/addon:Addon",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:lambda/function:Function",
    "aws:rds/parameterGroup:ParameterGroup",
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:s3/bucketLogging:BucketLogging",
    "aws:s3/bucketNotification:BucketNotification",
    "aws:scheduler/schedule:Schedule",
    "aws:sfn/stateMachine:StateMachine",
    "aws:sns/topic:Topic",
    "aws:sns/topicSubscription:TopicSubscription",
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "kubernetes:batch/v1:CronJob",
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:core/v1:LimitRange",
    "kubernetes:core/v1:Namespace",
    "kubernetes:core/v1:ResourceQuota",
    "kubernetes:core/v1:Service",
    "kubernetes:core/v1:ServiceAccount",
    "kubernetes:karpenter.k8s.aws/v1:EC2NodeClass",
    "kubernetes:karpenter.sh/v1:NodePool",
    "kubernetes:policy/v1:PodDisruptionBudget",
    "kubernetes:scheduling.k8s.io/v1:PriorityClass",
    "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass",
)
"""Types without risk: an apply can create them again, and neither permissions nor reachability
depend on them."""

RISKS: Mapping[str, Risk] = {
    **dict.fromkeys(_NONE_OF_THESE, Risk()),
    **_SAFEGUARDS,
    **_REACH,
    **_DATA,
    **_ACCESS,
}
"""The table: risks by type token."""

FAMILIES: Mapping[str, Risk] = {
    "aws:ec2/": _NETWORK,
    "aws:eks/access": _access(),
    "aws:eks/podIdentity": _access(),
    "aws:iam/": _access(),
    "aws:kms/": _access(),
    "aws:s3/bucketLifecycle": _SAFEGUARD,
    "aws:s3/bucketObjectLock": _SAFEGUARD,
    "aws:s3/bucketServerSideEncryption": _SAFEGUARD,
    "aws:s3/bucketVersioning": _SAFEGUARD,
    "aws:vpc/": _NETWORK,
    "kubernetes:networking.k8s.io/": _NETWORK,
    "kubernetes:rbac.authorization.k8s.io/": _access(),
}
"""Risks of types that the table does not list, by the prefix of the token."""

POLICY_DOCUMENTS = frozenset({"assumeRolePolicy", "policy", "policyDocument"})
"""The access inputs that are IAM policy documents, as JSON text."""

ACCESS_INPUTS: Mapping[str, tuple[str, ...]] = {
    token: risk.access_inputs for token, risk in RISKS.items() if risk.access
}
"""The inputs that decide permissions, by type; a worker sends no other input of these types."""


def risk_of(type_token: str) -> Risk:
    """Return the risks of a type; those of its family if the table does not list it."""
    if type_token in RISKS:
        return RISKS[type_token]
    families = (risk for prefix, risk in FAMILIES.items() if type_token.startswith(prefix))
    return next(families, Risk())


def data_class_of(type_token: str) -> DataClass:
    """Return the data class of a type; `rebuildable` for one that is not listed."""
    return risk_of(type_token).data_class
