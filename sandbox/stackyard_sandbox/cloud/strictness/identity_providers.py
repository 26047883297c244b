"""IAM refuses the URL of an identity provider with a port.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html:
"The URL should not contain a port number."
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from moto.iam.exceptions import ValidationError
from moto.iam.models import IAMBackend

from stackyard_sandbox.cloud.strictness import checked


def install() -> None:
    """Refuse a URL with a port."""
    checked.before(IAMBackend, "create_open_id_connect_provider", _check)


def _check(_iam: IAMBackend, call: Mapping[str, Any]) -> None:
    if urlsplit(call["url"]).port is not None:
        raise ValidationError("Invalid Open ID Connect Provider URL")
