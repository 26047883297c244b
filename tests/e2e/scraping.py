"""What stands for the places between a collector and its workspace: pages, a store, addresses."""

from __future__ import annotations

import json
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from stackyard_sandbox.processes import LOOPBACK, Process
from stackyard_sandbox.state import Sandbox

from .pods import Pods

GROUPS = {"deployments": "apps", "jobs": "batch"}
"""API group of a resource that is not of the core."""


def listed(pods: Pods, namespace: str, account: str, resource: str) -> list[dict[str, Any]]:
    """List and watch a resource of all namespaces as an account, as an informer begins."""
    group = GROUPS.get(resource, "")
    path = f"/apis/{group}/v1/{resource}" if group else f"/api/v1/{resource}"
    found = pods.read_as(namespace, account, path)
    # The first event, if one comes; without the right there is an error instead.
    pods.read_as(namespace, account, f"{path}?watch=true&timeoutSeconds=1&limit=1")
    return list(found["items"])


def page(shown: list[dict[str, Any]]) -> str:
    """What kube-state-metrics says of these pods: one of its metrics."""
    lines = [
        f'kube_pod_status_phase{{namespace="{pod["metadata"]["namespace"]}",'
        f'pod="{pod["metadata"]["name"]}",phase="{pod["status"]["phase"]}"}} 1'
        for pod in shown
    ]
    return "\n".join(["# TYPE kube_pod_status_phase gauge", *lines, ""])


@contextmanager
def served(text: str) -> Iterator[str]:
    """Serve a page of metrics, and give its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{LOOPBACK}:{server.server_address[1]}"
        server.shutdown()


def of_karpenter(sandbox: Sandbox) -> str:
    """The address of the metrics of the Karpenter that runs for the cluster."""
    for folder in sandbox.directory.glob("planes/*/karpenter"):
        if pid := Process("karpenter", folder).pid:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            (port,) = (each for each in variables if each.startswith(b"METRICS_PORT="))
            return f"{LOOPBACK}:{port.partition(b'=')[2].decode()}"
    raise AssertionError("no Karpenter runs")


@dataclass(frozen=True)
class Store:
    """The Prometheus behind a workspace."""

    address: str
    log: Process

    def ask(self, query: str) -> list[dict[str, str]]:
        """Return the labels of the series that a query finds."""
        question = urllib.parse.urlencode({"query": query})
        with urllib.request.urlopen(f"{self.address}/api/v1/query?{question}", timeout=5) as answer:
            return [one["metric"] for one in json.load(answer)["data"]["result"]]


def until(what: str, holds: Callable[[], object], *logs: Process, seconds: float = 60) -> None:
    """Wait for something that a program does; an address that is not served yet is no error."""
    end = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except OSError:
            pass
        assert time.monotonic() < end, what + "\n".join(log.last_lines(20) for log in logs)
        time.sleep(0.2)


def here(config: dict[str, Any], addresses: dict[str, str], endpoint: str) -> dict[str, Any]:
    """Return the collector's file with the addresses of this machine."""
    for job in config["scrape_configs"]:
        del job["dns_sd_configs"]
        job["static_configs"] = [{"targets": [addresses[job["job_name"]]]}]
    config["global"]["scrape_interval"] = "1s"
    (target,) = config["remote_write"]
    target["url"] = endpoint + urllib.parse.urlsplit(target["url"]).path
    return config
