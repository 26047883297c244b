"""Lets cfn-lint judge templates: https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from audits.findings import Finding

from .template import Made, different, templates


def linted(
    judge: str, resources: Sequence[Made], template_rules: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield what cfn-lint says of the resources, by its rules about them."""
    from cfnlint.api import lint

    for region, template, by_name in templates(different(resources)):
        for match in lint(json.dumps(template), regions=[region]):
            rule = match.rule.id
            if rule in template_rules:
                continue
            steps = [str(step) for step in match.path]
            one = by_name.get(steps[1]) if len(steps) > 1 else None
            label = one.declared.label if one else "template"
            where = ".".join(steps[3:])
            kind = one.names.kind if one else ""
            yield Finding(judge, rule, label, f"{kind} {where}: {match.message}")
