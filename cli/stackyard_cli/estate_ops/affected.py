"""Finds the stacks that a change in git affects: compares effective configs, follows contracts.

A comment, a moved key or a default that every stack overrides affects no stack. A file outside of
`stacks/` may be the tool itself, its version or its policies, and therefore affects every stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path as Folder
from typing import Any, Literal

from stackyard.estate import layout
from stackyard.estate.errors import EstateError, StackFileErrors
from stackyard.estate.estate import Estate
from stackyard.estate.node import Node
from stackyard.field_path import FieldPath, dotted
from stackyard.naming import StackId
from stackyard_cli.estate_ops.git import changed_files, estate_at, merge_base, stacks_at

Change = Literal["added", "changed", "follows", "removed", "everything"]

INERT = {
    "*.md": "documentation",
    "docs/*": "documentation",
    "LICENSE*": "documentation",
    ".gitignore": "read by git alone",
    ".gitattributes": "read by git alone",
    ".github/*": "the pipeline decides what runs, not what a stack is",
    ".gitlab-ci.yml": "the pipeline decides what runs, not what a stack is",
    ".gitlab/*": "the pipeline decides what runs, not what a stack is",
    "tests/*": "never loaded by a program",
    "benchmarks/*": "never loaded by a program",
    f"{layout.SCHEMAS}/*": "read by editors alone",
}
"""Files that affect no stack, with the reason; any other file outside of `stacks/` may affect
all."""

VALUES_NAMED = 20
"""Maximum number of changed values listed for a stack; `diff` shows all."""


@dataclass(frozen=True)
class Touched:
    """One stack that the change affects."""

    stack: str
    change: Change
    operation: Literal["preview", "destroy"]
    layer: int
    """Its position in dependency order, from 0. Removed stacks are in reverse order."""

    protected: bool
    """Whether its stage protects it: then a person removes it, not a pipeline."""

    stage: str
    account: str
    region: str
    """The region of its account; pipelines assume the role of this account."""

    because: str
    values: tuple[str, ...] = ()
    """Paths of the values that differ."""


@dataclass(frozen=True)
class Affected:
    """The result: the compared commit, and the stacks in dependency order."""

    base: str
    stacks: tuple[Touched, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it for `--json`."""
        return {"base": self.base, "stacks": [asdict(stack) for stack in self.stacks]}


def affected(root: Folder, base: str, head: str | None = None) -> Affected:
    """Compare the estate in `root` (or its revision `head`) with the merge base of `base`."""
    commit = merge_base(root, base, head)
    inside, outside = changed_files(root, commit, head)
    if head is None:
        return Affected(commit, _touched(Estate(root), root, commit, inside, outside))
    with estate_at(root, head) as new:
        if new is None:
            raise EstateError(f"{head!r} contains no estate", f"it needs {layout.ESTATE}")
        return Affected(commit, _touched(new, root, commit, inside, outside))


def _touched(
    new: Estate, root: Folder, commit: str, inside: set[str], outside: set[str]
) -> tuple[Touched, ...]:
    code = sorted(
        name
        for name in (*inside, *outside)
        if not any(fnmatchcase(name, pattern) for pattern in INERT)
        and not (name in inside and name.startswith(f"{layout.FOLDER}/"))
    )
    files = {name for name in inside if name.startswith(f"{layout.FOLDER}/")}
    if not (code or files):
        return ()
    with estate_at(root, commit, files) as old:
        before = stacks_at(root, commit) if old else set()
        return _Comparison(new, old, before, files, code).touched()


