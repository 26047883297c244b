"""Data access: one model of grants, compiled to IAM, POSIX directories and RBAC."""
