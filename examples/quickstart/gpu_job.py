"""Create the job on standard input, and follow the node that Karpenter makes for it.

`stackyard train render vision/defects/dev fit | python gpu_job.py CONTEXT`. `kubectl create -f -`
would create it too, and `kubectl get nodeclaims,nodes -w` would show the same.
"""

import sys
import time
from collections.abc import Iterator
from typing import Any

import yaml
from kubernetes import client, config

POOL = "stackyard.dev/gpu-pool=training"
"""Nodes and node claims of the job's pool; the pool for everything else may have some, too."""

PATIENCE = 180.0
"""Seconds for the whole story; it takes less than one minute."""


def main() -> int:
    """Return 0 once the job has run on a new node, and the node has gone."""
    job = yaml.safe_load(sys.stdin)
    api = config.new_client_from_config(context=sys.argv[1])
    made = client.BatchV1Api(api).create_namespaced_job(job["metadata"]["namespace"], job)
    started, last = time.monotonic(), ""
    for line, ended in _states(api, made.metadata.name, made.metadata.namespace):
        elapsed = time.monotonic() - started
        if line != last:
            sys.stdout.write(f"{elapsed:5.0f} s  {line}\n")
            sys.stdout.flush()
            last = line
        if ended:
            return 0
        if elapsed > PATIENCE:
            break
        time.sleep(0.5)
    sys.stderr.write(f"error: not in {PATIENCE:.0f} s: {last}\n")
    return 1


def _states(api: Any, name: str, namespace: str) -> Iterator[tuple[str, bool]]:
    """Yield what is to be seen, and whether it is the end."""
    batch, core = client.BatchV1Api(api), client.CoreV1Api(api)
    objects = client.CustomObjectsApi(api)
    joined = False
    while True:
        done = batch.read_namespaced_job(name, namespace).status.succeeded
        claims: Any = objects.list_cluster_custom_object(
            "karpenter.sh", "v1", "nodeclaims", label_selector=POOL
        )
        nodes = core.list_node(label_selector=POOL).items
        state = "the job is done" if done else "the job waits or runs"
        if nodes:
            joined = True
            kind = nodes[0].metadata.labels["node.kubernetes.io/instance-type"]
            yield f"{state}; node {nodes[0].metadata.name} ({kind})", False
        elif claims["items"]:
            yield (
                f"{state}; Karpenter has asked for {claims['items'][0]['metadata']['name']}",
                False,
            )
        else:
            yield f"{state}; no node for it", bool(done) and joined


if __name__ == "__main__":
    sys.exit(main())
