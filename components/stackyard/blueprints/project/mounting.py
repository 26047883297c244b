"""Which pods of a project mount which secrets, and whether those may read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stackyard.access.config import Workload
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.namespace.accounts import MAY_RUN_AS


@dataclass(frozen=True)
class Mount:
    """The secrets of one kind of pod."""

    place: str
    """Where the stack file says so."""

    workload: Workload
    """Whose role the pods have."""

    secrets: list[str]


def mounts(config: ProjectSections) -> Iterator[Mount]:
    """Yield every place that mounts secrets."""
    for name, job in config.training.items():
        if job.mounts:
            yield Mount(f"training.{name}.mounts", "trainer", job.mounts)
    for name, server in config.serving.models.items() if config.serving else ():
        if server.mounts:
            yield Mount(f"serving.models.{name}.mounts", "server", server.mounts)


def mounted(config: ProjectSections) -> list[str]:
    """Return the secrets that any pod mounts."""
    return sorted({secret for mount in mounts(config) for secret in mount.secrets})


def problems(config: ProjectSections) -> list[str]:
    """Return what readers of secrets and mounts of them do not agree on."""
    entries = config.secrets.entries
    found = [
        f"`secrets.entries.{name}.readers` has `{reader}`, which is not in `access.audiences`"
        for name, secret in entries.items()
        for reader in secret.readers
        if reader not in config.access.grants
    ]
    # Whoever starts a pod decides what runs in it, so it has what the pod's role may read.
    found += [
        f"`secrets.entries.{name}.readers` has `{reader}`, whose pods `{who}` starts and so reads "
        f"what they read: add `{who}`"
        for name, secret in entries.items()
        for reader in secret.readers
        for who in config.access.audiences
        if reader in MAY_RUN_AS.get(who, ()) and who not in secret.readers
    ]
    for mount in mounts(config):
        for secret in mount.secrets:
            if mount.secrets.count(secret) > 1:
                found.append(f"`{mount.place}` has `{secret}` more than once")
            elif secret not in entries:
                found.append(
                    f"`{mount.place}` has `{secret}`, which `secrets.entries` does not have"
                )
            elif mount.workload not in entries[secret].readers:
                found.append(
                    f"`{mount.place}` has `{secret}`, and its pods are `{mount.workload}`, which "
                    f"is not in `secrets.entries.{secret}.readers`"
                )
    return list(dict.fromkeys(found))
