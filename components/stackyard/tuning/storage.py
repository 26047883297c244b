"""How studies find their storage, as plain data; the same for pods and for tests."""

from __future__ import annotations

from stackyard import kubernetes
from stackyard.container import SCRATCH, Program
from stackyard.database.documents import CLIENT_PATH

NAME = "tuning"
"""Name of the dashboard, its service account, and the ConfigMap of those who tune."""

PORT = 8080

STORAGE = "OPTUNA_STORAGE_URL"
"""Holds a password, so it is set inside a pod only, by `connect.py`."""

CONNECT = ("python", f"{CLIENT_PATH}/connect.py", STORAGE)
"""What is put before a program so that it finds the storage:

    python /etc/stackyard/connect.py OPTUNA_STORAGE_URL python tune.py

in pods that mount the ConfigMap `database-client` at `/etc/stackyard`, take their environment from
the ConfigMap `tuning`, carry the label of `WORKERS` and run as `trainer`."""

WORKERS = {f"{kubernetes.OWN}database": NAME}
"""Label of training pods that tune: only they, and the dashboard, may connect to the database."""

DASHBOARD = """\
import os
from optuna_dashboard import run_server
place = {"host": os.environ["DASHBOARD_HOST"], "port": int(os.environ["DASHBOARD_PORT"])}
run_server(os.environ["OPTUNA_STORAGE_URL"], **place)
"""
"""The command of the same name takes the storage from an argument, which others could read."""


PREPARE = """\
import os
from optuna.storages import RDBStorage
RDBStorage(os.environ["OPTUNA_STORAGE_URL"], skip_compatibility_check=True).upgrade()
"""
"""Makes the tables, or brings them to what this Optuna needs. Workers that start at once on an
empty database would each try to make them, and all but one would fail."""


def dashboard_command(region: str) -> Program:
    """Return what the dashboard runs."""
    place = {"DASHBOARD_HOST": "0.0.0.0", "DASHBOARD_PORT": str(PORT)}
    return Program([*CONNECT, "python", "-c", DASHBOARD], {**_environment(region), **place})


def prepare_command(region: str) -> Program:
    """Return what makes the storage ready, before the dashboard starts."""
    return Program([*CONNECT, "python", "-c", PREPARE], _environment(region))


def _environment(region: str) -> dict[str, str]:
    return {"AWS_DEFAULT_REGION": region, "HOME": SCRATCH, "PYTHONUNBUFFERED": "1"}
