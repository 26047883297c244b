"""An estate, opened for a run of the engine: its backend, its engine, and its stacks as tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from stackyard.blueprints.services.config import ServicesConfig
from stackyard.config import Config
from stackyard.estate.errors import StackFileErrors
from stackyard.estate.estate import Estate
from stackyard.estate.immutable import changed_immutables
from stackyard.estate.loaded import Loaded
from stackyard.field_path import dotted
from stackyard.naming import StackId
from stackyard.onprem.registrars import changed_registrars, other_stages
from stackyard_cli.backend import preconditions, pulumi_binary
from stackyard_cli.backend.location import Location, location_of_estate
from stackyard_cli.backend.pulumi_binary import Engine
from stackyard_cli.deploy.onprem_clusters import OnPremClusters
from stackyard_cli.deploy.order import Layers
from stackyard_cli.engine.report import Prerequisite, Task
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.estate_ops.selection import select
from stackyard_cli.review.blast_radius import expired
from stackyard_cli.review.context import ReviewContext
from stackyard_cli.review.dates import today
from stackyard_cli.review.policy_source import PolicySource


@dataclass
class Deployment:
    """Inputs of every command that runs the engine; opening it starts no process."""

    estate: Estate
    location: Location
    engine: Engine
    loaded: dict[StackId, Loaded] = field(default_factory=dict)
    policies: PolicySource | None = None
    """The policy settings to enforce; those of the working tree by default."""

    @classmethod
    def open(cls, estate_dir: Path | None) -> Deployment:
        """Open the estate of the working directory, or the given one."""
        estate = Estate.find(Path.cwd(), estate_dir)
        return cls(estate, location_of_estate(estate), pulumi_binary.find())

    def select(self, patterns: Sequence[str] | None) -> Layers:
        """Return the stacks that match as tasks in dependency order; without a pattern, all."""
        return self.layers(select(self.estate, patterns))

    def layers(self, stacks: Iterable[StackId]) -> list[list[Task]]:
        """Return the stacks as tasks in dependency order; raises for invalid files."""
        return [[self.task(stack) for stack in layer] for layer in self.estate.layers(stacks)]

    def task(self, stack: StackId) -> Task:
        """Return one stack as a task; reads files only."""
        if stack not in self.loaded:
            self.loaded[stack] = self.estate.load(stack)
        loaded = self.loaded[stack]
        if problems := list(expired(loaded, today())):
            raise StackFileErrors(problems)
        return Task(
            stack=stack,
            blueprint=loaded.blueprint,
            config=loaded.effective,
            digest=loaded.digest,
            upstreams=self.estate.upstreams(stack),
            prerequisite=self._prerequisite(loaded.config),
        )

    def enforce_policies_of(self, revision: str | None) -> None:
        """Review the loaded stacks with a git revision's policy settings; None: with their own.

        A pull request must not relax the rules of its own review.
        """
        if revision is not None:
            self.policies = PolicySource.of_revision(self.estate.root, revision, self.loaded)

    @property
    def regions(self) -> set[str]:
        """The AWS regions of the loaded stacks."""
        return {loaded.config.region for loaded in self.loaded.values()}

    @property
    def context(self) -> ReviewContext:
        """The values of this run that reviews and approvals read."""
        policies = self.policies or PolicySource(self.estate.settings)
        return ReviewContext(self.location, self.engine.version, self.loaded, policies)

    def check_immutables(self, layers: Layers) -> None:
        """Refuse changed values of immutable keys; raises StackyardError with all of them."""
        problems: list[str] = []
        for task in chain.from_iterable(layers):
            for recorded in preconditions.recorded_config(self.location, task.stack):
                problems += self._changed(task.stack, recorded)
        if problems:
            raise StackyardError(
                "\n".join(dict.fromkeys(problems)),
                hint="put the recorded value back, or destroy the stack first",
                code=ExitCode.INVALID,
            )

    def not_applied(self, task: Task) -> StackId | None:
        """Return an upstream that is not applied, so that its contract cannot be read."""
        for upstream in task.upstreams.values():
            if not preconditions.applied(self.location, upstream):
                return upstream
        return None

    def downstreams(self, stacks: Sequence[StackId]) -> list[StackId]:
        """Return existing stacks outside the selection that read a contract of one inside."""
        downstreams: list[StackId] = []
        for stack in self.estate.stacks():
            upstreams = {*self.estate.upstreams(stack).values(), *self._recorded_services(stack)}
            if stack not in stacks and upstreams & set(stacks) and self.exists(stack):
                downstreams.append(stack)
        return downstreams

    def _recorded_services(self, stack: StackId) -> list[StackId]:
        """Return the services of other stages that registered clusters of an applied stack.

        Its file may say otherwise by now; until the next apply it uses them.
        """
        if stack not in self.estate.services.values():
            return []
        configs = preconditions.recorded_config(self.location, stack)
        stages = {each for config in configs for each in other_stages(config, stack.stage)}
        return [self.estate.services[each] for each in sorted(stages & {*self.estate.services})]

    def exists(self, stack: StackId) -> bool:
        """Whether the stack has any resource in a cloud or cluster, by its state."""
        checkpoint = self.location.state(stack).read()
        return checkpoint is not None and bool(preconditions.made(checkpoint))

    def is_protected(self, stack: StackId) -> bool:
        """Whether the stage protects the stack, or its state holds a protected resource."""
        if self.loaded[stack].config.protection.protect:
            return True
        checkpoint = self.location.state(stack).read()
        return checkpoint is not None and any(item.get("protect") for item in checkpoint.resources)

    def _prerequisite(self, config: Config) -> Prerequisite | None:
        """Return the stack's further requirement: the sandbox's on-premises clusters."""
        onprem = config.onprem if isinstance(config, ServicesConfig) else None
        if self.estate.settings.target == "sandbox" and onprem and onprem.clusters:
            return OnPremClusters(onprem)
        return None

    def _changed(self, stack: StackId, recorded: Mapping[str, Any]) -> list[str]:
        loaded = self.loaded[stack]
        problems: list[str] = []
        record = self.location.records(stack).read()
        # An attempt that failed may have registered nothing: the other stage had it already.
        applied = record.config if record else {}
        changes = [
            *changed_immutables(type(loaded.config), recorded, loaded.effective),
            *changed_registrars(applied, loaded.effective, stack.stage),
        ]
        for path, old, new in changes:
            origin = loaded.origins.get(path)
            where = f"{origin}: " if origin else f"{stack}: "
            problems.append(
                f"{where}`{dotted(path)}` cannot change after the first apply of {stack} "
                f"(recorded {old!r}, got {new!r})"
            )
        return problems
