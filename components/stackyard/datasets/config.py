"""What a person may write about datasets."""

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
"""Data as it came in, data made from it, or data about people."""

Directory = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$", max_length=200),
]
"""A directory of a dataset: names joined by `/`, without a slash at either end."""


class DatasetConfig(Config):
    """One dataset: a bucket of its own, with its own key, lifetime and readers."""

    kind: Kind
    """What the data is; it decides the encryption key and, in `retention`, the lifetime."""

    jurisdiction: Name | None = None
    """Whose law applies to personal data: a key of `retention.personal`, for example `eu`."""

    directories: list[Directory] = []
    """The directories that access may be granted to; none may lie within another."""

    dvc: bool = True
    """Whether the directory `dvc` is a DVC remote, which makes versions of the dataset."""

    branching: Literal["lakefs"] | None = None
    """Whether the project's lakeFS server may keep branches of the dataset, in the directory
    `lakefs`; not for personal data, as the server decides by itself who reads."""

    @property
    def key(self) -> Literal["personal", "data"]:
        """The purpose of the KMS key that its objects are encrypted with."""
        return "personal" if self.kind == "personal" else "data"

    def problems(self) -> Iterator[Problem]:
        """Yield what the kind of the data does not allow, and directories that overlap."""
        if self.kind == "personal" and self.jurisdiction is None:
            message = "personal data needs a `jurisdiction`, a key of `retention.personal`"
            yield Problem(("kind",), message)
        if self.kind != "personal" and self.jurisdiction is not None:
            message = f"`jurisdiction` is for personal data only (`kind` is {self.kind})"
            yield Problem(("jurisdiction",), message, related=(("kind",),))
        if self.kind == "personal" and self.branching:
            yield Problem(
                ("branching",),
                f"`branching: {self.branching}` is not for personal data: the server decides who "
                "reads, whatever `access` grants",
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
    """The lakeFS server of a project, which is there if a dataset has `branching: lakefs`."""

    image: Image = "treeverse/lakefs:1.88.0"
    """lakeFS, in the registry of the stage's shared images."""

    replicas: Annotated[int, Field(ge=1, le=8)] = 2
    """Servers; with one, branches are out of reach while its node is renewed."""


class DatasetStoreConfig(Config):
    """The datasets of one project."""

    datasets: dict[Name, DatasetConfig] = {}
    """The datasets by name."""

    def problems(self) -> Iterator[Problem]:
        """Yield names that the project's own buckets have."""
        yield from reserved_names(self.datasets)


def reserved_names(datasets: Iterable[str]) -> Iterator[Problem]:
    """Yield the datasets, from the parent of `datasets`, whose name is taken."""
    if ACCESS_LOGS in datasets:
        message = f"`{ACCESS_LOGS}` is the bucket of the access logs"
        yield Problem(("datasets", ACCESS_LOGS), message, "choose another name")
