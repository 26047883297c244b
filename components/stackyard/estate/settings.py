"""The settings of a whole estate, read from `stacks/_estate.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from stackyard.config import Config, Name
from stackyard.estate.exceptions import DriftSettings, PolicySettings

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

    @model_validator(mode="after")
    def _shared_state(self) -> EstateSettings:
        if self.target == "aws" and None in (self.state.backend, self.state.secrets):
            raise ValueError("`target: aws` needs `state.backend` and `state.secrets`")
        return self
