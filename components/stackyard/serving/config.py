"""Config of the models that a project serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from stackyard.config import Config, Name, RepositoryName
from stackyard.image_name import BAKED_IMAGE
from stackyard.namespace.config import Memory
from stackyard.problem import Problem, above
from stackyard.serving.traffic import Split, weights

ModelVersion = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]/[1-9][0-9]{0,5}$")]
"""A version in the model registry: `NAME/NUMBER`, for example `defects/7`."""

BakedImage = Annotated[str, Field(pattern=BAKED_IMAGE)]
"""An image that contains a model, in the project's part of the account's registry:
`name:tag@sha256:…`. Because of the digest, the served model changes only with the stack file."""

RESERVED = frozenset({"lakefs", "pipeline", "server", "tracking", "trainer", "tuning"})
"""Names of the platform's own Deployments, Services and accounts in the namespace."""


class ReleaseConfig(Config):
    """One version of a model, and the image that contains it."""

    version: ModelVersion
    """Version in the model registry: `NAME/NUMBER`."""

    image: BakedImage
    """Image with the version, with digest: `NAME:TAG@sha256:…`, where `NAME` is a repository of the
    project. For a model with `base_image` the repository has the model's name."""


class CanaryConfig(ReleaseConfig):
    """A second version that receives a share of the requests."""

    weight: Annotated[int, Field(ge=1, le=99)]
    """Percent of the requests. Requests are split by numbers of pods, so `replicas.min` limits the
    possible weights: one of four pods gives 25, one of ten gives 10."""


class ReplicasConfig(Config):
    """Number of pods of a model, both versions together."""

    min: Annotated[int, Field(ge=1, le=500)] = 2
    """Minimum number of pods; with one, the model is unavailable while its node is replaced."""

    max: Annotated[int, Field(ge=1, le=500)] = 4
    """Maximum number of pods."""

    cpu_percent: Annotated[int, Field(ge=10, le=95)] = 70
    """Target utilisation of the requested CPU in percent; above it, pods are added."""

    def problems(self) -> Iterator[Problem]:
        """Yield a range that is empty."""
        yield from above("min", self.min, "max", self.max)


class ModelServerConfig(Config):
    """One served model."""

    release: ReleaseConfig | None = None
    """The released version. Omit it if a pipeline releases the model (`pipeline.deploy`). To roll
    back, set the former version."""

    canary: CanaryConfig | None = None
    """A second version of the same model, for a share of the requests."""

    replicas: ReplicasConfig = ReplicasConfig()
    """Number of pods."""

    base_image: Name | None = None
    """Image that the model is built on: a key of `images.images`. It must contain `mlflow` and the
    model's dependencies. Without it, the model's image is not built by the project."""

    workers: Annotated[int, Field(ge=1, le=16)] = 1
    """Processes per pod; each loads the model into memory."""

    cpu: Annotated[int, Field(ge=1, le=96)] = 1
    """CPU cores per pod."""

    memory: Memory = "2Gi"
    """Memory per pod."""

    gpu_pool: Name | None = None
    """GPU pool of the foundation, with one GPU per pod; by default no GPU."""

    startup_timeout_seconds: Annotated[int, Field(ge=10, le=3600)] = 300
    """Seconds that a pod may take to load the model before it is restarted."""

    allowed_callers: list[Name] = []
    """Other namespaces whose pods may call the model."""

    mounts: list[Name] = []
    """Secrets of `secrets.entries` to mount as files, `/mnt/secrets/NAME/value`; each must have
    `server` among its readers. Pods do not start before the secret has a value."""

    def problems(self) -> Iterator[Problem]:
        """Yield a canary that cannot be compared with the release, or with impossible weight."""
        canary, release = self.canary, self.release
        if canary is None:
            return
        if release is None:
            yield Problem(("canary",), "`canary` needs a `release` to be compared with")
        else:
            yield from _canary_problems(canary, release)
        pods = self.replicas.min
        if not Split.of(pods, canary.weight).is_close:
            yield Problem(
                ("canary", "weight"),
                f"`canary.weight` ({canary.weight}) is not a possible weight with {pods} pods "
                f"(`replicas.min`): {weights(pods)}",
                related=(("replicas", "min"),),
            )


def _canary_problems(canary: CanaryConfig, release: ReleaseConfig) -> Iterator[Problem]:
    other, one = canary.version.split("/")[0], release.version.split("/")[0]
    if one != other:
        yield Problem(
            ("canary", "version"),
            f"`canary.version` is of `{other}` and `release.version` of `{one}`: "
            "both must be of one registered model",
            related=(("release", "version"),),
        )
    elif canary.image == release.image or canary.version == release.version:
        message = "`canary` has the version or the image of `release`"
        yield Problem(("canary",), message, "name another one", related=(("release",),))


class ServingConfig(Config):
    """The models that a project serves."""

    models: Annotated[dict[RepositoryName, ModelServerConfig], Field(min_length=1)]
    """The models by name; each is a host name in the namespace."""

    def problems(self) -> Iterator[Problem]:
        """Yield names that other objects of the namespace already have."""
        for name in self.models:
            if name in RESERVED or name.endswith("-canary"):
                yield Problem(("models", name), f"the name `{name}` is reserved", "choose another")
