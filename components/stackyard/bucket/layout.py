"""Where things lie in a dataset's bucket, and what its versions are made of.

A bucket holds the dataset's directories side by side, and a DVC remote in `dvc/`:

    s3://BUCKET/labels/...              a directory, which access can be granted to
    s3://BUCKET/dvc/files/md5/ab/cd...  content of all versions, by checksum (`dvc push`)
    s3://BUCKET/lakefs/REPOSITORY/...   what lakeFS keeps, where the dataset has branches

DVC names content by checksum and uploads it once, so the age of an object below `dvc/` says when
its content was first pushed, not when a version last used it: a file that never changes reaches
the end of its retention although the newest version still has it. That is intended. Retention is a
rule about data, not about names of data, and S3 does not know which version uses what. Whoever
may keep data longer pushes it again from a working copy after it has expired, which is a new
upload with a new age; whoever may not has lost it in time. Old versions of the whole dataset go
by the same rule, so `dvc gc` is needed only to free space earlier.

Cold storage below `dvc/` must be readable at once, as `dvc pull` does not wait for a restore.
Source: https://doc.dvc.org/user-guide/project-structure/internal-files#structure-of-the-cache-directory.
"""

from __future__ import annotations

from dataclasses import dataclass

from stackyard.aws_location import partition_of

DVC_DIRECTORY = "dvc"
"""The directory of the DVC remote."""

LAKEFS_DIRECTORY = "lakefs"
"""The directory of lakeFS, with one further directory for each of its repositories."""

ACCESS_LOGS = "access-logs"
"""The bucket of a project that gets the access logs of all its others."""


def prefix(directory: str) -> str:
    """Return the prefix of a directory's keys; the slash keeps `labels-old` out of `labels`."""
    return f"{directory}/"


def overlap(one: str, other: str) -> bool:
    """Whether one directory is, or lies within, the other."""
    return prefix(one).startswith(prefix(other)) or prefix(other).startswith(prefix(one))


def dvc_remote(bucket: str) -> str:
    """Return the URL of a dataset's DVC remote."""
    return f"s3://{bucket}/{DVC_DIRECTORY}"


def bucket_arn(bucket: str, region: str) -> str:
    """Return the ARN of a bucket, which names neither account nor region, but the partition."""
    return f"arn:{partition_of(region)}:s3:::{bucket}"


@dataclass(frozen=True)
class BucketRef:
    """A bucket by its name, which may be known before the bucket exists."""

    name: str
    region: str

    @property
    def arn(self) -> str:
        """Its ARN."""
        return bucket_arn(self.name, self.region)
