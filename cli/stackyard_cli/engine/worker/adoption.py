"""Takes resources that exist already into a stack instead of creating them (worker side)."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi.runtime import register_stack_transformation

SECRET = "aws:secretsmanager/secret:Secret"


def adopt_secrets(arns: Mapping[str, str]) -> None:
    """Import secrets by their names; call it first: it affects later resources only.

    Inputs that differ, such as the key, are updated after the import, in the same update:
    https://www.pulumi.com/docs/iac/concepts/resources/options/import/.
    """

    def imported(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        arn = arns.get(str(args.props.get("name"))) if args.type_ == SECRET else None
        if arn is None:
            return None
        adopt = pulumi.ResourceOptions(import_=arn)
        opts = pulumi.ResourceOptions.merge(args.opts, adopt)
        return pulumi.ResourceTransformationResult(args.props, opts)

    register_stack_transformation(imported)
