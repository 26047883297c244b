"""Routes requests through S3 access points, and enforces the policies of access point and bucket.

The emulator records access points and their policies, but serves no request through them. A client
uses the alias as the bucket name; the host name of an access point does not resolve on loopback.
Source: docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-alias.html.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from moto.s3.models import s3_backends
from moto.s3control.models import AccessPoint, s3control_backends

from stackyard_sandbox.cloud.iam.principals import PARTITION
from stackyard_sandbox.state import ACCOUNT

_SUFFIX = "-s3alias"
_PATHS = ("PATH_INFO", "RAW_URI", "REQUEST_URI")

_used: ContextVar[AccessPoint | None] = ContextVar("_used", default=None)

_emulators_init = AccessPoint.__init__


def install() -> None:
    """Give access points the region of their bucket: the emulator's are all in us-east-1."""
    AccessPoint.__init__ = _init  # type: ignore[method-assign]  # the repair


def used() -> AccessPoint | None:
    """Return the access point of the current request."""
    return _used.get()


@contextmanager
def through(environ: dict[str, Any]) -> Iterator[None]:
    """Route a request for an alias to its bucket, and record the access point."""
    point = _named(environ.get("PATH_INFO", ""))
    if point is None:
        yield
        return
    for key in _PATHS:
        if key in environ:
            environ[key] = environ[key].replace(point.alias, point.bucket, 1)
    token = _used.set(point)
    try:
        yield
    finally:
        _used.reset(token)


def as_signed(path: str) -> str:
    """Return the path that the client has signed."""
    point = used()
    return path if point is None else path.replace(point.bucket, point.alias, 1)


def behind(resource: str, point: AccessPoint) -> str:
    """Return the ARN, at the access point, of a bucket or of an object in it."""
    _, _, key = resource.partition("/")
    return f"{point.arn}/object/{key}" if key else str(point.arn)


def facts(point: AccessPoint) -> dict[str, str]:
    """Return the condition keys of a request through an access point, in lower case."""
    return {
        "s3:dataaccesspointarn": point.arn,
        "s3:dataaccesspointaccount": ACCOUNT,
        "s3:accesspointnetworkorigin": point.network_origin,
    }


def _init(self: AccessPoint, *arguments: Any, **named: Any) -> None:
    _emulators_init(self, *arguments, **named)
    bucket = s3_backends[ACCOUNT][PARTITION].get_bucket(self.bucket)
    self.arn = self.arn.replace("us-east-1", bucket.region_name, 1)


def _named(path: str) -> AccessPoint | None:
    alias = path.lstrip("/").partition("/")[0]
    if not alias.endswith(_SUFFIX):
        return None
    points = s3control_backends[ACCOUNT][PARTITION].access_points[ACCOUNT].values()
    return next((point for point in points if point.alias == alias), None)
