"""Layout of a dataset's bucket: its directories, its DVC remote, and the data of lakeFS.

A bucket holds the dataset's directories, and a DVC remote in `dvc/`:

    s3://BUCKET/labels/...              a directory, to which access can be granted
    s3://BUCKET/dvc/files/md5/ab/cd...  content of all versions, by checksum (`dvc push`)
    s3://BUCKET/lakefs/REPOSITORY/...   data of lakeFS, if the dataset has branches

DVC names content by checksum and uploads it once. The age of an object below `dvc/` is therefore
the time since its first push, not since its last use: a file that never changes expires although
the newest version still has it. This is intended. Retention is a rule about data, not about names
of data, and S3 does not know which version uses an object. A person who may keep data longer pushes
it again from a working copy after it has expired; the new upload has a new age. For all others the
data is deleted on time. The same rule applies to old versions of the whole dataset, so `dvc gc` is
needed only to free space earlier.

Cold storage below `dvc/` must be readable at once, because `dvc pull` does not wait for a restore.
Source:
https://doc.dvc.org/user-guide/project-structure/internal-files#structure-of-the-cache-directory.
"""

from __future__ import annotations

from dataclasses import dataclass

from stackyard.aws_location import partition_of

DVC_DIRECTORY = "dvc"
"""The directory of the DVC remote."""

LAKEFS_DIRECTORY = "lakefs"
"""The directory of lakeFS, with one further directory for each of its repositories."""

ACCESS_LOGS = "access-logs"
"""The bucket of a project that receives the access logs of all its other buckets."""


def prefix(directory: str) -> str:
    """Return the key prefix of a directory; by its slash, `labels/` excludes `labels-old/`."""
    return f"{directory}/"


def overlap(one: str, other: str) -> bool:
    """Return whether one directory is equal to the other or inside it."""
    return prefix(one).startswith(prefix(other)) or prefix(other).startswith(prefix(one))


def dvc_remote(bucket: str) -> str:
    """Return the URL of a dataset's DVC remote."""
    return f"s3://{bucket}/{DVC_DIRECTORY}"


def bucket_arn(bucket: str, region: str) -> str:
    """Return the ARN of a bucket; it contains the partition, but no account and no region."""
    return f"arn:{partition_of(region)}:s3:::{bucket}"


@dataclass(frozen=True)
class BucketRef:
    """A bucket by its name, which is known before the bucket exists."""

    name: str
    region: str

    @property
    def arn(self) -> str:
        """The bucket's ARN."""
        return bucket_arn(self.name, self.region)
