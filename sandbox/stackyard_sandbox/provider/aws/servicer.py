"""The gRPC service of the `aws` package: Check, Diff, Create, Read, Update, Delete, Invoke."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from stackyard_sandbox.provider import sdk_types
from stackyard_sandbox.provider.aws import catalogue, invokes
from stackyard_sandbox.provider.aws.cloud import Clients, Cloud, Endpoint, wrong_endpoints
from stackyard_sandbox.provider.aws.differences import IMPORTED, Change, changes
from stackyard_sandbox.provider.aws.outputs import (
    computed,
    ignored_update,
    inputs_from_cloud,
    outputs_of,
    recomputed,
    recorded_before,
    stable_spelling,
    with_region,
    without_internal_keys,
    without_nulls,
)
from stackyard_sandbox.provider.aws.resource import (
    DEFAULTS,
    Resource,
    filled_in,
    merged_tags,
)
from stackyard_sandbox.provider.protocol import Bag, Properties, decode, encode
from stackyard_sandbox.provider.schema import check
from stackyard_sandbox.provider.server import NotReadyError, PackageServicer, ProviderError

PROVIDER = "pulumi:providers:aws"


class AwsServicer(PackageServicer[Cloud]):
    """Provider of the `aws` package, for the sandbox in one folder."""

    package = "aws"
    version = metadata.version("pulumi_aws")

    def __init__(self, sandbox: Path) -> None:
        super().__init__()
        self._sandbox = sandbox
        self._clients: Clients | None = None
        self._clients_lock = threading.Lock()

    def check_config(self, variables: Properties) -> list[tuple[str, str]]:
        """Refuse properties that the SDK's provider lacks, and endpoints off this machine."""
        known = {key: value for key, value in variables.items() if key != "version"}
        _, failures = check(PROVIDER, known)
        return [(one.path, one.reason) for one in failures] + wrong_endpoints(variables)

    def configure(self, variables: Properties) -> Cloud:
        """Connect the provider instance to the sandbox; its record is read again."""
        endpoint = Endpoint.of_sandbox(self._sandbox)
        with self._clients_lock:
            if self._clients is None or self._clients.endpoint != endpoint:
                self._clients = Clients(endpoint, self._sandbox)
            clients = self._clients
        with _explained("aws provider configuration", {}, set()):
            return Cloud.configured(clients, variables)

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Validate inputs with the SDK's types and set names, defaults and tags."""
        token, name = _of_urn(request.urn)
        handler = _handler(token)
        news, olds = decode(request.news), decode(request.olds)
        values, failures = check(token, news.values)
        filled = filled_in(handler, values, olds.values, name, request.randomSeed)
        state = sdk_types.resource_type(token).state
        if "tagsAll" in state:
            filled["tagsAll"] = merged_tags(
                values.get("tags"), self.configured(context).default_tags
            )
        result = [(one.path, one.reason) for one in failures]
        result += handler.problems(filled) if not result else []
        if "tags" in news.secrets:
            news.secrets.add("tagsAll")
        return provider_pb2.CheckResponse(
            inputs=encode(filled, news.secrets & filled.keys()),
            failures=[provider_pb2.CheckFailure(property=at, reason=why) for at, why in result],
        )

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Compare recorded with new inputs, path by path."""
        token, _ = _of_urn(request.urn)
        handler = _handler(token)
        old, new = decode(request.old_inputs).values, decode(request.news).values
        answer = _changes(handler, old, new)
        replacing = handler.replacing(old, new) | {"region"}
        kinds = provider_pb2.DiffResponse
        return provider_pb2.DiffResponse(
            changes=kinds.DIFF_SOME if answer else kinds.DIFF_NONE,
            diffs=sorted({change.path.split(".")[0].split("[")[0] for change in answer}),
            replaces=[one.path for one in answer if one.falls_under(replacing)],
            detailedDiff={change.path: _detail(change, replacing) for change in answer},
            hasDetailedDiff=True,
            deleteBeforeReplace=_delete_first(handler, old, new),
        )

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Create the resource; in a preview, return its known properties."""
        token, _ = _of_urn(request.urn)
        handler, bag = _handler(token), decode(request.properties)
        if request.preview:
            self._ask_while_planned(request.urn, handler, bag, context)
            outputs = {**computed(token, bag.values), **without_internal_keys(bag.values)}
            return provider_pb2.CreateResponse(properties=encode(outputs, bag.secrets))
        aws = self.configured(context).at(bag.values.get("region"))
        with _explained(request.urn, bag.values, bag.secret_texts()):
            identity = handler.create(aws, bag.values)
        try:
            with _explained(request.urn, bag.values, bag.secret_texts()):
                handler.finish(aws, identity, bag.values)
                outputs = outputs_of(handler, aws, identity, bag.values)
        except ProviderError as error:
            made = Bag(without_internal_keys(bag.values), bag.secrets)
            raise NotReadyError(identity, made, bag, [str(error)]) from error
        return provider_pb2.CreateResponse(id=identity, properties=encode(outputs, bag.secrets))

    def _ask_while_planned(self, urn: str, handler: Resource, bag: Bag, context: Any) -> None:
        if handler.asks_while_planned:
            aws = self.configured(context).at(bag.values.get("region"))
            with _explained(urn, bag.values, bag.secret_texts()):
                handler.planned(aws, bag.values)

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Return the current resource in the cloud; an empty id means that it is deleted."""
        token, _ = _of_urn(request.urn)
        handler = _handler(token)
        state, inputs = decode(request.properties), decode(request.inputs)
        cloud = self.configured(context)
        aws = cloud.at(state.values.get("region") or inputs.values.get("region"))
        with _explained(request.urn, state.values, state.secret_texts() | inputs.secret_texts()):
            actual = _read(handler, aws, request.id, state.values)
        if actual is None:
            return provider_pb2.ReadResponse()
        actual = with_region(token, aws, actual)
        recorded = inputs_from_cloud(handler, cloud, inputs.values, actual)
        outputs = {
            **without_internal_keys(state.values),
            **without_internal_keys(recorded),
            **without_nulls(actual),
        }
        secrets = state.secrets | inputs.secrets
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=encode(stable_spelling(outputs, recorded), secrets),
            inputs=encode(recorded, secrets & recorded.keys()),
        )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Change the resource in place."""
        token, _ = _of_urn(request.urn)
        handler = _handler(token)
        old, new = decode(request.olds), decode(request.news)
        old_inputs = decode(request.old_inputs).values
        if request.preview:
            self._ask_while_planned(request.urn, handler, new, context)
            kept = {key: value for key, value in old.values.items() if key != DEFAULTS}
            unsure = recomputed(handler, old_inputs, new.values)
            outputs = {**kept, **unsure, **without_internal_keys(new.values)}
        else:
            aws = self.configured(context).at(new.values.get("region"))
            with _explained(request.urn, new.values, new.secret_texts() | old.secret_texts()):
                before = recorded_before(token, old.values, old_inputs)
                handler.update(aws, request.id, before, new.values)
                outputs = outputs_of(handler, aws, request.id, new.values)
            if ignored := ignored_update(old.values, old_inputs, new.values, outputs):
                raise ProviderError(f"{request.urn}: the emulator did not take over {ignored}")
        return provider_pb2.UpdateResponse(properties=encode(outputs, new.secrets))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Remove the resource."""
        token, _ = _of_urn(request.urn)
        state = decode(request.properties)
        aws = self.configured(context).at(state.values.get("region"))
        with _explained(request.urn, state.values, state.secret_texts()):
            _handler(token).delete(aws, request.id, state.values)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Return the result of a data source."""
        arguments = decode(request.args)
        aws = self.configured(context).at(arguments.values.get("region"))
        with _explained(request.tok, arguments.values, arguments.secret_texts()):
            answer = invokes.answer(request.tok, aws, arguments.values)
        return provider_pb2.InvokeResponse(**{"return": encode(answer)})


