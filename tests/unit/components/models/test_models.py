from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from stackyard import iam
from stackyard.access.evaluator import Request, decide
from stackyard.models.documents import bucket_statements
from stackyard.models.lineage import Lineage, problems
from stackyard.retention.config import CandidateLifetimeConfig, ModelLifetimeConfig
from stackyard.retention.plan import RETIRED, ModelPlan, lifecycle_rules, object_plan

GOOD = Lineage("photos@" + "0" * 32, "sha256:" + "a" * 64, "b" * 40)
PARAMS, METRICS = {"depth": "3"}, {"accuracy": 0.9}
ACCOUNT = "123456789012"
KEEPER, DELIVERY, ADMIN = (
    f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("keeper", "delivery", "admin")
)


def test_complete_lineage_lacks_nothing() -> None:
    assert problems(GOOD.tags(), PARAMS, METRICS) == []


@pytest.mark.parametrize(
    ("lineage", "lacks"),
    [
        (replace(GOOD, dataset_version=""), "no dataset version"),
        (replace(GOOD, dataset_version="photos@v2"), "dataset version 'photos@v2' is not DATASET@"),
        (replace(GOOD, image_digest="trainer:latest"), "image digest 'trainer:latest' is not"),
        (replace(GOOD, git_commit="main"), "git commit 'main' is not the 40"),
        (replace(GOOD, git_commit="b" * 40 + "\n"), "git commit"),
    ],
)
def test_each_fact_must_be_there_and_lead_somewhere(lineage: Lineage, lacks: str) -> None:
    (found,) = problems(lineage.tags(), PARAMS, METRICS)
    assert found.startswith(lacks)


def test_everything_that_is_missing_is_said_at_once() -> None:
    assert len(problems({}, {}, {})) == 5


def test_lineage_is_read_from_the_environment_of_the_training_pod() -> None:
    environment = {
        "STACKYARD_DATASET_VERSION": GOOD.dataset_version,
        "STACKYARD_IMAGE_DIGEST": GOOD.image_digest,
        "STACKYARD_GIT_COMMIT": GOOD.git_commit,
    }
    assert Lineage.from_environment(environment) == GOOD
    assert Lineage.from_environment({}) == Lineage("", "", "")


@pytest.mark.parametrize(
    ("who", "action", "context", "allowed"),
    [
        (KEEPER, "s3:PutObject", {"s3:if-none-match": "*"}, True),
        (KEEPER, "s3:PutObject", {}, False),
        (ADMIN, "s3:PutObject", {"s3:if-none-match": "*"}, False),
        (KEEPER, "s3:GetObject", {}, True),
        (DELIVERY, "s3:GetObject", {}, True),
        (ADMIN, "s3:GetObject", {}, False),
        (DELIVERY, "s3:PutObject", {"s3:if-none-match": "*"}, False),
    ],
)
def test_who_may_do_what_in_the_model_bucket(
    who: str, action: str, context: dict[str, str], allowed: bool
) -> None:
    everything = iam.document(iam.statement("All", ("s3:*",), ("*",)))
    statements = bucket_statements("arn:aws:s3:::models", keeper=KEEPER, readers=[DELIVERY])
    facts: dict[str, str | list[str]] = {"s3:ObjectCreationOperation": "true", **context}
    request = Request(who, action, "arn:aws:s3:::models/registered/defects/1/MLmodel", facts)
    assert decide(request, everything, iam.document(*statements)).allowed is allowed


def test_parts_of_an_upload_need_no_condition_but_its_completion_does() -> None:
    everything = iam.document(iam.statement("All", ("s3:*",), ("*",)))
    policy = iam.document(*bucket_statements("arn:aws:s3:::models", keeper=KEEPER, readers=[]))
    place = "arn:aws:s3:::models/registered/defects/1/MLmodel"
    part = Request(KEEPER, "s3:PutObject", place, {"s3:ObjectCreationOperation": "false"})
    assert decide(part, everything, policy).allowed


def test_nothing_that_is_registered_expires() -> None:
    plan = ModelPlan(
        candidates=object_plan(CandidateLifetimeConfig()),
        production=object_plan(ModelLifetimeConfig()),
    )
    rules = lifecycle_rules(plan)
    for rule in rules:
        if "days" in rule.get("expiration", {}):
            assert rule["filter"]["tag"]["key"] == RETIRED
    days = {rule["id"]: rule["expiration"].get("days") for rule in rules if "expiration" in rule}
    assert days == {"retired-candidate": 365, "retired-production": 1095, "leftovers": None}


def test_models_turn_cold_by_sort_and_can_be_read_at_once() -> None:
    plan = ModelPlan(
        candidates=object_plan(CandidateLifetimeConfig(cold_storage_class="STANDARD_IA")),
        production=object_plan(ModelLifetimeConfig()),
    )
    cold = {
        rule["filter"]["tag"]["value"]: rule["transitions"]
        for rule in lifecycle_rules(plan)
        if "transitions" in rule
    }
    assert cold == {
        "candidate": [{"days": 90, "storage_class": "STANDARD_IA"}],
        "production": [{"days": 365, "storage_class": "GLACIER_IR"}],
    }
    with pytest.raises(ValidationError):
        ModelLifetimeConfig.model_validate({"cold_storage_class": "GLACIER"})
