"""Alerts with runbooks, dashboards and logs; only the audience of each can read it."""
