"""Retention: one block of rules by class of data, compiled to the rules of each AWS service."""
