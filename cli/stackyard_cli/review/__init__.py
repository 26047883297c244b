"""The safe change path: evaluates previews, stops changes, and binds approvals to receipts."""
