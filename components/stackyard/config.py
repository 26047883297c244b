"""The base class of all config models, and the field types that several of them use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from stackyard.problem import Problem, problems_error


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
        if problems := list(self.problems()):
            raise problems_error(problems)
        return self

    def registered(self) -> dict[str, Any]:
        """Return the plain form that a component registers in state, where policies read it."""
        return self.model_dump(mode="json", exclude_none=True)


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

Cidr = Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$")]
"""An IPv4 range in CIDR notation."""
