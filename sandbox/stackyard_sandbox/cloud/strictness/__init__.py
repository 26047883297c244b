"""Refusals of AWS that moto lacks: errors for input that only the service checks.

Each module cites the page with the rule. Without them a mistake would pass here and fail an apply
on AWS.
"""

from stackyard_sandbox.cloud.strictness import (
    account_limits,
    buildspecs,
    database_identifiers,
    deleted_principals,
    dependencies,
    descriptions,
    event_patterns,
    execution_roles,
    group_rules,
    identity_providers,
    key_users,
    metric_filters,
    names_in_use,
    policy_principals,
    policy_sizes,
    policy_words,
    schedule_expressions,
    signing_profiles,
    trails,
)

RULES = (
    account_limits,
    buildspecs,
    database_identifiers,
    deleted_principals,
    dependencies,
    descriptions,
    event_patterns,
    execution_roles,
    group_rules,
    identity_providers,
    key_users,
    metric_filters,
    names_in_use,
    policy_principals,
    policy_sizes,
    policy_words,
    schedule_expressions,
    signing_profiles,
    trails,
)


def install() -> None:
    """Install every refusal."""
    for rule in RULES:
        rule.install()
