from __future__ import annotations

import json

import pytest

from stackyard import iam
from stackyard.access.evaluator import Request, decide
from stackyard.blueprints.catalogue import BLUEPRINTS
from stackyard_cli.bootstrap import boundaries, permissions, policies
from stackyard_cli.bootstrap.context import AccountContext, stage_tags
from stackyard_cli.bootstrap.permissions import TABLE, actions_of, known_blueprints, types_of
from stackyard_cli.inventory import census

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
CONTEXT = AccountContext("aws", "123456789012", "eu-central-1", "acme-state", KEY)
ACTIONS = actions_of(TABLE)
LISTING = {"ListTagsForResource", "ListTags", "ListResourceTags"}


def test_every_type_that_blueprints_make_has_a_line_and_none_is_stale() -> None:
    assert types_of(BLUEPRINTS) == set(TABLE)


def test_types_follow_the_blueprint() -> None:
    assert "eks.Cluster" in types_of(["foundation"])
    assert "eks.Cluster" not in types_of(["project"])
    assert "s3.Bucket" in types_of(["project"])
    assert known_blueprints(["services"]) == ["foundation", "services"]


def test_a_type_without_a_line_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(permissions.TABLE, "s3.Bucket")
    with pytest.raises(KeyError):
        actions_of(types_of(BLUEPRINTS))


def test_reading_actions_only_read() -> None:
    verbs = ("Batch", "Describe", "Get", "List", "Validate", "View")
    assert all(one.split(":")[1].startswith(verbs) for one in ACTIONS.read)
    assert not any("SecretValue" in one or one == "s3:GetObject" for one in ACTIONS.read)
    listing = {one for one in ACTIONS.create | ACTIONS.change if one.split(":")[1] in LISTING}
    assert listing == set(), "a preview needs them, too"


def test_an_account_can_be_searched_for_what_is_left() -> None:
    asked = {f"ec2:{operation.title().replace('_', '')}" for operation in census.EC2}
    assert asked | {"tag:GetResources"} <= permissions.SEARCH <= ACTIONS.read


def test_a_preview_changes_nothing_and_opens_nothing_else() -> None:
    said = policies.preview(CONTEXT, ACTIONS)
    allowed = [one for one in said if one["Effect"] == "Allow"]
    words = {action for one in allowed for action in one["Action"]}
    changing = ACTIONS.create | ACTIONS.change
    assert not words & changing
    assert not {one for one in words if one.endswith("*")}
    opens = next(one for one in allowed if "kms:Decrypt" in one["Action"])
    assert opens["Resource"] == [KEY]
    denied = {action: one for one in said if one["Effect"] == "Deny" for action in one["Action"]}
    assert "secretsmanager:GetSecretValue" in denied
    assert denied["kms:Decrypt"]["NotResource"] == [KEY]
    assert denied["s3:GetObject"]["NotResource"] == ["arn:aws:s3:::acme-state/*"]


def test_an_apply_passes_roles_to_named_services_only() -> None:
    said = policies.apply(CONTEXT, ACTIONS, "dev")
    passing = [one for one in said if "iam:PassRole" in one["Action"]]
    assert len(passing) == 1
    services = passing[0]["Condition"]["StringEquals"]["iam:PassedToService"]
    assert services == list(policies.SERVICES)
    assert not any("*" in action for one in said for action in one["Action"])


def test_keys_roles_and_secrets_of_others_are_out_of_reach() -> None:
    for one in policies.apply(CONTEXT, ACTIONS, "dev"):
        risky = {a for a in one["Action"] if a.split(":")[0] in policies.TAGGED}
        risky -= ACTIONS.read | policies.UNTAGGED
        if one["Sid"] in {"Pass", "Linked", "StateKey"}:  # tags of what is passed do not count
            continue
        if one["Sid"] == "MasterSecretThroughRds":  # RDS makes it, with tags of its own
            assert one["Resource"] == ["arn:aws:secretsmanager:*:123456789012:secret:rds!*"]
            continue
        assert not risky or "stackyard:stage" in json.dumps(one["Condition"]), one["Sid"]


def test_everything_an_apply_needs_is_in_it_and_within_its_boundary() -> None:
    granted = {
        action for one in policies.apply(CONTEXT, ACTIONS, "dev") for action in one["Action"]
    }
    assert ACTIONS.create | ACTIONS.change | ACTIONS.read <= granted
    bounds = boundaries.of_applies(CONTEXT, ACTIONS)
    services = {one.removesuffix(":*") for one in bounds[0]["Action"]}
    assert {one.split(":")[0] for one in granted} <= services
    denied = [one for one in bounds if one["Effect"] == "Deny"]
    itself = next(one for one in denied if one["Sid"] == "NotItself")
    assert "arn:aws:iam::123456789012:role/stackyard-*" in itself["Resource"]


