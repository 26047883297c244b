"""The files of an estate, each read and parsed at most once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stackyard.estate.errors import StackFileError, StackFileErrors
from stackyard.estate.node import Node
from stackyard.estate.reader import parse
from stackyard.estate.source import read_text


class Files:
    """Parsed files by path; a file that cannot be read raises the same error each time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._trees: dict[str, Node] = {}
        self._failures: dict[str, StackFileErrors] = {}

    def tree(self, file: str) -> Node:
        """Return the tree of a file (path relative to the estate); raises StackFileErrors."""
        if file in self._failures:
            raise self._failures[file]
        if file not in self._trees:
            try:
                self._trees[file] = parse(read_text(self._root, file), file)
            except StackFileErrors as errors:
                self._failures[file] = errors
                raise
        return self._trees[file]

    def overlaid(self, file: str, text: str) -> Files:
        """Return these files with another text for one of them; raises StackFileErrors."""
        other = Files(self._root)
        other._trees = {**self._trees, file: parse(text, file)}
        return other

    def reuse(self, other: Files, files: Iterable[str]) -> None:
        """Use the parsed files of another estate, if their text is the same in both."""
        for file in files:
            if file in other._trees:
                self._trees[file] = other._trees[file]

    def trees(self, files: Iterable[str]) -> dict[str, Node]:
        """Return several trees; raises StackFileErrors with the problems of all of them."""
        trees: dict[str, Node] = {}
        problems: list[StackFileError] = []
        for file in files:
            try:
                trees[file] = self.tree(file)
            except StackFileErrors as errors:
                problems += errors.problems
        if problems:
            raise StackFileErrors(problems)
        return trees
