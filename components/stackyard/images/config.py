"""Config of container images: base images of a stage, images of a project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from stackyard.access.config import Audience
from stackyard.config import Config, Name, RepositoryName
from stackyard.image_name import REGISTRY
from stackyard.images.catalogue import BASES
from stackyard.problem import Problem

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
"""The digest of an image or of a package."""

Requirement = Annotated[
    str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(\[[a-z0-9,-]+\])?==[A-Za-z0-9.+!_-]+$")
]
"""A package in exactly one version: `name==version`, the name in lower case."""

Upstream = Annotated[str, Field(pattern=REGISTRY)]
"""A registry host, with an optional path."""

SIGNER_PACKAGE = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9_./+=@-]+\.rpm$"
"""Address of a package; builds write it into a command, where no character has a meaning."""

BUILD_IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"


class BuildConfig(Config):
    """The CodeBuild environment that builds images."""

    image: Annotated[str, Field(min_length=1)] = BUILD_IMAGE
    """CodeBuild's image; it needs Docker and the AWS CLI."""

    minutes: Annotated[int, Field(ge=5, le=480)] = 60
    """Build timeout in minutes."""

    signer_package: Annotated[str, Field(pattern=SIGNER_PACKAGE)] | None = None
    """Copy of AWS Signer's RPM package with `notation`, installed before each build; by default the
    build image must contain it. Source:
    https://docs.aws.amazon.com/signer/latest/developerguide/image-signing-prerequisites.html."""


class BaseImageConfig(Config):
    """A base image of the stage."""

    catalogue: Annotated[str, Field(min_length=1)]
    """Entry of the image catalogue; `stackyard images list` shows all entries."""

    upstream_digest: Digest | None = None
    """Digest of the upstream image; by default its tag is resolved at build time."""

    def problems(self) -> Iterator[Problem]:
        """Yield an entry that the catalogue does not have."""
        if self.catalogue not in BASES:
            message = f"the catalogue has no `{self.catalogue}`"
            yield Problem(("catalogue",), message, f"choose one of {', '.join(BASES)}")


class BaseImagesConfig(Config):
    """The base images of a stage; only its image pipeline can push them."""

    images: Annotated[dict[RepositoryName, BaseImageConfig], Field(min_length=1)]
    """The base images by name; projects refer to these names."""

    upstream: Upstream | None = None
    """Registry of the upstream images; by default the account's ECR registry."""

    build: BuildConfig = BuildConfig()
    """CodeBuild environment of the images."""


class ProjectImageConfig(Config):
    """An image of a project: a base image of the stage, and Python packages."""

    base: Name
    """The base image: a key of the foundation's `base_images.images`."""

    packages: dict[Requirement, Annotated[list[Digest], Field(min_length=1)]] = {}
    """Packages and all their dependencies: `name==version`, each with the accepted digests of its
    files. `stackyard images lock` writes this."""

    def problems(self) -> Iterator[Problem]:
        """Yield packages in two versions."""
        first: dict[str, str] = {}
        for requirement in self.packages:
            name = re.split(r"[\[=]", requirement)[0]
            if (other := first.setdefault(name, requirement)) != requirement:
                yield Problem(
                    ("packages", requirement),
                    f"`{name}` is listed in two versions",
                    "keep one",
                    related=(("packages", other),),
                )


class ProjectImagesConfig(Config):
    """The images of a project."""

    images: Annotated[dict[RepositoryName, ProjectImageConfig], Field(min_length=1)]
    """The images by name; each has its own repository."""

    pushers: list[Audience] = ["scientist"]
    """Audiences that may push images; `[]` allows only the project's builds."""

    build: BuildConfig = BuildConfig()
    """CodeBuild environment of the images."""

    def problems(self) -> Iterator[Problem]:
        """Yield audiences that are not allowed to push images."""
        for who in sorted({"labelling-vendor", "auditor", "business"} & set(self.pushers)):
            yield Problem(("pushers",), f"`{who}` must not push images", "remove it")
