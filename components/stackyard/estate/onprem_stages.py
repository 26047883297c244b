"""An on-premises cluster is registered by one stage; others of its account refer to that stage.

Names of priority classes and queues are unique in a cluster, so the apply of a second stage would
fail, or its destroy would delete those of the first. IAM has one identity provider per issuer and
account. Source:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
(`EntityAlreadyExists`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from stackyard.blueprints.services.config import ServicesConfig
from stackyard.estate.errors import StackFileError
from stackyard.estate.loaded import Loaded
from stackyard.estate.partial import is_doubtful
from stackyard.estate.positions import located
from stackyard.field_path import FieldPath
from stackyard.naming import StackId
from stackyard.onprem.config import OnPremClusterConfig
from stackyard.onprem.registrars import other_stages
from stackyard.problem import Problem

SAME = ("kubeconfig", "context", "issuer", "gpu_pools")
"""Fields of a cluster that are the same in every stage that uses it."""


@dataclass(frozen=True)
class _Entry:
    """One cluster in the services of one stage."""

    loaded: Loaded
    config: ServicesConfig
    name: str

    @property
    def cluster(self) -> OnPremClusterConfig:
        return self.config.onprem.clusters[self.name]

    @property
    def registrar(self) -> str:
        return self.cluster.registered_by or self.loaded.id.stage

    @property
    def is_own(self) -> bool:
        return self.registrar == self.loaded.id.stage

    def path(self, field: str) -> FieldPath:
        return ("onprem", "clusters", self.name, field)

    def where(self, path: FieldPath) -> str:
        """Return the position of a value, in parentheses; empty for a default value."""
        origins = self.loaded.origins.items()
        origin = next((one for each, one in origins if each[: len(path)] == path), None)
        return f" ({origin})" if origin else ""


Registered = dict[tuple[str, ...], _Entry]
"""Clusters that are registered already, by kubeconfig and by issuer."""

Read = Callable[[StackId], Loaded | None]
"""Function that returns what is valid of a stack."""


def problems(
    stacks: Iterable[Loaded], services: Mapping[str, StackId], read: Read
) -> Iterator[StackFileError]:
    """Yield clusters that two stages register, and references to a stage that are wrong.

    `services` has the services stack of each stage.
    """
    registered: Registered = {}
    for loaded in stacks:
        config = loaded.config
        if not isinstance(config, ServicesConfig):
            continue
        for name in config.onprem.clusters:
            entry = _Entry(loaded, config, name)
            found = (
                _registered_twice(entry, registered)
                if entry.is_own
                else _referring(entry, services, read)
            )
            for problem in found:
                if not is_doubtful(problem, (), loaded.left_out):
                    yield located(problem, loaded.tree)


def _registered_twice(entry: _Entry, registered: Registered) -> Iterator[Problem]:
    keys = {
        "kubeconfig": ("cluster", entry.cluster.kubeconfig, entry.cluster.context or ""),
        "issuer": ("issuer", entry.config.account, entry.cluster.issuer),
    }
    found = [(field, registered.setdefault(key, entry)) for field, key in keys.items()]
    for field, other in found:
        if other.loaded is not entry.loaded:
            message = f"is the cluster `{other.name}` of {other.loaded.id} already"
            yield Problem(
                entry.path(field), message + other.where(other.path(field)), _advice(entry, other)
            )
            return


def _advice(entry: _Entry, other: _Entry) -> str:
    """Return how both stages can use the cluster, or that they cannot."""
    if entry.config.account != other.config.account:
        return "give the stage a cluster of its own: only stages of one account can share one"
    name = f"name it `{other.name}` and " if entry.name != other.name else ""
    return f"{name}write `registered_by: {other.loaded.id.stage}` to use the same cluster"


def _referring(entry: _Entry, services: Mapping[str, StackId], read: Read) -> Iterator[Problem]:
    """Yield what is wrong with a cluster that another stage registers."""
    path, stage = entry.path("registered_by"), entry.registrar
    if stage not in services:
        others = ", ".join(sorted({*services} - {entry.loaded.id.stage}))
        hint = f"other stages with services: {others}" if others else "leave it out"
        yield Problem(path, f"the stage `{stage}` has no stack of services", hint)
        return
    loaded = read(services[stage])
    if loaded is None or not isinstance(loaded.config, ServicesConfig):
        return  # Its own check reports why it cannot be read.
    clusters = loaded.config.onprem.clusters
    if entry.name not in clusters:
        listed = ", ".join(clusters) or "none"
        message = f"{loaded.id} has no cluster `{entry.name}` (it has {listed})"
        yield Problem(path, message, "the stage that registers a cluster has it by the same name")
        return
    other = _Entry(loaded, loaded.config, entry.name)
    if not other.is_own:
        message = f"{loaded.id} does not register it itself{other.where(path)}"
        yield Problem(path, message, f"write `registered_by: {other.registrar}`")
        return
    yield from _differing(entry, other)
    if _waits_for(stage, entry.loaded.id.stage, services, read):
        message = f"{loaded.id} waits for a cluster that this stage registers"
        yield Problem(path, message, "let one stage register all clusters that both use")


def _differing(entry: _Entry, other: _Entry) -> Iterator[Problem]:
    """Yield fields in which two descriptions of one cluster differ."""
    stack = other.loaded.id
    if entry.config.account != other.config.account:
        message = (
            f"{stack} is in the account {other.config.account}, this stage in "
            f"{entry.config.account}: each has identity providers of its own"
        )
        hint = "give the stage a cluster of its own, or the account of the other"
        yield Problem(entry.path("registered_by"), message, hint)
        return
    for field in SAME:
        path = entry.path(field)
        if getattr(entry.cluster, field) != getattr(other.cluster, field):
            message = f"`{field}` differs from the same cluster in {stack}{other.where(path)}"
            hint = "write the cluster once, in the `_defaults.yaml` of both stages' services"
            yield Problem(path, message, hint, related=(entry.path("registered_by"),))
    if entry.config.queueing != other.config.queueing:
        message = (
            f"all stages that use `{entry.name}` queue alike, and {stack} has "
            f"`queueing: {other.config.queueing or 'none'}`{other.where(('queueing',))}"
        )
        hint = "write the same `queueing` for both stages, or none"
        yield Problem(("queueing",), message, hint, related=(entry.path("registered_by"),))


def _waits_for(stage: str, goal: str, services: Mapping[str, StackId], read: Read) -> bool:
    """Whether the services of a stage wait, at last, for those of another."""
    reached, ahead = set[str](), [stage]
    while ahead:
        now = ahead.pop()
        loaded = read(services[now]) if now in services and now not in reached else None
        reached.add(now)
        ahead += other_stages(loaded.effective, now) if loaded else []
    return goal in reached
