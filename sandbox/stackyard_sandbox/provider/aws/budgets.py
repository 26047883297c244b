"""Budgets and their subscribers.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/budgets/budget/.
"""

from __future__ import annotations

from typing import Any

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    call_or_none,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Properties

MISSING = ("NotFoundException",)
NOTIFICATION = Casing()
SUBSCRIBERS = {"subscriberEmailAddresses": "EMAIL", "subscriberSnsTopicArns": "SNS"}


class Budget(Resource):
    """A budget; its id is `account:name`."""

    token = "aws:budgets/budget:Budget"
    takes = (
        "accountId",
        "name",
        "namePrefix",
        "budgetType",
        "timeUnit",
        "limitAmount",
        "limitUnit",
        "costFilters",
        "notifications",
    )
    replaces = frozenset({"accountId", "name", "namePrefix"})
    autoname = Autoname(limit=100)

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the budget with its notifications."""
        account = inputs.get("accountId") or aws.account
        aws.client("budgets").create_budget(
            AccountId=account,
            Budget=_budget(inputs),
            NotificationsWithSubscribers=_notifications(inputs),
        )
        return f"{account}:{inputs['name']}"

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the budget and its notifications."""
        account, _, name = identity.partition(":")
        client = aws.client("budgets")
        where = {"AccountId": account, "BudgetName": name}
        answer = call_or_none(client.describe_budget, *MISSING, **where)
        if answer is None:
            return None
        budget = answer["Budget"]
        limit = budget.get("BudgetLimit") or {}
        notifications = client.describe_notifications_for_budget(**where).get("Notifications", [])
        return {
            "accountId": account,
            "name": name,
            "budgetType": budget["BudgetType"],
            "timeUnit": budget["TimeUnit"],
            "limitAmount": _amount(state.get("limitAmount"), limit.get("Amount")),
            "limitUnit": limit.get("Unit"),
            "costFilters": [
                {"name": key, "values": values}
                for key, values in (budget.get("CostFilters") or {}).items()
            ]
            or None,
            "notifications": _subscribers(state, notifications),
            "arn": aws.arn("budgets", f"budget/{name}", region=False),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Write the budget again with its name: the emulator cannot change one."""
        self.delete(aws, identity, old)
        self.create(aws, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the budget."""
        account, _, name = identity.partition(":")
        with ignoring_missing(*MISSING):
            aws.client("budgets").delete_budget(AccountId=account, BudgetName=name)


def _budget(inputs: Properties) -> Properties:
    budget: Properties = {
        "BudgetName": inputs["name"],
        "BudgetType": inputs["budgetType"],
        "TimeUnit": inputs["timeUnit"],
    }
    if inputs.get("limitAmount"):
        unit = inputs.get("limitUnit") or "USD"
        budget["BudgetLimit"] = {"Amount": inputs["limitAmount"], "Unit": unit}
    if filters := inputs.get("costFilters"):
        budget["CostFilters"] = {entry["name"]: entry["values"] for entry in filters}
    return budget


def _notifications(inputs: Properties) -> list[Properties]:
    return [
        {
            "Notification": NOTIFICATION.api(
                {key: value for key, value in entry.items() if key not in SUBSCRIBERS}
            ),
            "Subscribers": [
                {"SubscriptionType": kind, "Address": address}
                for key, kind in SUBSCRIBERS.items()
                for address in entry.get(key) or []
            ],
        }
        for entry in inputs.get("notifications") or []
    ]


def _amount(recorded: Any, shown: str | None) -> Any:
    """Return the recorded amount if both are equal: `100` and `100.0` are one amount."""
    equal = shown is not None and isinstance(recorded, str) and float(recorded) == float(shown)
    return recorded if equal else shown


def _subscribers(state: Properties, answer: list[Any]) -> list[Properties] | None:
    """Return subscribers as recorded for an equal notification: the emulator drops them."""
    shown = []
    for entry in answer:
        entry = NOTIFICATION.sdk(entry)
        entry.pop("notificationState", None)
        for recorded in state.get("notifications") or []:
            if all(recorded.get(key) == value for key, value in entry.items()):
                entry = {**recorded, **entry}
                break
        shown.append(entry)
    return shown or None
