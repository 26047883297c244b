"""Catalogue of base images: tested combinations of Python, framework, CUDA and cuDNN.

An entry is a Debian image with Python and a lock file that names every package with its hash. The
lock contains CUDA and cuDNN as packages, in the versions that the framework's package requires;
their versions are read from the lock, so they cannot disagree with it. All versions were looked up
on `DATE`; a newer framework is a new entry, never a change of one.

Ends of support: Python 3.11, https://peps.python.org/pep-0664/; Debian 12,
https://wiki.debian.org/LTS. PyTorch and TensorFlow fix only their newest release, so the support of
an entry's framework ends when the next release is published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib import resources

DATE = date(2026, 11, 24)
"""The date of the catalogue."""

SLIM = "docker/library/python:3.11-slim-bookworm"
"""Debian 12 with Python 3.11, by its path in a mirror of the public images."""

PYTHON_ENDS = date(2027, 10, 31)
DEBIAN_ENDS = date(2028, 6, 30)

_LINE = re.compile(r"^([a-z0-9-]+)==(\S+) --hash=(sha256:[0-9a-f]{64})$")


@dataclass(frozen=True)
class Base:
    """One entry of the catalogue."""

    name: str
    framework: str
    """The main package of the entry."""

    start: str
    """The image on which it is built."""

    python: str
    """Version of Python, `major.minor`."""

    supported_until: date
    """Date on which the first of Python and Debian no longer gets security fixes."""

    source: str
    """URL of the page that documents the combination."""

    @cached_property
    def lock(self) -> str:
        """Path of the lock file: every package in one version, with its hash."""
        file = resources.files("stackyard.images") / "locks" / f"{self.name}.txt"
        return file.read_text(encoding="utf-8")

    @cached_property
    def packages(self) -> Mapping[str, str]:
        """Version by package; raises ValueError for a line without an exact version."""
        versions = {}
        for line in self.lock.splitlines():
            match = _LINE.match(line)
            if match is None:
                raise ValueError(f"{self.name}: not a locked package: {line!r}")
            versions[match[1]] = match[2]
        return versions

    @property
    def framework_version(self) -> str:
        """Version of the framework."""
        return self.packages[self.framework]

    @property
    def cuda(self) -> str | None:
        """Version of CUDA's runtime; None for an image without CUDA."""
        return self.packages.get("nvidia-cuda-runtime-cu12")

    @property
    def cudnn(self) -> str | None:
        """Version of cuDNN; None for an image without cuDNN."""
        return self.packages.get("nvidia-cudnn-cu12")


_PYTORCH = Base(
    name="pytorch-2.9-cuda12.8",
    framework="torch",
    start=SLIM,
    python="3.11",
    supported_until=min(PYTHON_ENDS, DEBIAN_ENDS),
    source="https://github.com/pytorch/pytorch/blob/main/RELEASE.md#release-compatibility-matrix",
)
_TENSORFLOW = Base(
    name="tensorflow-2.20-cuda12.9",
    framework="tensorflow",
    start=SLIM,
    python="3.11",
    supported_until=min(PYTHON_ENDS, DEBIAN_ENDS),
    source="https://www.tensorflow.org/install/pip",
)
_SKLEARN = Base(
    name="sklearn-1.9-cpu",
    framework="scikit-learn",
    start=SLIM,
    python="3.11",
    supported_until=min(PYTHON_ENDS, DEBIAN_ENDS),
    source="https://scikit-learn.org/stable/install.html",
)

BASES: Mapping[str, Base] = {base.name: base for base in (_PYTORCH, _TENSORFLOW, _SKLEARN)}
"""The entries by name."""
