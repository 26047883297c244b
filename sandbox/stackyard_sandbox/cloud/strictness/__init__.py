"""Refusals of AWS that moto lacks: what an API answers to input that only the service checks.

Each module cites the page that states the rule. Without them a fault would pass here and stop an
apply on AWS.
"""

from stackyard_sandbox.cloud.strictness import (
    descriptions,
    identity_providers,
    metric_filters,
    signing_profiles,
    trails,
)

RULES = (descriptions, identity_providers, metric_filters, signing_profiles, trails)


def install() -> None:
    """Install every refusal."""
    for rule in RULES:
        rule.install()
