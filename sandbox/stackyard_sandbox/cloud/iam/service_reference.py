"""The actions that IAM knows, from AWS's service authorization reference, as `cfn-lint` has it.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _services() -> Mapping[str, Any]:
    source = files("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json"
    services: Mapping[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return services


def has_action(pattern: str) -> bool:
    """Return whether an action of a policy, `s3:Get*` or `s3:GetObject`, is one of IAM's."""
    service, colon, name = pattern.lower().partition(":")
    if not colon:
        return pattern == "*"
    known = _services().get(service, {}).get("Actions", {})
    expression = re.escape(name).replace(r"\*", ".*").replace(r"\?", ".")
    return name in known or any(re.fullmatch(expression, one) for one in known)
