"""All alerts as plain data: condition, audience, severity and runbook.

An alert without a runbook is refused. Metrics are those of kube-state-metrics
(https://github.com/kubernetes/kube-state-metrics/tree/main/docs) and of NVIDIA's DCGM exporter
(https://docs.nvidia.com/datacenter/dcgm/latest/); `node_alerts` uses Karpenter's.
"""

from __future__ import annotations

from collections.abc import Sequence

from stackyard.monitoring.alert import Alarm, Rule
from stackyard.monitoring.config import Audience, ThresholdsConfig
from stackyard.monitoring.node_alerts import node_rules


def rules(
    namespace: str,
    thresholds: ThresholdsConfig,
    *,
    tracking: bool,
    models: Sequence[str],
    database_jobs: str,
) -> list[Rule]:
    """Return the alerts that Prometheus evaluates for a project's namespace.

    `tracking` is whether it has a tracking server, `models` are the names of its served models;
    `database_jobs` is a regular expression for the jobs of its databases in another namespace.
    """
    here = f'namespace="{namespace}"'
    return [
        *_training_rules(here, thresholds),
        *node_rules(here),
        *([_tracking_rule(here), _database_rule(database_jobs)] if tracking else []),
        *([_serving_rule(here, models)] if models else []),
        Rule(
            name="MetricsMissing",
            audience="dev",
            severity="page",
            summary="No metrics of the cluster arrive, so no other alert can fire",
            runbook="Look at the pods of the collector and of cluster-metrics in the namespace "
            "stackyard-metrics. Refused remote writes: check the collector's role and the "
            "workspace. Until this is repaired, watch the cluster by hand.",
            expression='absent(up{job="cluster-metrics"} == 1)',
            minutes=10,
        ),
    ]


def _training_rules(here: str, thresholds: ThresholdsConfig) -> list[Rule]:
    return [
        Rule(
            name="TrainingFailed",
            audience="science",
            severity="ticket",
            summary="Training job {{ $labels.job_name }} failed",
            runbook="Read the log of the job's last pod and the run in the tracking server. Out of "
            "memory: ask for a larger node or a smaller batch. Taken-back spot node: start it "
            "again, it continues at its last checkpoint. Then delete the failed job.",
            expression=f'kube_job_failed{{{here}, condition="true"}} == 1',
        ),
        Rule(
            name="GpuPodPending",
            audience="science",
            severity="ticket",
            summary="Pod {{ $labels.pod }} has waited long for a GPU",
            runbook="`kubectl describe pod` says why. Quota used up: wait, or stop a job of lower "
            "priority. Pool at its `max`, or no capacity in the zone: ask the platform team. "
            "No matching toleration: render the job with `stackyard train render`.",
            expression=f'kube_pod_status_phase{{{here}, phase="Pending"}} == 1 and on (pod) '
            f'kube_pod_container_resource_requests{{{here}, resource="nvidia_com_gpu"}} > 0',
            minutes=thresholds.pending_gpu_minutes,
        ),
        Rule(
            name="PaidGpuIdle",
            audience="science",
            severity="ticket",
            summary="Pod {{ $labels.pod }} holds a GPU and does not use it",
            runbook="Look at what the pod does: stuck on input, waiting for somebody, or lost? "
            "Stop the job or notebook if nobody needs it; its node goes by itself ten minutes "
            "later. Slow input: move the data closer before asking for more GPUs.",
            expression=f"max by (pod) (DCGM_FI_DEV_GPU_UTIL{{{here}}}) "
            f"< {thresholds.idle_gpu_percent}",
            minutes=thresholds.idle_gpu_minutes,
        ),
    ]


def _tracking_rule(here: str) -> Rule:
    return Rule(
        name="TrackingDown",
        audience="dev",
        severity="page",
        summary="The tracking server answers nobody, so training runs cannot record",
        runbook="Look at events and logs of the Deployment `tracking`. Database not reachable: "
        "check the instance and its credentials. A bad change: roll it back with `stackyard "
        "up` of the last good commit. Runs retry for some minutes, then fail.",
        expression=f"kube_deployment_status_replicas_available{{{here}, "
        'deployment="tracking"} == 0',
        minutes=5,
    )


