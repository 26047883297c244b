"""Tuning: Optuna's storage and dashboard, and SageMaker's tuning within limits."""