class _Comparison:
    def __init__(
        self,
        new: Estate,
        old: Estate | None,
        before: set[StackId],
        files: set[str],
        code: list[str],
    ) -> None:
        self._new, self._old, self._before = new, old, before
        self._files, self._code = files, code

    def touched(self) -> tuple[Touched, ...]:
        """Return the affected stacks, in dependency order; removed stacks last, in reverse."""
        whole = self._everything()
        touched: dict[StackId, Touched] = {}
        for stack in self._new.stacks():
            one = self._one(stack)
            if one is None and whole:
                one = self._made(stack, "everything", whole)
            if one is not None:
                touched[stack] = one
        if not whole:
            self._follow(touched)
        ordered = sorted(touched.values(), key=lambda each: (each.layer, each.stack))
        removed = sorted(self._removed(), key=lambda each: (-each.layer, each.stack))
        return (*ordered, *removed)

    def _everything(self) -> str | None:
        """Return the reason why every stack is affected; None if only some may be."""
        if self._code:
            more = f" and {len(self._code) - 1} more" if len(self._code) > 1 else ""
            return f"{self._code[0]}{more}"
        if layout.ESTATE in self._files and self._old:
            try:
                same = self._old.settings == self._new.settings
            except StackFileErrors:
                same = False
            return None if same else layout.ESTATE
        return None

    def _one(self, stack: StackId) -> Touched | None:
        if self._old is None or stack not in self._before:
            return self._made(stack, "added", layout.file_of(stack))
        read = [
            layout.COMPANY,
            layout.stage_file(stack.stage),
            layout.team_file(stack),
            layout.project_file(stack),
            layout.file_of(stack),
        ]
        touched = [file for file in read if file in self._files]
        if not touched:
            return None
        blueprint, tree = self._new.merged_files(stack)
        self._old.reuse(self._new, (file for file in read if file not in self._files))
        try:
            blueprint_before, tree_before = self._old.merged_files(stack)
        except StackFileErrors:
            return self._made(stack, "changed", "it could not be read before")
        values = list(islice(_differing(tree_before, tree, ()), VALUES_NAMED))
        if blueprint == blueprint_before and not values:
            return None
        return self._made(stack, "changed", ", ".join(touched), map(dotted, values))

    def _follow(self, touched: dict[StackId, Touched]) -> None:
        """Add the stacks that read a contract of an affected stack."""
        for layer in self._new.layers(self._new.stacks()):
            for stack in (stack for stack in layer if stack not in touched):
                read = self._new.upstreams(stack).values()
                upstream = next((each for each in read if each in touched), None)
                if upstream is not None:
                    why = f"reads the contract of {upstream}"
                    touched[stack] = self._made(stack, "follows", why)

    def _made(
        self, stack: StackId, change: Change, because: str, values: Iterable[str] = ()
    ) -> Touched:
        standing = _standing(self._new, stack)
        return Touched(str(stack), change, "preview", *standing, because, tuple(values))

    def _removed(self) -> Iterator[Touched]:
        if self._old is None:
            return
        for stack in self._before - set(self._new.stacks()):
            because = f"{layout.file_of(stack)} was removed"
            standing = _standing(self._old, stack)
            yield Touched(str(stack), "removed", "destroy", *standing, because)


def _differing(old: Node | None, new: Node | None, path: FieldPath) -> Iterator[FieldPath]:
    """Yield the paths of values that differ; revisions share the nodes of equal files."""
    if old is new:
        return
    if old is None or new is None:
        for node in (old, new):
            yield from (leaf for leaf, _ in node.leaves(path)) if node else ()
    elif isinstance(old.value, dict) and isinstance(new.value, dict) and old.value and new.value:
        for key in {**new.value, **old.value}:
            yield from _differing(old.value.get(key), new.value.get(key), (*path, key))
    elif old.to_dict() != new.to_dict() or type(old.value) is not type(new.value):
        yield path


def _standing(estate: Estate, stack: StackId) -> tuple[int, bool, str, str, str]:
    """Return layer, protection, stage, account and region of a stack."""
    _, tree = estate.merged_files(stack)
    section = tree.child("protection")
    protect = section.child("protect") if section else None
    account, region = (tree.child(key) for key in ("account", "region"))
    return (
        estate.layer(stack),
        protect is not None and protect.value is True,
        stack.stage,
        str(account.value) if account else "",
        str(region.value) if region else "",
    )
