"""The resources in the account: tagged resources, their Pulumi IDs, orphaned resources."""
