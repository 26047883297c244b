"""The config of the `project` blueprint: its sections, and what they must agree on."""

from __future__ import annotations

from pydantic import model_validator

from stackyard.blueprints.project import mounting
from stackyard.blueprints.project.sections import ProjectSections
from stackyard.monitoring.config import READERS
from stackyard.pipeline.config import PipelineConfig
from stackyard.retention.config import readable_at_once


class ProjectConfig(ProjectSections):
    """What a team owns in one stage: data and its lifetime, access, secrets, a namespace."""

    @model_validator(mode="after")
    def _sections_agree(self) -> ProjectConfig:
        problems = [
            *self._lifetime_problems(),
            *self._grant_problems(),
            *self._trust_problems(),
            *mounting.problems(self),
            *self._registry_problems(),
            *self._serving_problems(),
            *self._image_problems(),
            *self._pipeline_problems(),
            *self._reader_problems(),
            *self._training_problems(),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _registry_problems(self) -> list[str]:
        if self.tracking is not None:
            return []
        reasons = {"models": "whose server is the registry", "tuning": "where its trials are runs"}
        return [
            f"`{section}` needs `tracking`, {reason}: write `tracking: {{}}`"
            for section, reason in reasons.items()
            if getattr(self, section) is not None
        ] + [
            f"`datasets.{name}.branching` needs `tracking`, whose image sets up its database: "
            "write `tracking: {}`"
            for name, dataset in self.datasets.items()
            if dataset.branching
        ]

    def _lifetime_problems(self) -> list[str]:
        found = []
        for name, dataset in self.datasets.items():
            if dataset.kind == "personal":
                if dataset.jurisdiction not in self.retention.personal:
                    found.append(
                        f"`datasets.{name}.jurisdiction` is {dataset.jurisdiction}, "
                        f"and `retention.personal` has no rules for it"
                    )
                continue
            rules = self.retention.raw if dataset.kind == "raw" else self.retention.curated
            if (dataset.dvc or dataset.branching) and not readable_at_once(rules):
                use = "is a DVC remote" if dataset.dvc else "has branches"
                found.append(
                    f"`datasets.{name}` {use}, and "
                    f"`retention.{dataset.kind}.cold_storage_class` is {rules.cold_storage_class}, "
                    "which must be restored first: choose GLACIER_IR, or leave both out "
                    "(`dvc: false`, no `branching`)"
                )
        return found

    def _grant_problems(self) -> list[str]:
        found = []
        for who, grants in self.access.grants.items():
            section = "workloads" if who in ("trainer", "server") else "audiences"
            place = f"`access.{section}.{who}"
            unknown = (set(grants.datasets) | set(grants.directories)) - {*self.datasets, "*"}
            found += [f"{place}` is granted `{name}`, which is no dataset" for name in unknown]
            for name in sorted(set(grants.directories) & set(self.datasets)):
                declared = self.datasets[name].directories
                found += [
                    f"{place}.directories.{name}` has {directory}, "
                    f"which `datasets.{name}.directories` does not declare"
                    for directory in grants.directories[name]
                    if directory not in declared
                ]
        return found

    def _trust_problems(self) -> list[str]:
        """Another account takes a role only with an external id, or it could be used for others."""
        return [
            f"`access.audiences.{who}.trusted` names account {arn.split(':')[4]}, "
            "so `external_id` is needed"
            for who, audience in self.access.audiences.items()
            for arn in audience.trusted
            if arn.split(":")[4] != self.account and audience.external_id is None
        ]

    def _serving_problems(self) -> list[str]:
        """What serves comes out of the project's registry, and somebody must release it."""
        if self.serving is None:
            return []
        if self.models is None:
            return ["`serving` names versions of the model registry: it needs `models`"]
        return [
            f"`serving.models.{name}` has no `release`, and no pipeline releases it"
            for name, server in self.serving.models.items()
            if server.release is None and (not self.pipeline or self.pipeline.deploy != name)
        ]

    def _pipeline_problems(self) -> list[str]:
        """Each thing that the pipeline names must be there, and be fit for it."""
        pipeline = self.pipeline
        if pipeline is None:
            return []
        found = [
            f"`pipeline.{key}` is `{job}`, which `training` does not have"
            for key, job in (("train", pipeline.train), ("evaluate", pipeline.evaluate))
            if job not in self.training
        ]
        server = self.serving.models.get(pipeline.deploy) if self.serving else None
        if server is None:
            where = "which `serving.models` does not have"
            found.append(f"`pipeline.deploy` is `{pipeline.deploy}`, {where}")
        elif server.release is not None or server.base_image is None:
            found.append(
                f"`pipeline.deploy` is `{pipeline.deploy}`: to be released by the pipeline, "
                f"`serving.models.{pipeline.deploy}` needs `base_image`, and no `release`"
            )
        needed = {"pipeline", "delivery", *pipeline.approvers}
        found += [
            f"`pipeline` needs the audience `{who}` in `access.audiences`"
            for who in sorted(needed - set(self.access.audiences))
        ]
        created = pipeline.triggers.object_created
        if created is not None:
            dataset = self.datasets.get(created.dataset)
            place = "`pipeline.triggers.object_created"
            if dataset is None:
                found.append(f"{place}.dataset` is `{created.dataset}`, which is no dataset")
            elif created.directory not in dataset.directories:
                found.append(
                    f"{place}.directory` is `{created.directory}`, "
                    f"which `datasets.{created.dataset}.directories` does not declare"
                )
        return [*found, *self._data_trigger_problems(pipeline)]

    def _data_trigger_problems(self, pipeline: PipelineConfig) -> list[str]:
        """Data starts runs in nobody's name: its authors could approve them, runs start others."""
        created = pipeline.triggers.object_created
        if created is None:
            return []
        place = f"{created.dataset}/{created.directory}"
        writers = {
            who
            for who, grants in self.access.grants.items()
            if grants.datasets.get(created.dataset, grants.datasets.get("*")) == "write"
            or created.directory in grants.directories.get(created.dataset, [])
        }
        found = []
        if "trainer" in writers:
            found.append(
                f"`pipeline.triggers.object_created` is {place}, where `access.workloads.trainer` "
                "may write: every run could start the next"
            )
        if self.approvals.prevent_self_approval:
            found += [
                f"`pipeline.approvers` has `{who}`, who may write to {place} and so start runs in "
                "nobody's name, where `approvals.prevent_self_approval` is set"
                for who in pipeline.approvers
                if who in writers
            ]
        return found

    def _reader_problems(self) -> list[str]:
        """Whoever gets a dashboard needs a role to open it with."""
        told = self.monitoring.subscribers if self.monitoring else {}
        return [
            f"`monitoring.subscribers.{who}` needs `access.audiences.{READERS[who]}`, "
            "whose role reads its dashboard and logs"
            for who in told
            if READERS[who] not in self.access.audiences
        ]

    def _image_problems(self) -> list[str]:
        images = self.images.images if self.images else {}
        found = [
            f"`serving.models.{model}.base_image` is `{image}`, which `images.images` does not have"
            for model, image in self.baked_models.items()
            if image not in images
        ]
        found += [
            f"`{model}` names an image and a served model: each needs a repository of its own"
            for model in self.baked_models
            if model in images
        ]
        pushers = self.images.pushers if self.images else []
        found += [
            f"`images.pushers` has `{who}`, which is not in `access.audiences`"
            for who in pushers
            if who not in self.access.audiences
        ]
        return found

    def _training_problems(self) -> list[str]:
        """A job above the quota would be refused by the API server, whichever cluster it is."""
        quota = self.namespace.quota
        return [
            f"`training.{name}.{what}` asks for {asked}, and `namespace.quota.{what}` is {most}"
            for name, job in self.training.items()
            for what, asked, most in (
                ("gpus", job.gpus, quota.gpus),
                ("cpu", job.cpu, quota.cpu),
            )
            if asked > most
        ]
