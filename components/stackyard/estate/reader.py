"""Parses YAML into a tree with positions: a small subset of YAML 1.2.

Scalars are text, `true`, `false` and plain decimal numbers; `no`, `012`, `1e3` and dates stay text
(https://yaml.org/spec/1.2.2/#103-core-schema, narrowed). Tags, anchors, aliases, several documents
and null are refused: none of them is needed, and each can surprise readers or enable attacks.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml import events

from stackyard.estate.errors import StackFileError, StackFileErrors
from stackyard.estate.node import Node, Origin
from stackyard.field_path import FieldPath, dotted

DEPTH_LIMIT = 20
"""Maximum nesting depth; the deepest real config has about six levels."""

NULLS = {"", "~", "null", "Null", "NULL"}
BOOLEANS = {"true": True, "false": False}
INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}")

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Only its parser is used: it returns events with positions and constructs no objects."""


def parse(text: str, file: str) -> Node:
    """Return the tree of a file's text; raises StackFileErrors with every problem."""
    reading = _Reading(text, file)
    try:
        tree = reading.document()
    except yaml.YAMLError as error:
        raise StackFileErrors([*reading.problems, _syntax(error, text, file)]) from error
    finally:
        reading.parser.dispose()
    if reading.problems or tree is None:
        raise StackFileErrors(reading.problems)
    return tree


class _Reading:
    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.problems: list[StackFileError] = []
        self.parser = Loader(text)

    def document(self) -> Node | None:
        """Return the tree of the only document; None if there is none, which is recorded."""
        self.parser.get_event()
        event = self.parser.get_event()
        if isinstance(event, events.StreamEndEvent):
            self._note_empty()
            return None
        if event.version or event.tags:
            self._note(
                event,
                (),
                "a directive is not allowed in a stack file",
                "delete the line that starts with %",
            )
        top = self.parser.get_event()
        if isinstance(top, events.ScalarEvent) and not top.value:
            self._note_empty()
            return None
        if not isinstance(top, events.MappingStartEvent):
            self._note(top, (), "the top must be a map of fields")
            return None
        tree = self._node(top, ())
        self.parser.get_event()
        event = self.parser.get_event()
        if isinstance(event, events.DocumentStartEvent):
            self._note(
                event,
                (),
                "a second document is not allowed in a stack file",
                "delete it: a file describes one stack",
            )
        return tree

    def _note_empty(self) -> None:
        hint = "write `{}` if the file only inherits"
        self.problems.append(StackFileError(self.file, 0, 0, "", "is empty", hint=hint))

    def _node(self, event: Any, path: FieldPath) -> Node:
        self._refuse_yaml_features(event, path)
        origin = self._origin(event)
        if len(path) > DEPTH_LIMIT:
            problem = f"nested deeper than {DEPTH_LIMIT} levels"
            raise StackFileErrors([*self.problems, StackFileError(*origin, "", problem)])
        if isinstance(event, events.MappingStartEvent):
            return Node(self._map(path), origin)
        if isinstance(event, events.SequenceStartEvent):
            return Node(self._list(path), origin)
        if isinstance(event, events.AliasEvent):
            return Node("", origin)
        return Node(self._scalar(event, path), origin, None, event.value)

    def _map(self, path: FieldPath) -> dict[str, Node]:
        fields: dict[str, Node] = {}
        while not isinstance(event := self.parser.get_event(), events.MappingEndEvent):
            name = self._name(event, path)
            below = (*path, name)
            node = self._node(self.parser.get_event(), below)
            node.key = self._origin(event)
            if name in fields:
                hint = f"it is first written in line {fields[name].position.line}; keep one"
                self._note(event, below, "is written twice", hint)
            fields[name] = node
        return fields

    def _name(self, event: Any, path: FieldPath) -> str:
        if not isinstance(event, events.ScalarEvent):
            self._note(event, path, "the name of a field must be text")
            self._node(event, path)
            return ""
        self._refuse_yaml_features(event, path)
        name = str(event.value)
        if event.implicit[0] and not isinstance(_value_of(name), str):
            self._note(event, (*path, name), "the name of a field must be text", "quote it")
        return name

    def _list(self, path: FieldPath) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := self.parser.get_event(), events.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _scalar(self, event: Any, path: FieldPath) -> str | int | float | bool:
        if not event.implicit[0]:
            return str(event.value)
        value = _value_of(event.value)
        if value is None:
            self._note(event, path, "has no value", "give it one, or delete the line")
            return ""
        return value

    def _refuse_yaml_features(self, event: Any, path: FieldPath) -> None:
        if isinstance(event, events.AliasEvent):
            self._note(
                event, path, "an alias is not allowed in a stack file", "write the value itself"
            )
        elif event.anchor:
            self._note(
                event,
                path,
                "an anchor is not allowed in a stack file",
                "delete it; write shared values to _defaults.yaml",
            )
        elif event.tag:
            self._note(
                event, path, "a tag is not allowed in a stack file", "write the value without it"
            )

    def _note(self, event: Any, path: FieldPath, problem: str, hint: str | None = None) -> None:
        origin = self._origin(event)
        self.problems.append(StackFileError(*origin, dotted(path), problem, hint=hint))

    def _origin(self, event: Any) -> Origin:
        return Origin(self.file, event.start_mark.line + 1, event.start_mark.column + 1)


def _value_of(text: str) -> str | int | float | bool | None:
    """Return the value of an unquoted scalar."""
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if DECIMAL.fullmatch(text) else text


def _syntax(error: yaml.YAMLError, text: str, file: str) -> StackFileError:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML")
    if mark is None:
        position = int(getattr(error, "position", 0))
        line = text.count("\n", 0, position) + 1
        return StackFileError(file, line, 1, "", f"not YAML: {problem}")
    lines = text.splitlines()
    written = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in written[: mark.column + 1] and not written[: mark.column].strip():
        problem, hint = "a tab in the indentation", "indent with spaces"
        return StackFileError(file, mark.line + 1, mark.column + 1, "", problem, hint=hint)
    return StackFileError(file, mark.line + 1, mark.column + 1, "", f"not YAML: {problem}")