def _database_rule(jobs: str) -> Rule:
    return Rule(
        name="DatabaseJobFailed",
        audience="dev",
        severity="ticket",
        summary="{{ $labels.job_name }} failed: a database was not set up, or kept its password",
        runbook="Read the log of the job's last pod; servers go on with the password they have. "
        "Database not reachable or login refused: check the instance, then its master's secret. "
        "Access denied: apply the stack again. The next night's run finishes what was begun; "
        "`kubectl create job --from=cronjob/...` does so at once. Then delete the failed job.",
        expression=f'kube_job_failed{{job_name=~"{jobs}", condition="true"}} == 1',
    )


def _serving_rule(here: str, models: Sequence[str]) -> Rule:
    return Rule(
        name="ServingDown",
        audience="dev",
        severity="page",
        summary="No pod of {{ $labels.deployment }} is ready: predictions are refused",
        runbook="Look at events and logs of the Deployment. A new version: set the weight of "
        "the old one to 100 and apply, that is the rollback. No room: check quota and "
        "priority of the pods. The last pods' logs are in the log group of dev.",
        expression=f"kube_deployment_status_replicas_available{{{here}, "
        f'deployment=~"({"|".join(models)})(-canary)?"}} == 0',
        minutes=3,
    )


QUIET_ALARMS: tuple[Alarm, ...] = (
    Alarm(
        name="training-errors",
        audience="science",
        severity="ticket",
        summary="A training program logged an error",
        runbook="Search the log group of science for lines of level ERROR: they name the run. "
        "Open the run in the tracking server, repair the program or its data, and start the "
        "job again; a checkpoint saves what was done.",
        metrics=("TrainingErrors",),
        statistic="Sum",
        threshold=0,
        period_seconds=300,
    ),
    Alarm(
        name="no-predictions",
        audience="business",
        severity="ticket",
        summary="Nobody asked for a prediction for a day",
        runbook="Ask the developers whether the product still calls the model; an outage would "
        "have reached them already. If nobody needs the model any more, have it taken out of "
        "the stack file, so that it stops costing money.",
        metrics=("Predictions",),
        statistic="Sum",
        threshold=1,
        period_seconds=86_400,
        comparison="LessThanThreshold",
        silence_is="breaching",
    ),
)
"""Alarms on metrics from logs; their conditions are the same for all projects."""


def alarms(thresholds: ThresholdsConfig, audiences: Sequence[Audience]) -> list[Alarm]:
    """Return the alerts that CloudWatch evaluates, for the audiences with subscribers."""
    every = [*_serving_alarms(thresholds), *QUIET_ALARMS]
    return [alarm for alarm in every if alarm.audience in audiences]


def _serving_alarms(thresholds: ThresholdsConfig) -> list[Alarm]:
    return [
        Alarm(
            name="serving-errors",
            audience="dev",
            severity="page",
            summary=f"More than {thresholds.error_percent:g} % of the predictions failed",
            runbook="Search the log group of dev for the failed predictions and compare versions. "
            "One version only: set its weight to 0 and apply. All versions: look at what they "
            "share, above all the features' source and the last network change.",
            metrics=("PredictionErrors", "Predictions"),
            statistic="Sum",
            expression="100 * predictionErrors / predictions",
            threshold=thresholds.error_percent,
            period_seconds=300,
        ),
        Alarm(
            name="serving-latency",
            audience="dev",
            severity="page",
            summary=f"Slowest 1 % of the predictions took more than {thresholds.latency_ms} ms",
            runbook="Check whether the pool is at its `limits` and raise them if so. Compare "
            "versions: a new model may be slower, take its weight away. Throttled CPU shows in "
            "the pods' metrics: raise the limit.",
            metrics=("PredictionMilliseconds",),
            statistic="p99",
            threshold=thresholds.latency_ms,
            period_seconds=300,
        ),
    ]
