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
    """The value in the file."""

    origin: Origin
    """The position of the value's first character."""

    key: Origin | None = None
    """The position of its key; None in a list and for the whole document."""

    text: str = ""
    """The text of a scalar in the file, so that an error shows `1.30` and not 1.3."""

    @property
    def position(self) -> Origin:
        """The position in errors: of the value for a scalar, of the key for a map or list."""
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
        """Return the value of a key or list position; None if there is none."""
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            return self.value[step]
        return None
