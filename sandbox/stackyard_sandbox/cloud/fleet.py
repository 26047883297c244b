"""Maps EKS clusters to control planes and applies EKS operations to them."""

import base64
import json
import threading
from pathlib import Path

from moto.eks.models import Nodegroup, eks_backends

from stackyard_sandbox import state
from stackyard_sandbox.cloud import node_groups, rbac
from stackyard_sandbox.cloud.eks_cluster import EksCluster
from stackyard_sandbox.control_plane import ControlPlane
from stackyard_sandbox.control_plane.api import Api
from stackyard_sandbox.planes import Planes
from stackyard_sandbox.processes import Process, write_private


class Fleet:
    """The control planes of a sandbox, seen from its EKS clusters.

    A control plane without a cluster is kept as a spare, so that creating the first cluster costs
    nothing. What binds the two, `plane_id`, is an attribute of the emulator's cluster object.
    """

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self._planes = Planes(home, port)
        # Creating and deleting clusters takes turns: two must not claim one spare.
        self.turn = threading.RLock()
        # So do changes of a group's nodes, by several callers of the API.
        self.counting = threading.RLock()
        self._closed = False

    def clusters(self) -> list[EksCluster]:
        """Every EKS cluster, in all regions."""
        regions = [*eks_backends[state.ACCOUNT].values()]
        recorded = [cluster for region in regions for cluster in [*region.clusters.values()]]
        return [cluster for cluster in recorded if isinstance(cluster, EksCluster)]

    def cluster_on(self, plane_id: str) -> EksCluster | None:
        """The EKS cluster that a control plane belongs to."""
        return next((each for each in self.clusters() if each.plane_id == plane_id), None)

    def claim(self) -> str:
        """Return a running control plane that no cluster has: the spare, or a new one."""
        if self._closed:
            raise RuntimeError("the sandbox is stopping")
        used = {cluster.plane_id for cluster in self.clusters()}
        spare = next((each for each in self._planes.ids() if each not in used), None)
        claimed = spare or self._planes.create()
        self._planes.plane(claimed).start()
        return claimed

    def karpenter(self, cluster: EksCluster) -> Process:
        """The process of a cluster's Karpenter, running or not."""
        return self._planes.karpenter(cluster.plane_id)

    def release(self, plane_id: str) -> None:
        """Forget the control plane of a deleted cluster; the last one is replaced by a spare."""
        self._planes.karpenter(plane_id).stop()
        self._planes.delete(plane_id)
        if not self._planes.ids():
            threading.Thread(target=self._keep_spare, daemon=True).start()

    def _keep_spare(self) -> None:
        # In turn: the process does not end, and nobody claims, between a start and its record.
        with self.turn:
            if not self._closed and not self._planes.ids():
                self._planes.plane(self._planes.create()).start()

    def close(self) -> None:
        """Start no control plane any more, once what is being started runs.

        Who stops the sandbox looks for control planes when this process is gone; one that a thread
        starts while the process ends would be overlooked, and stay.
        """
        with self.turn:
            self._closed = True

    def plane(self, cluster: EksCluster) -> ControlPlane:
        """The control plane of a cluster."""
        return self._planes.plane(cluster.plane_id)

    def api(self, cluster: EksCluster) -> Api:
        """A client of a cluster's API server, as its administrator."""
        plane = self.plane(cluster)
        return Api(plane.endpoint, plane.ca_pem, plane.token)

    def version(self, cluster: EksCluster) -> str:
        """The Kubernetes version that a cluster really runs, as `1.36`."""
        result = json.loads(self.api(cluster).call("GET", "/version"))
        return f"{result['major']}.{result['minor']}"

    def scale(self, cluster: EksCluster, group: Nodegroup) -> None:
        """Bring the nodes of a group in line with its settings."""
        with self.counting:
            node_groups.reconcile(self.plane(cluster), self.api(cluster), group)

    def remove_nodes(self, cluster: EksCluster, group: str) -> None:
        """Delete the nodes of a group."""
        node_groups.remove_all(self.plane(cluster), self.api(cluster), group)

    def grant(self, cluster: EksCluster) -> None:
        """Bring the role bindings in line with the access policies."""
        rbac.reconcile(self.api(cluster), cluster.access_policies)

    def publish(self) -> None:
        """Write the clusters to `sandbox.json` and to the kubeconfig."""
        clusters = {cluster.name: cluster for cluster in self.clusters()}
        facts = {name: self._facts(cluster) for name, cluster in clusters.items()}
        contexts = [
            {"name": name, "context": {"cluster": name, "user": f"{name}-admin"}} for name in facts
        ]
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": name,
                    "cluster": {
                        "server": fact.endpoint,
                        "certificate-authority-data": fact.ca,
                    },
                }
                for name, fact in facts.items()
            ],
            "users": [
                {"name": f"{name}-admin", "user": {"token": self.plane(cluster).token}}
                for name, cluster in clusters.items()
            ],
            "contexts": contexts,
            "current-context": contexts[0]["name"] if contexts else "",
        }
        write_private(self._home / "kubeconfig", json.dumps(config, indent=2))
        state.write_clusters(self._home, facts)

    def _facts(self, cluster: EksCluster) -> state.Cluster:
        plane = self.plane(cluster)
        return state.Cluster(
            endpoint=plane.endpoint,
            ca=base64.b64encode(plane.ca_pem.encode()).decode(),
            kubeconfig=str(plane.kubeconfig_path),
        )
