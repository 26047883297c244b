"""EKS writes a cluster's log group again after both were deleted: its last lines come late.

The group has no key, no retention and no tags then. Sources:
https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2763 and .../issues/920.
"""

from __future__ import annotations

from moto.logs.models import LogsBackend

_delete = LogsBackend.delete_log_group
_expected: set[tuple[str, str, str]] = set()
"""Account, region and name of the groups of deleted clusters that have logged."""


def install() -> None:
    """Write the group of a deleted cluster once more when it is deleted."""
    setattr(LogsBackend, _delete.__name__, _deleting)


def expect(account: str, region: str, cluster: str) -> None:
    """Note a cluster with control plane logs that was deleted."""
    _expected.add((account, region, f"/aws/eks/{cluster}/cluster"))


def _deleting(self: LogsBackend, log_group_name: str) -> None:
    arn = self.groups[log_group_name].arn if log_group_name in self.groups else ""
    _delete(self, log_group_name)
    # The emulator would give a later group of the same name the tags of this one.
    self.tagger.delete_all_tags_for_resource(arn)
    group = (self.account_id, self.region_name, log_group_name)
    if group in _expected:
        _expected.remove(group)
        self.create_log_group(log_group_name, {})
