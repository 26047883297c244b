"""Makes role look-ups safe while other roles are created."""

from collections.abc import Iterable

from moto.iam.models import IAMBackend, Role


def install() -> None:
    """Let each look-up walk a copy: the emulator walks what another request is changing."""
    IAMBackend.get_roles = _roles  # type: ignore[method-assign]  # the repair


def _roles(self: IAMBackend) -> Iterable[Role]:
    # One step of the interpreter, so nothing comes between.
    return list(self.roles.values())
