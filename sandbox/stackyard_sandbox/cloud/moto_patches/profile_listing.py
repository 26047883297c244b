"""Lists instance profiles by the path that a request asks for; the emulator lists all of them."""

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse


def install() -> None:
    """Obey the prefix: who deletes what it lists would otherwise delete the profiles of others."""
    IamResponse.list_instance_profiles = _list  # type: ignore[method-assign]  # a repair


def _list(self: IamResponse) -> ActionResult:
    prefix = self._get_param("PathPrefix", "/")
    result = [
        profile
        for profile in [*self.backend.instance_profiles.values()]
        if profile.path.startswith(prefix)
    ]
    return ActionResult({"InstanceProfiles": result})
