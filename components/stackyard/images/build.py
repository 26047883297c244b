"""The build of one image: a CodeBuild project with its role and its log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pulumi
import pulumi_aws as aws

from stackyard import iam
from stackyard._component import Component
from stackyard.aws_location import AwsLocation
from stackyard.images import policies, render, sources
from stackyard.images.config import BuildConfig
from stackyard.images.names import builder, registry
from stackyard.images.render import Context
from stackyard.naming import IAM_ROLE_LIMIT, StackId, fitted, role_arn, role_name


@dataclass(frozen=True)
class BuildEnvironment:
    """The account, logs and signing profile that all builds of a stack share."""

    stack: StackId
    account: str
    region: str
    logs_key_arn: pulumi.Input[str]
    log_days: int
    profile_arn: pulumi.Input[str]
    """ARN of the signing profile."""

    @property
    def location(self) -> AwsLocation:
        """Account and region."""
        return AwsLocation(self.account, self.region)


@dataclass(frozen=True)
class Build:
    """The content of a build: its files and further inputs."""

    context: Context
    tag: str | None
    """Tag of the image; None if the caller of the build sets the variable TAG."""

    prepare: tuple[str, ...] = ()
    """Commands that fetch content which is not in the files."""

    statements: tuple[iam.Statement, ...] = ()
    """Further permissions of its role."""

    @property
    def sources(self) -> list[sources.Source]:
        """The ECR repositories of its base images."""
        return sources.of_dockerfile(self.context.files[render.DOCKERFILE])


def project_name(stack: StackId, image: str) -> str:
    """Return the name of the CodeBuild project of an image."""
    return fitted(f"{stack.slug}-image-{image}", IAM_ROLE_LIMIT)


def builder_arn(stack: StackId, location: AwsLocation, image: str) -> str:
    """Return the ARN of the role of an image's build, before the role exists."""
    return role_arn(stack, location, builder(image))


class ImageBuild(Component):
    """A CodeBuild project that builds, pushes and signs; people or the pipeline start it."""

    TYPE: ClassVar[str] = "stackyard:index:ImageBuild"

    project: pulumi.Output[str]
    """Name of the CodeBuild project."""

    def __init__(
        self,
        name: str,
        config: BuildConfig,
        *,
        environment: BuildEnvironment,
        image: str,
        repository: pulumi.Input[str],
        repository_name: str,
        build: Build,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Wiring: the build's content and environment, and the repository that it pushes to."""
        super().__init__(name, config, opts=opts)
        self._environment, self._image = environment, image
        self._project = project_name(environment.stack, image)
        self._log_name = f"/aws/codebuild/{self._project}"
        group = self._make_log_group()
        role = self._make_role(config, repository_name, build)
        variables = {
            "REPOSITORY": repository,
            "NAME": repository_name,
            "SIGNING_PROFILE": environment.profile_arn,
            **({"TAG": build.tag} if build.tag is not None else {}),
        }
        own = registry(environment.account, environment.region)
        others = {source.host: source.sign_in for source in build.sources if source.host != own}
        buildspec = render.buildspec(
            build.context,
            signer_package=config.signer_package,
            prepare=[*build.prepare, *others.values()],
        )
        project = aws.codebuild.Project(
            self.named("project"),
            name=self._project,
            description=f"{environment.stack}: the image {image}",
            service_role=role.arn,
            artifacts={"type": "NO_ARTIFACTS"},
            source={"type": "NO_SOURCE", "buildspec": buildspec},
            environment=_machine(config, variables),
            build_timeout=config.minutes,
            logs_config={"cloudwatch_logs": {"group_name": group.name, "status": "ENABLED"}},
            opts=self.child(),
        )
        self.project = project.name
        self.publish()

    def _make_log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self.named("log"),
            name=self._log_name,
            retention_in_days=self._environment.log_days,
            kms_key_id=self._environment.logs_key_arn,
            opts=self.child(),
        )

    def _make_role(
        self,
        config: BuildConfig,
        repository_name: str,
        build: Build,
    ) -> aws.iam.Role:
        where = {"account": self._environment.account, "region": self._environment.region}
        project = self._environment.location.arn("codebuild", f"project/{self._project}")
        role = aws.iam.Role(
            self.named("role"),
            name=role_name(self._environment.stack, builder(self._image)),
            description=f"builds the image {self._image} of {self._environment.stack}",
            assume_role_policy=iam.text(policies.build_trust(project, where["account"])),
            opts=self.child(),
        )
        fixed = [
            *policies.push([policies.repository_arn(repository_name, **where)]),
            *build.statements,
        ]
        if build.sources:
            fixed.append(policies.pull([source.arn for source in build.sources]))
        if config.signer_package:
            fixed.append(policies.read_package(config.signer_package, self._environment.region))
        log = self._environment.location.arn("logs", f"log-group:{self._log_name}")
        fixed.append(policies.write_logs(log))
        profile = pulumi.Output.from_input(self._environment.profile_arn)
        aws.iam.RolePolicy(
            self.named("role-policy"),
            name="build",
            role=role.name,
            policy=profile.apply(lambda arn: iam.text(iam.document(*fixed, policies.sign(arn)))),
            opts=self.child(),
        )
        return role


def _machine(
    config: BuildConfig, variables: Mapping[str, pulumi.Input[str]]
) -> aws.codebuild.ProjectEnvironmentArgs:
    """Return the build's environment: a privileged container, because Docker runs in it.

    Each build has its own machine. Source:
    https://docs.aws.amazon.com/codebuild/latest/userguide/sample-docker.html.
    """
    return aws.codebuild.ProjectEnvironmentArgs(
        type="LINUX_CONTAINER",
        compute_type="BUILD_GENERAL1_LARGE",
        image=config.image,
        privileged_mode=True,
        environment_variables=[
            aws.codebuild.ProjectEnvironmentEnvironmentVariableArgs(name=name, value=value)
            for name, value in variables.items()
        ],
    )
