"""Service accounts that an audience may use for pods; RBAC does not check this, admission does.

A person who may create a Job may name any service account of the namespace in it, and so use the
AWS role of that account's pods: a scientist could read models as the keeper. The API server refuses
this by a ValidatingAdmissionPolicy (`objects.accounts_policy`):
https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MAY_RUN_AS: Mapping[str, Sequence[str]] = {
    "scientist": ("trainer",),
    "pipeline": ("trainer", "pipeline"),
    "delivery": ("server",),
}
"""Service accounts by audience; all that may start pods may also use `default`, which has no
permissions."""


def allowed(audience: str) -> list[str]:
    """Return the service accounts that an audience may use for pods."""
    return sorted({"default", *MAY_RUN_AS.get(audience, ())})
