"""Judge: every call of the sandbox's AWS provider, held to AWS's descriptions of the services.

The provider does it while it applies, updates and reads (`constraints.py` there); this module
gives its counts, and each refusal as a finding.
"""

from __future__ import annotations

from collections.abc import Sequence

from audits.findings import Finding
from stackyard_sandbox.provider.aws.ledger import Held as Counts

from .declared import Held

JUDGE = "calls"


def held(sandboxes: Sequence[Counts]) -> Held:
    """Return the values held in all sandboxes, and what was refused."""
    findings = [
        Finding(JUDGE, one.operation, one.path, one.rule)
        for counts in sandboxes
        for one in counts.refused
    ]
    return Held(sum(counts.values for counts in sandboxes), findings)
