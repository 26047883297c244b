"""The key vault: KMS keys by purpose, and secrets that are declared here but never valued."""
