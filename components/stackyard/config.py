"""The base class of all config models, and the field types that several of them use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from stackyard.field_path import FieldPath
from stackyard.problem import Problem, problems_error

MAY_REPEAT = "may-repeat"
"""Metadata of a list whose entries may be equal, such as the arguments of a command. In every other
list an entry that is written twice is refused: of two equal resources AWS makes one only."""


class Config(BaseModel):
    """The settings of one component in a stack file: frozen, without unknown fields, documented."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_default=True,
    )

    @classmethod
    def parse(cls, settings: Mapping[str, Any], *, alone: bool = False) -> Self:
        """Return the config of plain settings; raises pydantic's ValidationError.

        `alone` leaves out what is wrong between the fields of this model itself.
        Strict, in JSON mode: text is never taken for a number or a number for text, while lists
        become tuples and dates are read, https://docs.pydantic.dev/latest/concepts/strict_mode/.
        """
        context = cls if alone else None
        return cls.model_validate_json(json.dumps(settings), strict=True, context=context)

    def problems(self) -> Iterator[Problem]:
        """Yield the contradictions between fields that are valid alone; models override this."""
        yield from ()

    @model_validator(mode="after")
    def _has_no_problems(self, info: ValidationInfo) -> Self:
        if info.context is type(self):
            return self
        if problems := [*self._repeated(), *self.problems()]:
            raise problems_error(problems)
        return self

    def _repeated(self) -> Iterator[Problem]:
        for name, field in type(self).model_fields.items():
            if MAY_REPEAT not in field.metadata:
                value = getattr(self, name)
                for path, entries in _lists((name,), value):
                    yield from _repetitions(path, entries)

    def registered(self) -> dict[str, Any]:
        """Return the plain form that a component registers in state, where policies read it."""
        return self.model_dump(mode="json", exclude_none=True)


def _lists(path: FieldPath, value: Any) -> Iterator[tuple[FieldPath, Sequence[Any]]]:
    """Yield the lists of a field: its value, or the values of its map."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _lists((*path, key), below)
    elif isinstance(value, (list, tuple)):
        yield path, value


def _repetitions(path: FieldPath, entries: Sequence[Any]) -> Iterator[Problem]:
    for index, entry in enumerate(entries):
        if isinstance(entry, (str, int)) and (first := entries.index(entry)) < index:
            message = f"`{entry}` is listed twice"
            yield Problem((*path, index), message, "remove one", related=((*path, first),))


def immutable(**field: Any) -> Any:
    """Declare a field that cannot change after the first apply, because a change would replace.

    The mark travels in the JSON Schema as `x-immutable` and is checked against the recorded config
    before the engine starts.
    """
    extra = {"x-immutable": True, **field.pop("json_schema_extra", {})}
    return Field(json_schema_extra=extra, **field)


Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]
"""A name in a stack file: lower-case letters, digits and hyphens, 2 to 32 characters."""

RepositoryName = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", min_length=2, max_length=32)
]
"""A name that becomes an ECR repository: as `Name`, but no two hyphens in a row. Source:
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html."""

EMAIL = (
    r"^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*"
    r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$"
)

Email = Annotated[str, Field(pattern=EMAIL, max_length=254)]
"""An email address, whose owner must confirm the subscription once. Only ASCII, in the form of
https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2: SNS sends to no other."""

_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"

_PORT = (
    r"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
)

HTTPS_SERVER = rf"^https://{_LABEL}(\.{_LABEL})*{_PORT}$"
"""A server of HTTPS. The host has the form of https://www.rfc-editor.org/rfc/rfc1123#section-2.1."""

HTTPS_URL = rf"{HTTPS_SERVER.removesuffix('$')}(/[A-Za-z0-9_./-]*[A-Za-z0-9_])?$"
"""A URL on such a server, without a slash at its end."""

Cidr = Annotated[str, Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$")]
"""An IPv4 range in CIDR notation."""
