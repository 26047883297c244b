"""The AWS budget of a stack, which notifies a topic of actual and forecast costs."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from stackyard._component import Component
from stackyard.naming import StackId

SPENT_PERCENT = 80
"""Percent of the budget at which actual costs cause a notification."""


def make_budget(
    component: Component, *, stack: StackId, limit: int, topic_arn: pulumi.Input[str]
) -> None:
    """Create the monthly budget in US dollars; the stack's tag selects the costs.

    Billing must have it as an activated cost allocation tag, see
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html.
    """
    percents = {"FORECASTED": 100, "ACTUAL": SPENT_PERCENT}
    aws.budgets.Budget(
        component.named("budget"),
        name=stack.slug,
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=str(limit),
        limit_unit="USD",
        cost_filters=[
            aws.budgets.BudgetCostFilterArgs(
                name="TagKeyValue", values=[f"user:stackyard:stack${stack}"]
            )
        ],
        notifications=[
            aws.budgets.BudgetNotificationArgs(
                comparison_operator="GREATER_THAN",
                notification_type=kind,
                threshold=percent,
                threshold_type="PERCENTAGE",
                subscriber_sns_topic_arns=[topic_arn],
            )
            for kind, percent in percents.items()
        ],
        opts=component.child(),
    )
