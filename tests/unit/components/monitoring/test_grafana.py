"""Dashboards for Grafana: what they ask for is there, and Prometheus understands the questions."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stackyard.monitoring import log_metrics
from stackyard.monitoring.grafana import Board
from stackyard.naming import StackId
from stackyard_sandbox.toolchain import tool

STACK = StackId("vision", "defects", "dev")
EVERY: list[Any] = ["science", "dev", "business"]
BOARDS = {who: json.loads(Board(STACK, "eu-central-1").body(who, "about")) for who in EVERY}
HERE = 'namespace="vision-defects-dev"'


def queries(who: str, kind: str) -> dict[str, list[dict[str, Any]]]:
    """Return the queries to one kind of data source by the title of their panel."""
    found: dict[str, list[dict[str, Any]]] = {}
    for panel in BOARDS[who]["panels"]:
        for target in panel.get("targets", []):
            if target["datasource"]["type"] == kind:
                found.setdefault(panel["title"], []).append(target)
    return found


@pytest.mark.parametrize("who", EVERY)
def test_panels_do_not_overlap_and_ask_for_what_is_counted(who: str) -> None:
    counted = {metric.name: metric for metric in log_metrics.LOG_METRICS}
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[who]["panels"]:
        at = panel["gridPos"]
        area = {(x + at["x"], y + at["y"]) for x in range(at["w"]) for y in range(at["h"])}
        assert not area & taken
        taken |= area
    assert max(x for x, _ in taken) < 24
    for asked in queries(who, "cloudwatch").values():
        assert len({query["refId"] for query in asked}) == len(asked)
        for query in asked:
            assert query["namespace"] == log_metrics.metric_namespace(STACK)
            assert set(query["dimensions"]) == set(counted[query["metricName"]].dimensions)


def test_science_sees_the_latest_version_of_a_model_beside_the_one_before() -> None:
    (panel,) = (one for one in BOARDS["science"]["panels"] if "transformations" in one)
    (query,) = panel["targets"]
    assert query["dimensions"] == {"Model": "$model", "Version": "*"}
    steps = {one["id"]: one["options"] for one in panel["transformations"]}
    assert list(steps) == ["reduce", "convertFieldType", "sortBy", "limit", "organize"]
    assert steps["sortBy"]["sort"] == [{"field": "Field", "desc": True}]
    assert steps["limit"]["limitField"] == 2
    variables = {one["name"]: one for one in BOARDS["science"]["templating"]["list"]}
    assert variables["model"]["query"]["metricName"] == query["metricName"]


@pytest.mark.toolchain
def test_prometheus_answers_as_the_titles_say(tmp_path: Path) -> None:
    """`promtool` evaluates each question on made-up series; other namespaces do not count."""
    quota = "kube_resourcequota"
    used = 'resource="requests.nvidia.com/gpu",type="used"'
    series = {
        f"{quota}{{{HERE},{used}}}": "2x2000",
        f'{quota}{{namespace="other",{used}}}': "9x2000",
        f'kube_deployment_spec_replicas{{{HERE},deployment="inspector"}}': "3x2000",
        f'kube_deployment_status_replicas_available{{{HERE},deployment="inspector"}}': "2x2000",
        f'kube_pod_container_status_restarts_total{{{HERE},pod="a",container="x"}}': "0+1x2000",
        f'DCGM_FI_DEV_GPU_UTIL{{{HERE},pod="a",gpu="0"}}': "10x2000",
        f'DCGM_FI_DEV_GPU_UTIL{{{HERE},pod="a",gpu="1"}}': "70x2000",
    }
    answers = {
        "GPUs in use": ("{}", 2),
        "GPU hours in a day": ("{}", 48),
        "Missing replicas by Deployment": ('{deployment="inspector"}', 1),
        "Restarts in an hour by pod": ('{pod="a"}', 60),
        "Use of GPUs by pod, percent": ('{pod="a"}', 70),
    }
    asked = {title: one for who in EVERY for title, one in queries(who, "prometheus").items()}
    assert set(asked) == set(answers)
    tests = [
        {
            "expr": asked[title][0]["expr"],
            "eval_time": "1500m",
            "exp_samples": [{"labels": labels, "value": value}],
        }
        for title, (labels, value) in answers.items()
    ]
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    file = {"tests": [{"interval": "1m", "input_series": inputs, "promql_expr_test": tests}]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(file))
    command = [str(tool("promtool")), "test", "rules", "test.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ids_are_short_enough_and_apart() -> None:
    stacks = [StackId("a" * 32, "b" * 32, stage) for stage in ("dev", "prod")]
    made = [json.loads(Board(stack, "r").body(who, ""))["uid"] for stack in stacks for who in EVERY]
    assert len(set(made)) == len(made)
    assert max(map(len, made)) <= 40
