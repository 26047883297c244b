"""Prepares an AWS account for the first apply: state bucket, key, OIDC provider, roles."""
