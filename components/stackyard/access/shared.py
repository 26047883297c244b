"""Directories with POSIX permissions, which several pods can mount at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.access.config import AccessConfig, SharedDirectoryConfig
from stackyard.access.posix import file_system_policy
from stackyard.references import VpcRef

NFS_PORT = 2049


class SharedDirectories(Component):
    """An EFS file system with one access point for each directory, and no other access.

    EFS has no retention rules: keep working copies here, never the only copy of data.
    """

    TYPE: ClassVar[str] = "stackyard:index:SharedDirectories"

    file_system_id: pulumi.Output[str]
    """Id of the file system."""

    access_point_ids: dict[str, pulumi.Output[str]]
    """Access point id by directory; a volume handle is `FILE_SYSTEM::ACCESS_POINT`."""

    def __init__(
        self,
        name: str,
        config: AccessConfig,
        *,
        key_arn: pulumi.Input[str],
        network: VpcRef,
        clients: pulumi.Input[str],
        role_arns: Mapping[str, pulumi.Input[str]],
        driver_role: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the KMS key, the network, and the security group of `clients`.

        `driver_role` is the ARN of the role with which the cluster's EFS driver mounts.
        """
        super().__init__(name, config, opts=opts)
        self._driver_role = driver_role
        self._system = aws.efs.FileSystem(
            self.named("files"),
            encrypted=True,
            kms_key_id=key_arn,
            throughput_mode="elastic",
            tags={"Name": name},
            opts=self.child(),
        )
        self.file_system_id = self._system.id
        points = {
            key: self._make_access_point(key, directory) for key, directory in config.shared.items()
        }
        self.access_point_ids = {key: point.id for key, point in points.items()}
        self._guard(config, {key: point.arn for key, point in points.items()}, role_arns)
        self._make_targets(network, clients)
        self.publish()

    def _make_access_point(self, key: str, directory: SharedDirectoryConfig) -> aws.efs.AccessPoint:
        return aws.efs.AccessPoint(
            self.named(key),
            file_system_id=self._system.id,
            posix_user={"uid": directory.uid, "gid": directory.gid},
            root_directory={
                "path": f"/{key}",
                "creation_info": {
                    "owner_uid": directory.uid,
                    "owner_gid": directory.gid,
                    "permissions": directory.mode,
                },
            },
            tags={"Name": key},
            opts=self.child(),
        )

    def _guard(
        self,
        config: AccessConfig,
        access_points: Mapping[str, pulumi.Output[str]],
        role_arns: Mapping[str, pulumi.Input[str]],
    ) -> None:
        known = pulumi.Output.all(
            system=self._system.arn,
            points=pulumi.Output.all(**access_points),
            roles=pulumi.Output.all(**role_arns),
        )
        aws.efs.FileSystemPolicy(
            self.named("policy"),
            file_system_id=self._system.id,
            policy=known.apply(
                lambda arns: iam.text(
                    file_system_policy(
                        arns["system"],
                        config.shared,
                        arns["points"],
                        arns["roles"],
                        self._driver_role,
                    )
                )
            ),
            opts=self.child(),
        )

    def _make_targets(self, network: VpcRef, clients: pulumi.Input[str]) -> None:
        group = aws.ec2.SecurityGroup(
            self.named("group"),
            description="NFS from the nodes of the cluster",
            vpc_id=network.vpc_id,
            opts=self.child(),
        )
        aws.vpc.SecurityGroupIngressRule(
            self.named("nfs"),
            security_group_id=group.id,
            description="NFS from the nodes of the cluster",
            referenced_security_group_id=clients,
            ip_protocol="tcp",
            from_port=NFS_PORT,
            to_port=NFS_PORT,
            opts=self.child(),
        )
        for zone, subnet in network.subnets.items():
            aws.efs.MountTarget(
                self.named(f"target-{zone}"),
                file_system_id=self._system.id,
                subnet_id=subnet,
                security_groups=[group.id],
                opts=self.child(),
            )
