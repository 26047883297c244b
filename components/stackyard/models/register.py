"""Registering a model from a training program; a version without lineage is never made.

    from stackyard.models.lineage import Lineage
    from stackyard.models.register import register

    with mlflow.start_run():
        ...
        model = mlflow.sklearn.log_model(estimator, name="model")
        register("defects", model.model_uri, Lineage.from_environment())

Whoever calls MLflow directly can still make a version without lineage: such versions are flagged by
`stackyard models verify`, are not kept in the model bucket, and so can never be served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stackyard.models.lineage import Lineage, LineageError, problems

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion


def register(
    name: str,
    model_uri: str,
    lineage: Lineage,
    *,
    run_id: str | None = None,
    client: MlflowClient | None = None,
) -> ModelVersion:
    """Register a logged model as the next version of `name`, with its lineage as tags.

    `run_id` is the active run if not given; its parameters and metrics are part of the lineage.
    Raises LineageError, before anything is made, with all that is missing.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    client = client or mlflow.MlflowClient()
    run_id = run_id or _active_run()
    data = client.get_run(run_id).data
    if missing := problems(lineage.tags(), data.params, data.metrics):
        raise LineageError(missing)
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return client.create_model_version(name, model_uri, run_id, tags=lineage.tags())


def _active_run() -> str:
    import mlflow

    run = mlflow.active_run()
    if run is None:
        raise LineageError(["no run is active, and no `run_id` is given"])
    return str(run.info.run_id)
