"""A real Kubernetes control plane on loopback, with nodes that only pretend to run pods."""

from stackyard_sandbox.control_plane.api import ApiError
from stackyard_sandbox.control_plane.plane import ControlPlane, ControlPlaneError, Member

__all__ = ["ApiError", "ControlPlane", "ControlPlaneError", "Member"]
