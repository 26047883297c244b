"""The base of every config model: what a person may write in a stack file, and what may change."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Config(BaseModel):
    """What a person may write for one component; frozen, closed, and documented by docstrings."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_default=True,
    )

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

Cidr = Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,3}){3}/\d{1,2}$")]
"""An IPv4 range in CIDR notation."""
