"""Runs in parliament's environment: documents as JSON on stdin, findings as JSON on stdout.

Its own command would write its log to a path that every user shares.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")  # it uses an interface of setuptools that is on its way out

import parliament  # noqa: E402 - after the filter, for its own imports warn


def main() -> None:
    """Lint each document with all of parliament's rules, those of its community included."""
    community = Path(parliament.__file__).parent / "community_auditors"
    parliament.override_config(community / "config_override.yaml")
    answer = []
    for name, document in json.load(sys.stdin).items():
        policy = parliament.analyze_policy_string(
            json.dumps(document), include_community_auditors=True
        )
        for found in map(parliament.enhance_finding, policy.findings):
            says = f"{found.title}: {found.detail}"
            answer.append(
                {
                    "document": name,
                    "rule": found.issue,
                    "severity": found.severity,
                    "says": says[:300],
                }
            )
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
