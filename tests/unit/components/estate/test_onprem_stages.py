"""A cluster on premises is registered by one stage; others of the account say by which."""

from __future__ import annotations

import pytest

from stackyard.estate.errors import EstateError
from stackyard.estate.estate import Estate
from stackyard.naming import StackId
from tests.support.estates import SmallEstate

DEFAULTS, DEV, PROD = (f"platform/services/{name}.yaml" for name in ("_defaults", "dev", "prod"))
FILES = {"dev": f"stacks/{DEV}", "prod": f"stacks/{PROD}"}
SAME = 'kubeconfig: ~/.kube/one, issuer: "https://one.example"'


@pytest.fixture
def two(small: SmallEstate) -> SmallEstate:
    """The small estate with a second stage."""
    small.write("platform/foundation/prod.yaml", "{}\n")
    small.write("vision/defects/prod.yaml", "{}\n")
    return small


def services(*clusters: str, more: str = "") -> str:
    return "\n".join(["onprem:", "  clusters:", *(f"    {each}" for each in clusters), more, ""])


def found(estate: SmallEstate) -> list[str]:
    read = Estate(estate.root)
    return [str(problem) for problem in read.check(read.stacks())]


def layers(estate: SmallEstate) -> list[list[str]]:
    read = Estate(estate.root)
    return [[str(stack) for stack in layer] for layer in read.layers(read.stacks())]


@pytest.mark.parametrize(
    ("kubeconfig", "issuer", "field"),
    [
        ("~/.kube/one", "one", "kubeconfig"),
        ("~/.kube/one", "two", "kubeconfig"),
        ("~/.kube/two", "one", "issuer"),
        ("~/.kube/two", "two", None),
    ],
)
def test_two_stages_cannot_both_register_a_cluster(
    two: SmallEstate, kubeconfig: str, issuer: str, field: str | None
) -> None:
    two.write(DEV, services(f"cellar: {{{SAME}}}"))
    other = f'cellar: {{kubeconfig: {kubeconfig}, issuer: "https://{issuer}.example"}}'
    two.write(PROD, services(other))
    if field is None:
        assert found(two) == []
        return
    (problem,) = found(two)
    assert problem.startswith(f"{FILES['prod']}:3:")
    assert f"`onprem.clusters.cellar.{field}`: is the cluster `cellar` of" in problem
    assert f"({FILES['dev']}:3:" in problem
    assert problem.endswith("write `registered_by: dev` to use the same cluster")


def test_only_stages_of_one_account_are_told_to_share(two: SmallEstate) -> None:
    two.write(DEV, services(f"cellar: {{{SAME}}}"))
    two.write(PROD, "account: '210987654321'\n" + services(f"cellar: {{{SAME}}}"))
    (problem,) = (each for each in found(two) if "onprem" in each)
    assert "registered_by" not in problem
    assert problem.endswith(
        "give the stage a cluster of its own: only stages of one account can share one"
    )


def test_one_declaration_serves_all_stages_and_dev_registers_it(two: SmallEstate) -> None:
    before = layers(two)
    cluster = services(f"cellar: {{registered_by: dev, {SAME}}}")
    two.write(DEFAULTS, f"blueprint: services\n{cluster}")
    two.write(PROD, "{}\n")
    assert found(two) == []
    read = Estate(two.root)
    services_of_prod = StackId("platform", "services", "prod")
    assert {name: str(one) for name, one in read.upstreams(services_of_prod).items()} == {
        "foundation": "platform/foundation/prod",
        "services/dev": "platform/services/dev",
    }
    assert set(read.upstreams(StackId("platform", "services", "dev"))) == {"foundation"}
    assert len(before) == 3
    assert layers(two) == [
        ["platform/foundation/dev", "platform/foundation/prod"],
        ["platform/services/dev"],
        ["platform/services/prod", "ranking/clicks/dev", "vision/defects/dev"],
        ["vision/defects/prod"],
    ]


def test_each_stage_may_have_a_declaration_of_its_own(two: SmallEstate) -> None:
    two.write(DEV, services(f"cellar: {{{SAME}}}", more="queueing: kueue"))
    two.write(PROD, services(f"cellar: {{registered_by: dev, {SAME}}}", more="queueing: kueue"))
    assert found(two) == []


OWN = f"cellar: {{{SAME}}}"
OTHER = f"cellar: {{registered_by: dev, {SAME}}}"
POOLS = "gpu_pools: {training: {gpus_per_node: 4, nodes: 1}}"
KUEUE = "queueing: kueue"
ALIKE = "all stages that use `cellar` queue alike, and platform/services/dev has"
DIFFERS = "differs from the same cluster in platform/services/dev"
REFERENCE = "onprem.clusters.cellar.registered_by"


