"""Registers a model from a training program; it never creates a version without lineage.

    from stackyard import Lineage, register_model

    with mlflow.start_run():
        ...
        model = mlflow.sklearn.log_model(estimator, name="model")
        register_model("defects", model.model_uri, Lineage.from_environment())

A direct call of MLflow can still create a version without lineage: such versions are flagged by
`stackyard models verify`, are not kept in the model bucket, and so can never be served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stackyard.models.lineage import Lineage, LineageError, problems

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


def register(name: str, model_uri: str, lineage: Lineage) -> ModelVersion:
    """Register a logged model as the next version of `name`, with its lineage as tags.

    The parameters and metrics of the run that logged it are part of the lineage. The tracking
    server is MLflow's current one. Raises LineageError with all that is missing, before it creates
    anything.
    """
    import mlflow

    client = mlflow.MlflowClient()
    data = client.get_run(_run_of(client, model_uri)).data
    if missing := problems(lineage.tags(), data.params, data.metrics):
        raise LineageError(missing)
    return mlflow.register_model(model_uri, name, tags=lineage.tags())


def _run_of(client: MlflowClient, model_uri: str) -> str:
    """Return the run that logged a model: `models:/m-ID`, or `runs:/RUN/PATH`."""
    scheme, _, rest = model_uri.partition(":/")
    first = rest.split("/")[0]
    if scheme == "runs":
        return first
    run = client.get_logged_model(first).source_run_id if scheme == "models" else None
    if run is None:
        raise LineageError([f"{model_uri!r} was not logged by a run"])
    return str(run)
