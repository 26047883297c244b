"""`models list|show|verify`: the registry of a project, and whether its versions have lineage."""

from __future__ import annotations

import json as decoder
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from stackyard.blueprints.project.config import ProjectConfig
from stackyard.estate.errors import StackFileError
from stackyard.estate.estate import Estate
from stackyard.estate.loaded import Loaded
from stackyard.estate.pointing import pointed_at
from stackyard.models.lineage import FACTS, PREFIX, problems
from stackyard.naming import namespace_name
from stackyard_cli import render
from stackyard_cli.backend import preconditions
from stackyard_cli.backend.location import location_of_estate
from stackyard_cli.errors import ExitCode, StackyardError
from stackyard_cli.options import EstateDir, Json, Stack

Uri = Annotated[
    str | None,
    typer.Option(
        "--uri",
        envvar="MLFLOW_TRACKING_URI",
        metavar="URL",
        help="Address of the tracking server; the project's own by default.",
        show_default=False,
    ),
]
Version = Annotated[str, typer.Argument(metavar="MODEL", help="NAME/NUMBER, or NAME for all.")]

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@app.command("list")
def list_models(
    stack: Stack, uri: Uri = None, json: Json = False, estate: EstateDir = None
) -> None:
    """List the registered versions, newest first, and what their lineage lacks."""
    _, registry = _registry(stack, uri, estate)
    render.table(COLUMNS, [_row(version) for version in registry.versions()], json=json)


@app.command()
def show(
    stack: Stack, model: Version, uri: Uri = None, json: Json = False, estate: EstateDir = None
) -> None:
    """Show where versions come from, and how good they are."""
    _, registry = _registry(stack, uri, estate)
    name, _, number = model.partition("/")
    found = [one for one in registry.versions(name) if number in ("", str(one["version"]))]
    if not found:
        hint = f"`stackyard models list {stack}` shows what is registered"
        raise StackyardError(f"{stack}: no model {model!r} is registered", hint=hint)
    facts = [_facts(version) for version in found]
    if json:
        render.answer(facts, json=True)
        return
    rows = [
        {"model": f"{one['name']}/{one['version']}", "fact": key, "value": _text(value)}
        for one in facts
        for key, value in one.items()
        if key not in ("name", "version")
    ]
    render.table(("model", "fact", "value"), rows, json=False)


@app.command()
def verify(stack: Stack, uri: Uri = None, json: Json = False, estate: EstateDir = None) -> None:
    """Fail if a registered version lacks lineage, or if one that serves is not registered."""
    loaded, registry = _registry(stack, uri, estate)
    rows = [_row(version) for version in registry.versions()]
    flawed = [row for row in rows if row["lacks"]]
    strangers = _unregistered(loaded, {f"{row['model']}/{row['version']}" for row in rows})
    if flawed or strangers:
        raise StackyardError(
            f"{stack}: {len(flawed)} of {len(rows)} versions lack lineage, "
            f"and {len(strangers)} that serve are not registered",
            hint="register with `stackyard.models.register`; delete or replace those versions",
            code=ExitCode.STOPPED,
            details=[
                *(f"{row['model']}/{row['version']}: {_text(row['lacks'])}" for row in flawed),
                *map(str, strangers),
            ],
            facts={"versions": flawed, "unregistered": [each.to_dict() for each in strangers]},
        )
    text = f"{stack}: every one of {len(rows)} versions has its lineage"
    render.answer({"versions": rows}, json=json, text=text)


def _unregistered(loaded: Loaded, registered: set[str]) -> list[StackFileError]:
    """Return the versions that the stack file lets serve and the registry does not know."""
    config = loaded.config
    models = config.serving.models if isinstance(config, ProjectConfig) and config.serving else {}
    named = {
        f"serving.models.{model}.{track}.version": release.version
        for model, server in models.items()
        for track, release in (("release", server.release), ("canary", server.canary))
        if release is not None
    }
    return [
        StackFileError(
            *pointed_at(f"`{field}`", loaded.tree)[0][1].place,
            field,
            f"{version} is not registered",
        )
        for field, version in named.items()
        if version not in registered
    ]


