"""The settings of a whole estate, read from `stacks/_estate.yaml`."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config, Name
from stackyard.problem import Problem

Backend = Annotated[str, Field(pattern=r"^(s3|gs|azblob|file)://[^@\s]*$")]
"""A Pulumi backend of one's own, without credentials:
https://www.pulumi.com/docs/iac/concepts/state-and-backends/. Not Pulumi Cloud: its stacks belong to
an organization, which the paths of stacks do not name."""

Secrets = Annotated[
    str, Field(pattern=r"^(passphrase|(awskms|azurekeyvault|gcpkms|hashivault)://\S+)$")
]
"""A Pulumi secrets provider, https://www.pulumi.com/docs/iac/concepts/secrets/."""


class StateSettings(Config):
    """Where the state of the stacks is kept, and what encrypts the secrets in it."""

    backend: Backend | None = None
    """Pulumi backend, for example `s3://acme-stackyard-state`; a local folder in the sandbox."""

    secrets: Secrets | None = None
    """Secrets provider, for example `awskms://alias/stackyard`; a passphrase in the sandbox."""


Reason = Annotated[str, Field(min_length=10)]
"""Why it is right, for the people who read it in half a year."""


class PolicyOverride(Config):
    """A rule's level for one stage, by someone, for a reason, until a date."""

    rule: str
    """Name of the rule, as `stackyard policy list` shows it."""

    stage: str
    """The stage it holds for."""

    level: Literal["advisory", "mandatory", "disabled"]
    """What a violation does instead."""

    reason: Reason
    """Why this is right."""

    owner: str
    """Who answers for it."""

    expires: datetime.date
    """The last day it holds."""


class PolicySettings(Config):
    """What the policy packs need to know of the estate."""

    registries: tuple[str, ...] = ()
    """Prefixes of image names whose tags are immutable; images from elsewhere need a digest."""

    personal_regions: tuple[str, ...] = ()
    """Regions in which personal data may lie; none: every region."""

    personal_days: Annotated[int, Field(ge=1)] = 1095
    """Longest time in days that personal data may be kept."""

    overrides: tuple[PolicyOverride, ...] = ()
    """Levels that differ from the rules' own."""


class DriftIgnore(Config):
    """Drift that is known and left alone for a while."""

    stack: str = "*/*/*"
    """Stacks by path or glob."""

    resource: str = "*"
    """Logical name, or a glob."""

    path: str = "*"
    """Changed property, or a glob: `tags*`."""

    reason: Reason
    """Why it is left alone."""

    owner: str
    """Who answers for it."""

    expires: datetime.date
    """The last day it holds."""


class DriftSettings(Config):
    """What `stackyard drift` leaves out."""

    ignore: tuple[DriftIgnore, ...] = ()
    """Known drift; it is reported again after its date."""


class EstateSettings(Config):
    """What holds for every stack of the estate."""

    name: Name
    """Name of the estate, usually the company's."""

    target: Literal["aws", "sandbox"] = "sandbox"
    """Where stacks are applied: real accounts, or the sandbox on this machine."""

    state: StateSettings = StateSettings()
    """Where the state of the stacks is kept."""

    policy: PolicySettings = PolicySettings()
    """What the policy packs need to know, and exceptions from their rules."""

    drift: DriftSettings = DriftSettings()
    """Drift that is known and left alone."""

    def problems(self) -> Iterator[Problem]:
        """Real accounts need a shared state: the sandbox's folder is on one machine."""
        missing = [name for name in ("backend", "secrets") if getattr(self.state, name) is None]
        if self.target == "aws" and missing:
            needed = " and ".join(f"`state.{name}`" for name in missing)
            yield Problem(("target",), f"`target: aws` needs {needed}", related=(("state",),))
