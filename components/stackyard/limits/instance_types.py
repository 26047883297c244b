"""Instance types that exist: of EC2, of SageMaker's training, of RDS for PostgreSQL.

Sources: EC2 `DescribeInstanceTypes`; `TrainingInstanceType` of botocore's model of SageMaker;
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Support.html, as
cfn-lint has it. Tests compare the tables with the emulator's, botocore's and cfn-lint's copies.
Preflight asks whether a region offers a type.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from stackyard.suggestion import did_you_mean

REVIEWED = "2026-11-29"
"""Date on which the tables were last compared with their sources."""

EC2: Mapping[str, str] = {
    "a1": "medium large xlarge 2xlarge 4xlarge metal",
    "c1": "medium xlarge",
    "c3 c4 r3": "large xlarge 2xlarge 4xlarge 8xlarge",
    "c5 c5d": "large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge metal",
    "c5a c5ad m5a m5ad r5a r5ad": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge",
    "c5n": "large xlarge 2xlarge 4xlarge 9xlarge 18xlarge metal",
    "c6a m6a r6a": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge metal"
    ),
    "c6g c6gd c7g c7gd c7gn m6g m6gd m7g m7gd r6g r6gd r7g r7gd x2gd": (
        "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge metal"
    ),
    "c6gn": "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "c6i c6id c6in i4i m6i m6id m6idn m6in r6i r6id r6idn r6in": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge metal"
    ),
    "c7a m7a r7a": (
        "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge "
        "48xlarge metal-48xl"
    ),
    "c7i i7i i8g m7i r7i": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge metal-24xl "
        "metal-48xl"
    ),
    "c7i-flex c8i-flex m7i-flex m8i-flex r8i-flex": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
    ),
    "c8a c8g c8gb c8gd c8gn m8a m8g m8gb m8gd m8gn r8a r8g r8gb r8gd r8gn x8g": (
        "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge "
        "metal-24xl metal-48xl"
    ),
    "c8i c8ib c8id c8in m8i m8ib m8id m8idb m8idn m8in r8i r8ib r8id r8idb r8idn r8in": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge "
        "96xlarge metal-48xl metal-96xl"
    ),
    "c8ine m8ine": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge",
    "c9g c9gd m9g m9gd r9g r9gd": (
        "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge metal-48xl"
    ),
    "d2 d3 i2": "xlarge 2xlarge 4xlarge 8xlarge",
    "d3en": "xlarge 2xlarge 4xlarge 6xlarge 8xlarge 12xlarge",
    "dl2q p3dn p4d p4de": "24xlarge",
    "f2": "6xlarge 12xlarge 48xlarge",
    "g4dn": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge metal",
    "g5 g6 g6e": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "g5g": "xlarge 2xlarge 4xlarge 8xlarge 16xlarge metal",
    "g6f": "large xlarge 2xlarge 4xlarge",
    "g7 g7e": "2xlarge 4xlarge 8xlarge 12xlarge 24xlarge 48xlarge",
    "gr6": "4xlarge 8xlarge",
    "gr6f": "4xlarge",
    "h1": "2xlarge 4xlarge 8xlarge 16xlarge",
    "hpc6a p5e p5en p6-b200 p6-b300 trn2u": "48xlarge",
    "hpc6id trn1n": "32xlarge",
    "hpc7a": "12xlarge 24xlarge 48xlarge 96xlarge",
    "hpc7g": "4xlarge 8xlarge 16xlarge",
    "hpc8a": "96xlarge",
    "i3 i4g im4gn r4": "large xlarge 2xlarge 4xlarge 8xlarge 16xlarge",
    "i3en": "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge 24xlarge metal",
    "i7ie i8ge": (
        "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge 18xlarge 24xlarge 48xlarge metal-24xl "
        "metal-48xl"
    ),
    "inf1": "xlarge 2xlarge 6xlarge 24xlarge",
    "inf2": "xlarge 8xlarge 24xlarge 48xlarge",
    "is4gen": "medium large xlarge 2xlarge 4xlarge 8xlarge",
    "m1": "small medium large xlarge",
    "m2": "xlarge 2xlarge 4xlarge",
    "m3": "medium large xlarge 2xlarge",
    "m4": "large xlarge 2xlarge 4xlarge 10xlarge 16xlarge",
    "m5 m5d m5dn m5n r5 r5b r5d r5dn r5n": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge metal"
    ),
    "m5zn z1d": "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge metal",
    "m8azn": "medium large xlarge 3xlarge 6xlarge 12xlarge 24xlarge metal-12xl metal-24xl",
    "p5": "4xlarge 48xlarge",
    "r7iz": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 32xlarge metal-16xl metal-32xl"
    ),
    "t1": "micro",
    "t2 t3 t3a t4g": "nano micro small medium large xlarge 2xlarge",
    "t8i": "nano micro small medium",
    "trn1": "2xlarge 32xlarge",
    "trn2": "3xlarge 48xlarge",
    "u-3tb1": "56xlarge",
    "u-6tb1": "56xlarge 112xlarge",
    "u7i-12tb u7in-16tb u7in-24tb u7in-32tb": "224xlarge",
    "u7i-6tb u7i-8tb": "112xlarge",
    "vt1": "3xlarge 6xlarge 24xlarge",
    "x1": "16xlarge 32xlarge",
    "x1e": "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 32xlarge",
    "x2idn": "16xlarge 24xlarge 32xlarge metal",
    "x2iedn": "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 24xlarge 32xlarge metal",
    "x2iezn": "2xlarge 4xlarge 6xlarge 8xlarge 12xlarge metal",
    "x8aedz": "large xlarge 3xlarge 6xlarge 12xlarge 24xlarge metal-12xl metal-24xl",
    "x8i": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge "
        "64xlarge 96xlarge metal-48xl metal-96xl"
    ),
}
"""Sizes by families, without those for macOS."""

SAGEMAKER: Mapping[str, str] = {
    "c4": "xlarge 2xlarge 4xlarge 8xlarge",
    "c5 c5n": "xlarge 2xlarge 4xlarge 9xlarge 18xlarge",
    "c6i": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "c7i m7i r7i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "c7i-flex c8i-flex g4dn": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "c8i": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge",
    "g5 g6 g6e": "xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge",
    "g7 g7e": "2xlarge 4xlarge 8xlarge 12xlarge 24xlarge 48xlarge",
    "m4": "xlarge 2xlarge 4xlarge 10xlarge 16xlarge",
    "m5": "large xlarge 2xlarge 4xlarge 12xlarge 24xlarge",
    "m6i r6i": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge",
    "m7i-flex m8i-flex r8i-flex": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "m8i r8i": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge"
    ),
    "p2": "xlarge 8xlarge 16xlarge",
    "p3": "2xlarge 8xlarge 16xlarge",
    "p3dn p4d p4de": "24xlarge",
    "p5": "4xlarge 48xlarge",
    "p5e p5en p6-b200 p6-b300 trn2": "48xlarge",
    "p6e-gb200": "36xlarge",
    "r5 r5d": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge",
    "t3": "medium large xlarge 2xlarge",
    "trn1": "2xlarge 32xlarge",
    "trn1n": "32xlarge",
}
"""The same of SageMaker, without `ml.`."""

RDS: Mapping[str, str] = {
    "c6gd": "medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "m5 m5d r5 r5b r5d": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge",
    "m6g m6gd m7g r6g r6gd r7g x2g": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
    "m6i m6id m6idn m6in r6i r6id r6idn r6in": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge"
    ),
    "m7i m8a m8g m8gd m9g r7i r8a r8g r8gd": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge"
    ),
    "m8i r8i": (
        "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge"
    ),
    "t3 t4g": "micro small medium large xlarge 2xlarge",
    "x1": "16xlarge 32xlarge",
    "x2iedn x2m": "xlarge 2xlarge 4xlarge 8xlarge 16xlarge 24xlarge 32xlarge",
    "z1d": "large xlarge 2xlarge 3xlarge 6xlarge 12xlarge",
}
"""The same of RDS for PostgreSQL 15 to 18, without `db.`."""

_FAMILY = re.compile(r"^([a-z]+?)([0-9]+)")


def problem(kind: str, table: Mapping[str, str], service: str) -> tuple[str, str | None] | None:
    """Return the reason why a service has no such type, and a hint; None for an existing one.

    A family of a later generation than those of the table is taken: it may be newer than the table.
    """
    prefix, _, name = kind.rpartition(".")[0].rpartition(".")
    size = kind.rpartition(".")[2]
    sizes = {one: each.split() for names, each in table.items() for one in names.split()}
    if name in sizes:
        if size in sizes[name]:
            return None
        return f"{service} has no type {kind}", f"sizes of {name} are {', '.join(sizes[name])}"
    if _is_newer(name, sizes):
        return None
    known = [".".join(filter(None, (prefix, one, size))) for one in sizes if size in sizes[one]]
    return f"{service} has no type {kind}", did_you_mean(kind, known)


def _is_newer(family: str, known: Mapping[str, object]) -> bool:
    """Return whether a family can be of a generation that the table does not know yet."""
    match = _FAMILY.match(family)
    of_class = [found for one in known if (found := _FAMILY.match(one))]
    generations = [int(one[2]) for one in of_class if match and one[1] == match[1]]
    return match is not None and bool(generations) and int(match[2]) > max(generations)
