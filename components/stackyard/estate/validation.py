"""From a tree to a config model: one strict pass, and every finding at its place in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from stackyard.estate import vocabulary, wording
from stackyard.estate.errors import StackFileError, StackFileErrors
from stackyard.estate.node import Node, Path, dotted
from stackyard.estate.pointing import pointed_at
from stackyard.estate.secrecy import shown, without_secrets

M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], tree: Node) -> M:
    """Return the config that a tree says; raises StackFileErrors with every problem.

    Strict, in JSON mode: text is never taken for a number or a number for text, while lists
    become tuples and dates are read, https://docs.pydantic.dev/latest/concepts/strict_mode/.
    """
    try:
        return model.model_validate_json(json.dumps(tree.to_dict()), strict=True)
    except ValidationError as error:
        findings = [each for found in error.errors(include_url=False) for each in _single(found)]
        problems = _told_once(_located(model, tree, each) for each in findings)
        # Not chained: pydantic's own text holds the values that were written.
        raise StackFileErrors(problems) from None


def unknown_field(node: Node, path: Path, known: Iterable[str]) -> StackFileError:
    """Return the problem of a field that nothing knows."""
    problem, hint = wording.unknown(str(path[-1]), known)
    place = node.key or node.origin
    return StackFileError(*place, dotted(path), problem, hint=hint)


def _single(finding: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Part what one validator says about several fields: "`a` is …; `b` is …"."""
    told = str(finding.get("ctx", {}).get("error", ""))
    parts = re.split(r"; (?=`)", told) if told.startswith("`") else [told]
    for part in parts:
        yield {**finding, "ctx": {"error": part}} if len(parts) > 1 else finding


def _located(model: type[BaseModel], tree: Node, finding: Mapping[str, Any]) -> StackFileError:
    path, node = _place(tree, finding)
    if finding["type"] == "extra_forbidden":
        return unknown_field(node, path, vocabulary.fields_at(model, path[:-1]))
    if finding["type"] == "missing":
        name = str(finding["loc"][-1])
        problem, hint = wording.worded(finding, _description(model, (*path, name)))
        return StackFileError(*node.place, dotted((*path, name)), problem, hint=hint)
    problem, hint = wording.worded(finding, _description(model, path))
    problem = without_secrets(problem, node, path)
    if isinstance(node.value, dict | list) and finding["type"] == "value_error":
        return _contradiction(problem, path, node)
    if finding["loc"][-1:] == ("[key]",):
        return StackFileError(*(node.key or node.origin), dotted(path), problem, hint=hint)
    told = node.text and node.text in problem
    value = None if told else shown(node, path)
    return StackFileError(*node.place, dotted(path), problem, value, hint)


def _contradiction(problem: str, path: Path, node: Node) -> StackFileError:
    """Place what is wrong between several fields at the first, and say where the others are."""
    fields = pointed_at(problem, node)
    if not fields:
        return StackFileError(*node.place, dotted(path), problem)
    below, first = fields[0]
    others = [f"`{dotted((*path, *at))}` is at {other.place}" for at, other in fields[1:]]
    hint = "; ".join(others) or None
    return StackFileError(*first.place, dotted((*path, *below)), problem, hint=hint)


def _place(tree: Node, finding: Mapping[str, Any]) -> tuple[Path, Node]:
    """Follow a location as far as it is written; labels of union members are not."""
    path: Path = ()
    node = tree
    steps = finding["loc"]
    if finding["type"] == "union_tag_invalid":
        steps = (*steps, finding["ctx"]["discriminator"].strip("'"))
    for step in steps:
        below = node.child(step)
        if below is not None:
            path, node = (*path, step), below
    return path, node


def _description(model: type[BaseModel], path: Path) -> str | None:
    for parent in vocabulary.models_at(model, path[:-1]) if path else ():
        name = vocabulary.written_fields(parent).get(str(path[-1]))
        text = parent.model_fields[name].description if name else None
        if text:
            return " ".join(text.split()).removesuffix(".")
    return None


def _told_once(problems: Iterable[StackFileError]) -> list[StackFileError]:
    """Join what the members of a union say about one value: `must be A or B`."""
    told: dict[tuple[Any, ...], StackFileError] = {}
    for each in problems:
        place = (each.file, each.line, each.column, each.path)
        before = told.get(place)
        both = before and before.problem.startswith("must be ") and each.problem.startswith("must ")
        if before and both and each.problem not in before.problem:
            joined = f"{before.problem} or {each.problem.removeprefix('must be ')}"
            each = StackFileError(*place, joined, each.value, before.hint or each.hint)
        told[place if both or not before else (*place, each.problem)] = each
    return list(told.values())
