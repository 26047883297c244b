"""An estate opened for the engine: its location, its engine, and its stacks as tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackyard.blueprints.services.config import ServicesConfig
from stackyard.config import Config
from stackyard.estate.errors import StackFileErrors
from stackyard.estate.estate import Estate
from stackyard.estate.immutable import changed_immutables
from stackyard.estate.loaded import Loaded
from stackyard.estate.node import dotted
from stackyard.naming import StackId
from stackyard_cli.backend import preconditions, pulumi_binary
from stackyard_cli.backend.location import Location, location_of_estate
from stackyard_cli.backend.pulumi_binary import Engine
from stackyard_cli.deploy import onprem_clusters
from stackyard_cli.engine.report import Task
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.review.blast_radius import expired
from stackyard_cli.review.context import ReviewContext
from stackyard_cli.review.dates import today
from stackyard_cli.review.policy_source import PolicySource


@dataclass
class Deployment:
    """What the verbs that run the engine share."""

    estate: Estate
    location: Location
    engine: Engine
    loaded: dict[StackId, Loaded] = field(default_factory=dict)
    policies: PolicySource | None = None
    """Whose rules hold; those of the estate itself by default."""

    @classmethod
    def open(cls, estate_dir: Path | None) -> Deployment:
        """Open the estate around here, or the one named."""
        estate = Estate.find(Path.cwd(), estate_dir)
        return cls(estate, location_of_estate(estate), pulumi_binary.find())

    def layers(self, stacks: Iterable[StackId]) -> list[list[Task]]:
        """Return the stacks as tasks in contract order; raises for files that are not valid."""
        return [[self.task(stack) for stack in layer] for layer in self.estate.layers(stacks)]

    def task(self, stack: StackId) -> Task:
        """Return one stack as a task."""
        loaded = self.loaded.setdefault(stack, self.estate.load(stack))
        if problems := list(expired(loaded, today())):
            raise StackFileErrors(problems)
        return Task(
            stack=stack,
            blueprint=loaded.blueprint,
            config=loaded.effective,
            digest=loaded.digest,
            upstreams=self.estate.upstreams(stack),
            ready=self._begin(loaded.config),
        )

    def hold_to(self, revision: str | None) -> None:
        """Take the policy settings of a git revision for the stacks loaded so far.

        A change must not choose the rules that it is judged by.
        """
        if revision is not None:
            self.policies = PolicySource.of_revision(self.estate.root, revision, self.loaded)

    @property
    def context(self) -> ReviewContext:
        """What reviews and approvals read of this run."""
        policies = self.policies or PolicySource(self.estate.settings)
        return ReviewContext(self.location, self.engine.version, self.loaded, policies)

    def check_immutables(self, tasks: Iterable[Task]) -> None:
        """Refuse changed values of keys that only a new stack may change; all at once."""
        problems: list[str] = []
        for task in tasks:
            for recorded in preconditions.recorded_config(self.location, task.stack):
                problems += self._changed(task.stack, recorded)
        if problems:
            raise StackyardError(
                "\n".join(dict.fromkeys(problems)),
                hint="put the recorded value back, or destroy the stack first",
                code=ExitCode.INVALID,
            )

    def not_applied(self, task: Task) -> StackId | None:
        """Return the first upstream that has published no contract yet."""
        for upstream in task.upstreams.values():
            if not preconditions.applied(self.location, upstream):
                return upstream
        return None

    def downstreams(self, stacks: Sequence[StackId]) -> list[StackId]:
        """Return stacks outside the selection that exist and read a contract of one inside."""
        found: list[StackId] = []
        for stack in self.estate.stacks():
            reads = set(self.estate.upstreams(stack).values()) & set(stacks)
            if stack not in stacks and reads and self.exists(stack):
                found.append(stack)
        return found

    def exists(self, stack: StackId) -> bool:
        """Say whether the stack has anything in a cloud or cluster."""
        checkpoint = self.location.state(stack).read()
        return checkpoint is not None and bool(preconditions.made(checkpoint))

    def _begin(self, config: Config) -> Callable[[], None]:
        """Begin with what a stack needs beside its upstreams, and return how to wait for it."""
        onprem = config.onprem if isinstance(config, ServicesConfig) else None
        if self.estate.settings.target == "sandbox" and onprem and onprem.clusters:
            return onprem_clusters.begin(onprem)
        return lambda: None

    def _changed(self, stack: StackId, recorded: Mapping[str, Any]) -> list[str]:
        loaded = self.loaded[stack]
        problems: list[str] = []
        for path, old, new in changed_immutables(type(loaded.config), recorded, loaded.effective):
            origin = loaded.origins.get(path)
            where = f"{origin}: " if origin else f"{stack}: "
            problems.append(
                f"{where}`{dotted(path)}` cannot change after the first apply of {stack} "
                f"(recorded {old!r}, got {new!r})"
            )
        return problems
