"""Renders results for people: previews, pull-request comment, drift issue, access page."""
