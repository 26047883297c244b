"""Makes role look-ups safe while other roles are created."""

from collections.abc import Iterable

from moto.iam.models import IAMBackend, Role


def install() -> None:
    """Iterate over a copy in each look-up: another request may change the emulator's dictionary."""
    IAMBackend.get_roles = _roles  # type: ignore[method-assign]  # the repair


def _roles(self: IAMBackend) -> Iterable[Role]:
    # One step of the interpreter, so no other thread runs in between.
    return list(self.roles.values())
