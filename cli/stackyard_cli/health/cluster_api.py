"""Checks that the Kubernetes API of each applied foundation answers from this machine.

By default the API is private: it answers inside the VPC only. Source:
https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html.
"""

from __future__ import annotations

import urllib.error
from collections.abc import Iterator

from stackyard.contracts import FoundationContract
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from stackyard_cli.backend import preconditions
from stackyard_cli.backend.contracts import contract_of
from stackyard_cli.backend.location import Location
from stackyard_cli.clients.foundation import Clients
from stackyard_cli.health.check import Check

REFUSED = {401: "does not know", 403: "does not admit"}
"""Answers to an identity without rights: the API is reached all the same."""


def cluster_apis(location: Location, estate: Estate) -> Iterator[Check]:
    """Check the API of every foundation that is applied; those of no foundation have none."""
    for stack in estate.stacks():
        if estate.blueprint(stack) == "foundation" and preconditions.applied(location, stack):
            yield _cluster_api(location, stack)


def _cluster_api(location: Location, stack: StackId) -> Check:
    contract = contract_of(location, FoundationContract, stack)
    name = f"API {contract.cluster_name}"
    try:
        Clients(location.environment, contract).kube("/version")
    except urllib.error.HTTPError as error:
        if error.code not in REFUSED:
            return Check(name, "problem", f"answers with HTTP status {error.code}")
        return Check(name, "ok", f"answers; it {REFUSED[error.code]} this identity")
    except OSError as error:
        reason = getattr(error, "reason", error)
        hint = f"run inside the VPC, or add your address to `cluster.public_cidrs` of {stack}"
        return Check(name, "problem", f"{contract.cluster_endpoint} is not reached: {reason}", hint)
    return Check(name, "ok", "answers")
