"""Jobs against the pools of their stage, where only both files together decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.estate.estate import Estate
from tests.support.estates import SmallEstate


def found(folder: Path, pool: str, job: str) -> str:
    """What `validate` says of a job and the pool that it runs on; empty if nothing."""
    small = SmallEstate(folder)
    small.write("platform/services/dev.yaml", f"gpu_pools:\n  large: {{{pool}}}\n")
    image = "image: 'v/train:1', command: [fit]"
    quota = "namespace: {quota: {gpus: 8}}\n"
    text = f"{quota}training:\n  fit: {{{image}, gpu_pool: large, {job}}}\n"
    small.write("vision/defects/dev.yaml", text)
    estate = Estate(folder)
    return "\n".join(map(str, estate.check(estate.stacks())))


EFA = "instance_types: [p4d.24xlarge], limits: {gpus: 8}, efa: true"


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("gpus: 8, efa: 4", ""),
        ("gpus: 8, efa: 5", "asks for 5 interfaces with 8 GPUs, and a node of `large`"),
    ],
)
def test_a_job_asks_for_no_more_interfaces_than_a_node_has(
    tmp_path: Path, job: str, message: str
) -> None:
    said = found(tmp_path, EFA, job)
    assert message in said
    assert bool(said) == bool(message)


def test_types_with_too_few_interfaces_do_not_count(tmp_path: Path) -> None:
    both = "instance_types: [g6e.12xlarge, g6e.48xlarge], limits: {gpus: 8}, efa: true"
    assert "has at most 4" in found(tmp_path, both, "gpus: 1, efa: 5, cpu: 1, memory: 1Gi")


def test_a_job_may_not_run_for_longer_than_its_node_lives(tmp_path: Path) -> None:
    weekly = "instance_types: [g5.xlarge], limits: {gpus: 8}, expire_after_days: 7"
    assert found(tmp_path, weekly, "gpus: 1, cpu: 1, memory: 1Gi, hours: 168") == ""
    said = found(tmp_path, weekly, "gpus: 1, cpu: 1, memory: 1Gi, hours: 169")
    assert "stacks/vision/defects/dev.yaml:3:" in said
    assert "may run for 169 hours, and nodes of `large` of platform/services/dev" in said
    assert "stacks/platform/services/dev.yaml:2:" in said


def test_the_default_age_is_longer_than_the_longest_job(tmp_path: Path) -> None:
    pool = "instance_types: [g5.xlarge], limits: {gpus: 8}"
    assert found(tmp_path, pool, "gpus: 1, cpu: 1, memory: 1Gi, hours: 672") == ""
