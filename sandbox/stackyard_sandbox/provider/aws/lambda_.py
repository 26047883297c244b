"""Lambda functions and their permissions.

Changes that replace: https://www.pulumi.com/registry/packages/aws/api-docs/lambda/function/ and
…/permission/.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from stackyard_sandbox.provider.aws.casing import Casing
from stackyard_sandbox.provider.aws.cloud import Cloud
from stackyard_sandbox.provider.aws.resource import (
    Autoname,
    Resource,
    Tagging,
    call_or_none,
    changed,
    ignoring_missing,
)
from stackyard_sandbox.provider.protocol import Asset, Properties
from stackyard_sandbox.provider.server import ProviderError

MISSING = "ResourceNotFoundException"
TAGS = Tagging("lambda", resource="Resource", style="map", listing="list_tags")
NAMES = Casing(
    names={"kmsKeyArn": "KMSKeyArn"},
    maps=frozenset({"variables"}),
)
SETTINGS = (
    "role",
    "handler",
    "runtime",
    "description",
    "timeout",
    "memorySize",
    "environment",
    "vpcConfig",
    "kmsKeyArn",
    "layers",
    "tracingConfig",
    "ephemeralStorage",
)
FIXED_TIME = (2020, 1, 1, 0, 0, 0)
"""Time stamp of packed files: equal content must give an equal archive."""


class Function(Resource):
    """A function; its id is its name."""

    token = "aws:lambda/function:Function"
    takes = (
        "name",
        "code",
        "s3Bucket",
        "s3Key",
        "s3ObjectVersion",
        "imageUri",
        "packageType",
        "architectures",
        "sourceCodeHash",
        "publish",
        "skipDestroy",
        "replaceSecurityGroupsOnDestroy",
        "replacementSecurityGroupIds",
        *SETTINGS,
    )
    replaces = frozenset({"name", "packageType"})
    autoname = Autoname(limit=64)
    defaults = {
        "memorySize": 128,
        "timeout": 3,
        "packageType": "Zip",
        "publish": False,
        "skipDestroy": False,
    }
    recomputed = {"*": ("lastModified",)}
    computed_inside = frozenset({"vpcConfig.vpcId"})

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Create the function."""
        arguments = NAMES.pick(inputs, *SETTINGS, "packageType", "architectures", "publish")
        aws.client("lambda").create_function(
            FunctionName=inputs["name"],
            Code=_code(inputs),
            Tags=TAGS.api(inputs.get("tagsAll")),
            **arguments,
        )
        return str(inputs["name"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Read the function's configuration."""
        answer = call_or_none(aws.client("lambda").get_function, MISSING, FunctionName=identity)
        if answer is None:
            return None
        function = answer["Configuration"]
        members = [NAMES.api_name(name) for name in SETTINGS]
        shown = NAMES.sdk({member: function.get(member) for member in members})
        arn = function["FunctionArn"]
        return {
            **shown,
            "name": identity,
            "description": function.get("Description") or None,
            "vpcConfig": _vpc(shown.get("vpcConfig")),
            "packageType": function.get("PackageType", "Zip"),
            "architectures": function.get("Architectures"),
            "arn": arn,
            "invokeArn": f"arn:{aws.partition}:apigateway:{aws.region}:lambda:path/2015-03-31/"
            f"functions/{arn}/invocations",
            "qualifiedArn": f"{arn}:{function.get('Version', '$LATEST')}",
            "version": function.get("Version"),
            "lastModified": function.get("LastModified"),
            "codeSha256": function.get("CodeSha256"),
            "sourceCodeSize": function.get("CodeSize"),
            "tagsAll": dict(answer.get("Tags") or {}),
        }

    def update(self, aws: Cloud, identity: str, old: Properties, new: Properties) -> None:
        """Change code, configuration and tags."""
        client = aws.client("lambda")
        code = ("code", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri", "sourceCodeHash")
        if changed(old, new, *code):
            client.update_function_code(FunctionName=identity, **_code(new))
        if changed(old, new, *SETTINGS):
            arguments = NAMES.pick(new, *SETTINGS)
            client.update_function_configuration(FunctionName=identity, **arguments)
        TAGS.update(aws, old["arn"], old, new)

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Delete the function, whose network interfaces leave its groups first if it says so."""
        if state.get("replaceSecurityGroupsOnDestroy") and state.get("vpcConfig"):
            moved = {
                "subnetIds": state["vpcConfig"]["subnetIds"],
                "securityGroupIds": state["replacementSecurityGroupIds"],
            }
            arguments = NAMES.pick({"vpcConfig": moved}, "vpcConfig")
            with ignoring_missing(MISSING):
                aws.client("lambda").update_function_configuration(
                    FunctionName=identity, **arguments
                )
        if not state.get("skipDestroy"):
            with ignoring_missing(MISSING):
                aws.client("lambda").delete_function(FunctionName=identity)


class Permission(Resource):
    """The permission to call a function; its id is the statement's."""

    token = "aws:lambda/permission:Permission"
    takes = (
        "function",
        "action",
        "principal",
        "sourceArn",
        "sourceAccount",
        "statementId",
        "statementIdPrefix",
        "principalOrgId",
        "qualifier",
    )
    replaces = frozenset(takes)
    autoname = Autoname("statementId", limit=100)

    def create(self, aws: Cloud, inputs: Properties) -> str:
        """Add the statement."""
        names = [name for name in self.takes if name != "statementIdPrefix"]
        casing = Casing(names={"function": "FunctionName", "principalOrgId": "PrincipalOrgID"})
        aws.client("lambda").add_permission(**casing.pick(inputs, *names))
        return str(inputs["statementId"])

    def read(self, aws: Cloud, identity: str, state: Properties) -> Properties | None:
        """Find the statement in the function's policy; an import's id is `function/statement`."""
        function, _, statement = identity.rpartition("/")
        name = function or state["function"]
        answer = call_or_none(aws.client("lambda").get_policy, MISSING, FunctionName=name)
        for entry in json.loads(answer["Policy"])["Statement"] if answer else []:
            if entry.get("Sid") == statement:
                principal = entry["Principal"]
                named = principal if isinstance(principal, str) else next(iter(principal.values()))
                conditions = entry.get("Condition", {})
                return {
                    "function": name,
                    "statementId": statement,
                    "action": entry["Action"],
                    "principal": named,
                    "sourceArn": conditions.get("ArnLike", {}).get("AWS:SourceArn"),
                    "sourceAccount": conditions.get("StringEquals", {}).get("AWS:SourceAccount"),
                }
        return None

    def delete(self, aws: Cloud, identity: str, state: Properties) -> None:
        """Remove the statement."""
        with ignoring_missing(MISSING):
            aws.client("lambda").remove_permission(
                FunctionName=state["function"], StatementId=identity
            )


def _vpc(shown: Any) -> Any:
    return {key: shown[key] for key in shown if shown[key]} or None if shown else None


def _code(inputs: Properties) -> Properties:
    if inputs.get("imageUri"):
        return {"ImageUri": inputs["imageUri"]}
    if inputs.get("s3Bucket"):
        return Casing().pick(inputs, "s3Bucket", "s3Key", "s3ObjectVersion")
    code = inputs.get("code")
    if not isinstance(code, Asset):
        raise ProviderError("`code`, `s3Bucket` or `imageUri` must say where the code is")
    if code.path and Path(code.path).is_file():
        return {"ZipFile": Path(code.path).read_bytes()}
    return {"ZipFile": _packed(code)}


def _packed(code: Asset) -> bytes:
    files: dict[str, bytes] = {}
    if code.path:
        root = Path(code.path)
        answer = (path for path in sorted(root.rglob("*")) if path.is_file())
        files = {str(path.relative_to(root)): path.read_bytes() for path in answer}
    for name, part in (code.parts or {}).items():
        files[name] = _content(part)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, FIXED_TIME), files[name])
    return buffer.getvalue()


def _content(part: Any) -> bytes:
    if isinstance(part, Asset) and part.text is not None:
        return part.text.encode()
    if isinstance(part, Asset) and part.path:
        return Path(part.path).read_bytes()
    raise ProviderError("`code`: members must be files or texts: the sandbox fetches nothing")
