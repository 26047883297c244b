"""Who may do what: one model of grants, compiled to IAM, to POSIX directories and to RBAC."""
