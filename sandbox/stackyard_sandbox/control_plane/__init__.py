"""Runs a real Kubernetes control plane on loopback, with fake nodes."""

from stackyard_sandbox.control_plane.api import ApiError
from stackyard_sandbox.control_plane.plane import ControlPlane, ControlPlaneError, Member

__all__ = ["ApiError", "ControlPlane", "ControlPlaneError", "Member"]
