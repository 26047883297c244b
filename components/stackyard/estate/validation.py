"""Validation: converts the tree of a stack file to a config, or to problems with positions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from stackyard.config import Config
from stackyard.estate import former_keys, messages, model_fields, partial
from stackyard.estate.errors import StackFileError, StackFileErrors
from stackyard.estate.node import Node
from stackyard.estate.positions import is_written, located
from stackyard.estate.redaction import shown, without_secrets
from stackyard.field_path import FieldPath, dotted
from stackyard.problem import ERROR_TYPE

M = TypeVar("M", bound=Config)

Finding = Mapping[str, Any]
"""One entry of pydantic's `ValidationError.errors()`."""


def validated(model: type[M], tree: Node) -> M:
    """Return the config of a tree; raises StackFileErrors with every problem."""
    result = checked(model, tree)
    if result.errors or result.config is None:
        # Not chained: pydantic's own text contains the values.
        raise StackFileErrors(result.errors)
    return result.config


@dataclass(frozen=True)
class Checked(Generic[M]):
    """The result of a validation: a config, and the problems of its tree."""

    config: M | None
    """The config, without the fields that have errors; None if a required field has an error and
    the config cannot be validated without it."""

    errors: list[StackFileError]
    """Every problem."""

    left_out: frozenset[FieldPath]
    """Fields that the config lacks, because they have errors."""


ROUNDS = 8
"""Maximum number of validations of a tree; each one omits the fields with errors so far."""


def checked(model: type[M], tree: Node) -> Checked[M]:
    """Return the config of a tree, and every problem of fields and between fields."""
    left_out: frozenset[FieldPath] = frozenset()
    problems: list[_Located] = []
    for _ in range(ROUNDS):
        rest = partial.without(tree, left_out)
        try:
            return Checked(model.parse(rest.to_dict()), _joined(problems), left_out)
        except ValidationError as error:
            findings = error.errors(include_url=False)
        for finding in findings:
            problems += _problems(model, rest, finding, left_out)
        causes = {cause for finding in findings for cause in _causes(rest, finding)}
        if causes == {()} and findings[0]["type"] == ERROR_TYPE:
            return Checked(model.parse(rest.to_dict(), alone=True), _joined(problems), left_out)
        if () in causes or causes <= left_out:
            break
        left_out |= causes
    return Checked(None, _joined(problems), left_out)


def _causes(tree: Node, finding: Finding) -> Iterator[FieldPath]:
    """Yield the fields to remove because of a finding; the top if no field can be removed."""
    base, _ = _written(tree, finding)
    if finding["type"] != ERROR_TYPE or not base:
        yield partial.keys_of(base)
        return
    for problem in finding["ctx"]["problems"]:
        paths = [(*base, *path) for path in (problem.path, *problem.related)]
        yield partial.keys_of(next((path for path in paths if is_written(path, tree)), base))


def unknown_field(node: Node, path: FieldPath, known: Iterable[str]) -> StackFileError:
    """Return the problem of a field that no model has; names the new key for a former one."""
    listed = set(known)
    renamed = former_keys.renamed(str(path[-1]), listed, node.text)
    message = renamed or messages.unknown(str(path[-1]), listed)
    position = node.key or node.origin
    return StackFileError(*position, dotted(path), message.text, hint=message.hint)


@dataclass(frozen=True)
class _Located:
    """A problem, and the valid values, which differ between the members of a union."""

    error: StackFileError
    expected: str | None = None


def _problems(
    model: type[Config], tree: Node, finding: Finding, left_out: Collection[FieldPath]
) -> Iterator[_Located]:
    """Yield the problems of a finding, except possible consequences of removed fields."""
    path, node = _written(tree, finding)
    if finding["type"] == ERROR_TYPE:
        for problem in finding["ctx"]["problems"]:
            if not partial.is_doubtful(problem, path, left_out):
                yield _Located(located(problem, node, path))
    elif any(partial.overlap(omitted, finding["loc"]) for omitted in left_out):
        return
    elif finding["type"] == "extra_forbidden":
        yield _Located(unknown_field(node, path, model_fields.fields_at(model, path[:-1])))
    elif finding["type"] != "missing":
        yield _invalid(model, finding, path, node)
    elif not former_keys.is_written(name := str(finding["loc"][-1]), node):
        message = messages.message(finding, _description(model, (*path, name)))
        field = dotted((*path, name))
        yield _Located(StackFileError(*node.position, field, message.text, hint=message.hint))


def _invalid(model: type[Config], finding: Finding, path: FieldPath, node: Node) -> _Located:
    message = messages.message(finding, _description(model, path))
    text = without_secrets(message.text, node, path)
    if finding["loc"][-1:] == ("[key]",):
        position, value = node.key or node.origin, None
    else:
        position, value = node.position, shown(node, path)
    if node.text and node.text in text:
        value = None
    error = StackFileError(*position, dotted(path), text, value, message.hint)
    return _Located(error, message.expected)


def _written(tree: Node, finding: Finding) -> tuple[FieldPath, Node]:
    """Return the part of a location that is in the file; labels of union members are not."""
    path: FieldPath = ()
    node = tree
    steps = finding["loc"]
    if finding["type"] == "union_tag_invalid":
        steps = (*steps, finding["ctx"]["discriminator"].strip("'"))
    for step in steps:
        below = node.child(step)
        if below is not None:
            path, node = (*path, step), below
    return path, node


def _description(model: type[Config], path: FieldPath) -> str | None:
    for parent in model_fields.models_at(model, path[:-1]) if path else ():
        name = model_fields.written_fields(parent).get(str(path[-1]))
        text = parent.model_fields[name].description if name else None
        if text:
            return " ".join(text.split()).removesuffix(".")
    return None


def _joined(problems: Iterable[_Located]) -> list[StackFileError]:
    """Join the valid values of the members of a union: `must be A or B`."""
    joined: dict[tuple[Any, ...], _Located] = {}
    for each in problems:
        error = each.error
        field = (error.file, error.line, error.column, error.path)
        before = joined.get(field) if each.expected else None
        if before and before.expected and each.expected:
            expected = before.expected
            if each.expected not in expected:
                expected = f"{expected} or {each.expected}"
            hint = before.error.hint or error.hint
            error = replace(error, problem=f"must be {expected}", hint=hint)
            each = _Located(error, expected)
        joined[field if each.expected else (*field, error.problem)] = each
    return [each.error for each in joined.values()]
