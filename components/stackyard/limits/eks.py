"""Limits of EKS that files decide, https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html."""

from __future__ import annotations

from ipaddress import IPv4Network

MOST_PUBLIC_RANGES = 40
"""Maximum number of ranges that may reach the public endpoint of one cluster; not adjustable."""

MOST_INSTANCE_TYPES = 20
"""Maximum number of types of one node group: `CreateNodegroup`'s `instanceTypes`."""

WIDEST_PUBLIC_PREFIX = 8
"""Minimum prefix length of a public CIDR: a shorter one would be most of the internet."""

_RESERVED = [
    IPv4Network(cidr)
    for cidr in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
]
"""Reserved ranges, from which no internet traffic comes, https://www.rfc-editor.org/rfc/rfc6890.
Without the ranges for documentation, because EKS is not known to refuse them."""


def public_range_problem(cidr: str) -> tuple[str, str | None] | None:
    """Return the reason why EKS refuses a public range, and a hint; None for an accepted one.

    "The CIDR blocks cannot include reserved addresses":
    https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html.
    """
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        return f"is not an IPv4 range: {error}", None
    if network.prefixlen < WIDEST_PUBLIC_PREFIX:
        return f"{cidr} is a large part of the internet", "list your own ranges"
    for reserved in _RESERVED:
        if network.overlaps(reserved):
            return (
                f"{cidr} contains addresses of {reserved}, which never come from the internet",
                "write the addresses by which your network reaches the internet",
            )
    return None
