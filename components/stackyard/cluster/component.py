"""The EKS cluster of a stage: control plane, access, add-ons and system nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.aws_location import managed_policy_arn
from stackyard.cluster import access
from stackyard.cluster.addons import ADDONS, AddonName
from stackyard.cluster.config import ClusterConfig
from stackyard.cluster.nodes import NodeGroupWiring, NodeIdentity, SystemNodes, node_role
from stackyard.naming import IAM_ROLE_LIMIT, cluster_name, fitted
from stackyard.references import StackContext


class Cluster(Component):
    """A private EKS cluster that only named principals can access.

    Its creator is no administrator by default: the stack file names every administrator.
    """

    TYPE: ClassVar[str] = "stackyard:index:Cluster"

    cluster_name: pulumi.Output[str]
    """The EKS cluster; it depends on the access entries of its administrators."""

    endpoint: pulumi.Output[str]
    """The API's address."""

    certificate_authority: pulumi.Output[str]
    """The API's certificate authority, base64 of PEM."""

    security_group: pulumi.Output[str]
    """The security group that EKS makes for control plane and nodes."""

    node_role_arn: pulumi.Output[str]
    """Role of the nodes that Karpenter starts."""

    node_instance_profile: pulumi.Output[str]
    """The instance profile of those nodes; it depends on their access entry."""

    def __init__(
        self,
        name: str,
        config: ClusterConfig,
        *,
        context: StackContext,
        subnets: Mapping[str, pulumi.Input[str]],
        administrators: Sequence[str],
        previewers: Sequence[str] = (),
        node_tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack, which names the cluster, private subnets by zone, and administrators.

        `administrators` are ARNs of IAM principals. The identity that applies stacks must be one,
        because `services` and projects are applied into this cluster. `previewers` are roles that
        may read and dry-run, by `PreviewAccess` of `services`. Raises ValueError for no
        administrators.
        """
        super().__init__(name, config, opts=opts)
        if not administrators:
            raise ValueError("a cluster needs administrators: without them nobody can access it")
        self._config, self._context, self._region = config, context, context.region
        self._cluster_name = cluster_name(context.stack)
        self._subnets, self._node_tags = dict(subnets), node_tags
        self._arn = access.cluster_arn(
            region=context.region, account=context.account, cluster_name=self._cluster_name
        )
        logs = self._make_log_group()
        self._cluster = self._make_control_plane(logs)
        entries = [self._make_administrator(arn) for arn in sorted(set(administrators))]
        for arn in sorted({*previewers} - {*administrators}):
            self._make_previewer(arn)
        before = [self._make_addon(addon, []) for addon in self._addons(before_nodes=True)]
        system = self._make_system_nodes(before)
        nodes = NodeIdentity(
            self.named("karpenter-nodes"),
            cluster_name=self._cluster.name,
            prefix=self._cluster_name,
            region=self._region,
            opts=self.child(),
        )
        for addon in self._addons(before_nodes=False):
            self._make_addon(addon, [system])

        entered = pulumi.Output.all(self._cluster.name, *entries)
        self.cluster_name = entered.apply(lambda parts: parts[0])
        self.endpoint = self._cluster.endpoint
        self.certificate_authority = self._cluster.certificate_authority.apply(_certificate)
        self.security_group = self._cluster.vpc_config.apply(_security_group)
        self.node_role_arn = nodes.role_arn
        self.node_instance_profile = nodes.instance_profile
        self.publish()

    def _addons(self, *, before_nodes: bool) -> list[AddonName]:
        every = self._config.all_addons()
        return [name for name in every if ADDONS[name].before_nodes is before_nodes]

    def _make_log_group(self) -> aws.cloudwatch.LogGroup:
        """Make the log group before EKS makes it, without a key and without retention."""
        return aws.cloudwatch.LogGroup(
            self.named("log-group"),
            name=f"/aws/eks/{self._cluster_name}/cluster",
            kms_key_id=self._context.key_arns["logs"],
            retention_in_days=self._config.audit_log_days,
            opts=self.child(),
        )

    def _make_control_plane(self, logs: aws.cloudwatch.LogGroup) -> aws.eks.Cluster:
        role, attached = self._make_control_plane_role()
        return aws.eks.Cluster(
            self.named("cluster"),
            name=self._cluster_name,
            version=self._config.version,
            role_arn=role.arn,
            access_config=aws.eks.ClusterAccessConfigArgs(
                authentication_mode="API", bootstrap_cluster_creator_admin_permissions=False
            ),
            bootstrap_self_managed_addons=False,
            deletion_protection=self.settings.protect,
            enabled_cluster_log_types=list(access.LOG_TYPES),
            encryption_config=aws.eks.ClusterEncryptionConfigArgs(
                provider=aws.eks.ClusterEncryptionConfigProviderArgs(
                    key_arn=self._context.key_arns["secrets"]
                ),
                resources=["secrets"],
            ),
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(
                support_type="EXTENDED" if self._config.extended_support else "STANDARD"
            ),
            vpc_config=aws.eks.ClusterVpcConfigArgs(
                subnet_ids=list(self._subnets.values()),
                endpoint_private_access=True,
                endpoint_public_access=bool(self._config.public_cidrs),
                public_access_cidrs=self._config.public_cidrs or None,
            ),
            opts=self.child(depends_on=[attached, logs]),
        )

    def _make_control_plane_role(self) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        role = aws.iam.Role(
            self.named("role"),
            name=fitted(f"{self._cluster_name}-control-plane", IAM_ROLE_LIMIT),
            description="EKS control plane",
            assume_role_policy=iam.text(access.control_plane_trust(self._arn)),
            opts=self.child(),
        )
        attached = aws.iam.RolePolicyAttachment(
            self.named("role-cluster"),
            role=role.name,
            policy_arn=managed_policy_arn("AmazonEKSClusterPolicy", self._region),
            opts=self.child(),
        )
        return role, attached

    def _make_administrator(self, arn: str) -> pulumi.Output[str]:
        key = access.principal_key(arn)
        entry = aws.eks.AccessEntry(
            self.named(f"admin-{key}"),
            cluster_name=self._cluster.name,
            principal_arn=arn,
            type="STANDARD",
            opts=self.child(),
        )
        association = aws.eks.AccessPolicyAssociation(
            self.named(f"admin-{key}-policy"),
            cluster_name=self._cluster.name,
            principal_arn=entry.principal_arn,
            policy_arn=access.access_policy_arn(access.CLUSTER_ADMIN, self._region),
            access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
            opts=self.child(),
        )
        return association.urn

    def _make_previewer(self, arn: str) -> None:
        aws.eks.AccessEntry(
            self.named(f"preview-{access.principal_key(arn)}"),
            cluster_name=self._cluster.name,
            principal_arn=arn,
            kubernetes_groups=[access.PREVIEW_GROUP],
            type="STANDARD",
            opts=self.child(),
        )

    def _make_addon(self, name: AddonName, depends_on: list[pulumi.Resource]) -> aws.eks.Addon:
        facts = ADDONS[name]
        identities = []
        needed = list(depends_on)
        if facts.service_account and facts.managed_policy:
            role, attached = self._make_addon_role(name, facts.service_account)
            identities.append(
                aws.eks.AddonPodIdentityAssociationArgs(
                    role_arn=role.arn, service_account=facts.service_account
                )
            )
            needed.append(attached)
        if facts.mounting_account:
            mounts = self._make_mounting_role(facts.mounting_account)
            identities.append(
                aws.eks.AddonPodIdentityAssociationArgs(
                    role_arn=mounts.arn, service_account=facts.mounting_account
                )
            )
        return aws.eks.Addon(
            self.named(f"addon-{name}"),
            cluster_name=self._cluster.name,
            addon_name=name,
            addon_version=self._config.addon_versions.get(name),
            configuration_values=facts.configuration,
            pod_identity_associations=identities or None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            opts=self.child(depends_on=needed),
        )

    def _make_addon_role(
        self, name: AddonName, service_account: str
    ) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        trust = access.pod_trust(
            arn=self._arn, namespace="kube-system", service_account=service_account
        )
        role = aws.iam.Role(
            self.named(f"addon-{name}-role"),
            name=fitted(f"{self._cluster_name}-{name}", IAM_ROLE_LIMIT),
            description=f"EKS add-on {name}",
            assume_role_policy=iam.text(trust),
            opts=self.child(),
        )
        attached = aws.iam.RolePolicyAttachment(
            self.named(f"addon-{name}-policy"),
            role=role.name,
            policy_arn=managed_policy_arn(ADDONS[name].managed_policy or "", self._region),
            opts=self.child(),
        )
        return role, attached

    def _make_mounting_role(self, service_account: str) -> aws.iam.Role:
        """Make a role without policies: each file system's policy decides whether it may mount."""
        trust = access.pod_trust(
            arn=self._arn, namespace="kube-system", service_account=service_account
        )
        return aws.iam.Role(
            self.named("efs-mounts-role"),
            name=access.efs_driver_role(self._cluster_name),
            description="EFS driver: mounts what file systems admit it to",
            assume_role_policy=iam.text(trust),
            opts=self.child(),
        )

    def _make_system_nodes(self, before: Sequence[pulumi.Resource]) -> SystemNodes:
        """Make the nodes for the cluster's add-ons."""
        role, attached = node_role(
            self,
            "node-role",
            f"{self._cluster_name}-nodes",
            "EKS nodes: join the cluster and pull images",
            self._region,
        )
        wiring = NodeGroupWiring(
            cluster_name=self._cluster.name,
            version=self._config.version,
            role_arn=role.arn,
            subnets=self._subnets,
            tags=self._node_tags,
            ready=[*before, *attached],
        )
        return SystemNodes(
            self.named("pool-system"),
            self._config.system_nodes,
            wiring=wiring,
            opts=self.child(),
        )


def _certificate(authority: aws.eks.outputs.ClusterCertificateAuthority) -> str:
    return authority.data or ""


def _security_group(vpc: aws.eks.outputs.ClusterVpcConfig) -> str:
    return vpc.cluster_security_group_id or ""
