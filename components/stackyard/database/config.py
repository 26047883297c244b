"""What a person may write about the stage's database instance; never a password."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from stackyard.config import Config
from stackyard.problem import Problem


class DatabaseConfig(Config):
    """The PostgreSQL instance that tracking and tuning of every project of the stage share."""

    version: Annotated[int, Field(ge=15, le=18)] = 16
    """Major version of PostgreSQL, 15 to 18; AWS picks and renews the minor version."""

    instance_class: Annotated[str, Field(pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")] = "db.t4g.medium"
    """Size of the instance, for example `db.m7g.large`."""

    storage_gb: Annotated[int, Field(ge=20, le=65_536)] = 50
    """Storage at the start, in GiB."""

    max_storage_gb: Annotated[int, Field(ge=20, le=65_536)] = 500
    """Storage up to which the instance grows by itself, in GiB."""

    multi_zone: bool = False
    """Whether a standby waits in a second zone; it takes over within minutes."""

    rotation_days: Annotated[int, Field(ge=1, le=365)] = 30
    """Days between new passwords of the projects' databases, 1 to 365. A server starts new pods
    then; what still works with the former password can until the next rotation."""

    def problems(self) -> Iterator[Problem]:
        """Yield a maximum below the storage at the start."""
        if self.max_storage_gb < self.storage_gb:
            yield Problem(
                ("max_storage_gb",),
                f"`max_storage_gb` ({self.max_storage_gb}) is less than "
                f"`storage_gb` ({self.storage_gb})",
                related=(("storage_gb",),),
            )
