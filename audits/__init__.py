"""Runs third-party auditors on the reference estate: `make audit`."""
