"""Grants that do not fit into a role: the text of the policy is known from the files.

Other inline policies of the same role are known to the program only; the policy rule
`iam-role-size` adds them up in a preview.
"""

from __future__ import annotations

from stackyard.access.grants import compiled
from stackyard.blueprints.project.config import ProjectConfig
from stackyard.blueprints.project.parts.permissions import grant_context
from stackyard.estate.errors import StackFileError
from stackyard.estate.loaded import Loaded
from stackyard.estate.positions import located
from stackyard.limits import documents
from stackyard.problem import Problem

KEY_ID = "00000000-0000-0000-0000-000000000000"
"""The length of a key's id, which is not known from files."""


FEW = 20
"""Directories and datasets that fit into a role's policies whatever their names."""


def problems(loaded: Loaded) -> list[StackFileError]:
    """Return the audiences whose grants alone are larger than a role's policies may be."""
    config = loaded.config
    if not isinstance(config, ProjectConfig) or _named(config) < FEW:
        return []
    if loaded.left_out or list(config.problems()):
        return []
    arn = config.location.arn("kms", f"key/{KEY_ID}")
    keys = {"data": arn, "personal": arn}
    where = grant_context(loaded.id, config, cluster=loaded.id.slug, key_arns=keys)
    result = []
    for who, role in compiled(config.access, config.datasets, where).roles.items():
        size = documents.size(role.policy, blanks=False)
        if size > documents.INLINE:
            section = "audiences" if who in config.access.audiences else "workloads"
            problem = Problem(
                ("access", section, who),
                f"the grants of `{who}` have {size} characters, and IAM takes {documents.INLINE} "
                "for all policies of a role",
                "grant whole datasets, or directories above those that are named",
            )
            result.append(located(problem, loaded.tree))
    return result


def _named(config: ProjectConfig) -> int:
    """Return how many directories and datasets the largest grants name; `*` names them all."""
    grants = config.access.grants.values()
    return max(len(config.datasets) + sum(map(len, grant.directories.values())) for grant in grants)
