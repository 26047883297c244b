"""Files for Prometheus, as text: alert rules, alert routing, and the collector's config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from stackyard.karpenter import metrics as karpenter
from stackyard.monitoring.alert import Rule

GROUP = "stackyard"

METRICS_NAMESPACE = "stackyard-metrics"
"""Namespace of cluster-wide metrics and their collector; no project can start pods there."""

CLUSTER_METRICS = "cluster-metrics"
"""Name of the Service of kube-state-metrics, and of its scrape job."""

CLUSTER_METRICS_PORT = 8080

GPU_METRICS = "gpu-telemetry"
"""Name of the GPU exporter's Service, and of its scrape job."""


def rules_file(rules: Sequence[Rule]) -> str:
    """Return a rules file, which promtool can test.

    Source: https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/.
    """
    entries = [
        {
            "alert": rule.name,
            "expr": rule.expression,
            "for": f"{rule.minutes}m",
            "labels": {"audience": rule.audience, "severity": rule.severity},
            "annotations": {"summary": rule.summary, "runbook": rule.runbook},
        }
        for rule in rules
    ]
    return _text({"groups": [{"name": GROUP, "interval": "60s", "rules": entries}]})


def routing_file(topics: Mapping[str, str], region: str) -> str:
    """Return the alert manager definition of a workspace: each audience's alerts to its topic.

    `topics` contains topic ARNs by audience and must have `dev`, the default receiver. Source:
    https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-alertmanager-config.html.
    """
    receivers = [
        {
            "name": audience,
            "sns_configs": [
                {
                    "topic_arn": topics[audience],
                    "sigv4": {"region": region},
                    "subject": "{{ .CommonLabels.alertname }}",
                    "message": "{{ range .Alerts }}{{ .Annotations.summary }}\n"
                    "{{ .Annotations.runbook }}\n{{ end }}",
                }
            ],
        }
        for audience in sorted(topics)
    ]
    routes = [
        {"receiver": audience, "matchers": [f'audience="{audience}"']}
        for audience in sorted(topics)
        if audience != "dev"
    ]
    config = {
        "route": {"receiver": "dev", "group_by": ["alertname"], "routes": routes},
        "receivers": receivers,
    }
    return _text({"alertmanager_config": _text(config)})


def collector_file(
    *, namespace: str, elsewhere: str, system: str, remote_write: str, region: str
) -> str:
    """Return the collector's config: metrics of one namespace, and of pools without names of pods.

    `elsewhere` is a regular expression, `NAMESPACE;JOB`, for the project's jobs in another one;
    `system` is the namespace of Karpenter.
    `remote_write` is the workspace's address. Sources:
    https://docs.aws.amazon.com/prometheus/latest/userguide/AMP-onboard-ingest-metrics-remote-write-EC2.html
    and https://prometheus.io/docs/prometheus/latest/configuration/configuration/.
    """
    own = _keep(["namespace", "job_name"], f"{namespace};.*|{elsewhere}")
    pools = "|".join(karpenter.OF_ALL)
    of_nodes = _keep(["__name__", "namespace"], f"{karpenter.OF_PODS};{namespace}|({pools});")

    def job(name: str, address: str, port: int, kept: Mapping[str, Any] = own) -> dict[str, Any]:
        discovery = {"names": [address], "type": "A", "port": port}
        return {
            "job_name": name,
            "honor_labels": True,
            "dns_sd_configs": [discovery],
            "metric_relabel_configs": [dict(kept)],
        }

    gpu = f"{GPU_METRICS}.stackyard-gpu.svc.cluster.local"
    cluster = f"{CLUSTER_METRICS}.{METRICS_NAMESPACE}.svc.cluster.local"
    nodes = f"{karpenter.SERVICE}.{system}.svc.cluster.local"
    return _text(
        {
            "global": {"scrape_interval": "30s"},
            "scrape_configs": [
                job(CLUSTER_METRICS, cluster, CLUSTER_METRICS_PORT),
                job(GPU_METRICS, gpu, 9400),
                job(karpenter.SERVICE, nodes, karpenter.PORT, of_nodes),
            ],
            "remote_write": [
                {
                    "url": remote_write,
                    "sigv4": {"region": region},
                    "send_exemplars": False,
                }
            ],
        }
    )


def _keep(labels: list[str], pattern: str) -> dict[str, Any]:
    return {"source_labels": labels, "regex": pattern, "action": "keep"}


def _text(document: Mapping[str, Any]) -> str:
    """Serialise as YAML without line breaks in values, so that an edit changes one line."""
    return yaml.safe_dump(document, sort_keys=False, width=1_000_000)
