"""The bootstrap of an AWS account: its steps in order, from the estate's settings and stacks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from stackyard.estate.estate import Estate
from stackyard.estate.loaded import Loaded
from stackyard.naming import LONGEST_SLUG
from stackyard_cli.bootstrap import boundaries, identities, policies, steps, trust
from stackyard_cli.bootstrap.context import PREFIX, ROLE_BOUNDARY, AccountContext
from stackyard_cli.bootstrap.permissions import actions_of, known_blueprints, types_of
from stackyard_cli.bootstrap.repository import Repository
from stackyard_cli.ci.durations import session_seconds
from stackyard_cli.clients.aws import Aws
from stackyard_cli.errors import ExitCode, StackyardError

Row = dict[str, str]
Confirm = Callable[[str, list[Row]], None]


def context_of(estate: Estate, clients: steps.Clients, region: str) -> tuple[AccountContext, str]:
    """Return the account with its state bucket, and the alias of the state's key.

    Raises StackyardError if the settings do not name an S3 bucket and a KMS alias.
    """
    state = estate.settings.state
    backend, secrets = urlsplit(state.backend or ""), urlsplit(state.secrets or "")
    alias = f"{secrets.netloc}{secrets.path}"
    if backend.scheme != "s3" or secrets.scheme != "awskms" or not alias.startswith("alias/"):
        raise StackyardError(
            "the estate's settings name no state bucket and key alias",
            hint="set in _estate.yaml: `state: {backend: 's3://BUCKET?region=REGION', "
            "secrets: 'awskms://alias/NAME?region=REGION'}`",
            code=ExitCode.INVALID,
        )
    where = parse_qs(backend.query).get("region", [region])[0]
    identity = clients("sts").get_caller_identity()
    partition = identity["Arn"].split(":")[1]
    return AccountContext(partition, identity["Account"], where, backend.netloc, key_arn=""), alias


class Setup:
    """The steps for one account, in order: later steps need the results of earlier ones."""

    def __init__(
        self,
        estate: Estate,
        clients: steps.Clients,
        region: str,
        repository: Repository,
    ) -> None:
        self._clients, self._repository = clients, repository
        self.context, self._alias = context_of(estate, clients, region)
        loaded = [estate.load(stack) for stack in estate.stacks()]
        here = [one for one in loaded if one.config.account == self.context.account]
        if not here:
            raise StackyardError(
                f"no stack of the estate is in account {self.context.account}",
                hint="use credentials of an account that stack files name",
                code=ExitCode.INVALID,
            )
        for one in here:
            _check_boundary(one)
        self._stages = sorted({one.id.stage for one in here})
        self._types = types_of(known_blueprints({one.blueprint for one in here}))

    def planned_steps(self) -> Iterator[steps.Step]:
        """Yield the steps; policies contain the key's ARN, so they are rendered after it exists."""
        yield from steps.key_steps(self._clients, self._alias)
        context = replace(self.context, key_arn=self._key_arn())
        yield from steps.bucket_steps(self._clients, context)
        yield identities.provider_step(self._clients, context, self._repository.host)
        actions = actions_of(self._types)
        (bound_roles,) = policies.packed(boundaries.of_roles(context))
        yield identities.policy_step(self._clients, context, ROLE_BOUNDARY, bound_roles)
        bounds = self._policies(context, "boundary", boundaries.of_applies(context, actions))
        yield from bounds
        boundary = identities.policy_arn(context, bounds[0].name)
        yield from self._role(context, "preview", policies.preview(context, actions), None, None)
        for stage in self._stages:
            others = [one for one in self._stages if one != stage]
            granted = policies.apply(context, actions, stage, others)
            yield from self._role(context, f"apply-{stage}", granted, stage, boundary)

    def _role(
        self,
        context: AccountContext,
        role: str,
        statements: list[Any],
        stage: str | None,
        boundary: str | None,
    ) -> Iterator[steps.Step]:
        made = self._policies(context, role, statements)
        yield from made
        spec = identities.RoleSpec(
            f"{PREFIX}{role}",
            trust=trust.policy(context, self._repository, stage),
            attached=[identities.policy_arn(context, each.name) for each in made],
            boundary=boundary,
            session_seconds=session_seconds("apply" if stage else "preview"),
        )
        yield identities.role_step(self._clients, spec)

    def _policies(
        self, context: AccountContext, role: str, statements: list[Any]
    ) -> list[steps.Step]:
        return [
            identities.policy_step(self._clients, context, f"{PREFIX}{role}-{number}", text)
            for number, text in enumerate(policies.packed(statements), 1)
        ]

    def _key_arn(self) -> str:
        """Return the key's ARN; a placeholder while the key does not exist."""
        existing = steps.described_key(self._clients, self._alias)
        made = f"arn:{self.context.partition}:kms:{self.context.region}:{self.context.account}:key/"
        return existing or f"{made}known-once-made"


def _check_boundary(stack: Loaded) -> None:
    """Refuse a stack whose roles the apply role could not create."""
    named = stack.config.permissions_boundary
    if named != ROLE_BOUNDARY:
        raise StackyardError(
            f"{stack.id}: apply roles create roles with the boundary `{ROLE_BOUNDARY}` "
            f"only (got {named!r})",
            hint=f"in _defaults.yaml: `permissions_boundary: {ROLE_BOUNDARY}`",
            code=ExitCode.INVALID,
        )
    if len(stack.id.slug) > LONGEST_SLUG:
        raise StackyardError(
            f"{stack.id}: the path is too long: its IAM role names would be cut before "
            f"`-{stack.id.stage}-`, which the apply role matches",
            hint=f"use a path of at most {LONGEST_SLUG} characters",
            code=ExitCode.INVALID,
        )


def bootstrap(
    estate: Estate, repository: Repository, confirm: Confirm | None
) -> tuple[list[Row], bool]:
    """Compare every step with the account, and after `confirm` correct the differences.

    Returns the rows, and whether all of them are ok now. `confirm` receives the account's id and
    the rows that differ, and raises to stop; without it nothing is changed.
    """
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    try:
        setup = Setup(estate, lambda service: _client(service, region), region, repository)
        rows = list(_compared(setup, change=False))
        different = [row for row in rows if row["status"] != "ok"]
        if not different or confirm is None:
            return rows, not different
        confirm(setup.context.account, different)
        return [row for row in _compared(setup, change=True) if row["status"] != "ok"], True
    except (BotoCoreError, ClientError) as error:
        hint = "use credentials of an administrator of the account, then run it again"
        raise StackyardError(f"AWS: {error}", hint=hint) from None


def _compared(setup: Setup, *, change: bool) -> Iterator[Row]:
    """Compare step by step, and correct what is not ok if `change`."""
    for step in setup.planned_steps():
        status = step.look()
        yield {"what": step.what, "name": step.name, "status": status}
        if change and status != "ok":
            step.make()


def _client(service: str, region: str) -> Any:
    return Aws({}, region).client(service)
