"""The pipeline: everything it refers to exists, and its triggers keep approvals independent."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.blueprints.project.sections import ProjectSections
from stackyard.pipeline.config import ObjectTriggerConfig, PipelineConfig
from stackyard.problem import Problem

TRIGGER = ("pipeline", "triggers", "object_created")


def check(config: ProjectSections) -> Iterator[Problem]:
    """Yield jobs, models, audiences and data of the pipeline that the project does not have."""
    if (pipeline := config.pipeline) is None:
        return
    yield from _jobs(config, pipeline)
    yield from _model(config, pipeline)
    yield from _audiences(config, pipeline)
    if (trigger := pipeline.triggers.object_created) is not None:
        yield from _trigger(config, trigger)
        yield from _writers(config, pipeline, trigger)


def _jobs(config: ProjectSections, pipeline: PipelineConfig) -> Iterator[Problem]:
    for key, job in (("train", pipeline.train), ("evaluate", pipeline.evaluate)):
        if job not in config.training:
            yield Problem(("pipeline", key), f"`{key}` is `{job}`, which `training` lacks")


def _model(config: ProjectSections, pipeline: PipelineConfig) -> Iterator[Problem]:
    name = pipeline.deploy
    server = config.serving.models.get(name) if config.serving else None
    if server is None:
        yield Problem(("pipeline", "deploy"), f"`deploy` is `{name}`, which `serving.models` lacks")
    elif server.release is not None or server.base_image is None:
        yield Problem(
            ("pipeline", "deploy"),
            f"`deploy` is `{name}`, but a pipeline cannot release `serving.models.{name}`",
            "give that model a `base_image`, and no `release`",
            related=(("serving", "models", name),),
        )


def _audiences(config: ProjectSections, pipeline: PipelineConfig) -> Iterator[Problem]:
    needed = {"pipeline", "delivery", *pipeline.approvers}
    for who in sorted(needed - set(config.access.audiences)):
        message = f"`pipeline` needs the audience `{who}` in `access.audiences`"
        yield Problem(("pipeline",), message, related=(("access", "audiences"),))


def _trigger(config: ProjectSections, trigger: ObjectTriggerConfig) -> Iterator[Problem]:
    dataset = config.datasets.get(trigger.dataset)
    if dataset is None:
        yield Problem(
            (*TRIGGER, "dataset"), f"`dataset` is `{trigger.dataset}`, which is not a dataset"
        )
    elif trigger.directory not in dataset.directories:
        declared = ("datasets", trigger.dataset, "directories")
        yield Problem(
            (*TRIGGER, "directory"),
            f"`directory` is `{trigger.directory}`, which `{'.'.join(declared)}` lacks",
            related=(declared,),
        )


def _writers(
    config: ProjectSections, pipeline: PipelineConfig, trigger: ObjectTriggerConfig
) -> Iterator[Problem]:
    """Yield approvers who write the data that starts runs: such a run has no starter to exclude."""
    data = f"{trigger.dataset}/{trigger.directory}"
    writers = {
        who
        for who, grants in config.access.grants.items()
        if grants.datasets.get(trigger.dataset, grants.datasets.get("*")) == "write"
        or trigger.directory in grants.directories.get(trigger.dataset, [])
    }
    if "trainer" in writers:
        message = f"objects in {data} start runs, and `access.workloads.trainer` may write there"
        hint = "let runs write elsewhere: every run could start the next one"
        yield Problem(TRIGGER, message, hint, related=(("access", "workloads", "trainer"),))
    for who in pipeline.approvers if config.approvals.prevent_self_approval else ():
        if who in writers:
            yield Problem(
                ("pipeline", "approvers"),
                f"`{who}` may write to {data}, where new objects start runs, and could approve "
                "its own runs, which `approvals.prevent_self_approval` forbids",
                related=(("access", "audiences", who),),
            )
