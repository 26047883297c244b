"""Every alert rule fires when it should and not before, as Prometheus itself sees it."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from stackyard.database.documents import jobs_pattern
from stackyard.karpenter.metrics import OF_ALL, OF_PODS
from stackyard.monitoring.alert import Rule
from stackyard.monitoring.alerts import rules
from stackyard.monitoring.config import ThresholdsConfig
from stackyard.monitoring.rules import collector_file, routing_file, rules_file
from stackyard.naming import StackId
from stackyard_sandbox.toolchain import tool

NAMESPACE = "vision-defects-dev"
JOBS = jobs_pattern(StackId("vision", "defects", "dev"))
EVERY = rules(
    NAMESPACE,
    ThresholdsConfig(),
    tracking=True,
    models=["classifier", "scorer"],
    database_jobs=JOBS,
)
RULES = {rule.name: rule for rule in EVERY}
HERE = 'namespace="vision-defects-dev"'
ELSEWHERE = 'namespace="ranking-recommender-dev"'
SYSTEM = 'namespace="stackyard-system"'
OWN_JOB = "database-vision-defects-dev-tracking-29401234"
OTHER_JOB = "database-ranking-recommender-dev-tracking-29401234"
AVAILABLE = "kube_deployment_status_replicas_available"
GPU_POD = "kube_pod_container_resource_requests"
ERRORS, LIMIT, USAGE = OF_ALL
GPUS = 'nodepool="training",resource_type="nvidia.com/gpu"'

# For each alert: series (name and values a minute), the minute at which it must fire and the one
# at which it must not, and labels that the alert must carry when it fires.
CASES: dict[str, dict[str, Any]] = {
    "TrainingFailed": {
        "series": {
            f'kube_job_failed{{{HERE},condition="true",job_name="fit"}}': "0x5 1x20",
            f'kube_job_failed{{{ELSEWHERE},condition="true",job_name="other"}}': "1x30",
        },
        "fires": 8,
        "silent": 4,
        "labels": {"condition": "true", "job_name": "fit", "namespace": "vision-defects-dev"},
    },
    "GpuPodPending": {
        "series": {
            f'kube_pod_status_phase{{{HERE},phase="Pending",pod="a"}}': "1x60",
            f'kube_pod_status_phase{{{HERE},phase="Pending",pod="cpu"}}': "1x60",
            f'{GPU_POD}{{{HERE},pod="a",resource="nvidia_com_gpu"}}': "1x60",
            f'{GPU_POD}{{{HERE},pod="cpu",resource="cpu"}}': "1x60",
        },
        "fires": 25,
        "silent": 15,
        "labels": {"phase": "Pending", "pod": "a", "namespace": "vision-defects-dev"},
    },
    "PaidGpuIdle": {
        "series": {
            f'DCGM_FI_DEV_GPU_UTIL{{{HERE},pod="a",gpu="0"}}': "0x60",
            f'DCGM_FI_DEV_GPU_UTIL{{{HERE},pod="busy",gpu="0"}}': "0x60",
            f'DCGM_FI_DEV_GPU_UTIL{{{HERE},pod="busy",gpu="1"}}': "90x60",
        },
        "fires": 35,
        "silent": 25,
        "labels": {"pod": "a"},
    },
    "TrackingDown": {
        "series": {f'{AVAILABLE}{{{HERE},deployment="tracking"}}': "2x3 0x30"},
        "fires": 12,
        "silent": 6,
        "labels": {"deployment": "tracking", "namespace": "vision-defects-dev"},
    },
    "DatabaseJobFailed": {
        "series": {
            f'kube_job_failed{{{SYSTEM},condition="true",job_name="{OWN_JOB}"}}': "0x5 1x20",
            f'kube_job_failed{{{SYSTEM},condition="true",job_name="{OTHER_JOB}"}}': "1x30",
        },
        "fires": 8,
        "silent": 4,
        "labels": {"condition": "true", "job_name": OWN_JOB, "namespace": "stackyard-system"},
    },
    "ServingDown": {
        "series": {
            f'{AVAILABLE}{{{HERE},deployment="classifier-canary"}}': "0x30",
            f'{AVAILABLE}{{{HERE},deployment="classifier"}}': "1x30",
        },
        "fires": 5,
        "silent": 1,
        "labels": {"deployment": "classifier-canary", "namespace": "vision-defects-dev"},
    },
    "PodWithoutNode": {
        "series": {
            f'{OF_PODS}{{{HERE},name="server"}}': "0+60x40",
            f'{OF_PODS}{{{HERE},name="fit"}}': "0+60x40",
            f'{GPU_POD}{{{HERE},pod="fit",resource="nvidia_com_gpu"}}': "1x40",
            f'{GPU_POD}{{{HERE},pod="server",resource="cpu"}}': "1x40",
            f'{OF_PODS}{{{ELSEWHERE},name="other"}}': "9000x40",
        },
        "fires": 20,
        "silent": 14,
        "labels": {"name": "server", "namespace": "vision-defects-dev"},
    },
    "NodesNotStarted": {
        "series": {
            f'{ERRORS}{{method="Create",error="NodeClassNotReadyError"}}': "2x5 2+1x30",
            f'{ERRORS}{{method="Create",error="InsufficientCapacityError"}}': "0+1x40",
            f'{ERRORS}{{method="Get",error="NodeClaimNotFoundError"}}': "0+1x40",
        },
        "fires": 14,
        "silent": 5,
        "labels": {"error": "NodeClassNotReadyError"},
    },
    "PoolAtLimit": {
        "series": {
            f'{USAGE}{{{GPUS},instance="a"}}': "2x20 4x40",
            f'{LIMIT}{{{GPUS},instance="a"}}': "4x60",
            f'{USAGE}{{nodepool="general",resource_type="cpu",instance="a"}}': "8x60",
            f'{LIMIT}{{nodepool="general",resource_type="cpu",instance="a"}}': "24x60",
            f'{USAGE}{{nodepool="always",resource_type="nodes",instance="a"}}': "9x60",
            f'{LIMIT}{{nodepool="always",resource_type="nodes",instance="a"}}': "10x60",
            f'{OF_PODS}{{{HERE},name="fit"}}': "0+60x60",
        },
        "fires": 30,
        "silent": 19,
        "labels": {"nodepool": "training", "resource_type": "nvidia.com/gpu"},
    },
    "KarpenterMissing": {
        # Two pods, of which one leads; one of them is enough.
        "series": {
            'up{job="karpenter",instance="a"}': "1x5 0x30",
            'up{job="karpenter",instance="b"}': "0x5 1x5 0x25",
        },
        "fires": 25,
        "silent": 18,
        "labels": {},
    },
    "MetricsMissing": {
        "series": {'up{job="cluster-metrics"}': "1x5 0x30"},
        "fires": 18,
        "silent": 10,
        "labels": {},
    },
}


def promtool(folder: Path, rule: Rule, case: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run `promtool test rules` for one alert alone."""
    fired = {
        "exp_labels": {**case["labels"], "audience": rule.audience, "severity": rule.severity},
        "exp_annotations": {
            "summary": _filled(rule.summary, case["labels"]),
            "runbook": rule.runbook,
        },
    }
    (folder / "rules.yaml").write_text(rules_file([rule]))
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": series, "values": values}
                    for series, values in case["series"].items()
                ],
                "alert_rule_test": [
                    {"eval_time": f"{case['silent']}m", "alertname": rule.name, "exp_alerts": []},
                    {
                        "eval_time": f"{case['fires']}m",
                        "alertname": rule.name,
                        "exp_alerts": [fired],
                    },
                ],
            }
        ],
    }
    (folder / "test.yaml").write_text(yaml.safe_dump(test))
    command = [str(tool("promtool")), "test", "rules", "test.yaml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def _filled(text: str, labels: dict[str, str]) -> str:
    for name, value in labels.items():
        text = text.replace(f"{{{{ $labels.{name} }}}}", value)
    return text


def test_what_a_project_does_not_run_is_not_watched() -> None:
    some = rules(NAMESPACE, ThresholdsConfig(), tracking=False, models=[], database_jobs=JOBS)
    names = {rule.name for rule in some}
    assert set(RULES) - names == {"TrackingDown", "DatabaseJobFailed", "ServingDown"}


def test_every_alert_has_a_case_and_no_case_is_left_over() -> None:
    assert set(CASES) == set(RULES)


@pytest.mark.toolchain
@pytest.mark.parametrize("name", sorted(CASES))
def test_an_alert_fires_in_time_and_for_its_own_namespace_only(name: str, tmp_path: Path) -> None:
    done = promtool(tmp_path, RULES[name], CASES[name])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.toolchain
@pytest.mark.parametrize("name", sorted(CASES))
def test_a_broken_expression_is_noticed(name: str, tmp_path: Path) -> None:
    """Or the test above would pass for any rule."""
    rule = RULES[name]
    turned = {"==": "!=", "< 5": "> 5", "[15m])) > 0": "[15m])) < 0", " > 900": " < 900"}
    expression = rule.expression
    for sign, other in turned.items():
        expression = expression.replace(sign, other)
    broken = replace(rule, expression=expression)
    assert broken.expression != rule.expression
    assert promtool(tmp_path, broken, CASES[name]).returncode != 0


def test_an_alert_without_a_runbook_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="runbook"):
        replace(RULES["TrackingDown"], runbook="look into it")


