"""The inputs of a review or an approval: backend, engine version, stack files, policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stackyard.estate.loaded import Loaded
from stackyard.naming import StackId
from stackyard_cli.backend.location import Location
from stackyard_cli.engine.packs import Packs
from stackyard_cli.engine.report import Task
from stackyard_cli.review.config_changes import ConfigChange, config_changes
from stackyard_cli.review.policy_source import PolicySource


@dataclass(frozen=True)
class ReviewContext:
    """Inputs of the reviews and approvals of one run."""

    location: Location
    engine_version: str
    loaded: Mapping[StackId, Loaded]
    policies: PolicySource
    """The policy settings to enforce."""

    def packs(self, stack: StackId) -> Packs:
        """Return the policy packs that are enforced on a loaded stack."""
        return self.policies.packs(self.loaded[stack])

    def config_changes(self, task: Task) -> list[ConfigChange]:
        """Return the changes of the config since the last apply, each with its line in a file."""
        record = self.location.records(task.stack).read()
        loaded = self.loaded[task.stack]
        return config_changes(record.config, loaded) if record and record.exists else []
