"""Computes the permissions on a project's data and in its namespace, from its files only."""

from __future__ import annotations

import json as encoder
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackyard.aws_location import AwsLocation
from stackyard.naming import cluster_name
from stackyard.suggestion import did_you_mean
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.estate_ops.projects import project

if TYPE_CHECKING:
    from stackyard.access import cluster
    from stackyard.access.grants import Compiled, GrantContext
    from stackyard.access.matrix import Cell
    from stackyard.blueprints.project.config import ProjectConfig
    from stackyard.datasets.config import DatasetConfig
    from stackyard.naming import StackId

BUCKET, POINT = "bucket", "access point"

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """One cell of the matrix, its access path (bucket or access point), and the statement."""

    cell: Cell
    via: str
    statement: dict[str, Any] | None

    @property
    def text(self) -> str:
        """The statement as JSON, empty if no statement decides."""
        return encoder.dumps(self.statement, indent=2, sort_keys=True) if self.statement else ""

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        cell, decision = self.cell, self.cell.decision
        path = {"who": cell.who, "dataset": cell.dataset, "directory": cell.directory}
        decided = {"policy": decision.policy, "sid": decision.sid, "why": str(decision)}
        return {**path, "via": self.via, "verb": cell.verb, "allowed": decision.allowed, **decided}


@dataclass(frozen=True)
class AccessMatrix:
    """The answers of one project: about its data, and about its namespace."""

    stack: StackId
    data: list[Answer]
    namespace: list[cluster.Answer]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        inside = [
            {"who": one.who, "ability": one.ability, "allowed": one.allowed, "why": one.why}
            for one in self.namespace
        ]
        return {"data": [answer.to_dict() for answer in self.data], "namespace": inside}


def matrix_of(
    stack: str, estate_dir: Path | None, *, dataset: str | None, who: str | None
) -> AccessMatrix:
    """Return the answers for one dataset and one audience, workload or service, or for all."""
    from stackyard.blueprints.services.config import ServicesConfig

    estate, chosen, config = project(stack, estate_dir)
    upstreams = estate.upstreams(chosen)
    services = estate.load(upstreams["services"]).config
    if not isinstance(services, ServicesConfig):
        raise StackyardError(
            f"{upstreams['services']} is not a stack of the blueprint `services`",
            hint="`stackyard list` shows the blueprint of each stack",
            code=ExitCode.INVALID,
        )
    context = grant_context_of(chosen, config, cluster_name(upstreams["foundation"]))
    clusters = services.onprem.clusters
    data = list(answered(config, context, dataset=dataset, who=who, clusters=clusters))
    queued = services.queueing is not None
    inside = [] if dataset else list(in_namespace(config, queued=queued, who=who))
    return AccessMatrix(chosen, data, inside)


def grant_context_of(stack: StackId, config: ProjectConfig, cluster: str) -> GrantContext:
    """Return a project's account, region, buckets and keys, as far as its files name them.

    AWS generates the ids of KMS keys, so a key's purpose replaces its id here. No answer depends on
    it: a key's ARN is only in statements about KMS, and in the denial of any other key.
    """
    from stackyard.blueprints.project.parts.permissions import grant_context

    location = AwsLocation(config.account, config.region)
    key_arns = {each: location.arn("kms", f"key/{each}") for each in ("data", "personal")}
    return grant_context(stack, config, cluster=cluster, key_arns=key_arns)


def answered(
    config: ProjectConfig,
    context: GrantContext,
    *,
    dataset: str | None,
    who: str | None,
    clusters: Iterable[str] = (),
) -> Iterator[Answer]:
    """Yield the answers about a dataset and a role, or about all.

    `clusters` are the on-premises clusters. Raises StackyardError for a dataset, audience, workload
    or service that the project does not have.
    """
    from stackyard.access.grants import compiled
    from stackyard.access.matrix import matrix
    from stackyard.blueprints.project.parts.data_roles import data_roles

    documents = compiled(config.access, config.datasets, context)
    others = data_roles(config, documents, context, clusters)
    identities = {name: role.policy for name, role in documents.roles.items()}
    identities |= {name: holder.policy for name, holder in others.items()}
    _check("dataset", dataset, config.datasets, context.stack)
    _check("audience, workload or service", who, identities, context.stack)
    datasets = {name: one for name, one in config.datasets.items() if dataset in (None, name)}
    decisions = (
        *((BUCKET, cell) for cell in matrix(documents, datasets, context, others)),
        *((POINT, cell) for cell in _through_points(datasets, documents, context)),
    )
    for via, cell in decisions:
        if who in (None, cell.who):
            resources = _resource_policies(cell, datasets[cell.dataset], documents, context)
            yield Answer(cell, via, _statement(cell, identities[cell.who], resources))


def in_namespace(
    config: ProjectConfig, *, queued: bool, who: str | None
) -> Iterator[cluster.Answer]:
    """Yield every answer about the namespace; `queued` if Kueue queues the stage's jobs."""
    from stackyard.access import cluster
    from stackyard.blueprints.project.parts.permissions import namespace_rules

    rules = namespace_rules(config, queued=queued)
    return cluster.answers(rules, [one for one in config.access.grants if who in (None, one)])


def _through_points(
    datasets: Mapping[str, DatasetConfig], documents: Compiled, context: GrantContext
) -> Iterator[Cell]:
    from stackyard.access.matrix import ACTIONS, Cell, key_of, paths, through_access_point

    for point in documents.access_points.values():
        if point.dataset not in datasets:
            continue
        dataset = datasets[point.dataset]
        key = key_of(dataset, context)
        for directory in paths(dataset):
            for verb in ACTIONS:
                decision = through_access_point(documents, point, verb, directory, key)
                yield Cell(point.who, point.dataset, directory, verb, decision)


def _statement(
    cell: Cell, identity: Document, resources: Mapping[str, list[Document]]
) -> dict[str, Any] | None:
    """Return the statement that decides a cell; None if no statement does."""
    decision = cell.decision
    policies = {"identity": [identity], **resources}.get(decision.policy, [])
    statements = (statement for policy in policies for statement in policy["Statement"])
    return next((one for one in statements if one["Sid"] == decision.sid), None)


def _resource_policies(
    cell: Cell, dataset: DatasetConfig, documents: Compiled, context: GrantContext
) -> dict[str, list[Document]]:
    """Return the policies that can decide, beside the role's own."""
    from stackyard.access.matrix import key_of
    from stackyard.bucket.policies import bucket_policy

    key = key_of(dataset, context)
    statements = documents.bucket_statements[cell.dataset]
    policies: list[Document] = [bucket_policy(context.buckets[cell.dataset], key.arn, statements)]
    # An access point's statements have other ids than a bucket's.
    point = documents.access_points.get(f"{cell.who}-{cell.dataset}")
    return {"resource": [*policies, *([point.policy] if point else [])], "key": [key.policy]}


def _check(what: str, name: str | None, known: Collection[str], stack: StackId) -> None:
    if name is None or name in known:
        return
    hint = did_you_mean(name, known, f"it has: {', '.join(known) or 'none'}")
    raise StackyardError(f"{stack} has no {what} {name!r}", hint=hint, code=ExitCode.INVALID)
