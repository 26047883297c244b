"""Components are safe without a word, and one program's settings never reach another's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks

from stackyard._component import Component
from stackyard.blueprints.config import StackConfig
from stackyard.blueprints.providers import run_settings
from stackyard.bucket.component import PrivateBucket
from stackyard.bucket.layout import BucketRef
from stackyard.config import Config
from stackyard.database.component import Database
from stackyard.database.config import DatabaseConfig
from stackyard.images.repository import ImageRepository
from stackyard.naming import StackId
from stackyard.references import SecretCustodians, StackContext, VpcRef
from stackyard.retention.config import ImageLifetimeConfig, RetentionConfig
from stackyard.run_settings import ComponentOptions, RunSettings
from stackyard.vault.component import Vault
from stackyard.vault.config import SecretConfig, SecretStoreConfig, VaultConfig
from stackyard.vault.secrets import SecretStore

KEY = "arn:aws:kms:eu-central-1:123456789012:key/k"
ADMIN = "arn:aws:iam::123456789012:role/admin"
BOUNDARY = "arn:aws:iam::123456789012:policy/stackyard-roles"


@dataclass
class Registered:
    """A resource as the engine would get it."""

    protect: bool
    retain: bool
    inputs: dict[str, Any]


@dataclass
class Recorder(mocks.Mocks):
    """Answers with the inputs, and keeps the options that mocks do not see."""

    made: dict[tuple[str, str], Registered] = field(default_factory=dict)
    inputs: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        self.inputs[(args.typ, args.name)] = args.inputs
        secrets = [{"secretArn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:m"}]
        return f"{args.name}-id", {"masterUserSecrets": secrets, **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        return {}, []

    def only(self, token: str) -> Registered:
        """Return the only resource of a type."""
        (found,) = [one for (kind, _), one in self.made.items() if kind == token]
        return found


class _Monitor(mocks.MockMonitor):
    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self._recorder = recorder

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 -- the name of the RPC
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # of the SDK
        key = (request.type, request.name)
        inputs = self._recorder.inputs.get(key, {})
        self._recorder.made[key] = Registered(request.protect, request.retainOnDelete, inputs)
        return answer


def run(program: Callable[[], object]) -> Recorder:
    recorder = Recorder()
    mocks.set_mocks(recorder, project="project", stack="dev", monitor=_Monitor(recorder))

    @pulumi.runtime.test  # type: ignore[untyped-decorator]  # the SDK gives it no types
    def go() -> None:
        program()

    go()
    return recorder


def everything(opts: pulumi.ResourceOptions | None = None) -> None:
    retention = RetentionConfig()
    PrivateBucket(
        "bucket",
        retention.raw,
        bucket=BucketRef("data", "eu-central-1"),
        kind="raw",
        key_arn=KEY,
        log_bucket=None,
        opts=opts,
    )
    ImageRepository(
        "images", ImageLifetimeConfig(), repository="app", key_arn=KEY, pushed_by=[ADMIN], opts=opts
    )
    Database(
        "database",
        DatabaseConfig(),
        context=StackContext(
            StackId("platform", "foundation", "dev"),
            "123456789012",
            "eu-central-1",
            {"data": KEY, "secrets": KEY, "logs": KEY},
            retention,
        ),
        network=VpcRef("vpc-1", {"a": "subnet-a"}),
        clients="sg-1",
        opts=opts,
    )
    Vault(
        "vault",
        VaultConfig(),
        stage="dev",
        account="123456789012",
        region="eu-central-1",
        admins=[ADMIN],
        opts=opts,
    )
    SecretStore(
        "secrets",
        SecretStoreConfig(
            entries={"token": SecretConfig(description="A token", readers=["trainer"])}
        ),
        prefix="vision/defects/dev",
        key_arn=KEY,
        region="eu-central-1",
        readers={"trainer": ADMIN},
        custodians=SecretCustodians(admins=[ADMIN], emergency=[]),
        opts=opts,
    )


BUCKET, REPOSITORY = "aws:s3/bucket:Bucket", "aws:ecr/repository:Repository"
DATABASE, SECRET = "aws:rds/instance:Instance", "aws:secretsmanager/secret:Secret"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
HELD = (BUCKET, REPOSITORY, DATABASE, SECRET, LOGS, "aws:kms/key:Key")


def test_without_a_word_data_and_keys_are_protected_and_nothing_is_force_deleted() -> None:
    made = run(everything)
    held = {key: one for key, one in made.made.items() if key[0] in HELD}
    assert {kind for kind, _ in held} == set(HELD)
    assert [key for key, one in held.items() if not one.protect] == []
    assert made.only(BUCKET).inputs["forceDestroy"] is False
    assert made.only(REPOSITORY).inputs["forceDelete"] is False
    database = made.only(DATABASE).inputs
    assert (database["deletionProtection"], database["skipFinalSnapshot"]) == (True, False)
    assert database["finalSnapshotIdentifier"].startswith("platform-foundation-dev-final-")


def test_a_program_asks_for_less() -> None:
    made = run(lambda: everything(ComponentOptions(RunSettings(protect=False, force_delete=True))))
    assert [key for key, one in made.made.items() if one.protect or one.retain] == []
    assert made.only(BUCKET).inputs["forceDestroy"] is True
    assert made.only(REPOSITORY).inputs["forceDelete"] is True
    database = made.only(DATABASE).inputs
    assert (database["deletionProtection"], database["skipFinalSnapshot"]) == (False, True)


def test_what_is_no_data_is_never_protected() -> None:
    made = run(everything).made
    protected = {kind for (kind, _), one in made.items() if one.protect}
    assert protected == set(HELD)


def test_two_programs_in_one_process_do_not_affect_each_other() -> None:
    alone = run(everything).made
    run(lambda: everything(ComponentOptions(RunSettings(protect=False, force_delete=True))))
    strict = run(lambda: everything(ComponentOptions(RunSettings(retain=True)))).made
    assert run(everything).made == alone
    assert all(one.retain for (kind, _), one in strict.items() if kind in HELD)
    assert not any(one.retain for one in alone.values())


class Inner(Component):
    """Holds a bucket and a role."""

    TYPE = "stackyard:index:Inner"

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        import pulumi_aws as aws

        super().__init__(name, Config(), opts=opts)
        aws.s3.Bucket(self.named("bucket"), opts=self.child())
        aws.iam.Role(self.named("role"), assume_role_policy="{}", opts=self.child())


class Outer(Component):
    """Holds components: one that inherits its settings, one that has its own."""

    TYPE = "stackyard:index:Outer"

    def __init__(self, name: str, own: RunSettings, opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, Config(), opts=opts)
        Inner("inherits", opts=self.child())
        Inner("overrides", opts=ComponentOptions(own, parent=self))


@pytest.mark.parametrize("merged", [False, True])
def test_components_inherit_settings_from_their_parent_unless_they_have_their_own(
    merged: bool,
) -> None:
    outer = RunSettings(permissions_boundary=BOUNDARY)
    opts: pulumi.ResourceOptions = ComponentOptions(outer)
    if merged:
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=None))
    made = run(lambda: Outer("outer", RunSettings(protect=False), opts)).made
    bucket, role = "aws:s3/bucket:Bucket", "aws:iam/role:Role"
    assert made[(bucket, "inherits-bucket")].protect
    assert not made[(bucket, "overrides-bucket")].protect
    assert made[(role, "inherits-role")].inputs["permissionsBoundary"] == BOUNDARY
    assert "permissionsBoundary" not in made[(role, "overrides-role")].inputs


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({}, RunSettings()),
        ({"protection": {"protect": False}}, RunSettings(protect=False, force_delete=True)),
        ({"protection": {"retain": True}}, RunSettings(retain=True)),
        ({"permissions_boundary": "stackyard-roles"}, RunSettings(permissions_boundary=BOUNDARY)),
    ],
)
def test_a_stack_file_that_says_nothing_gets_the_safe_settings(
    written: dict[str, Any], expected: RunSettings
) -> None:
    base = {"owner": "a@example.com", "account": "123456789012", "region": "eu-central-1"}
    assert run_settings(StackConfig.model_validate({**base, **written})) == expected
