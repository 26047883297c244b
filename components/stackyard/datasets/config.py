"""What a person may write about datasets."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, model_validator

from stackyard.bucket.layout import ACCESS_LOGS, DVC_DIRECTORY, LAKEFS_DIRECTORY, overlap
from stackyard.config import Config, Name
from stackyard.image_name import Image

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

    @model_validator(mode="after")
    def _personal_data_has_a_jurisdiction(self) -> DatasetConfig:
        if self.kind == "personal" and self.jurisdiction is None:
            raise ValueError("personal data needs a `jurisdiction`, a key of `retention.personal`")
        if self.kind != "personal" and self.jurisdiction is not None:
            raise ValueError(f"`jurisdiction` is for personal data (this is {self.kind})")
        return self

    @model_validator(mode="after")
    def _directories_are_apart(self) -> DatasetConfig:
        for one, other in combinations(self.directories, 2):
            if overlap(one, other):
                raise ValueError(
                    f"`directories` {one} and {other} overlap: a grant to one would reach the other"
                )
        taken = {DVC_DIRECTORY: "the DVC remote"} if self.dvc else {}
        taken |= {LAKEFS_DIRECTORY: "lakeFS"} if self.branching else {}
        for name in self.directories:
            for reserved, owner in taken.items():
                if overlap(name, reserved):
                    raise ValueError(f"`directories` has {name}, which belongs to {owner}")
        return self

    @model_validator(mode="after")
    def _branches_are_not_of_people(self) -> DatasetConfig:
        if self.branching and self.kind == "personal":
            raise ValueError(
                f"`branching: {self.branching}` is not for personal data: the server would give it "
                "to whom it likes, whatever `access` says"
            )
        return self


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

    @model_validator(mode="after")
    def _names_are_free(self) -> DatasetStoreConfig:
        if ACCESS_LOGS in self.datasets:
            raise ValueError(
                f"`{ACCESS_LOGS}` is the bucket of the access logs: choose another name"
            )
        return self
