"""The ECR repositories of a Dockerfile's base images, for the sign-in and pull of its build."""

from __future__ import annotations

import re
from dataclasses import dataclass

from stackyard.images import policies
from stackyard.images.names import registry

FROM = re.compile(
    r"^FROM (?:--\S+ )*"
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"/(?P<repository>[^\s:@]+)",
    re.MULTILINE,
)
"""An image of a private registry, which needs permission to pull.

Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html."""


@dataclass(frozen=True, order=True)
class Source:
    """An ECR repository."""

    account: str
    region: str
    repository: str

    @property
    def host(self) -> str:
        """The registry's host."""
        return registry(self.account, self.region)

    @property
    def arn(self) -> str:
        """The repository's ARN."""
        return policies.repository_arn(self.repository, account=self.account, region=self.region)

    @property
    def sign_in(self) -> str:
        """The command that signs Docker in to the registry."""
        return (
            f"aws ecr get-login-password --region {self.region} | "
            f"docker login --username AWS --password-stdin {self.host}"
        )


def of_dockerfile(text: str) -> list[Source]:
    """Return the ECR repositories that a Dockerfile names; other registries need no permission."""
    return sorted({Source(**match.groupdict()) for match in FROM.finditer(text)})
