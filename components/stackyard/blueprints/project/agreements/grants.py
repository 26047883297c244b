"""Grants: they name datasets and directories that exist, and other accounts are identified."""

from __future__ import annotations

from collections.abc import Iterator

from stackyard.access.config import WORKLOADS, GrantsConfig
from stackyard.access.grants import trust
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.field_path import FieldPath, dotted
from stackyard.limits import documents
from stackyard.problem import Problem


def check(config: ProjectSections) -> Iterator[Problem]:
    """Yield grants of undeclared data, and trusted accounts without an external id."""
    for who, grants in config.access.grants.items():
        path = ("access", "workloads" if who in WORKLOADS else "audiences", who)
        yield from _granted(config, path, grants)
    yield from _other_accounts(config)
    yield from _too_many(config)


def _granted(config: ProjectSections, path: FieldPath, grants: GrantsConfig) -> Iterator[Problem]:
    named = {**dict.fromkeys(grants.datasets), **dict.fromkeys(grants.directories)}
    for name in sorted(named.keys() - {*config.datasets, "*"}):
        yield Problem(path, f"is granted `{name}`, which is not a dataset")
    for name, directories in grants.directories.items():
        for directory in directories if name in config.datasets else ():
            if directory not in config.datasets[name].directories:
                yield Problem(
                    (*path, "directories", name),
                    f"is granted `{directory}`, which `datasets.{name}.directories` lacks",
                    related=(("datasets", name, "directories"),),
                )


def _other_accounts(config: ProjectSections) -> Iterator[Problem]:
    """Yield roles that another account assumes without an external id (confused deputy).

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html.
    """
    for who, audience in config.access.audiences.items():
        for arn in audience.trusted:
            account = arn.split(":")[4]
            if account != config.account and audience.external_id is None:
                path = ("access", "audiences", who, "trusted")
                needed = dotted(("access", "audiences", who, "external_id"))
                yield Problem(path, f"trusts account {account}, which needs `{needed}`")


def _too_many(config: ProjectSections) -> Iterator[Problem]:
    """Yield audiences whose trust policy is larger than IAM takes."""
    for who, audience in config.access.audiences.items():
        size = documents.size(trust(audience, config.region), blanks=False)
        if size > documents.TRUST:
            yield Problem(
                ("access", "audiences", who, "trusted"),
                f"the trust policy of `{who}` has {size} characters, and IAM takes "
                f"{documents.TRUST}: {len(audience.trusted)} principals are too many",
                "name several by one pattern, such as `…/AWSReservedSSO_Scientists*`",
            )
