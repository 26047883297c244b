"""Does again and again what the services behind EKS do by themselves."""

import logging
import threading

from stackyard_sandbox.cloud import instances, rbac, unnoticed_pods
from stackyard_sandbox.cloud.fleet import Fleet
from stackyard_sandbox.cloud.karpenter import Karpenter

PAUSE = 1.0
"""Seconds between two looks at the clusters."""

log = logging.getLogger(__name__)


def run(fleet: Fleet, port: int, ended: threading.Event) -> None:
    """Look at every cluster until told to end, then end what was started for them."""
    karpenters: dict[str, Karpenter] = {}
    while not ended.wait(PAUSE):
        for cluster in fleet.clusters():
            karpenter = karpenters.setdefault(cluster.plane_id, Karpenter(fleet, cluster, port))
            try:
                karpenter.look()
                instances.reconcile(fleet, cluster)
                unnoticed_pods.nudge(fleet.api(cluster))
                if rbac.namespaced(cluster.access_policies):
                    fleet.grant(cluster)
            except Exception as error:  # a cluster that is just stopping must not end the loop
                log.warning("%s: %r", cluster.name, error)
    for karpenter in karpenters.values():
        karpenter.stop()
