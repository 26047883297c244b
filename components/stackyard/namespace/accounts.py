"""Which service accounts an audience may start pods as: RBAC does not check this, admission does.

Whoever may create a Job may name any service account of the namespace in it, and so use the AWS
role of that account's pods: a scientist could read models as their keeper. The API server refuses
that by a ValidatingAdmissionPolicy (`objects.accounts_policy`):
https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MAY_RUN_AS: Mapping[str, Sequence[str]] = {
    "scientist": ("trainer",),
    "pipeline": ("trainer", "pipeline"),
    "delivery": ("server",),
}
"""Service accounts by audience; all who may start pods may also use `default`, without rights."""


def allowed(audience: str) -> list[str]:
    """Return the service accounts that an audience may start pods as."""
    return sorted({"default", *MAY_RUN_AS.get(audience, ())})
