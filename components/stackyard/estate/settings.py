"""Settings of an estate (`stacks/_estate.yaml`): state, policy overrides, ignored drift."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stackyard.config import Config, Name
from stackyard.limits import regions
from stackyard.problem import Problem

Backend = Annotated[str, Field(pattern=r"^(s3|gs|azblob|file)://[^@\s]*$")]
"""A self-managed Pulumi backend, without credentials:
https://www.pulumi.com/docs/iac/concepts/state-and-backends/. Not Pulumi Cloud: its stacks belong to
an organization, which the paths of stacks do not contain."""

Secrets = Annotated[
    str, Field(pattern=r"^(passphrase|(awskms|azurekeyvault|gcpkms|hashivault)://\S+)$")
]
"""A Pulumi secrets provider, https://www.pulumi.com/docs/iac/concepts/secrets/."""


BUCKET = re.compile(
    r"^(?!xn--|sthree-|amzn-s3-demo-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)"
    r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
)
"""The name of a bucket,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html."""


class StateSettings(Config):
    """Location of the stacks' state, and encryption of its secrets."""

    backend: Backend | None = None
    """Pulumi backend, for example `s3://acme-stackyard-state`; a local folder in the sandbox."""

    secrets: Secrets | None = None
    """Secrets provider, for example `awskms://alias/stackyard`; a passphrase in the sandbox."""

    def problems(self) -> Iterator[Problem]:
        """Yield a bucket of a name that S3 does not allow."""
        scheme, _, rest = (self.backend or "").partition("://")
        bucket = re.split("[/?]", rest)[0]
        if scheme == "s3" and not BUCKET.match(bucket):
            hint = "3 to 63 lower-case letters, digits, hyphens and single dots, no address"
            yield Problem(("backend",), f"S3 has no bucket with the name {bucket!r}", hint)


Reason = Annotated[str, Field(min_length=10)]
"""Reason for the exception, for later readers."""


class PolicyOverride(Config):
    """Another level of a rule for one stage, until a date."""

    rule: str
    """Name of the rule, as `stackyard policy list` shows it."""

    stage: str
    """Stage to which it applies."""

    level: Literal["advisory", "mandatory", "disabled"]
    """Level of the rule in this stage."""

    reason: Reason
    """Reason for the override."""

    owner: str
    """Email address or name of the responsible person."""

    expires: datetime.date
    """Last day on which it applies."""


class PolicySettings(Config):
    """Settings of the policy packs."""

    registries: tuple[str, ...] = ()
    """Prefixes of image names whose tags are immutable; images from elsewhere need a digest."""

    personal_regions: tuple[str, ...] = ()
    """Regions in which personal data may be stored; empty allows all regions."""

    personal_days: Annotated[int, Field(ge=1)] = 1095
    """Maximum retention of personal data in days."""

    overrides: tuple[PolicyOverride, ...] = ()
    """Rules with another level than their default."""

    def problems(self) -> Iterator[Problem]:
        """Yield regions that do not exist: no data would be found to break the rule."""
        for index, region in enumerate(self.personal_regions):
            if (unknown := regions.problem(region)) is not None:
                yield Problem(("personal_regions", index), *unknown)


class DriftIgnore(Config):
    """Known drift that is ignored until a date."""

    stack: str = "*/*/*"
    """Stacks by path or glob."""

    resource: str = "*"
    """Logical name, or a glob."""

    path: str = "*"
    """Changed property, or a glob, for example `tags*`."""

    reason: Reason
    """Reason for ignoring the drift."""

    owner: str
    """Email address or name of the responsible person."""

    expires: datetime.date
    """Last day on which it applies."""


class DriftSettings(Config):
    """Drift that `stackyard drift` ignores."""

    ignore: tuple[DriftIgnore, ...] = ()
    """Known drift; it is reported again after its date of expiry."""


class Ring(Config):
    """Stacks that `up` applies together, before those of the next ring."""

    name: Name
    """Name of the ring, for example `canary`."""

    stacks: Annotated[tuple[str, ...], Field(min_length=1)]
    """Its stacks: paths, globs or conditions, as subcommands take them."""

    green_minutes: Annotated[int, Field(ge=0, le=1440)] = 0
    """Minutes without a problem in `status`, alarms included, before the next ring."""


class EstateSettings(Config):
    """Settings of all stacks of an estate."""

    name: Name
    """Name of the estate, usually the company's."""

    target: Literal["aws", "sandbox"] = "sandbox"
    """Target of applies: AWS accounts, or the sandbox on this machine."""

    state: StateSettings = StateSettings()
    """Location of the stacks' state."""

    policy: PolicySettings = PolicySettings()
    """Settings of the policy packs, and overrides of their rules."""

    drift: DriftSettings = DriftSettings()
    """Known drift that is ignored."""

    rings: tuple[Ring, ...] = ()
    """The order in which one `up` applies stacks; those of no ring come last."""

    def problems(self) -> Iterator[Problem]:
        """Real accounts need a shared state: the sandbox's folder is on one machine."""
        missing = [name for name in ("backend", "secrets") if getattr(self.state, name) is None]
        if self.target == "aws" and missing:
            needed = " and ".join(f"`state.{name}`" for name in missing)
            yield Problem(("target",), f"`target: aws` needs {needed}", related=(("state",),))
