"""Every program that the blueprints start in a cluster stands in a table with how it was run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from stackyard.blueprints import catalogue
from stackyard.estate.estate import Estate
from stackyard_sandbox.toolchain.modules import KARPENTER_VERSION, module_of

ROOT = Path(__file__).parents[4]
PAGE = ROOT / "docs" / "sandbox.md"
EFA = {"instance_types": ["p4d.24xlarge"], "limits": {"gpus": 8}, "efa": True}
"""A pool with network adapters, which no stack of the reference estate has."""

Program = tuple[str, str, str]
"""Kind of workload, name of the container, name of the image."""


def containers(kind: str, inputs: dict[str, Any]) -> Iterator[tuple[Program, str]]:
    """Yield the programs of a workload, each with the tag of its image."""
    spec = inputs["spec"].get("jobTemplate", inputs)["spec"]["template"]["spec"]
    for one in [*(spec.get("initContainers") or []), *spec["containers"]]:
        name, _, tag = one["image"].partition("/")[2].partition("@")[0].partition(":")
        own = name.startswith(("vision/", "ranking/"))
        yield (kind.rpartition(":")[2], one["name"], "a model" if own else name), tag


@pytest.fixture(scope="module")
def declared(run: Callable[..., Any]) -> dict[Program, str]:
    """The programs of a stage of the reference estate, with a pool that has EFA."""
    estate, contracts, found = Estate(ROOT), dict[str, Any](), dict[Program, str]()
    for layer in estate.layers(estate.select(["*/*/prod"])):
        for stack in layer:
            loaded = estate.load(stack)
            config = dict(loaded.effective)
            if loaded.blueprint == "services":
                config["gpu_pools"] = {**config["gpu_pools"], "large": EFA}
            upstreams = estate.upstreams(stack)
            made = run(catalogue.program(loaded.blueprint, stack, config, upstreams), contracts)
            contracts[stack.reference] = made.contract
            for (kind, _), inputs in made.inputs.items():
                if kind.startswith(("kubernetes:apps/", "kubernetes:batch/")):
                    found |= dict(containers(kind, inputs))
    return found


@pytest.fixture(scope="module")
def table() -> dict[Program, list[str]]:
    """The cells of each row of the page's table."""
    section = PAGE.read_text().partition("## What runs for real")[2].partition("\n## ")[0]
    rows: dict[Program, list[str]] = {}
    for line in section.splitlines():
        if match := re.match(r"\| (\w+) `([\w-]+)` of (?:`([\w./-]+)`|(a model)) \|", line):
            program = (match[1], match[2], match[3] or match[4])
            assert program not in rows, program
            rows[program] = [cell.strip() for cell in line.strip("|").split("|")]
    return rows


def test_every_program_that_is_declared_has_a_row_and_no_other_has(
    declared: dict[Program, str], table: dict[Program, list[str]]
) -> None:
    missing = declared.keys() - table.keys()
    assert missing == set(), "add a row to docs/sandbox.md: what runs it, as whom"
    assert table.keys() - declared.keys() == set()


def test_the_version_that_runs_in_tests_is_the_version_of_the_image(
    declared: dict[Program, str],
) -> None:
    module = (module_of("prometheus").folder / "go.mod").read_text()
    (prometheus,) = re.findall(r"github.com/prometheus/prometheus v0\.(\d)(\d\d)\.(\d+)", module)
    ran = {
        "mlflow/mlflow": f"v{version('mlflow')}-full",
        "tuning/optuna-dashboard": version("optuna-dashboard"),
        "prometheus/prometheus": "v{}.{}.{}".format(*map(int, prometheus)),
        "karpenter/controller": KARPENTER_VERSION,
    }
    tags = {image: tag for (_, _, image), tag in declared.items() if image in ran}
    assert tags == ran


def test_every_row_names_a_test_that_is_there_or_why_there_is_none(
    table: dict[Program, list[str]],
) -> None:
    for program, (_, runs, _, tests) in table.items():
        named = re.findall(r"`(\w+/[\w/]+\.py)`", tests)
        assert named or runs.startswith("no: "), program
        for path in named:
            assert (ROOT / "tests" / path).is_file(), f"{program}: {path}"
