"""The images of a stage and of a project: repositories, builds, and the profile that signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.aws_location import AwsLocation
from stackyard.config import Config
from stackyard.images import policies, render
from stackyard.images.build import Build, ImageBuild, Yard, builder_arn, signing_profile
from stackyard.images.config import BaseImagesConfig, BuildConfig, ProjectImagesConfig
from stackyard.images.names import registry, repository_name
from stackyard.images.repository import ImageRepository
from stackyard.naming import StackId, role_arn
from stackyard.retention.config import RetentionConfig
from stackyard.retention.plan import log_days
from stackyard.serving.layout import HOME

SIGNING_PLATFORM = "Notation-OCI-SHA384-ECDSA"

FETCH_MODEL = f'aws s3 cp --recursive --only-show-errors "$MODEL" {render.LAYER}{HOME}/model'
"""Brings the model, whose place whoever starts the build names in MODEL, as `s3://…`."""


@dataclass(frozen=True)
class Ground:
    """Where images are kept, with which keys, for how long."""

    stack: StackId
    account: str
    region: str
    key_arns: Mapping[str, pulumi.Input[str]]
    retention: RetentionConfig

    @property
    def location(self) -> AwsLocation:
        """Account and region."""
        return AwsLocation(self.account, self.region)

    @property
    def registry(self) -> str:
        """The host of the account's own registry."""
        return registry(self.account, self.region)

    def name(self, image: str) -> str:
        """Return the name of the repository of an image."""
        return repository_name(self.stack, image)

    def arn(self, repository: str) -> str:
        """Return the ARN of a repository by its name."""
        return policies.repository_arn(repository, account=self.account, region=self.region)


class ImagesComponent(Component):
    """What images of a stage and of a project have in common."""

    def __init__(
        self, name: str, config: Config, ground: Ground, opts: pulumi.ResourceOptions | None
    ) -> None:
        super().__init__(name, config, opts=opts)
        self._ground = ground
        profile = aws.signer.SigningProfile(
            self.named("signing-profile"),
            name=signing_profile(ground.stack),
            platform_id=SIGNING_PLATFORM,
            opts=self.child(),
        )
        self._yard = Yard(
            stack=ground.stack,
            account=ground.account,
            region=ground.region,
            logs_key_arn=ground.key_arns["logs"],
            log_days=log_days(ground.retention.logs),
            profile=profile.name,
        )

    def _make(
        self, image: str, config: BuildConfig, build: Build, pushers: Sequence[str] = ()
    ) -> pulumi.Output[str]:
        """Make the repository and the build of an image; return the repository's URL."""
        ground = self._ground
        repository = ImageRepository(
            self.named(image),
            ground.retention.images,
            repository=ground.name(image),
            key_arn=ground.key_arns["images"],
            pushed_by=[builder_arn(ground.stack, ground.location, image), *pushers],
            opts=self.child(),
        )
        ImageBuild(
            self.named(f"{image}-build"),
            config,
            yard=self._yard,
            image=image,
            repository=repository.url,
            repository_name=ground.name(image),
            build=build,
            opts=self.child(),
        )
        return repository.url


class BaseImages(ImagesComponent):
    """The base images of a stage; the image pipeline alone pushes them."""

    TYPE: ClassVar[str] = "stackyard:index:BaseImages"

    images: dict[str, pulumi.Output[str]]
    """`repository:tag` by name: the image that the build makes of today's config."""

    def __init__(
        self,
        name: str,
        config: BaseImagesConfig,
        *,
        ground: Ground,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: where images are kept."""
        super().__init__(name, config, ground, opts)
        upstream = config.upstream or ground.registry
        self.images = {}
        for image, base in config.images.items():
            context = render.base_context(base, upstream)
            url = self._make(image, config.build, Build(context, tag=context.tag))
            self.images[image] = pulumi.Output.concat(url, ":", context.tag)
        self.publish()


class ProjectImages(ImagesComponent):
    """The images of a project on bases of its stage, and those that models are baked into."""

    TYPE: ClassVar[str] = "stackyard:index:ProjectImages"

    images: dict[str, pulumi.Output[str]]
    """`repository:tag` by name: the image that the build makes of today's config."""

    baked: dict[str, pulumi.Output[str]]
    """Repository by served model."""

    def __init__(
        self,
        name: str,
        config: ProjectImagesConfig,
        *,
        ground: Ground,
        bases: Mapping[str, str],
        role_arns: Mapping[str, pulumi.Input[str]],
        models: Mapping[str, str],
        model_statements: Sequence[iam.Statement] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stage's base images as `repository:tag`, roles by audience, and the image
        that each model is baked onto; `model_statements` let those builds read the models.
        """
        super().__init__(name, config, ground, opts)
        pushers = [role_arn(ground.stack, ground.location, audience) for audience in config.pushers]
        self.images, tags = {}, {}
        for image, wanted in config.images.items():
            base = bases[wanted.base]
            context = render.project_context(image, wanted, ground.stack, base)
            pulled = (ground.arn(base.partition("/")[2].rpartition(":")[0]),)
            build = Build(context, tag=context.tag, pulled=pulled)
            url = self._make(image, config.build, build, pushers)
            tags[image] = context.tag
            self.images[image] = pulumi.Output.concat(url, ":", context.tag)
        self._let_push(config, role_arns)
        self.baked = {}
        for model, image in models.items():
            onto = f"{ground.registry}/{ground.name(image)}:{tags[image]}"
            build = Build(
                render.model_context(model, ground.stack, onto),
                tag=None,
                prepare=(FETCH_MODEL, render.PACK),
                pulled=(ground.arn(ground.name(image)),),
                statements=tuple(model_statements),
            )
            self.baked[model] = self._make(model, config.build, build)
        self.publish()

    def _let_push(
        self, config: ProjectImagesConfig, role_arns: Mapping[str, pulumi.Input[str]]
    ) -> None:
        """Let people push to the project's own images, and to no other repository."""
        arns = [self._ground.arn(self._ground.name(image)) for image in config.images]
        for audience in config.pushers:
            role = pulumi.Output.from_input(role_arns[audience])
            aws.iam.RolePolicy(
                self.named(f"push-{audience}"),
                name="push-images",
                role=role.apply(lambda arn: arn.rpartition("/")[2]),
                policy=iam.text(iam.document(*policies.push(arns))),
                opts=self.child(),
            )
