"""Holds each policy document against AWS's service authorization reference.

What no request can ever match is a finding: an action, a condition key or a form of a resource that
does not exist, and an action with none of its resources.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audits.findings import Finding
from stackyard import iam
from stackyard.blueprints.catalogue import BLUEPRINTS
from stackyard_cli.bootstrap import boundaries, policies
from stackyard_cli.bootstrap.permissions import actions_of, types_of
from stackyard_sandbox.cloud.iam.policy_vocabulary import problems

from .declared import Declared, Held
from .rights import CONTEXT

JUDGE = "policies"

Document = Mapping[str, Any]


def held(resources: Sequence[Declared]) -> Held:
    """Look at the documents of all declared resources, and at those of a bootstrap."""
    documents = [*(pair for one in resources for pair in of(one)), *of_bootstrap()]
    findings = [
        Finding(JUDGE, "never-matches", name, says)
        for name, document in documents
        for says in problems(document)
    ]
    return Held(len(documents), findings)


def of(resource: Declared) -> Iterator[tuple[str, Document]]:
    """Yield the policy documents among a resource's inputs."""
    for name, value in resource.inputs.items():
        if isinstance(value, str) and '"Statement"' in value:
            yield f"{resource.label} {name}", json.loads(value)


def of_bootstrap() -> Iterator[tuple[str, Document]]:
    """Yield the documents that a bootstrap makes; each stage gets the same, with its own name."""
    actions = actions_of(types_of(BLUEPRINTS))
    made = {
        "apply": policies.apply(CONTEXT, actions, "dev", ["prod"]),
        "preview": policies.preview(CONTEXT, actions),
        "boundary of applies": boundaries.of_applies(CONTEXT, actions),
        "boundary of roles": boundaries.of_roles(CONTEXT),
    }
    for name, statements in made.items():
        yield f"bootstrap {name}", iam.document(*statements)
    yield "bootstrap state bucket", policies.state_bucket(CONTEXT)
