"""Karpenter's resource definitions: the files `crds/*.yaml` of its release, unchanged."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import yaml

NAMES = (
    "karpenter.k8s.aws_ec2nodeclasses",
    "karpenter.sh_nodeclaims",
    "karpenter.sh_nodeoverlays",
    "karpenter.sh_nodepools",
)
"""The files; a controller without one of them does not start."""


def definitions() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each definition with a fixed short name: `nodepools` and so on."""
    for name in NAMES:
        text = files(__package__).joinpath("crds", f"{name}.yaml").read_text("utf-8")
        yield name.rpartition("_")[2], yaml.safe_load(text)
