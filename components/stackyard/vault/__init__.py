"""The key vault: KMS keys by purpose, and secrets, declared here without their values."""
