"""IAM refuses the URL of an identity provider with a port.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html:
"The URL should not contain a port number."
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from moto.iam.exceptions import ValidationError
from moto.iam.models import IAMBackend, OpenIDConnectProvider

_create = IAMBackend.create_open_id_connect_provider


def install() -> None:
    """Refuse a URL with a port."""
    setattr(IAMBackend, _create.__name__, _creating)


def _creating(self: IAMBackend, url: str, *given: Any, **named: Any) -> OpenIDConnectProvider:
    if urlsplit(url).port is not None:
        raise ValidationError("Invalid Open ID Connect Provider URL")
    return _create(self, url, *given, **named)