def _may(action: str, role: str, tags: str = "dev", **facts: str) -> bool:
    """Whether an apply of dev may do something to a role of a stage, by the second evaluator."""
    arn = f"arn:aws:iam::123456789012:role/{role}"
    asked_tags = {} if action == "iam:UntagRole" else stage_tags("dev")
    context = {f"aws:RequestTag/{key}": value for key, value in asked_tags.items()}
    context |= {f"aws:ResourceTag/{key}": value for key, value in stage_tags(tags).items()}
    asked = Request("arn:aws:iam::123456789012:role/stackyard-apply-dev", action, arn, context)
    if "boundary" in facts:
        context["iam:PermissionsBoundary"] = facts["boundary"]
    if "service" in facts:
        context["iam:PassedToService"] = facts["service"]
    own = iam.document(*policies.apply(CONTEXT, ACTIONS, "dev"))
    bounds = iam.document(*boundaries.of_applies(CONTEXT, ACTIONS))
    return decide(asked, own).allowed and decide(asked, bounds).allowed


ROLE = "vision-defects-dev-trainer"
BOUND = {"boundary": CONTEXT.role_boundary}


@pytest.mark.parametrize("action", ["CreateRole", "PutRolePolicy", "AttachRolePolicy"])
def test_an_apply_makes_and_grants_roles_of_its_stage_with_the_boundary_only(action: str) -> None:
    assert _may(f"iam:{action}", ROLE, **BOUND)
    assert not _may(f"iam:{action}", ROLE)
    assert not _may(f"iam:{action}", ROLE, boundary="arn:aws:iam::aws:policy/AdministratorAccess")
    for other in ("vision-defects-prod-trainer", "platform-admin", "stackyard-apply-dev"):
        assert not _may(f"iam:{action}", other, **BOUND)


def test_an_apply_cannot_take_over_a_role_that_is_there() -> None:
    for action in ("UpdateAssumeRolePolicy", "DeleteRole", "TagRole"):
        assert _may(f"iam:{action}", ROLE)
        assert not _may(f"iam:{action}", "platform-admin")
    assert not _may("iam:DeleteRolePermissionsBoundary", ROLE, **BOUND)
    assert _may("iam:PutRolePermissionsBoundary", ROLE, **BOUND)
    assert _may("iam:PassRole", ROLE, service="lambda.amazonaws.com")
    assert not _may("iam:PassRole", ROLE, service="sagemaker.amazonaws.com")
    assert not _may("iam:PassRole", "platform-admin", service="lambda.amazonaws.com")


@pytest.mark.parametrize("action", sorted(policies.BOUNDED | {"iam:TagRole", "iam:UntagRole"}))
def test_an_apply_cannot_change_a_role_of_another_stage_whatever_its_name(action: str) -> None:
    """A project may be called `dev-tools`; the stage that made the role is in its tags."""
    mine, other = "web-tools-dev-trainer", "web-dev-tools-prod-trainer"
    assert _may(action, mine, **BOUND)
    assert not _may(action, other, tags="prod", **BOUND)


def test_an_apply_passes_no_role_that_is_named_for_another_stage_as_well() -> None:
    """`validate` refuses such paths; a role that is there already is not passed either."""
    passing = {"iam:PassedToService": "lambda.amazonaws.com"}
    caller = "arn:aws:iam::123456789012:role/stackyard-apply-dev"
    own = iam.document(*policies.apply(CONTEXT, ACTIONS, "dev", ["prod"]))

    def may(role: str) -> bool:
        arn = f"arn:aws:iam::123456789012:role/{role}"
        return decide(Request(caller, "iam:PassRole", arn, passing), own).allowed

    assert may("web-tools-dev-trainer")
    assert not may("web-dev-tools-prod-trainer")


def test_a_role_of_a_stack_gives_no_rights_and_opens_no_state() -> None:
    bounds = iam.document(*boundaries.of_roles(CONTEXT))

    def may(action: str, resource: str = "arn:aws:s3:::lake") -> bool:
        return decide(Request(CONTEXT.own("role"), action, resource), bounds).allowed

    assert may("s3:PutObject")
    assert may("secretsmanager:GetSecretValue")
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "organizations:LeaveOrganization"):
        assert not may(action)
    for action in boundaries.OPENS:
        assert not may(action), action
    assert not may("s3:GetObject", "arn:aws:s3:::acme-state/.pulumi/stacks/dev.json")
    assert not may("kms:Decrypt", KEY)


def test_policies_are_split_below_the_limit_and_lose_nothing() -> None:
    said = policies.apply(CONTEXT, ACTIONS, "dev")
    texts = policies.packed(said)
    assert all(len(text) <= policies.POLICY_LIMIT for text in texts)
    assert len(texts) <= 10
    words = {a for text in texts for one in json.loads(text)["Statement"] for a in one["Action"]}
    assert words == {action for one in said for action in one["Action"]}


@pytest.mark.parametrize("action", ["AddRoleToInstanceProfile", "DeleteInstanceProfile"])
def test_an_apply_changes_instance_profiles_of_its_stage_only(action: str) -> None:
    """IAM checks them on the profile, not on the role that goes into it."""
    arn = "arn:aws:iam::123456789012:instance-profile/platform-foundation-dev-karpenter-nodes"
    own = iam.document(*policies.apply(CONTEXT, ACTIONS, "dev"))
    for stage, allowed in (("dev", True), ("prod", False)):
        context = {f"aws:ResourceTag/{key}": value for key, value in stage_tags(stage).items()}
        asked = Request("arn:aws:iam::123456789012:role/x", f"iam:{action}", arn, context)
        assert decide(asked, own).allowed is allowed
