"""Config of access: audiences, workloads, and their permissions on a project's data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config, Name
from stackyard.datasets.config import Directory
from stackyard.problem import Problem

Audience = Literal[
    "scientist", "labelling-vendor", "developer", "business", "delivery", "auditor", "pipeline"
]
"""A group of people, or the pipeline that acts for them; each has an IAM role of its own."""

Workload = Literal["trainer", "server"]
"""Pods that use AWS without a person: training runs and model servers."""

WORKLOADS: frozenset[Workload] = frozenset({"trainer", "server"})
"""All workloads."""

OUTSIDE: frozenset[str] = frozenset({"labelling-vendor"})
"""Audiences of other companies: directories only, an external id, one-hour sessions."""

Level = Literal["read", "write"]
"""`write` includes read and delete; deleted objects can be restored for a while."""

DatasetKey = Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9-]{0,30}[a-z0-9])$")]
"""A dataset of the project, or `*` for all of them."""

PrincipalArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws(-us-gov|-cn)?:iam::[0-9]{12}:(root|(role|user)/[A-Za-z0-9+=,.@_/*-]+)$"
    ),
]
"""ARN of a role or user; `*` matches any text, and `…:root` delegates to that account."""


class GrantsConfig(Config):
    """Permissions on the project's datasets."""

    datasets: dict[DatasetKey, Level] = {}
    """Whole datasets: `read` or `write` by dataset, or by `*` for all."""

    directories: dict[Name, list[Directory]] = {}
    """Directories to read and write, by dataset; each also gets an S3 access point."""


class AudienceConfig(GrantsConfig):
    """Members of an audience, and their permissions."""

    trusted: Annotated[list[PrincipalArn], Field(min_length=1)]
    """Principals that may assume the audience's role: ARNs of roles or users of any account."""

    external_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_+=,.@:/-]{8,200}$")] | None = None
    """External id that another company sends when it assumes the role; not a secret. Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html."""

    session_hours: Annotated[int, Field(ge=1, le=12)] = 1
    """Maximum session duration, 1 to 12 hours. Sessions of a role, such as those of single sign-on,
    that assume the audience's role get one hour at most, and ask for no more. Source:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining."""


class WorkloadsConfig(Config):
    """Permissions of pods, independent of who started them."""

    trainer: GrantsConfig = GrantsConfig(datasets={"*": "read"})
    """Training runs."""

    server: GrantsConfig = GrantsConfig()
    """Model servers."""


class SharedDirectoryConfig(Config):
    """A directory on the project's shared file system, for programs that need POSIX files."""

    members: Annotated[list[Audience | Workload], Field(min_length=1)]
    """Audiences and workloads that may mount it, to read and write."""

    uid: Annotated[int, Field(ge=1000, le=65534)]
    """User id of every access, whatever the client sends."""

    gid: Annotated[int, Field(ge=1000, le=65534)]
    """Group id of every access, whatever the client sends."""

    mode: Annotated[str, Field(pattern=r"^0[0-7]{3}$")] = "0750"
    """Permissions of the directory, octal, for example `0750`."""


class AccessConfig(Config):
    """Permissions of audiences and workloads in the project."""

    audiences: dict[Audience, AudienceConfig] = {}
    """The audiences of the project; one without an entry has no role."""

    workloads: WorkloadsConfig = WorkloadsConfig()
    """Permissions of pods."""

    shared: dict[Name, SharedDirectoryConfig] = {}
    """Directories on a shared file system (EFS), which exists only if there are any. They are for
    working copies only, because a file system has no retention rules."""

    @property
    def grants(self) -> dict[str, GrantsConfig]:
        """The permissions of each audience and workload."""
        audiences: dict[str, GrantsConfig] = dict(self.audiences.items())
        return {**audiences, "trainer": self.workloads.trainer, "server": self.workloads.server}

    def problems(self) -> Iterator[Problem]:
        """Yield permissions that another company must not have, and members without a role."""
        for who, audience in self.audiences.items():
            if who in OUTSIDE:
                yield from _outsider_problems(who, audience)
        for name, directory in self.shared.items():
            for member in directory.members:
                if member not in self.grants:
                    yield Problem(
                        ("shared", name, "members"),
                        f"`members` has `{member}`, which `audiences` lacks",
                        related=(("audiences",),),
                    )


def _outsider_problems(name: Audience, audience: AudienceConfig) -> Iterator[Problem]:
    path = ("audiences", name)
    outside = f"`{name}` is another company"
    if audience.external_id is None:
        yield Problem(path, f"{outside}: it needs `external_id`")
    if audience.datasets:
        yield Problem(path, f"{outside}: grant it `directories`, not `datasets`")
    if audience.session_hours > 1:
        yield Problem((*path, "session_hours"), f"{outside}: `session_hours` must be 1")
