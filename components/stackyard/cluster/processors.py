"""Which processor an EC2 instance type has, read from its name."""

from __future__ import annotations

import re

_GRAVITON = re.compile(r"^[a-z]+\d+g[a-z]*\.")


def is_graviton(instance_type: str) -> bool:
    """Tell whether a type has an ARM processor: a `g` after the generation, as in `m7g.large`.

    Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html.
    """
    return _GRAVITON.match(instance_type) is not None
