"""EFS file systems, mount targets, access points and policies.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/efs/filesystem/ and the
pages of the other types beside it.
"""

from __future__ import annotations

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.documents import as_text
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Setting,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

TAGS = Tagging("efs", resource="ResourceId")
NO_SYSTEM = "FileSystemNotFound"
NAMES = Casing(names={"transitionToIa": "TransitionToIA"})


class FileSystem(Resource):
    """A file system."""

    token = "aws:efs/fileSystem:FileSystem"
    takes = (
        "creationToken",
        "encrypted",
        "kmsKeyId",
        "performanceMode",
        "throughputMode",
        "availabilityZoneName",
        "provisionedThroughputInMibps",
        "lifecyclePolicies",
    )
    replaces = frozenset(
        {"creationToken", "encrypted", "kmsKeyId", "performanceMode", "availabilityZoneName"}
    )
    autoname = Autoname("creationToken", limit=64)
    defaults = {"encrypted": False, "throughputMode": "bursting"}

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the file system."""
        names = [name for name in self.takes if name != "lifecyclePolicies"]
        answer = aws.client("efs").create_file_system(
            Tags=TAGS.api(inputs.get("tagsAll")), **NAMES.pick(inputs, *names)
        )
        return str(answer["FileSystemId"])

    def finish(self, aws: Cloud, identity: str, inputs: Properties) -> None:
        """Write its lifecycle."""
        if inputs.get("lifecyclePolicies"):
            aws.client("efs").put_lifecycle_configuration(
                FileSystemId=identity, LifecyclePolicies=NAMES.api(inputs["lifecyclePolicies"])
            )

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the file system."""
        client = aws.client("efs")
        answer = call_or_none(client.describe_file_systems, NO_SYSTEM, FileSystemId=identity)
        if answer is None or not answer["FileSystems"]:
            return None
        system = answer["FileSystems"][0]
        policies = client.describe_lifecycle_configuration(FileSystemId=identity)
        return {
            "creationToken": system["CreationToken"],
            "encrypted": system.get("Encrypted", False),
            "kmsKeyId": system.get("KmsKeyId"),
            "performanceMode": system["PerformanceMode"],
            "throughputMode": system.get("ThroughputMode"),
            "provisionedThroughputInMibps": system.get("ProvisionedThroughputInMibps"),
            "availabilityZoneName": system.get("AvailabilityZoneName"),
            "lifecyclePolicies": NAMES.sdk(policies.get("LifecyclePolicies") or []) or None,
            "numberOfMountTargets": system["NumberOfMountTargets"],
            "ownerId": system["OwnerId"],
            "dnsName": f"{identity}.efs.{aws.region}.amazonaws.com",
            "arn": aws.arn("elasticfilesystem", f"file-system/{identity}"),
            "tagsAll": TAGS.to_dict(system.get("Tags")),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change throughput, lifecycle and tags."""
        client = aws.client("efs")
        if changed(old, new, "throughputMode", "provisionedThroughputInMibps"):
            arguments = NAMES.pick(new, "throughputMode", "provisionedThroughputInMibps")
            client.update_file_system(FileSystemId=identity, **arguments)
        if changed(old, new, "lifecyclePolicies"):
            policies = NAMES.api(new.get("lifecyclePolicies") or [])
            client.put_lifecycle_configuration(FileSystemId=identity, LifecyclePolicies=policies)
        TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the file system."""
        with ignoring_missing(NO_SYSTEM):
            aws.client("efs").delete_file_system(FileSystemId=identity)


class MountTarget(Resource):
    """A file system's address in a subnet."""

    token = "aws:efs/mountTarget:MountTarget"
    takes = ("fileSystemId", "subnetId", "ipAddress", "securityGroups")
    replaces = frozenset({"fileSystemId", "subnetId", "ipAddress"})
    delete_first = True

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the target."""
        arguments = NAMES.pick(inputs, *self.takes)
        return str(aws.client("efs").create_mount_target(**arguments)["MountTargetId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the target."""
        client = aws.client("efs")
        answer = call_or_none(
            client.describe_mount_targets, "MountTargetNotFound", MountTargetId=identity
        )
        if answer is None or not answer["MountTargets"]:
            return None
        target = answer["MountTargets"][0]
        groups = client.describe_mount_target_security_groups(MountTargetId=identity)
        system = target["FileSystemId"]
        name = f"{system}.efs.{aws.region}.amazonaws.com"
        return {
            "fileSystemId": system,
            "subnetId": target["SubnetId"],
            "ipAddress": target.get("IpAddress"),
            "securityGroups": groups["SecurityGroups"],
            "networkInterfaceId": target.get("NetworkInterfaceId"),
            "availabilityZoneName": target.get("AvailabilityZoneName"),
            "availabilityZoneId": target.get("AvailabilityZoneId"),
            "ownerId": target.get("OwnerId"),
            "dnsName": name,
            "mountTargetDnsName": f"{target.get('AvailabilityZoneName')}.{name}",
            "fileSystemArn": aws.arn("elasticfilesystem", f"file-system/{system}"),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change its security groups."""
        aws.client("efs").modify_mount_target_security_groups(
            MountTargetId=identity, SecurityGroups=new.get("securityGroups") or []
        )

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the target."""
        with ignoring_missing("MountTargetNotFound"):
            aws.client("efs").delete_mount_target(MountTargetId=identity)


class AccessPoint(Resource):
    """A directory with the user and group of its files."""

    token = "aws:efs/accessPoint:AccessPoint"
    takes = ("fileSystemId", "posixUser", "rootDirectory")
    replaces = frozenset(takes)

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the access point."""
        answer = aws.client("efs").create_access_point(
            Tags=TAGS.api(inputs.get("tagsAll")), **NAMES.pick(inputs, *self.takes)
        )
        return str(answer["AccessPointId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the access point."""
        call = aws.client("efs").describe_access_points
        answer = call_or_none(call, "AccessPointNotFound", AccessPointId=identity)
        if answer is None or not answer["AccessPoints"]:
            return None
        point = answer["AccessPoints"][0]
        system = point["FileSystemId"]
        return {
            "fileSystemId": system,
            "posixUser": NAMES.sdk(point.get("PosixUser")),
            "rootDirectory": NAMES.sdk(point.get("RootDirectory")),
            "ownerId": point.get("OwnerId"),
            "arn": point["AccessPointArn"],
            "fileSystemArn": aws.arn("elasticfilesystem", f"file-system/{system}"),
            "tagsAll": TAGS.to_dict(point.get("Tags")),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Only tags change in place."""
        TAGS.update(aws, identity, old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the access point."""
        with ignoring_missing("AccessPointNotFound"):
            aws.client("efs").delete_access_point(AccessPointId=identity)


class FileSystemPolicy(Setting):
    """The resource policy of a file system."""

    token = "aws:efs/fileSystemPolicy:FileSystemPolicy"
    takes = ("fileSystemId", "policy", "bypassPolicyLockoutSafetyCheck")
    parent = "fileSystemId"
    replaces = frozenset({"fileSystemId"})

    def put(self, aws: Cloud, parent: str, inputs: Properties) -> None:
        """Write the policy."""
        arguments = NAMES.pick(inputs, "policy", "bypassPolicyLockoutSafetyCheck")
        aws.client("efs").put_file_system_policy(FileSystemId=parent, **arguments)

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the policy."""
        codes = (NO_SYSTEM, "PolicyNotFound")
        call = aws.client("efs").describe_file_system_policy
        answer = call_or_none(call, *codes, FileSystemId=identity)
        if answer is None:
            return None
        return {"fileSystemId": identity, "policy": as_text(answer["Policy"])}

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the policy; the emulator fails (500): there it is deleted with its file system."""
        with ignoring_missing(NO_SYSTEM, "PolicyNotFound", "500"):
            aws.client("efs").delete_file_system_policy(FileSystemId=identity)
