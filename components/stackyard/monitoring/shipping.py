"""Fluent Bit's configuration: which line goes to which log group."""

from __future__ import annotations

from typing import Any

import yaml

COMPONENT = "$kubernetes['labels']['app.kubernetes.io/component']"
PLATFORM = "platform"
"""The team whose pods run the stage; their output is in the cluster, not in a project's group."""

HEALTH_PORT = 2020
"""Port of the shipper's health endpoint, `/api/v1/health`."""


def shipper_config(region: str) -> str:
    """Return the configuration: output of training goes to science, all other output to dev.

    The labels are those that every pod of a project carries; a line of a pod without them goes
    nowhere. Sources: https://docs.fluentbit.io/manual/pipeline/outputs/cloudwatch and
    https://docs.fluentbit.io/manual/pipeline/filters/rewrite-tag.
    """
    source: dict[str, Any] = {
        "name": "tail",
        "path": "/var/log/containers/*.log",
        "tag": "kube.*",
        "multiline.parser": "cri",
        "mem_buf_limit": "32MB",
        "skip_long_lines": True,
    }
    filters: list[dict[str, Any]] = [
        {"name": "kubernetes", "match": "kube.*", "annotations": False},
        {"name": "grep", "match": "kube.*", "regex": f"{_label('project')} ."},
        {"name": "grep", "match": "kube.*", "exclude": f"{_label('team')} ^{PLATFORM}$"},
        {"name": "rewrite_tag", "match": "kube.*", "rule": f"{COMPONENT} ^training$ science false"},
    ]
    outputs = [_output("science", "science", region), _output("kube.*", "dev", region)]
    # Readiness shows in the cluster that lines do not arrive:
    # https://docs.fluentbit.io/manual/administration/monitoring.
    service = {"http_server": True, "http_port": HEALTH_PORT, "health_check": True}
    pipeline = {"inputs": [source], "filters": filters, "outputs": outputs}
    document = {"service": service, "pipeline": pipeline}
    return yaml.safe_dump(document, sort_keys=False, width=1_000_000)


def _output(match: str, audience: str, region: str) -> dict[str, Any]:
    group = "/".join(_label(part) for part in ("team", "project", "stage"))
    return {
        "name": "cloudwatch_logs",
        "match": match,
        "region": region,
        "log_group_name": "/stackyard/unknown",
        "log_group_template": f"/stackyard/{group}/{audience}",
        "log_stream_prefix": "pod-",
        "log_stream_template": "$kubernetes['pod_name']",
        "log_key": "log",
        "auto_create_group": False,
    }


def _label(name: str) -> str:
    return f"$kubernetes['labels']['stackyard.dev/{name}']"
