"""Mounted secrets: they exist, and the role of the pods and their starters may read them."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.mounting import Mount, mounts
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.database.documents import PURPOSES, secret_name
from stackyard.datasets.lakefs import key_name
from stackyard.namespace.accounts import MAY_RUN_AS
from stackyard.naming import StackId
from stackyard.problem import Problem

ANY = StackId("team", "project", "stage")
"""A stack for names of which only the last part is compared."""


def check(config: ProjectSections) -> Iterator[Problem]:
    """Yield readers that do not exist or are missing, and mounts that cannot be read."""
    yield from _reserved(config)
    yield from _readers(config)
    for mount in mounts(config):
        for secret in dict.fromkeys(mount.secrets):
            yield from _mounted(config, mount, secret)


def _reserved(config: ProjectSections) -> Iterator[Problem]:
    """Yield secrets whose names are those of the platform's own: the second would not be made."""
    own = [secret_name(ANY, purpose) for purpose in PURPOSES]
    taken = {name.rpartition("/")[2] for name in (*own, key_name(ANY))}
    for name in config.secrets.entries:
        if name in taken:
            message = f"the name `{name}` is that of a secret of the platform"
            yield Problem(("secrets", "entries", name), message, "choose another")


def _readers(config: ProjectSections) -> Iterator[Problem]:
    """Yield unknown readers, and audiences that start a reader's pods but are no readers.

    A person who starts a pod decides its program, and so reads everything that its role may read.
    """
    for name, secret in config.secrets.entries.items():
        path = ("secrets", "entries", name, "readers")
        for reader in secret.readers:
            if reader not in config.access.grants:
                yield Problem(path, f"`readers` has `{reader}`, which `access.audiences` lacks")
            for who in config.access.audiences:
                if reader in MAY_RUN_AS.get(who, ()) and who not in secret.readers:
                    message = f"`readers` has `{reader}`, whose pods `{who}` starts"
                    hint = f"add `{who}`: a pod's starter can read what the pod reads"
                    yield Problem(path, message, hint)


def _mounted(config: ProjectSections, mount: Mount, secret: str) -> Iterator[Problem]:
    entries = config.secrets.entries
    if secret not in entries:
        yield Problem(mount.path, f"`mounts` has `{secret}`, which `secrets.entries` lacks")
    elif mount.workload not in entries[secret].readers:
        readers = ("secrets", "entries", secret, "readers")
        yield Problem(
            mount.path,
            f"`mounts` has `{secret}`, but its pods are `{mount.workload}`, which "
            f"`{'.'.join(readers)}` lacks",
            related=(readers,),
        )
