"""Config of a stage's PostgreSQL instance; AWS generates the passwords."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from stackyard.config import Config
from stackyard.limits import instance_types, rds
from stackyard.problem import Problem


class DatabaseConfig(Config):
    """The PostgreSQL instance that all projects of a stage share for tracking and tuning."""

    version: Annotated[int, Field(ge=15, le=18)] = 16
    """Major version of PostgreSQL, 15 to 18; AWS chooses and upgrades the minor version."""

    instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")] = "db.t4g.medium"
    """Instance class, for example `db.m7g.large`."""

    storage_gb: Annotated[int, Field(ge=20, le=65_536)] = 50
    """Initial storage in GiB."""

    max_storage_gb: Annotated[int, Field(ge=20, le=65_536)] = 500
    """Maximum storage in GiB, at least 10 % above `storage_gb`; RDS grows the storage up to it
    automatically."""

    multi_zone: bool = False
    """Keep a standby in a second zone, for failover within minutes."""

    rotation_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Days between password rotations of the projects' databases, 1 to 365. Servers restart their
    pods after a rotation; the former password is valid until the next one."""

    def problems(self) -> Iterator[Problem]:
        """Yield a class that RDS does not have, and a maximum to which it could not grow."""
        kind = self.instance_class
        if unknown := instance_types.problem(kind, instance_types.RDS, "RDS for PostgreSQL"):
            yield Problem(("instance_class",), *unknown)
        least = rds.least_maximum(self.storage_gb)
        if self.max_storage_gb < least:
            yield Problem(
                ("max_storage_gb",),
                f"`max_storage_gb` ({self.max_storage_gb}) is not at least 10 % above "
                f"`storage_gb` ({self.storage_gb})",
                f"write {least} or more",
                related=(("storage_gb",),),
            )
