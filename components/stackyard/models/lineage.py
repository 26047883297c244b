"""Lineage that a model version needs: dataset version, image, parameters and metrics.

Needs the standard library only, as pods run it too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "stackyard."
"""Beginning of the tags of a model version that hold its lineage."""

FACTS: Mapping[str, tuple[str, str]] = {
    "dataset_version": (
        r"[a-z][a-z0-9-]*@[0-9a-f]{32}(\.dir)?",
        "DATASET@MD5: the dataset, and the `md5` of its `.dvc` file",
    ),
    "image_digest": (r"sha256:[0-9a-f]{64}", "sha256:…: the digest of the image that trained it"),
    "git_commit": (r"[0-9a-f]{40}", "the 40 hexadecimal digits of a commit"),
}
"""Each fact: its form as a regular expression, and in words."""


class LineageError(ValueError):
    """A model version lacks lineage, or has it in a form that leads nowhere."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Lineage:
    """Where a model comes from."""

    dataset_version: str
    image_digest: str
    git_commit: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Lineage:
        """Read STACKYARD_DATASET_VERSION, STACKYARD_IMAGE_DIGEST and STACKYARD_GIT_COMMIT."""
        return cls(*(environment.get(f"STACKYARD_{name.upper()}", "") for name in FACTS))

    def tags(self) -> dict[str, str]:
        """Return the tags that the version carries."""
        return {f"{PREFIX}{name}": str(getattr(self, name)) for name in FACTS}


def problems(
    tags: Mapping[str, str], params: Mapping[str, str], metrics: Mapping[str, float]
) -> list[str]:
    """Return what a version lacks, given its own tags and its run's parameters and metrics."""
    missing = []
    for name, (form, words) in FACTS.items():
        value = tags.get(f"{PREFIX}{name}", "")
        if not value:
            missing.append(f"no {name.replace('_', ' ')}")
        elif not re.fullmatch(form, value):
            missing.append(f"{name.replace('_', ' ')} {value!r} is not {words}")
    if not params:
        missing.append("its run has no parameters")
    if not metrics:
        missing.append("its run has no metrics")
    return missing
