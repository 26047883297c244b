"""The command's side: starts workers, hands them requests, and stops them."""
