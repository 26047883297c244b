"""What a person may write about the models that a project serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from stackyard.config import Config, Name
from stackyard.namespace.config import Memory
from stackyard.problem import Problem, above
from stackyard.serving.traffic import Split, weights

ModelVersion = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]/[1-9]\d{0,5}$")]
"""A version in the model registry: `NAME/NUMBER`, for example `defects/7`."""

BakedImage = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._/-]*(:[\w.-]+)?@sha256:[0-9a-f]{64}$")
]
"""The image that a model was baked into, in the project's part of the account's registry:
`name:tag@sha256:…`. Without the digest, what serves could change without a change here."""

RESERVED = frozenset({"server", "tracking", "trainer", "pipeline"})
"""Names that other objects of the namespace have."""


class ReleaseConfig(Config):
    """One version of a model, and the image it was baked into."""

    version: ModelVersion
    """The version in the registry: `NAME/NUMBER`."""

    image: BakedImage
    """The image that holds it, with its digest: `NAME:TAG@sha256:…`, where `NAME` is a repository
    of the project. The one of a model that has `base_image` is named like the model."""


class CanaryConfig(ReleaseConfig):
    """A second version that gets a part of the requests."""

    weight: Annotated[int, Field(ge=1, le=99)]
    """Percent of the requests. They are shared by numbers of pods, so `replicas.min` decides which
    weights there are: of four pods one can be a canary (25), of ten one (10)."""


class ReplicasConfig(Config):
    """How many pods serve a model, both versions together."""

    min: Annotated[int, Field(ge=1, le=500)] = 2
    """Pods at least; with one, the model is away while its node is renewed."""

    max: Annotated[int, Field(ge=1, le=500)] = 4
    """Pods at most."""

    cpu_percent: Annotated[int, Field(ge=10, le=95)] = 70
    """Average use of the requested CPU above which pods are added."""

    def problems(self) -> Iterator[Problem]:
        """Yield a range that is empty."""
        yield from above("min", self.min, "max", self.max)


class ModelServerConfig(Config):
    """One model that answers requests in the cluster."""

    release: ReleaseConfig | None = None
    """The version that serves. Left out where the pipeline releases (`pipeline.deploy.model`).
    Rollback is to write the former version here again."""

    canary: CanaryConfig | None = None
    """A second version of the same model, on trial."""

    replicas: ReplicasConfig = ReplicasConfig()
    """How many pods."""

    base_image: Name | None = None
    """The project's image that the model is baked onto: a key of `images.images`. It must hold
    `mlflow` and what the model needs. Left out, the model's image comes from elsewhere."""

    workers: Annotated[int, Field(ge=1, le=16)] = 1
    """Processes in each pod; each holds the model in memory."""

    cpu: Annotated[int, Field(ge=1, le=96)] = 1
    """CPU cores of each pod."""

    memory: Memory = "2Gi"
    """Memory of each pod."""

    gpu_pool: Name | None = None
    """The foundation's GPU pool whose nodes serve, one GPU for each pod; left out, no GPU."""

    startup_timeout_seconds: Annotated[int, Field(ge=10, le=3600)] = 300
    """Longest time to load the model; after it the pod starts anew."""

    allowed_callers: list[Name] = []
    """Namespaces beside the project's own whose pods may call the model."""

    mounts: list[Name] = []
    """Secrets of `secrets.entries` that each pod finds as files, `/mnt/secrets/NAME/value`; each
    must have `server` among its readers. Without a value in it, the pods do not start."""

    def problems(self) -> Iterator[Problem]:
        """Yield a canary that cannot be compared with the release, or gets no such share."""
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
                f"`canary.weight` ({canary.weight}) cannot be made of {pods} pods "
                f"(`replicas.min`), which give {weights(pods)}",
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

    models: Annotated[dict[Name, ModelServerConfig], Field(min_length=1)]
    """The models by name; each is a host name in the namespace."""

    def problems(self) -> Iterator[Problem]:
        """Yield names that other objects of the namespace have."""
        for name in self.models:
            if name in RESERVED or name.endswith("-canary"):
                yield Problem(("models", name), f"the name `{name}` is reserved", "choose another")
