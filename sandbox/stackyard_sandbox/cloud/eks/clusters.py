"""EKS clusters, each with its own control plane."""

from contextlib import suppress
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.eks.utils import validate_role_arn

from stackyard_sandbox.cloud.eks.access import Access
from stackyard_sandbox.cloud.eks.request import (
    in_use,
    invalid_parameter,
    invalid_request,
    not_found,
    unique,
)
from stackyard_sandbox.cloud.eks_cluster import EksCluster, Item
from stackyard_sandbox.cloud.iam.service_roles import trusts
from stackyard_sandbox.cloud.moto_patches import late_logs


class Clusters(Access):
    """The API operations of clusters. Each returns after its work: there is no status CREATING."""

    def create_cluster(self) -> ActionResult:
        """Create a cluster on an unused control plane."""
        asked = self.parameters()
        name = asked["name"]
        with self.fleet.turn:
            if name in self.eks_backend.clusters:
                raise in_use(f"Cluster already exists with name: {name}", name)
            validate_role_arn(asked["roleArn"])
            self._check_role(name, asked["roleArn"])
            network = self._network(name, asked["resourcesVpcConfig"])
            where = (self.current_account, self.region, self.partition)
            cluster = EksCluster(asked, self.fleet.claim(), network, *where)
            cluster.describe(self.fleet.plane(cluster))
            if not asked.get("version"):
                cluster.version = self.fleet.version(cluster)
            self.eks_backend.clusters[name] = cluster
            self.eks_backend.cluster_count += 1
            if cluster.access_config["bootstrapClusterCreatorAdminPermissions"] and (
                creator := self.caller()
            ):
                self.admit_creator(cluster, creator)
                self.fleet.grant(cluster)
            self.fleet.publish()
        return ActionResult({"cluster": cluster})

    def delete_cluster(self) -> ActionResult:
        """Delete a cluster, with every object in it and its security group."""
        name = self.parameters()["name"]
        with self.fleet.turn:
            cluster = self.cluster(name)
            if cluster.deletion_protection:
                raise invalid_request(f"Cluster {name} has deletion protection enabled", name)
            answer = super().delete_cluster()
            if any(each["enabled"] for each in cluster.logging["clusterLogging"]):
                late_logs.expect(self.current_account, self.region, name)
            self.fleet.release(cluster.plane_id)
            self.fleet.publish()
        group = cluster.resources_vpc_config["clusterSecurityGroupId"]
        # The group stays if rules of other groups refer to it.
        with suppress(EC2ClientError):
            ec2_backends[self.current_account][self.region].delete_security_group(group_id=group)
        return answer

    def update_cluster_config(self) -> ActionResult:
        """Change network access, logging, authentication mode and settings without effect."""
        asked = self.parameters()
        cluster = self.cluster(asked["name"])
        if network := asked.get("resourcesVpcConfig"):
            cluster.resources_vpc_config |= network
        if logging := asked.get("logging"):
            cluster.set_logging(logging)
        if access := asked.get("accessConfig"):
            cluster.access_config |= access
        cluster.set_without_effect(asked)
        given = {key: value for key, value in asked.items() if key not in ("name",)}
        return self.update_of(cluster, "ConfigUpdate", given)

    def associate_encryption_config(self) -> ActionResult:
        """Encrypt secrets of a cluster that has no key yet; one that has keeps it."""
        asked = self.parameters()
        cluster = self.cluster(asked["clusterName"])
        if cluster.encryption_config:
            raise invalid_request("Cluster already has encryption config associated", cluster.name)
        cluster.encryption_config = asked["encryptionConfig"]
        given = {"EncryptionConfig": cluster.encryption_config}
        return self.update_of(cluster, "AssociateEncryptionConfig", given)

    def update_cluster_version(self) -> ActionResult:
        """Record another version; the control plane does not change."""
        asked = self.parameters()
        cluster = self.cluster(asked["name"])
        cluster.version = asked["version"]
        return self.update_of(cluster, "VersionUpdate", {"Version": cluster.version})

    def describe_update(self) -> ActionResult:
        """Return an update; all have ended."""
        asked = self.parameters()
        cluster = self.cluster(asked["name"])
        if asked["updateId"] not in cluster.updates:
            raise not_found(f"No update found for ID: {asked['updateId']}", cluster.name)
        return ActionResult({"update": cluster.updates[asked["updateId"]]})

    def list_updates(self) -> ActionResult:
        """List the updates of a cluster and of its node groups and add-ons, on one page."""
        cluster = self.cluster(self.parameters()["name"])
        return ActionResult({"updateIds": list(cluster.updates)})

    def _check_role(self, name: str, role: str) -> None:
        """Refuse a role that EKS cannot take for this cluster.

        https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html
        """
        facts = {
            "aws:sourceaccount": self.current_account,
            "aws:sourcearn": self.arn("cluster", name),
        }
        if not trusts(self.current_account, role, "eks.amazonaws.com", facts):
            raise invalid_parameter(
                f"Role with arn: {role}, could not be assumed because it does not exist or the "
                "trusted entity is not correct",
                name,
            )

    def _network(self, name: str, asked: Item) -> dict[str, Any]:
        """Return the network settings with EKS's additions: VPC and cluster security group."""
        ec2 = ec2_backends[self.current_account][self.region]
        try:
            subnets = ec2.describe_subnets(subnet_ids=asked.get("subnetIds") or [])
        except EC2ClientError as error:
            raise invalid_parameter(str(error.message), name) from error
        vpcs = {subnet.vpc_id for subnet in subnets if subnet.id in asked.get("subnetIds", [])}
        if len(vpcs) != 1:
            raise invalid_parameter("Subnets specified must be in one VPC.", name)
        vpc = vpcs.pop()
        group = ec2.create_security_group(
            name=f"eks-cluster-sg-{name}-{unique()[:8]}",
            description="EKS created security group applied to ENI that is attached to EKS "
            "Control Plane master nodes, as well as any managed workloads.",
            vpc_id=vpc,
            tags={"aws:eks:cluster-name": name, f"kubernetes.io/cluster/{name}": "owned"},
        )
        _admit_itself(ec2, group.id)
        return {
            "securityGroupIds": [],
            "endpointPublicAccess": True,
            "endpointPrivateAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"] if asked.get("endpointPublicAccess", True) else [],
            **asked,
            "vpcId": vpc,
            "clusterSecurityGroupId": group.id,
        }


def _admit_itself(ec2: Any, group: str) -> None:
    """Add the rules that EKS adds to the one that every group has, to anywhere.

    https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html#security-group-default-rules
    """
    for direction in ("ingress", "egress"):
        getattr(ec2, f"authorize_security_group_{direction}")(
            group, "-1", None, None, [], source_groups=[{"GroupId": group}]
        )
