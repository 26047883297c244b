"""What a person may write about datasets."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, model_validator

from stackyard.config import Config, Name
from stackyard.datasets.layout import ACCESS_LOGS, DVC_DIRECTORY, overlap

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
        reserved = [name for name in self.directories if overlap(name, DVC_DIRECTORY)]
        if self.dvc and reserved:
            raise ValueError(f"`directories` has {reserved[0]}, which belongs to the DVC remote")
        return self


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
