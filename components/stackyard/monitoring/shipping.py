"""Fluent Bit's configuration: it decides the log group of each line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

HEALTH_PORT = 2020
"""Port of the shipper's health endpoint, `/api/v1/health`."""

STATE = "/var/fluent-bit/state"
"""Folder of the node in which the shipper stores its read position, as in AWS's own manifests,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-setup-logs-FluentBit.html."""

ROUTE = "route.lua"
"""File of the function that returns a line's log group."""


def shipper_files(region: str, folder: str) -> dict[str, str]:
    """Return the configuration and the function that it calls, for a folder of the container."""
    return {
        "fluent-bit.yaml": shipper_config(region, folder),
        ROUTE: Path(__file__).with_name(ROUTE).read_text(encoding="utf-8"),
    }


def shipper_config(region: str, folder: str) -> str:
    """Return the configuration: training logs are sent to science, all others to dev.

    A function returns the group, because a template allows only `.` and `,` after a variable.
    Sources: https://docs.fluentbit.io/manual/pipeline/outputs/cloudwatch,
    https://docs.fluentbit.io/manual/pipeline/filters/lua and
    https://docs.fluentbit.io/manual/pipeline/filters/kubernetes.
    """
    source: dict[str, Any] = {
        "name": "tail",
        "path": "/var/log/containers/*.log",
        "tag": "kube.*",
        "multiline.parser": "cri",
        "mem_buf_limit": "32MB",
        "skip_long_lines": True,
        "db": f"{STATE}/containers.db",
        "db.locking": True,
    }
    metadata = {
        "name": "kubernetes",
        "match": "kube.*",
        "annotations": False,
        "namespace_labels": True,
        # A pod whose API response is larger than the buffer (32 KiB) would have no labels.
        "buffer_size": 0,
    }
    route = {"name": "lua", "match": "kube.*", "script": f"{folder}/{ROUTE}", "call": "route"}
    output = {
        "name": "cloudwatch_logs",
        "match": "kube.*",
        "region": region,
        "log_group_name": "/stackyard/unknown",
        "log_group_template": "/stackyard/$group",
        "log_stream_prefix": "pod-",
        "log_stream_template": "$kubernetes['pod_name']",
        "log_key": "log",
        "auto_create_group": False,
    }
    # If lines are not delivered, the pod is not ready, which the cluster shows:
    # https://docs.fluentbit.io/manual/administration/monitoring.
    service = {"http_server": True, "http_port": HEALTH_PORT, "health_check": True}
    pipeline = {"inputs": [source], "filters": [metadata, route], "outputs": [output]}
    document = {"service": service, "pipeline": pipeline}
    return yaml.safe_dump(document, sort_keys=False, width=1_000_000)
