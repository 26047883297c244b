"""The images of a stage and of a project: repositories, builds, and the signing profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.config import Config
from stackyard.images import policies, render
from stackyard.images.build import Build, BuildEnvironment, ImageBuild, builder_arn
from stackyard.images.config import BaseImagesConfig, BuildConfig, ProjectImagesConfig
from stackyard.images.names import profile_prefix, registry, repository_name
from stackyard.images.repository import ImageRepository
from stackyard.naming import role_arn
from stackyard.references import StackContext
from stackyard.retention.plan import log_days
from stackyard.serving.layout import HOME

SIGNING_PLATFORM = "Notation-OCI-SHA384-ECDSA"

FETCH_MODEL = f'aws s3 cp --recursive --only-show-errors "$MODEL" {render.LAYER}{HOME}/model'
"""Downloads the model from the URL `s3://…` in MODEL, which the caller of the build sets."""


class ImagesComponent(Component):
    """The signing profile, repositories and builds that stages and projects have in common."""

    builds: dict[str, pulumi.Output[str]]
    """Name of the CodeBuild project by image, and by model that is baked into an image."""

    def __init__(
        self, name: str, config: Config, context: StackContext, opts: pulumi.ResourceOptions | None
    ) -> None:
        super().__init__(name, config, opts=opts)
        self._context, self.builds = context, {}
        profile = aws.signer.SigningProfile(
            self.named("signing-profile"),
            name_prefix=profile_prefix(context.stack),
            platform_id=SIGNING_PLATFORM,
            # A profile that an earlier version created with a fixed name keeps this name.
            opts=self.child(ignore_changes=["name", "namePrefix"]),
        )
        self._build_environment = BuildEnvironment(
            stack=context.stack,
            account=context.account,
            region=context.region,
            logs_key_arn=context.key_arns["logs"],
            log_days=log_days(context.retention.logs),
            profile_arn=profile.arn,
        )

    @property
    def _registry(self) -> str:
        """The host of the account's registry."""
        return registry(self._context.account, self._context.region)

    def _repository(self, image: str) -> str:
        """Return the name of the repository of an image."""
        return repository_name(self._context.stack, image)

    def _repository_arn(self, repository: str) -> str:
        """Return the ARN of a repository by its name."""
        account, region = self._context.account, self._context.region
        return policies.repository_arn(repository, account=account, region=region)

    def _make(
        self, image: str, config: BuildConfig, build: Build, pushers: Sequence[str] = ()
    ) -> pulumi.Output[str]:
        """Create the repository and the build of an image; return the repository's URL."""
        context = self._context
        repository = ImageRepository(
            self.named(image),
            context.retention.images,
            repository=self._repository(image),
            key_arn=context.key_arns["images"],
            pushed_by=[builder_arn(context.stack, context.location, image), *pushers],
            opts=self.child(),
        )
        made = ImageBuild(
            self.named(f"{image}-build"),
            config,
            environment=self._build_environment,
            image=image,
            repository=repository.url,
            repository_name=self._repository(image),
            build=build,
            opts=self.child(),
        )
        self.builds[image] = made.project
        return repository.url


class BaseImages(ImagesComponent):
    """The base images of a stage; only the image pipeline pushes them."""

    TYPE: ClassVar[str] = "stackyard:index:BaseImages"

    images: dict[str, pulumi.Output[str]]
    """`repository:tag` by name: the image that the build creates from the current config."""

    def __init__(
        self,
        name: str,
        config: BaseImagesConfig,
        *,
        context: StackContext,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stack."""
        super().__init__(name, config, context, opts)
        upstream = config.upstream or self._registry
        self.images = {}
        for image, base in config.images.items():
            build_context = render.base_context(base, upstream)
            url = self._make(image, config.build, Build(build_context, tag=build_context.tag))
            self.images[image] = pulumi.Output.concat(url, ":", build_context.tag)
        self.publish()


class ProjectImages(ImagesComponent):
    """The images of a project on base images of its stage, and the images with baked models."""

    TYPE: ClassVar[str] = "stackyard:index:ProjectImages"

    images: dict[str, pulumi.Output[str]]
    """`repository:tag` by name: the image that the build creates from the current config."""

    baked: dict[str, pulumi.Output[str]]
    """Repository by served model."""

    def __init__(
        self,
        name: str,
        config: ProjectImagesConfig,
        *,
        context: StackContext,
        bases: Mapping[str, str],
        role_arns: Mapping[str, pulumi.Input[str]],
        models: Mapping[str, str],
        model_statements: Sequence[iam.Statement] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the stage's base images as `repository:tag`, and roles by audience.

        `models` has the base image of each model; `model_statements` allow its build to read the
        model.
        """
        super().__init__(name, config, context, opts)
        pushers = [
            role_arn(context.stack, context.location, audience) for audience in config.pushers
        ]
        self.images, tags = {}, {}
        for image, image_config in config.images.items():
            base = bases[image_config.base]
            build_context = render.project_context(image, image_config, context.stack, base)
            build = Build(build_context, tag=build_context.tag)
            url = self._make(image, config.build, build, pushers)
            tags[image] = build_context.tag
            self.images[image] = pulumi.Output.concat(url, ":", build_context.tag)
        self._let_push(config, role_arns)
        self.baked = {}
        for model, image in models.items():
            onto = f"{self._registry}/{self._repository(image)}:{tags[image]}"
            build = Build(
                render.model_context(model, context.stack, onto),
                tag=None,
                prepare=(FETCH_MODEL, render.PACK),
                statements=tuple(model_statements),
            )
            self.baked[model] = self._make(model, config.build, build)
        self.publish()

    def _let_push(
        self, config: ProjectImagesConfig, role_arns: Mapping[str, pulumi.Input[str]]
    ) -> None:
        """Allow people to push to the project's own images, and to no other repository."""
        arns = [self._repository_arn(self._repository(image)) for image in config.images]
        for audience in config.pushers:
            role = pulumi.Output.from_input(role_arns[audience])
            aws.iam.RolePolicy(
                self.named(f"push-{audience}"),
                name="push-images",
                role=role.apply(lambda arn: arn.rpartition("/")[2]),
                policy=iam.text(iam.document(*policies.push(arns))),
                opts=self.child(),
            )
