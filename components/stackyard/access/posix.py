"""The policy of a project's shared file system as plain data: the directories each role may mount.

Source: https://docs.aws.amazon.com/efs/latest/ug/iam-access-control-nfs-efs.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard import iam
from stackyard.access.config import SharedDirectoryConfig
from stackyard.access.grants import sid

MOUNT = ("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite")
ROOT = "elasticfilesystem:ClientRootAccess"
"""Access as root; no statement allows it, because an access point sets the user id."""

ACCESS_POINT = "elasticfilesystem:AccessPointArn"


def file_system_policy(
    file_system: str,
    directories: Mapping[str, SharedDirectoryConfig],
    access_points: Mapping[str, str],
    roles: Mapping[str, str],
    driver: str,
) -> dict[str, Any]:
    """Return the policy of a file system (ARN): access only with TLS and through an access point.

    `access_points` are by directory, `roles` by audience or workload. `driver` is the role of the
    cluster's EFS driver, which mounts for the pods of whoever may claim a volume.
    """
    conditions = {
        "DenyPlain": {"Bool": {"aws:SecureTransport": "false"}},
        "DenyWithoutAccessPoint": {"Null": {ACCESS_POINT: "true"}},
    }
    denials = [
        iam.statement(
            name,
            (*MOUNT, ROOT),
            (file_system,),
            effect="Deny",
            principals={"AWS": "*"},
            conditions=condition,
        )
        for name, condition in conditions.items()
    ]
    allowed = [
        iam.statement(
            sid("mount", name),
            MOUNT,
            (file_system,),
            principals={"AWS": sorted(roles[member] for member in set(directory.members))},
            conditions={"StringEquals": {ACCESS_POINT: access_points[name]}},
        )
        for name, directory in directories.items()
    ]
    mounts = iam.statement(
        "MountForPods",
        MOUNT,
        (file_system,),
        principals={"AWS": driver},
        conditions={"StringEquals": {ACCESS_POINT: sorted(access_points.values())}},
    )
    return iam.document(*denials, *allowed, mounts)
