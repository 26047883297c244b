"""The EFS driver's node pods have a role of their own; file systems admit it by its name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from stackyard.blueprints import catalogue
from stackyard.cluster.access import efs_driver_role
from stackyard.estate.estate import Estate
from tests.support.estates import ROOT

FOUNDATION = "platform/foundation/dev"


def test_the_efs_driver_has_a_role_that_file_systems_admit(run: Callable[..., Any]) -> None:
    """The add-on gives it to the account of the driver's node pods, which no policy else serves."""
    stack = Estate(ROOT).one(FOUNDATION)
    loaded = Estate(ROOT).load(stack)
    made = run(catalogue.program("foundation", stack, loaded.effective, {}))
    role = efs_driver_role(stack.slug)
    (found,) = [
        one for one in made.of_type("aws:iam/role:Role").values() if one.get("name") == role
    ]
    trust = json.loads(found["assumeRolePolicy"])["Statement"][0]
    session = trust["Condition"]["StringEquals"]
    assert session["aws:RequestTag/kubernetes-service-account"] == "efs-csi-node-sa"
    assert session["aws:RequestTag/kubernetes-namespace"] == "kube-system"
    addons = made.of_type("aws:eks/addon:Addon").values()
    (driver,) = [one for one in addons if one["addonName"] == "aws-efs-csi-driver"]
    accounts = {one["serviceAccount"] for one in driver["podIdentityAssociations"]}
    assert accounts == {"efs-csi-controller-sa", "efs-csi-node-sa"}