COLUMNS = ("model", "version", "aliases", "run", "created", "lacks")


class Registry:
    """MLflow's model registry, by its REST API.

    Source: https://mlflow.org/docs/latest/api_reference/rest-api.html.
    """

    def __init__(self, uri: str, namespace: str) -> None:
        self._uri, self._namespace = uri.rstrip("/"), namespace

    def versions(self, name: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield registered versions, each with its run's parameters and metrics."""
        filters = {"filter": "name='{}'".format(name.replace("'", ""))} if name else {}
        page: dict[str, str] = {}
        while True:
            query = {"max_results": "200", "order_by": "creation_timestamp DESC", **filters, **page}
            found = self._get("model-versions/search", query)
            for version in found.get("model_versions", []):
                yield {**self._one(version), "run": self._run(version.get("run_id"))}
            if not found.get("next_page_token"):
                return
            page = {"page_token": found["next_page_token"]}

    def _one(self, version: dict[str, Any]) -> dict[str, Any]:
        """Ask for the version itself: only then are its aliases told."""
        query = {"name": version["name"], "version": version["version"]}
        found: dict[str, Any] = self._get("model-versions/get", query)["model_version"]
        return found

    def _run(self, run_id: str | None) -> dict[str, Any]:
        if not run_id:
            return {}
        data = self._get("runs/get", {"run_id": run_id})["run"]["data"]
        return {
            "params": {one["key"]: one["value"] for one in data.get("params", [])},
            "metrics": {one["key"]: one["value"] for one in data.get("metrics", [])},
        }

    def _get(self, path: str, query: dict[str, str]) -> Any:
        url = f"{self._uri}/api/2.0/mlflow/{path}?{urllib.parse.urlencode(query)}"
        if not url.startswith(("http://", "https://")):
            raise StackyardError(f"not an http address: {self._uri}", code=ExitCode.INVALID)
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return decoder.load(answer)
        except urllib.error.HTTPError as error:
            message = f"the tracking server refused {path}: {error.code} {error.reason}"
            raise StackyardError(message) from error
        except OSError as error:
            hint = f"`kubectl -n {self._namespace} port-forward svc/tracking 5000`, then "
            hint += "`--uri http://127.0.0.1:5000`"
            raise StackyardError(f"no tracking server at {self._uri}", hint=hint) from error


def _registry(stack: str, uri: str | None, directory: Path | None) -> tuple[Loaded, Registry]:
    estate = Estate.find(Path.cwd(), directory)
    chosen = estate.one(stack)
    if uri is None:
        state = preconditions.checked_state(location_of_estate(estate), chosen, applies=False)
        uri = state.outputs.get("contract", {}).get("tracking_uri") if state else None
    if uri is None:
        hint = f"write `tracking: {{}}` in its stack file and run `stackyard up {chosen}`"
        raise StackyardError(f"{chosen} has no tracking server", hint=hint)
    return estate.load(chosen), Registry(uri, namespace_name(chosen))


def _tags(version: dict[str, Any]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in version.get("tags", [])}


def _row(version: dict[str, Any]) -> dict[str, Any]:
    run = version["run"]
    return {
        "model": version["name"],
        "version": version["version"],
        "aliases": version.get("aliases", []),
        "run": version.get("run_id"),
        "created": version.get("creation_timestamp"),
        "lacks": problems(_tags(version), run.get("params", {}), run.get("metrics", {})),
    }


def _facts(version: dict[str, Any]) -> dict[str, Any]:
    tags, row = _tags(version), _row(version)
    return {
        "name": version["name"],
        "version": version["version"],
        "aliases": row["aliases"],
        "run": row["run"],
        **{name: tags.get(f"{PREFIX}{name}") for name in FACTS},
        "params": version["run"].get("params", {}),
        "metrics": version["run"].get("metrics", {}),
        "lacks": row["lacks"],
    }


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in sorted(value.items()))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