@pytest.mark.parametrize(
    ("dev", "prod", "at", "field", "message"),
    [
        (
            services(OWN),
            services(OTHER.replace("dev", "staging")),
            "3:29",
            REFERENCE,
            "the stage `staging` has no stack of services",
        ),
        (
            services(f"attic: {{{SAME}}}"),
            services(OTHER),
            "3:29",
            REFERENCE,
            "platform/services/dev has no cluster `cellar` (it has attic)",
        ),
        (
            services(OWN),
            services(OTHER.replace("one.example", "two.example")),
            "3:67",
            "onprem.clusters.cellar.issuer",
            f"`issuer` {DIFFERS} ({FILES['dev']}:3:47)",
        ),
        (
            services(OWN),
            services(OTHER.replace("kube/one", "kube/two")),
            "3:46",
            "onprem.clusters.cellar.kubeconfig",
            f"`kubeconfig` {DIFFERS} ({FILES['dev']}:3:26)",
        ),
        (
            services(f"cellar: {{{SAME}, {POOLS}}}"),
            services(OTHER),
            "3:29",
            REFERENCE,
            f"`gpu_pools` {DIFFERS} ({FILES['dev']}:3:",
        ),
        (
            services(OWN, more=KUEUE),
            services(OTHER),
            "3:29",
            REFERENCE,
            f"{ALIKE} `queueing: kueue` ({FILES['dev']}:4:11)",
        ),
        (
            services(OWN),
            services(OTHER, more=KUEUE),
            "4:11",
            "queueing",
            f"{ALIKE} `queueing: none`",
        ),
    ],
)
def test_a_wrong_reference_is_refused_at_its_line(
    two: SmallEstate, dev: str, prod: str, at: str, field: str, message: str
) -> None:
    two.write(DEV, dev)
    two.write(PROD, prod)
    (problem,) = found(two)
    assert problem.startswith(f"{FILES['prod']}:{at}: `{field}`: {message}"), problem
    assert "\n  hint: " in problem


def test_a_stage_of_another_account_cannot_refer_to_it(two: SmallEstate) -> None:
    two.write(DEV, services(OWN))
    two.write("_stages/prod.yaml", "account: '210987654321'\n")
    two.write(PROD, services(OTHER))
    (problem,) = (each for each in found(two) if "onprem" in each)
    assert problem.startswith(f"{FILES['prod']}:3:29: `{REFERENCE}`: platform/services/dev is in")
    assert "account 123456789012, this stage in 210987654321" in problem


def test_the_stage_that_registers_must_not_refer_on(two: SmallEstate) -> None:
    two.write("_stages/staging.yaml", "{}\n")
    two.write("platform/foundation/staging.yaml", "{}\n")
    two.write("platform/services/staging.yaml", services(f"cellar: {{{SAME}}}"))
    two.write(DEV, services(f"cellar: {{registered_by: staging, {SAME}}}"))
    two.write(PROD, services(OTHER))
    (problem,) = found(two)
    assert problem.startswith(f"{FILES['prod']}:3:29: `onprem.clusters.cellar.registered_by`")
    assert f"platform/services/dev does not register it itself ({FILES['dev']}:3:29)" in problem
    assert problem.endswith("write `registered_by: staging`")


def test_stages_that_would_wait_for_each_other_are_refused(two: SmallEstate) -> None:
    attic = SAME.replace("one", "two")
    two.write(DEV, services(f"cellar: {{{SAME}}}", f"attic: {{registered_by: prod, {attic}}}"))
    two.write(PROD, services(OTHER, f"attic: {{{attic}}}"))
    one, other = found(two)
    assert one.startswith(f"{FILES['dev']}:4:28: `onprem.clusters.attic.registered_by`")
    assert other.startswith(f"{FILES['prod']}:3:29: `onprem.clusters.cellar.registered_by`")
    for problem in (one, other):
        assert "waits for a cluster that this stage registers" in problem
    with pytest.raises(EstateError, match="register clusters for each other"):
        layers(two)


def test_files_that_cannot_be_read_do_not_change_the_order_of_others(two: SmallEstate) -> None:
    two.write(PROD, "onprem: [\n")
    assert layers(two)[-1] == ["ranking/clicks/dev", "vision/defects/dev", "vision/defects/prod"]
    (problem, *_) = found(two)
    assert problem.startswith(FILES["prod"])
