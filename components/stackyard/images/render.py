"""Renders the files of a build from the catalogue and a project's config: Dockerfile, buildspec."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from stackyard import kubernetes
from stackyard.images.catalogue import BASES, DATE
from stackyard.images.config import BaseImageConfig, ProjectImageConfig
from stackyard.naming import StackId
from stackyard.serving.layout import HOME
from stackyard.templates import template

TEMPLATES = Path(__file__).parent / "templates"

DOCKERFILE, REQUIREMENTS = "Dockerfile", "requirements.txt"

LAYER = "layer"
"""Folder of a build's files; its content becomes a layer of the image, relative to `/`."""

PACK = (
    f"tar --create --file {LAYER}.tar --directory {LAYER} --sort=name --format=gnu "
    '--mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX .'
)
"""Packs the layer. `touch` and `COPY` are no alternative: BuildKit treats a file of equal size and
age as unchanged, and would bake the former model again."""

EPOCH = int(datetime.combine(DATE, time(), UTC).timestamp())
"""Age of all files that a build adds, in seconds since 1970; a constant makes builds reproducible.
Source: https://docs.docker.com/build/ci/github-actions/reproducible-builds/."""

VARIABLES = {
    "BUILDX_NO_DEFAULT_ATTESTATIONS": "1",
    "DOCKER_BUILDKIT": "1",
    "SOURCE_DATE_EPOCH": str(EPOCH),
}
"""Makes `docker build` use BuildKit, without time and provenance in the image that it pushes."""

BUILDSPEC_LIMIT = 25_600
"""Longest buildspec in a CodeBuild project, by the answer of its API ("Max buildspec length is
25600", https://github.com/aws/aws-cdk/issues/30326); the page on quotas does not name it."""

PLUGIN = "com.amazonaws.signer.notation.plugin"
"""Notation plug-in of AWS Signer,
https://docs.aws.amazon.com/signer/latest/developerguide/image-signing-steps.html."""


@dataclass(frozen=True)
class Context:
    """The files of a build."""

    files: dict[str, str]

    @property
    def tag(self) -> str:
        """A tag computed from the files: equal files have an equal tag."""
        text = json.dumps(self.files, sort_keys=True)
        return f"{DATE:%Y.%m.%d}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def base_context(config: BaseImageConfig, upstream: str) -> Context:
    """Return the files of a base image; `upstream` is the registry of its own base image."""
    base = BASES[config.catalogue]
    dockerfile = _rendered(
        "base", base=base, date=DATE, upstream=upstream, digest=config.upstream_digest
    )
    return Context({DOCKERFILE: dockerfile, REQUIREMENTS: base.lock})


def project_context(
    name: str, config: ProjectImageConfig, stack: StackId, base_image: str
) -> Context:
    """Return the files of a project's image; its base image is `repository:tag`."""
    dockerfile = _rendered(
        "project", name=name, stack=stack, base=base_image, packages=config.packages
    )
    files = {DOCKERFILE: dockerfile}
    if config.packages:
        files[REQUIREMENTS] = requirements(config.packages)
    return Context(files)


def model_context(name: str, stack: StackId, image: str) -> Context:
    """Return the files, without the model itself, of the image into which a model is baked."""
    dockerfile = _rendered("model", name=name, stack=stack, base=image, layer=LAYER)
    return Context({DOCKERFILE: dockerfile})


def requirements(packages: dict[str, list[str]]) -> str:
    """Return a lock file for pip, which refuses every package file that is not in it.

    Source: https://pip.pypa.io/en/stable/topics/secure-installs/.
    """
    lines = [
        " ".join([requirement, *(f"--hash={digest}" for digest in sorted(digests))])
        for requirement, digests in sorted(packages.items())
    ]
    return "\n".join(lines) + "\n"


def buildspec(context: Context, *, signer_package: str | None, prepare: list[str]) -> str:
    """Return the buildspec: write the files, build, push with the tag, sign the digest.

    The project sets REPOSITORY (with its registry), NAME and SIGNING_PROFILE; TAG is computed from
    the files, or set by the caller. `prepare` are commands that fetch further content. Source:
    https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html.
    """
    written = [
        f"cat > {name} <<'STACKYARD_END'\n{text}STACKYARD_END"
        for name, text in context.files.items()
    ]
    install = []
    if signer_package:
        install = [f"aws s3 cp {signer_package} signer.rpm", "rpm --install signer.rpm"]
    login = (
        "aws ecr get-login-password | "
        'docker login --username AWS --password-stdin "${REPOSITORY%%/*}"'
    )
    look_up = (
        'aws ecr describe-images --repository-name "$NAME" --image-ids "imageTag=$TAG" '
        "--query 'imageDetails[0].imageDigest' --output text"
    )
    age = '--build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH"'
    build = [
        f'docker build --pull --platform linux/amd64 {age} --tag "$REPOSITORY:$TAG" .',
        'docker push "$REPOSITORY:$TAG"',
        # A separate command: `export` would hide a failure of the registry.
        f'DIGEST="$({look_up})" && export DIGEST',
        f'notation sign --plugin {PLUGIN} --id "$SIGNING_PROFILE" "$REPOSITORY@$DIGEST"',
    ]
    phases: dict[str, Any] = {
        **({"install": {"on-failure": "ABORT", "commands": install}} if install else {}),
        "pre_build": {"on-failure": "ABORT", "commands": [*written, *prepare, login]},
        "build": {"on-failure": "ABORT", "commands": build},
    }
    environment = {"shell": "bash", "variables": VARIABLES, "exported-variables": ["DIGEST"]}
    return json.dumps({"version": 0.2, "env": environment, "phases": phases})


def _rendered(kind: str, **values: Any) -> str:
    values = {"home": HOME, "user": kubernetes.NOBODY, **values}
    return template(TEMPLATES, f"{kind}.Dockerfile.j2").render(**values)
