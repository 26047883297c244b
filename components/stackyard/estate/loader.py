"""Loads stacks: reads, merges and validates their files in the order of inheritance.

`_defaults.yaml` (company), `_stages/<stage>.yaml`, `<team>/_defaults.yaml`,
`<team>/<project>/_defaults.yaml`, then the stack's own file.
"""

from __future__ import annotations

from functools import cache

from stackyard.blueprints.catalogue import BLUEPRINTS, config_class
from stackyard.estate import layout
from stackyard.estate.errors import StackFileError, StackFileErrors
from stackyard.estate.files import Files
from stackyard.estate.loaded import Loaded
from stackyard.estate.merge import merged
from stackyard.estate.model_fields import written_fields
from stackyard.estate.node import Node
from stackyard.estate.redaction import shown
from stackyard.estate.validation import checked, unknown_field
from stackyard.naming import StackId
from stackyard.suggestion import did_you_mean

BLUEPRINT = "blueprint"
"""The only key that is in no config model, because it selects the model."""

DEFAULT_BLUEPRINT = "project"


class Loader:
    """Loads the stacks of one estate; shared files are read, merged and checked once."""

    def __init__(self, files: Files, shared: frozenset[str]) -> None:
        self._files, self._shared = files, shared
        self._bases: dict[tuple[str, str], Node] = {}

    def blueprint(self, stack: StackId) -> str:
        """Return the blueprint named in the `_defaults.yaml` of the project, else of the team."""
        for file in (layout.project_file(stack), layout.team_file(stack)):
            named = self._files.tree(file).child(BLUEPRINT) if file in self._shared else None
            if named is None:
                continue
            if isinstance(named.value, str) and named.value in BLUEPRINTS:
                return named.value
            message = f"must be one of {', '.join(BLUEPRINTS)}"
            hint = did_you_mean(named.text, BLUEPRINTS)
            value = shown(named, (BLUEPRINT,))
            raise StackFileErrors(
                [StackFileError(*named.position, BLUEPRINT, message, value, hint)]
            )
        return DEFAULT_BLUEPRINT

    def load(self, stack: StackId) -> Loaded:
        """Read, merge and validate; raises StackFileErrors with all problems of all its files."""
        loaded, problems = self.check(stack)
        if problems or loaded is None:
            raise StackFileErrors(problems)
        return loaded

    def check(self, stack: StackId) -> tuple[Loaded | None, list[StackFileError]]:
        """Read, merge and validate; return what is valid of the stack, and every problem.

        Raises StackFileErrors where a file cannot be read.
        """
        misplaced: list[StackFileError] = []
        blueprint, tree = self.merged(stack, misplaced)
        inherited = (layout.COMPANY, layout.stage_file(stack.stage))
        shared = [each for file in inherited for each in self.shared_problems(file)]
        result = checked(config_class(blueprint), tree)
        problems = [*shared, *misplaced, *result.errors]
        if result.config is None:
            return None, problems
        return Loaded(stack, blueprint, result.config, tree, result.left_out), problems

    def merged(self, stack: StackId, problems: list[StackFileError]) -> tuple[str, Node]:
        """Return a stack's blueprint and merged files, not validated; records misplaced blueprints.

        Raises StackFileErrors if a file cannot be read.
        """
        own = layout.file_of(stack)
        layers = [layout.team_file(stack), layout.project_file(stack), own]
        in_order = [layout.COMPANY, layout.stage_file(stack.stage), *layers]
        trees = self._files.trees(file for file in in_order if file in self._shared or file == own)
        blueprint = self.blueprint(stack)
        tree = self._base(stack, blueprint)
        for file in layers:
            if file in trees:
                tree = merged(tree, _without_blueprint(trees[file], problems, own=file == own))
        return blueprint, tree

    def shared_problems(self, file: str) -> list[StackFileError]:
        """Return the keys of a shared file that no blueprint has."""
        if file not in self._shared:
            return []
        tree = self._files.tree(file)
        known = _all_fields()
        return [
            _unshared(node, key, known) for key, node in tree.fields.items() if key not in known
        ]

    def _base(self, stack: StackId, blueprint: str) -> Node:
        """Return the company's and the stage's settings for a blueprint."""
        stage = layout.stage_file(stack.stage)
        if stage not in self._shared:
            problem = f"stage `{stack.stage}` does not exist: there is no {stage}"
            known = [file.split("/")[-1][: -len(layout.SUFFIX)] for file in self._shared]
            hint = did_you_mean(stack.stage, known, f"create {stage}, or rename the stack's file")
            raise StackFileErrors(
                [StackFileError(layout.file_of(stack), 0, 0, "", problem, None, hint)]
            )
        if (stack.stage, blueprint) not in self._bases:
            base = Node({}, self._files.tree(stage).origin)
            for file in (layout.COMPANY, stage):
                if file in self._shared:
                    base = merged(base, _known_to(blueprint, self._files.tree(file)))
            self._bases[stack.stage, blueprint] = base
        return self._bases[stack.stage, blueprint]


@cache
def _fields(blueprint: str) -> frozenset[str]:
    return frozenset(written_fields(config_class(blueprint)))


@cache
def _all_fields() -> frozenset[str]:
    return frozenset().union(*(_fields(blueprint) for blueprint in BLUEPRINTS))


def _known_to(blueprint: str, tree: Node) -> Node:
    known = _fields(blueprint)
    return Node({key: node for key, node in tree.fields.items() if key in known}, tree.origin)


def _unshared(node: Node, key: str, known: frozenset[str]) -> StackFileError:
    if key != BLUEPRINT:
        return unknown_field(node, (key,), known)
    problem = "cannot be the same for all stacks"
    hint = "set it in the `_defaults.yaml` of the project"
    return StackFileError(*(node.key or node.origin), key, problem, hint=hint)


def _without_blueprint(tree: Node, problems: list[StackFileError], *, own: bool) -> Node:
    """Return a tree without `blueprint`; records a problem if the stack's own file has it."""
    named = tree.fields.get(BLUEPRINT)
    if named is None:
        return tree
    if own:
        problem = "is the same in every stage, so the file of one stack cannot set it"
        hint = "set it in the `_defaults.yaml` of the project"
        problems.append(StackFileError(*(named.key or named.origin), BLUEPRINT, problem, hint=hint))
    return Node({key: node for key, node in tree.fields.items() if key != BLUEPRINT}, tree.origin)
