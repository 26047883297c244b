"""Patches of moto: behaviour of AWS that the emulator lacks or implements wrongly."""

from stackyard_sandbox.cloud.moto_patches import (
    access_logs,
    alerts,
    backup_plans,
    capacity,
    delete_markers,
    eks_images,
    events,
    fleets,
    function_interfaces,
    functions,
    instance_prices,
    key_arns,
    key_rotation,
    late_logs,
    profile_listing,
    role_listing,
    secret_labels,
)

PATCHES = (
    access_logs,
    alerts,
    backup_plans,
    capacity,
    eks_images,
    fleets,
    instance_prices,
    profile_listing,
    functions,
    function_interfaces,
    late_logs,
    events,
    delete_markers,
    role_listing,
    key_arns,
    key_rotation,
    secret_labels,
)
"""Patches that need only the emulator; Step Functions are patched before state is read."""


def install() -> None:
    """Install every patch."""
    for patch in PATCHES:
        patch.install()
