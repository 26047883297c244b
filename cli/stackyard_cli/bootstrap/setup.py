"""All steps of a bootstrap in order, from what the estate says about its state and stacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from stackyard.estate.estate import Estate
from stackyard.estate.loaded import Loaded
from stackyard.naming import StackId, role_name
from stackyard_cli.bootstrap import boundaries, identities, policies, steps
from stackyard_cli.bootstrap.permissions import actions_of, known_blueprints, types_of
from stackyard_cli.bootstrap.policies import Forge, Place
from stackyard_cli.errors import ExitCode, StackyardError


def place_of(estate: Estate, clients: steps.Clients, region: str) -> tuple[Place, str]:
    """Return where the state is and the alias of its key, as the estate's settings say.

    Raises StackyardError where they name something else than a bucket and a KMS alias.
    """
    state = estate.settings.state
    backend, secrets = urlsplit(state.backend or ""), urlsplit(state.secrets or "")
    alias = f"{secrets.netloc}{secrets.path}"
    if backend.scheme != "s3" or secrets.scheme != "awskms" or not alias.startswith("alias/"):
        raise StackyardError(
            "the estate names no bucket and key alias to make",
            hint="in _estate.yaml: `state: {backend: 's3://BUCKET?region=REGION', "
            "secrets: 'awskms://alias/NAME?region=REGION'}`",
            code=ExitCode.INVALID,
        )
    where = parse_qs(backend.query).get("region", [region])[0]
    identity = clients("sts").get_caller_identity()
    partition = identity["Arn"].split(":")[1]
    return Place(partition, identity["Account"], where, backend.netloc, key_arn=""), alias


LONGEST_SLUG = len(role_name(StackId("a" * 32, "a" * 32, "a" * 32), "role")) - len("-01234567-")
"""Characters of `team-project-stage` that every name of a role keeps, with the hyphen after it."""


class Setup:
    """What an account should hold; looked at step by step, as later steps need earlier ones."""

    def __init__(
        self, estate: Estate, clients: steps.Clients, region: str, forge: Forge, repository: str
    ) -> None:
        self._clients, self._forge, self._repository = clients, forge, repository
        self.place, self._alias = place_of(estate, clients, region)
        loaded = [estate.load(stack) for stack in estate.stacks()]
        here = [one for one in loaded if one.config.account == self.place.account]
        if not here:
            raise StackyardError(
                f"no stack of the estate is in account {self.place.account}",
                hint="take credentials of an account that stack files name",
                code=ExitCode.INVALID,
            )
        for one in here:
            _check_boundary(one)
        self._stages = sorted({one.id.stage for one in here})
        self._types = types_of(known_blueprints({one.blueprint for one in here}))

    def wanted(self) -> Iterator[steps.Step]:
        """Yield the steps; policies name the key, so they are made once it is there."""
        yield from steps.key_steps(self._clients, self._alias)
        place = replace(self.place, key_arn=self._key_arn())
        yield from steps.bucket_steps(self._clients, place)
        yield identities.provider_step(self._clients, place, self._forge)
        actions = actions_of(self._types)
        (bound_roles,) = policies.packed(boundaries.of_roles(place))
        yield identities.policy_step(self._clients, place, policies.ROLE_BOUNDARY, bound_roles)
        bounds = self._policies(place, "boundary", boundaries.of_applies(place, actions))
        yield from bounds
        boundary = identities.policy_arn(place, bounds[0].name)
        yield from self._role(place, "preview", policies.preview(place, actions), None, None)
        for stage in self._stages:
            said = policies.apply(place, actions, stage)
            yield from self._role(place, f"apply-{stage}", said, stage, boundary)

    def _role(
        self, place: Place, role: str, said: list[Any], stage: str | None, boundary: str | None
    ) -> Iterator[steps.Step]:
        made = self._policies(place, role, said)
        yield from made
        yield identities.role_step(
            self._clients,
            f"{policies.PREFIX}{role}",
            trust=policies.trust(place, self._forge, self._repository, stage),
            attached=[identities.policy_arn(place, each.name) for each in made],
            boundary=boundary,
        )

    def _policies(self, place: Place, role: str, said: list[Any]) -> list[steps.Step]:
        texts = policies.packed(said)
        return [
            identities.policy_step(self._clients, place, f"{policies.PREFIX}{role}-{number}", text)
            for number, text in enumerate(texts, 1)
        ]

    def _key_arn(self) -> str:
        """Return the key's address; a placeholder while it is only planned."""
        found = steps.described_key(self._clients, self._alias)
        made = f"arn:{self.place.partition}:kms:{self.place.region}:{self.place.account}:key/"
        return found or f"{made}known-once-made"


def _check_boundary(stack: Loaded) -> None:
    """Refuse a stack whose roles its apply role could not make."""
    named = stack.config.permissions_boundary
    if named != policies.ROLE_BOUNDARY:
        raise StackyardError(
            f"{stack.id}: apply roles make roles with the boundary `{policies.ROLE_BOUNDARY}` "
            f"only (got {named!r})",
            hint=f"in _defaults.yaml: `permissions_boundary: {policies.ROLE_BOUNDARY}`",
            code=ExitCode.INVALID,
        )
    if len(stack.id.slug) > LONGEST_SLUG:
        raise StackyardError(
            f"{stack.id}: apply roles know roles of their stage by name, and this one is so long "
            "that names of roles lose it",
            hint=f"a stack's path has at most {LONGEST_SLUG} characters",
            code=ExitCode.INVALID,
        )


def run(setup: Setup, tell: Callable[[dict[str, str]], None], *, change: bool) -> int:
    """Look at every step, and make what is not ok if `change`; return how many were not."""
    count = 0
    for step in setup.wanted():
        standing = step.look()
        tell({"what": step.what, "name": step.name, "standing": standing})
        if standing == "ok":
            continue
        count += 1
        if change:
            step.make()
    return count
