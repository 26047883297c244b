"""Config of datasets and of the lakeFS server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field

from stackyard.bucket.layout import ACCESS_LOGS, DVC_DIRECTORY, LAKEFS_DIRECTORY, overlap
from stackyard.config import Config, Name
from stackyard.image_name import Image
from stackyard.problem import Problem

Kind = Literal["raw", "curated", "personal"]
"""`raw` is data as received, `curated` is derived from it, `personal` is about people."""

Directory = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$", max_length=200),
]
"""A directory of a dataset: names joined by `/`, without a slash at either end."""


class DatasetConfig(Config):
    """One dataset: a bucket with its own encryption key, retention and readers."""

    kind: Kind
    """Kind of data; it selects the encryption key and the retention in `retention`."""

    jurisdiction: Name | None = None
    """Jurisdiction of personal data: a key of `retention.personal`, for example `eu`."""

    directories: list[Directory] = []
    """Directories that access can be granted to; none may be inside another."""

    dvc: bool = True
    """Make the directory `dvc` a DVC remote, which versions the dataset."""

    branching: Literal["lakefs"] | None = None
    """The project's lakeFS server stores branches of the dataset in the directory `lakefs`. Not for
    personal data, because the server has its own access rules."""

    @property
    def key(self) -> Literal["personal", "data"]:
        """The purpose of the KMS key that encrypts its objects."""
        return "personal" if self.kind == "personal" else "data"

    def problems(self) -> Iterator[Problem]:
        """Yield settings that the kind of data does not allow, and directories that overlap."""
        if self.kind == "personal" and self.jurisdiction is None:
            message = "personal data needs a `jurisdiction`, a key of `retention.personal`"
            yield Problem(("kind",), message)
        if self.kind != "personal" and self.jurisdiction is not None:
            message = f"`jurisdiction` is for personal data only (`kind` is {self.kind})"
            yield Problem(("jurisdiction",), message, related=(("kind",),))
        if self.kind == "personal" and self.branching:
            yield Problem(
                ("branching",),
                f"`branching: {self.branching}` is not for personal data: the lakeFS server "
                "decides who may read, and ignores `access`",
                related=(("kind",),),
            )
        yield from self._overlaps()

    def _overlaps(self) -> Iterator[Problem]:
        for one, other in combinations(self.directories, 2):
            if overlap(one, other):
                yield Problem(
                    ("directories",),
                    f"{one} and {other} overlap: a grant to one would reach the other",
                )
        reserved = {DVC_DIRECTORY: "the DVC remote"} if self.dvc else {}
        reserved |= {LAKEFS_DIRECTORY: "lakeFS"} if self.branching else {}
        for name in self.directories:
            for directory, owner in reserved.items():
                if overlap(name, directory):
                    yield Problem(("directories",), f"{name} is reserved for {owner}")


class LakefsConfig(Config):
    """The lakeFS server of a project, deployed if a dataset has `branching: lakefs`."""

    image: Image = "treeverse/lakefs:1.88.0"
    """Image of lakeFS, in the registry of the stage's shared images."""

    replicas: Annotated[int, Field(ge=1, le=8)] = 2
    """Number of pods; with one, branches are unavailable while its node is replaced."""


class DatasetStoreConfig(Config):
    """The datasets of one project."""

    datasets: dict[Name, DatasetConfig] = {}
    """The datasets by name."""

    def problems(self) -> Iterator[Problem]:
        """Yield names that the project's own buckets already have."""
        yield from reserved_names(self.datasets)


def reserved_names(datasets: Iterable[str]) -> Iterator[Problem]:
    """Yield the datasets, from the parent of `datasets`, whose name is reserved."""
    if ACCESS_LOGS in datasets:
        message = f"`{ACCESS_LOGS}` is the bucket of the access logs"
        yield Problem(("datasets", ACCESS_LOGS), message, "choose another name")
