"""Git hosts: the requests of a pipeline's jobs to GitHub or GitLab."""

from __future__ import annotations

from typing import Literal

GitHostName = Literal["github", "gitlab"]
"""The Git hosts for which pipelines can be rendered."""
