"""The source of policy settings: the working tree, or the target branch (`--policies-of`)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stackyard.estate import layout
from stackyard.estate.errors import EstateError, StackFileErrors
from stackyard.estate.loaded import Loaded
from stackyard.estate.settings import EstateSettings
from stackyard.naming import StackId
from stackyard_cli.engine.packs import Packs
from stackyard_cli.estate_ops.git import estate_at
from stackyard_cli.review import policies
from stackyard_cli.review.dates import today


@dataclass(frozen=True)
class PolicySource:
    """The settings of policies, and the stacks as they were before the change."""

    settings: EstateSettings
    before: Mapping[StackId, Loaded] = field(default_factory=dict)
    """Packs enforced before a change stay enforced: a change cannot disable them for itself."""

    @classmethod
    def of_revision(cls, root: Path, revision: str, stacks: Iterable[StackId]) -> PolicySource:
        """Return the settings of a git revision of the estate; raises EstateError if it has none.

        For a stack that is new, or that was invalid in that revision, only its current files count.
        """
        chosen = list(stacks)
        with estate_at(root, revision, {layout.file_of(stack) for stack in chosen}) as old:
            if old is None:
                raise EstateError(f"{revision!r} contains no estate", f"it needs {layout.ESTATE}")
            settings = _in_force(old.settings, today())
            there = set(old.stacks())
            before: dict[StackId, Loaded] = {}
            for stack in chosen:
                try:
                    before |= {stack: old.load(stack)} if stack in there else {}
                except StackFileErrors:
                    continue
            return cls(settings, before)

    def packs(self, loaded: Loaded) -> Packs:
        """Return the packs of a stack for the engine."""
        return policies.packs(loaded, self.settings, today(), self.before.get(loaded.id))


def _in_force(settings: EstateSettings, day: datetime.date) -> EstateSettings:
    """Return the settings without expired overrides: a change that deletes one must pass."""
    kept = tuple(each for each in settings.policy.overrides if each.expires >= day)
    return settings.model_copy(
        update={"policy": settings.policy.model_copy(update={"overrides": kept})}
    )
