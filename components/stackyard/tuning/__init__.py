"""Tuning: Optuna's storage and dashboard, and SageMaker's tuning behind guard rails."""
