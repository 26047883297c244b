"""The DVC configuration of a project's datasets: one remote each, without any credential."""

from __future__ import annotations

from collections.abc import Mapping

from stackyard.bucket.layout import dvc_remote


def remote_config(buckets: Mapping[str, str], region: str) -> str:
    """Return the text of `.dvc/config` for the datasets, given the bucket of each.

    DVC signs with the AWS identity of its user, for example a session of the scientist's role. A
    single dataset is the default remote. Encryption and versions are settings of the bucket.
    Source: https://doc.dvc.org/user-guide/data-management/remote-storage/amazon-s3.
    """
    lines = []
    if len(buckets) == 1:
        lines += ["[core]", f"    remote = {next(iter(buckets))}"]
    for name, bucket in sorted(buckets.items()):
        lines += [f"['remote \"{name}\"']", f"    url = {dvc_remote(bucket)}"]
        lines += [f"    region = {region}"]
    return "\n".join(lines) + "\n"
