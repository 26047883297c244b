"""Git hosts: what a pipeline's jobs ask GitHub or GitLab for."""

from __future__ import annotations

from typing import Literal

GitHostName = Literal["github", "gitlab"]
"""The Git hosts that pipelines are rendered for."""
