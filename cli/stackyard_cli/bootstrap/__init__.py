"""What an account needs before the first apply: state bucket, key, identity provider, roles."""
