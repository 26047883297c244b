"""IAM enforcement, on from the first request, and repairs of what the emulator gets wrong in it."""

from botocore.awsrequest import AWSRequest
from moto import settings
from moto.iam.access_control import IAMRequestBase

from stackyard_sandbox.cloud import judgement

_FORM = "application/x-www-form-urlencoded"

_emulators_request = IAMRequestBase._create_aws_request


def install() -> None:
    """Switch it on; the emulator's own default is to let everybody do everything."""
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    judgement.install()
    IAMRequestBase._create_aws_request = _signed_request  # type: ignore[method-assign]  # the repair


def _signed_request(self: IAMRequestBase) -> AWSRequest:
    """Rebuild the request that was signed, to compare signatures.

    The emulator takes the query string for the body of a request without one, so that every GET
    and DELETE of the JSON services (EKS, EFS, Managed Prometheus, …) is refused.
    """
    request = _emulators_request(self)
    if not self._body and _FORM not in self._headers.get("Content-Type", ""):
        request.data = b""
    return request