def _of_urn(urn: str) -> tuple[str, str]:
    """Return the type token and the name in a URN."""
    parts = urn.split("::", 3)
    return parts[2].split("$")[-1], parts[3]


def _handler(token: str) -> Resource:
    answer = catalogue.handler(token)
    if answer is None:
        raise ProviderError(
            f"the sandbox has no {token}; it serves the types that Stackyard's components use. "
            "Use the target `aws` for this stack"
        )
    return answer


def _read(handler: Resource, aws: Cloud, identity: str, state: Properties) -> Properties | None:
    try:
        return handler.read(aws, identity, state)
    except KeyError:
        if state:
            raise
        text = f"{handler.token}: the id alone does not say which one; it cannot be imported here"
        raise ProviderError(text) from None


def _changes(handler: Resource, old: Properties, new: Properties) -> list[Change]:
    """Compare inputs; properties that an import could not read are no change."""
    answer = changes(old, new)
    if not old.get(IMPORTED):
        return answer
    stable_spelling = handler.replaces | {"region"} | handler.defaults.keys()
    return [one for one in answer if one.kind != "ADD" or not one.falls_under(stable_spelling)]


def _delete_first(handler: Resource, old: Properties, new: Properties) -> bool:
    """Return whether both cannot exist at once: their names are equal, and not generated."""
    auto = handler.autoname
    if auto is None or auto.property in new.get(DEFAULTS, []):
        return handler.delete_first
    return handler.delete_first or old.get(auto.property) == new.get(auto.property)


def _detail(change: Change, replacing: frozenset[str]) -> Any:
    kind = change.kind
    if change.falls_under(replacing):
        kind += "_REPLACE"  # type: ignore[assignment]  # the protocol's own naming rule
    return provider_pb2.PropertyDiff(
        kind=provider_pb2.PropertyDiff.Kind.Value(kind), inputDiff=True
    )


@contextmanager
def _explained(where: str, values: Properties, secrets: set[str]) -> Iterator[None]:
    """Convert a service's error to one with resource, property, service and code."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"].get("Code", "Unknown")
        message = error.response["Error"].get("Message", "")
        if message.startswith("<!doctype"):
            message = "the emulator does not have this operation, or failed in it"
        service = error.operation_name
        details = " ".join(str(part) for part in error.response["Error"].values())
        text = f"{where}: {service} answered {code}: {message}{_blamed(values, details)}"
        raise ProviderError(_redacted(text, secrets)) from None
    except ResponseParserError:
        raise ProviderError(f"{where}: the emulator does not have an operation needed") from None
    except BotoCoreError as error:
        raise ProviderError(_redacted(f"{where}: {error}", secrets)) from None


def _blamed(values: Properties, message: str) -> str:
    """Return the properties whose values the message quotes."""
    names = [
        key
        for key, value in values.items()
        if isinstance(value, str) and len(value) > 3 and value in message
    ]
    return f" (from {', '.join(f'`{name}`' for name in sorted(names))})" if names else ""


def _redacted(text: str, secrets: set[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, "[secret]")
    return text
