"""Alerts with runbooks, dashboards and logs, each for one audience and readable by it only."""
