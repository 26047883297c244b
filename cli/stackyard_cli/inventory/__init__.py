"""What exists in the account: by tags, by service, and in no state."""
