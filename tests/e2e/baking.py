"""Models trained, registered, and baked by the commands of their CodeBuild project."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.clients import Assume, Clients

from .image_builder import ImageBuilder
from .registry import as_environment, opened

TRAIN = """
import mlflow, numpy
from sklearn.linear_model import LogisticRegression
fit = LogisticRegression().fit(numpy.array([[0.0], [1.0], [2.0], [3.0]]), [0, 0, 1, 1])
mlflow.sklearn.save_model(fit, "model")
"""

BASE = """FROM scratch
WORKDIR /opt/stackyard
ENV OF_BASE=kept
USER 65534:65534
"""
"""Stands for the image that a model is baked onto: no more than its folder."""


@dataclass(frozen=True)
class Image:
    """A baked model."""

    reference: str
    base: str
    signed: str
    """What was given to `notation sign`."""


@dataclass(frozen=True)
class Bakery:
    """The bakes of one model of a project, with the role and the buildspec of its build."""

    stack: str
    model: str
    bucket: str
    builder: ImageBuilder
    environment: dict[str, str]
    """How AWS clients find the sandbox."""

    aws: Clients
    assume: Assume

    def bake(self, files: dict[str, bytes], folder: Path) -> Image:
        """Register a model as the keeper does, and run the build as it stands."""
        self.builder.forget()
        slug = self.stack.replace("/", "-")
        prefix = f"registered/{secrets.token_hex(4)}/1"
        with opened(f"{slug}-models", self.aws, self.assume) as keys:
            for path, content in files.items():
                self.aws("s3", keys).put_object(
                    Bucket=self.bucket, Key=f"{prefix}/{path}", Body=content, IfNoneMatch="*"
                )
        build = f"{slug}-image-{self.model}"
        (project,) = self.aws("codebuild").batch_get_projects(names=[build])["projects"]
        spec = json.loads(project["source"]["buildspec"])
        variables = {
            each["name"]: each["value"] for each in project["environment"]["environmentVariables"]
        }
        variables["REPOSITORY"] = f"{self.builder.registry}/{variables['NAME']}"
        variables |= {"MODEL": f"s3://{self.bucket}/{prefix}", "TAG": secrets.token_hex(4)}
        base = self._base(spec, folder / "base")
        (folder / "build").mkdir(parents=True)
        with opened(build, self.aws, self.assume) as keys:
            inside = {**self.environment, **as_environment(keys), **variables}
            done = self.builder.play(spec, folder / "build", inside)
        assert done.returncode == 0, done.stdout + done.stderr
        reference = f"{variables['REPOSITORY']}:{variables['TAG']}"
        return Image(reference, base, self.builder.signed())

    def _base(self, spec: Any, folder: Path) -> str:
        """Push an image under the name that the rendered Dockerfile starts from, if none is."""
        text = "\n".join(spec["phases"]["pre_build"]["commands"])
        wanted = next(line.split()[1] for line in text.splitlines() if line.startswith("FROM "))
        path = wanted.partition("/")[2]
        repository, _, tag = path.rpartition(":")
        if not self.builder.has(repository, tag):
            folder.mkdir(parents=True)
            (folder / "Dockerfile").write_text(BASE)
            self.builder.publish(folder, path)
        return f"{self.builder.registry}/{path}"


def trained(folder: Path) -> dict[str, bytes]:
    """Train a model of one number, and return its files by their paths."""
    subprocess.run([sys.executable, "-c", TRAIN], cwd=folder, check=True, capture_output=True)
    files = [file for file in (folder / "model").rglob("*") if file.is_file()]
    return {str(file.relative_to(folder / "model")): file.read_bytes() for file in files}
