"""Checks between the sections of a project: one module per topic, each with a `check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from stackyard.blueprints.project.agreements import (
    datasets,
    grants,
    images,
    mounts,
    pipeline,
    serving,
    subscribers,
    tracking,
    training,
)
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.problem import Problem

AGREEMENTS: tuple[Callable[[ProjectSections], Iterator[Problem]], ...] = (
    datasets.check,
    grants.check,
    mounts.check,
    tracking.check,
    serving.check,
    images.check,
    pipeline.check,
    subscribers.check,
    training.check,
)
"""All checks; `ProjectConfig` reports the problems of every one."""