def test_alerts_go_to_the_topic_of_their_audience_and_the_rest_to_dev() -> None:
    topics = {"science": "arn:s", "dev": "arn:d"}
    outer = yaml.safe_load(routing_file(topics, "eu-central-1"))
    config = yaml.safe_load(outer["alertmanager_config"])
    assert config["route"]["receiver"] == "dev"
    assert [route["receiver"] for route in config["route"]["routes"]] == ["science"]
    sent = {one["name"]: one["sns_configs"][0]["topic_arn"] for one in config["receivers"]}
    assert sent == topics


@pytest.mark.toolchain
def test_the_collector_keeps_what_is_of_its_own_namespace(tmp_path: Path) -> None:
    text = collector_file(
        namespace="vision-defects-dev",
        elsewhere=f"stackyard-system;{JOBS}",
        system="stackyard-system",
        remote_write="https://aps.example/api/v1/remote_write",
        region="eu-central-1",
    )
    jobs = yaml.safe_load(text)["scrape_configs"]
    found = [job["dns_sd_configs"][0]["names"] for job in jobs]
    assert found == [
        ["cluster-metrics.stackyard-metrics.svc.cluster.local"],
        ["gpu-telemetry.stackyard-gpu.svc.cluster.local"],
        ["karpenter.stackyard-system.svc.cluster.local"],
    ]
    (tmp_path / "prometheus.yaml").write_text(text)
    command = [str(tool("promtool")), "check", "config", "--agent", "prometheus.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (pools,) = jobs.pop()["metric_relabel_configs"]
    assert (pools["action"], pools["source_labels"]) == ("keep", ["__name__", "namespace"])
    for labels, wanted in (
        (f"{OF_PODS};vision-defects-dev", True),
        (f"{OF_PODS};ranking-recommender-dev", False),
        (f"{USAGE};", True),
        ("karpenter_pods_state;vision-defects-dev", False),
        ("go_goroutines;", False),
    ):
        assert bool(re.fullmatch(pools["regex"], labels)) == wanted, labels
    for job in jobs:
        (kept,) = job["metric_relabel_configs"]
        assert (kept["action"], kept["source_labels"]) == ("keep", ["namespace", "job_name"]), job
        for labels, wanted in (
            ("vision-defects-dev;", True),
            ("vision-defects-dev;fit", True),
            (f"stackyard-system;{OWN_JOB}", True),
            (f"stackyard-system;{OTHER_JOB}", False),
            ("stackyard-system;", False),
            ("ranking-recommender-dev;fit", False),
        ):
            assert bool(re.fullmatch(kept["regex"], labels)) == wanted, labels
