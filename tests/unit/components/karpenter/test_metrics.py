"""Karpenter's metrics: those that alerts use exist in its release."""

from __future__ import annotations

import re

import pytest

from stackyard.karpenter.metrics import OF_ALL, OF_PODS
from stackyard.monitoring.alerts import rules
from stackyard.monitoring.config import ThresholdsConfig
from tests.support.go_modules import source

CORE = "sigs.k8s.io/karpenter@v1.13.0"
"""The part of the release that all clouds share, in the version that its module asks for."""

OPTIONS = re.compile(
    r"Namespace: +(?:metrics\.)?Namespace,\s+Subsystem: +(.+?),\s+Name: +\"(\w+)\".*?"
    r"\[\]string\{(.*?)\}",
    re.S,
)
CONSTANTS = re.compile(r"(\w+) += \"(\w+)\"")


@pytest.fixture(scope="module")
def emitted() -> dict[str, set[str]]:
    """The labels of each metric that the source declares."""
    root = source(CORE) / "pkg"
    texts = [file.read_text() for file in root.rglob("*.go") if "_test" not in file.name]
    words: dict[str, set[str]] = {}
    for text in texts:
        for name, value in CONSTANTS.findall(text):
            words.setdefault(name, set()).add(value)

    def named(word: str) -> set[str]:
        return words.get(word.strip().rpartition(".")[2], {word.strip().strip('"')})

    found: dict[str, set[str]] = {}
    for text in texts:
        for subsystem, name, labels in OPTIONS.findall(text):
            own = {one for word in labels.split(",") if word.strip() for one in named(word)}
            for part in named(subsystem):
                found[f"karpenter_{part}_{name}"] = own
    return found


def test_the_release_emits_what_alerts_ask_for(emitted: dict[str, set[str]]) -> None:
    asked = {
        "karpenter_cloudprovider_errors_total": {"method", "error"},
        "karpenter_nodepools_limit": {"nodepool", "resource_type"},
        "karpenter_nodepools_usage": {"nodepool", "resource_type"},
        "karpenter_pods_unbound_time_seconds": {"name", "namespace"},
    }
    assert set(asked) == {*OF_ALL, OF_PODS}
    for name, labels in asked.items():
        assert labels <= emitted[name], name


def test_alerts_use_no_other_metric_of_karpenter() -> None:
    every = rules("x", ThresholdsConfig(), tracking=True, models=["m"], database_jobs="j")
    used = {name for rule in every for name in re.findall(r"karpenter_\w+", rule.expression)}
    assert used == {*OF_ALL, OF_PODS}


def test_metrics_of_the_cluster_name_no_pod(emitted: dict[str, set[str]]) -> None:
    """Each project's collector keeps them, whoever's pods they are about."""
    for name in OF_ALL:
        assert emitted[name].isdisjoint({"name", "namespace", "pod"})
