"""The tree of a stack file: every value with its position in a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from stackyard.field_path import FieldPath


class Origin(NamedTuple):
    """A position in a file of the estate; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(slots=True)
class Node:
    """One value: a map, a list, or a scalar. Never changed, because files share nodes."""

    value: dict[str, Node] | list[Node] | str | int | float | bool
    """What was written."""

    origin: Origin
    """Where the value starts."""

    key: Origin | None = None
    """Where its key is; None in a list and at the top."""

    text: str = ""
    """A scalar as it was written, so that an error shows `1.30` and not 1.3."""

    @property
    def position(self) -> Origin:
        """The position that errors show: of the value of a scalar, of the key of a map or list."""
        return self.key if self.key and isinstance(self.value, dict | list) else self.origin

    @property
    def fields(self) -> Mapping[str, Node]:
        """The entries of a map; empty for a list or a scalar."""
        return self.value if isinstance(self.value, dict) else {}

    def to_dict(self) -> Any:
        """Return the value as built-in types."""
        if isinstance(self.value, dict):
            return {key: node.to_dict() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.to_dict() for node in self.value]
        return self.value

    def leaves(self, path: FieldPath = ()) -> Iterator[tuple[FieldPath, Node]]:
        """Yield every scalar, and every empty map or list, with its path."""
        children: Iterator[tuple[str | int, Node]] = iter(())
        if isinstance(self.value, dict):
            children = iter(self.value.items())
        elif isinstance(self.value, list):
            children = iter(enumerate(self.value))
        if isinstance(self.value, dict | list) and self.value:
            for step, node in children:
                yield from node.leaves((*path, step))
        else:
            yield path, self

    def child(self, step: str | int) -> Node | None:
        """Return the value below a key or position; None if there is none."""
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            return self.value[step]
        return None
