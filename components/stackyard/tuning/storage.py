"""Settings with which studies find their storage, as plain data; the same in pods and in tests."""

from __future__ import annotations

from stackyard import kubernetes
from stackyard.container import SCRATCH, Program
from stackyard.database.documents import CLIENT_PATH

NAME = "tuning"
"""Name of the dashboard, its service account, and the ConfigMap for tuning programs."""

PORT = 8080

STORAGE = "OPTUNA_STORAGE_URL"
"""Variable for the storage; it contains a password, so `connect.py` sets it in the pod only."""

CONNECT = ("python", f"{CLIENT_PATH}/connect.py", STORAGE)
"""Prefix of a program's command, with which it finds the storage:

    python /etc/stackyard/connect.py OPTUNA_STORAGE_URL python tune.py

in pods that mount the ConfigMap `database-client` at `/etc/stackyard`, take their environment from
the ConfigMap `tuning`, have the label of `WORKERS` and run as `trainer`."""

WORKERS = {f"{kubernetes.OWN}database": NAME}
"""Label of training pods that tune: only they, and the dashboard, may connect to the database."""

DASHBOARD = """\
import os
from optuna_dashboard import run_server
place = {"host": os.environ["DASHBOARD_HOST"], "port": int(os.environ["DASHBOARD_PORT"])}
run_server(os.environ["OPTUNA_STORAGE_URL"], **place)
"""
"""Hides the storage's address: the command `optuna-dashboard` accepts it as an argument only, and
other processes of the node can read arguments."""


PREPARE = """\
import os
from optuna.storages import RDBStorage
RDBStorage(os.environ["OPTUNA_STORAGE_URL"], skip_compatibility_check=True).upgrade()
"""
"""Creates the tables, or migrates them to this version of Optuna. If several workers started on an
empty database, each would try to create them, and all but one would fail."""


def dashboard_command(region: str) -> Program:
    """Return the program of the dashboard."""
    listener = {"DASHBOARD_HOST": "0.0.0.0", "DASHBOARD_PORT": str(PORT)}
    return Program([*CONNECT, "python", "-c", DASHBOARD], {**_environment(region), **listener})


def prepare_command(region: str) -> Program:
    """Return the program that prepares the storage, before the dashboard starts."""
    return Program([*CONNECT, "python", "-c", PREPARE], _environment(region))


def _environment(region: str) -> dict[str, str]:
    return {"AWS_DEFAULT_REGION": region, "HOME": SCRATCH, "PYTHONUNBUFFERED": "1"}
