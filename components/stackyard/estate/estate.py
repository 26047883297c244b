"""Estates: the folder with `stacks/`, its settings, and its stacks in dependency order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path

from stackyard.blueprints.catalogue import BLUEPRINTS, depth
from stackyard.estate import layout
from stackyard.estate.errors import EstateError, StackFileError, StackFileErrors
from stackyard.estate.files import Files
from stackyard.estate.loaded import Loaded
from stackyard.estate.loader import Loader
from stackyard.estate.node import Node, Origin
from stackyard.estate.settings import EstateSettings
from stackyard.estate.validation import validated
from stackyard.field_path import FieldPath
from stackyard.naming import StackId
from stackyard.onprem.registrars import other_stages, upstream_name
from stackyard.suggestion import closest

SERVICES = "services"
"""The blueprint that registers clusters on premises."""


class Estate:
    """The stack files below one folder; a snapshot, because every file is read at most once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files = Files(root)
        self._before: dict[str, int] = {}

    @classmethod
    def find(cls, start: Path, explicit: Path | None = None) -> Estate:
        """Return the estate that contains a folder, or an explicit one; raises EstateError."""
        hint = "create an estate with `stackyard init DIR`, or name one with `--estate DIR`"
        if explicit is not None:
            if os.path.lexists(explicit / layout.ESTATE):
                return cls(explicit.absolute())
            raise EstateError(
                f"{str(explicit)!r} is not an estate: it has no {layout.ESTATE}", hint
            )
        for folder in (start.absolute(), *start.absolute().parents):
            if os.path.lexists(folder / layout.ESTATE):
                return cls(folder)
        raise EstateError(f"no estate in this folder or above: {layout.ESTATE} not found", hint)

    @cached_property
    def settings(self) -> EstateSettings:
        """The estate's settings; raises StackFileErrors."""
        return validated(EstateSettings, self._files.tree(layout.ESTATE))

    def settings_origins(self) -> dict[FieldPath, Origin]:
        """Return the position of each value in the file of the settings."""
        return {path: node.origin for path, node in self._files.tree(layout.ESTATE).leaves()}

    @cached_property
    def layout(self) -> layout.Layout:
        """The files of the estate, stray ones included."""
        return layout.scan(self.root)

    @cached_property
    def _loader(self) -> Loader:
        return Loader(self._files, frozenset(self.layout.shared))

    def stacks(self) -> list[StackId]:
        """Return every stack, sorted by path."""
        return list(self.layout.stacks)

    def one(self, text: str) -> StackId:
        """Return the stack of this path; raises EstateError with the most similar path."""
        try:
            stack = StackId.parse(text)
        except ValueError as error:
            raise EstateError(str(error), self._close(text)) from None
        if stack not in self.layout.stacks:
            raise EstateError(f"no stack {text!r} in this estate", self._close(text))
        return stack

    def select(self, patterns: Sequence[str] | None) -> list[StackId]:
        """Return the stacks that match any pattern, sorted; all of them for no pattern.

        A pattern is a path whose segments may be globs: `ranking/*/dev`. Raises EstateError for a
        pattern that matches nothing, because a typing error must not look like "nothing to do".
        """
        if not patterns:
            return self.stacks()
        chosen: set[StackId] = set()
        for pattern in patterns:
            segments = pattern.split("/")
            if len(segments) != 3:
                problem = f"a selection is TEAM/PROJECT/STAGE, each may be a glob (got {pattern!r})"
                raise EstateError(problem, self._close(pattern))
            matching = {stack for stack in self.layout.stacks if _matches(stack, segments)}
            if not matching:
                raise EstateError(f"no stack matches {pattern!r}", self._close(pattern))
            chosen |= matching
        return sorted(chosen)

    def blueprint(self, stack: StackId) -> str:
        """Return the name of the stack's blueprint; raises StackFileErrors."""
        return self._loader.blueprint(stack)

    def load(self, stack: StackId) -> Loaded:
        """Return the validated stack; raises StackFileErrors with all problems."""
        return self._loader.load(stack)

    def merged_files(self, stack: StackId) -> tuple[str, Node]:
        """Return the stack's blueprint and merged files, not validated: to compare, not to apply.

        Raises StackFileErrors if a file cannot be read.
        """
        return self._loader.merged(stack, [])

    def reuse(self, other: Estate, files: Iterable[str]) -> None:
        """Use the parsed files of another revision of the estate, if their content is the same."""
        self._files.reuse(other._files, files)

    def load_text(self, stack: StackId, text: str) -> Loaded:
        """Load a stack as if its file had this text; raises StackFileErrors."""
        files = self._files.overlaid(layout.file_of(stack), text)
        return Loader(files, frozenset(self.layout.shared)).load(stack)

    def upstreams(self, stack: StackId) -> dict[str, StackId]:
        """Return the stacks whose contracts this one reads: one of its stage for each blueprint.

        Services also read those of the stages that register their clusters on premises. Raises
        EstateError if a stage has none or several.
        """
        upstreams = self._of_stage(stack)
        if self.blueprint(stack) == SERVICES:
            for stage in self._named_stages(stack):
                one = self._one_of(stack, SERVICES, f"the stage `{stage}`", stage)
                upstreams[upstream_name(stage)] = one
        return upstreams

    def _of_stage(self, stack: StackId) -> dict[str, StackId]:
        return {
            blueprint: self._one_of(stack, blueprint, "its stage", stack.stage)
            for blueprint in BLUEPRINTS[self.blueprint(stack)]
        }

    def _one_of(self, stack: StackId, blueprint: str, where: str, stage: str) -> StackId:
        named = self._by_stage_and_blueprint.get((stage, blueprint), [])
        if len(named) != 1:
            listed = ", ".join(map(str, named)) or "none"
            problem = f"{stack} needs one `{blueprint}` in {where}, there is {listed}"
            raise EstateError(problem, self._provide(blueprint, stage))
        return named[0]

    def _named_stages(self, stack: StackId) -> list[str]:
        """Return the other stages that register clusters of a services stack.

        Files that cannot be read name none: who loads the stack reports them.
        """
        try:
            _, tree = self.merged_files(stack)
        except StackFileErrors:
            return []
        return other_stages(tree.to_dict(), stack.stage)

    def _provide(self, blueprint: str, stage: str) -> str:
        """Return the hint for a stage that has no stack of a blueprint, or has several."""
        by_stage = self._by_stage_and_blueprint
        makers = [
            one for (_, made), stacks in by_stage.items() if made == blueprint for one in stacks
        ]
        projects = {f"{one.team}/{one.project}" for one in makers}
        if len(projects) == 1 and (stage, blueprint) not in by_stage:
            return f"run `stackyard new {projects.pop()} --stage {stage}`"
        return f"write `blueprint: {blueprint}` in the {layout.DEFAULTS} of one project"

    def layers(self, stacks: Iterable[StackId]) -> list[list[StackId]]:
        """Return stacks in dependency order: a layer reads only contracts of layers before it."""
        layered: dict[int, list[StackId]] = {}
        for stack in sorted(set(stacks)):
            layered.setdefault(self.layer(stack), []).append(stack)
        return [layered[level] for level in sorted(layered)]

    def layer(self, stack: StackId) -> int:
        """Return the position of a stack's layer in dependency order, from 0."""
        blueprint = self.blueprint(stack)
        later = self._registering_before(stack.stage) if depth(blueprint) else 0
        return depth(blueprint) + later

    def _registering_before(self, stage: str, waiting: tuple[str, ...] = ()) -> int:
        """Return how many stages, one after the other, register clusters before a stage's services.

        Raises EstateError for stages that wait for each other.
        """
        if stage in waiting:
            problem = f"the stages {' and '.join(waiting)} register clusters for each other"
            raise EstateError(problem, "run `stackyard validate`")
        if stage not in self._before:
            named = self._by_stage_and_blueprint.get((stage, SERVICES), [])
            others = {each for one in named for each in self._named_stages(one)}
            counts = [1 + self._registering_before(each, (*waiting, stage)) for each in others]
            self._before[stage] = max(counts, default=0)
        return self._before[stage]

    def check(self, stacks: Iterable[StackId]) -> list[StackFileError]:
        """Return every problem of the shared files and of these stacks; empty if there is none."""
        from stackyard.estate import (  # slow: loads all blueprints' configs
            across,
            onprem_stages,
            role_sizes,
            stage_names,
        )

        collected = [*self.layout.stray, *self._settings_problems()]
        collected += stage_names.of_paths(self.layout.stacks)
        stages = {stack.stage for stack in self.layout.stacks}
        for file in sorted(self.layout.shared - {layout.ESTATE}):
            try:
                self._files.tree(file)
                if file == layout.COMPANY or file.startswith(layout.STAGES):
                    collected += self._loader.shared_problems(file)
            except StackFileErrors as errors:
                collected += errors.problems
        checked = cache(self._valid)
        valid: list[Loaded] = []
        for stack in stacks:
            try:
                loaded, problems = self._loader.check(stack)
                collected += problems
                if loaded is None:
                    continue
                valid.append(loaded)
                collected += [*stage_names.of_roles(loaded, stages), *role_sizes.problems(loaded)]
                below = self._of_stage(stack)
                stage = across.Stage(
                    checked(below.get("foundation")), checked(below.get("services"))
                )
                collected += across.problems(loaded, stage)
            except StackFileErrors as errors:
                collected += errors.problems
            except EstateError as error:
                file = layout.file_of(stack)
                collected.append(StackFileError(file, 0, 0, "", error.message, hint=error.hint))
        try:
            collected += onprem_stages.problems(valid, self.services, checked)
        except StackFileErrors as errors:
            collected += errors.problems
        return StackFileErrors(collected).problems

    def _settings_problems(self) -> list[StackFileError]:
        try:
            validated(EstateSettings, self._files.tree(layout.ESTATE))
        except StackFileErrors as errors:
            return errors.problems
        return []

    def _valid(self, stack: StackId | None) -> Loaded | None:
        """Return what is valid of a stack, whose own check reports the rest."""
        try:
            return self._loader.check(stack)[0] if stack is not None else None
        except StackFileErrors:
            return None

    @cached_property
    def services(self) -> dict[str, StackId]:
        """The services stack of each stage that has one, and not several."""
        return {
            stage: stacks[0]
            for (stage, blueprint), stacks in self._by_stage_and_blueprint.items()
            if blueprint == SERVICES and len(stacks) == 1
        }

    @cached_property
    def _by_stage_and_blueprint(self) -> dict[tuple[str, str], list[StackId]]:
        grouped: dict[tuple[str, str], list[StackId]] = {}
        for stack in self.layout.stacks:
            grouped.setdefault((stack.stage, self.blueprint(stack)), []).append(stack)
        return grouped

    def _close(self, text: str) -> str | None:
        names = [str(stack) for stack in self.layout.stacks]
        close = closest(text, names, at_most=3, cutoff=0.5) or names[:3]
        if not close:
            return "the estate has no stacks yet: `stackyard new TEAM/PROJECT --stage STAGE`"
        return f"stacks here: {', '.join(close)}; `stackyard list` shows all"


def _matches(stack: StackId, segments: Sequence[str]) -> bool:
    parts = (stack.team, stack.project, stack.stage)
    return all(fnmatchcase(part, glob) for part, glob in zip(parts, segments, strict=True))
